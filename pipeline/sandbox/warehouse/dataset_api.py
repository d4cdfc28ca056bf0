"""``datasets``: insert, list, get, patch, update, delete.

Belongs here: what a request may do to a dataset. Not here: its rows in the catalog.
"""

from typing import Final

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.api import WarehouseHandler, page
from pipeline.sandbox.warehouse.catalog import Cursor, Resource, now_ms
from pipeline.sandbox.warehouse.database import quoted
from pipeline.sandbox.warehouse.jobs import DEFAULT_LOCATION
from pipeline.sandbox.warehouse.references import check_dataset_id
from pipeline.sandbox.warehouse.tables import drop_schema, dropped

GIVEN: Final = {"description", "friendlyName", "labels"}
ANSWERED: Final = {"kind", "etag", "id", "selfLink", "datasetReference", "location", "type"} | {
    "creationTime",
    "lastModifiedTime",
    "access",
}


class Datasets(WarehouseHandler):
    """``/datasets``."""

    async def post(self, project: str) -> None:
        """Make a dataset; 409 where there is one of that name."""
        body = self.json_body()
        self.respond(await self.run(self._insert, project, body))

    async def get(self, project: str) -> None:
        """List datasets, by name."""
        if self.get_query_argument("filter", ""):
            raise NotImplementedHere("datasets.list with filter")
        size = self.number("maxResults", 1000)
        found, rest = page(await self.run(self._list, project), self.offset(), size)
        kept = ("kind", "id", "datasetReference", "labels", "friendlyName", "location")
        listed = [{key: item[key] for key in kept if key in item} for item in found]
        self.respond({"kind": "bigquery#datasetList", "datasets": listed} | rest)

    def _list(self, project: str) -> list[Resource]:
        with self.database.reading() as cursor:
            found = self.catalog.datasets(cursor)
        return [item for item in found if item["datasetReference"]["projectId"] == project]

    def _insert(self, project: str, body: Resource) -> Resource:
        name = check_dataset_id(str((body.get("datasetReference") or {}).get("datasetId", "")))
        resource = {
            "kind": "bigquery#dataset",
            "id": f"{project}:{name}",
            "selfLink": f"/bigquery/v2/projects/{project}/datasets/{name}",
            "datasetReference": {"projectId": project, "datasetId": name},
            "location": body.get("location") or DEFAULT_LOCATION,
            "creationTime": str(now_ms()),
        } | _given(body)
        with self.database.writing() as cursor:
            self._check_free(cursor, project, name)
            cursor.execute(f"CREATE SCHEMA {quoted(name)}")
            return self.catalog.save_dataset(cursor, name, resource)

    def _check_free(self, cursor: Cursor, project: str, name: str) -> None:
        if self.catalog.find_dataset(cursor, project, name) is not None:
            raise ApiError(409, "duplicate", f"Already Exists: Dataset {project}:{name}")
        for known in self.catalog.datasets(cursor):
            if known["datasetReference"]["datasetId"].casefold() == name.casefold():
                raise NotImplementedHere(f"a dataset {name} beside {known['id']}")


class Dataset(WarehouseHandler):
    """``/datasets/<dataset>``."""

    async def get(self, project: str, dataset: str) -> None:
        """Answer the dataset."""
        self.respond(await self.run(self._get, project, dataset))

    async def patch(self, project: str, dataset: str) -> None:
        """Change what the request names; null takes it away."""
        body = self.json_body()
        self.respond(await self.run(self._change, project, dataset, body, True))

    async def put(self, project: str, dataset: str) -> None:
        """Replace what a request may say."""
        body = self.json_body()
        self.respond(await self.run(self._change, project, dataset, body, False))

    async def delete(self, project: str, dataset: str) -> None:
        """Delete the dataset; its tables too only with ``deleteContents=true``."""
        contents = self.get_query_argument("deleteContents", "false").casefold() == "true"
        await self.run(self._delete, project, dataset, contents)
        self.set_status(204)

    def _get(self, project: str, dataset: str) -> Resource:
        with self.database.reading() as cursor:
            return self.catalog.dataset(cursor, project, dataset)

    def _change(self, project: str, dataset: str, body: Resource, patches: bool) -> Resource:
        with self.database.writing() as cursor:
            old = self.catalog.dataset(cursor, project, dataset)
            self.check_etag(old)
            if body.get("location") not in (None, old["location"]):
                raise Invalid("Cannot change the location of a dataset")
            named = body.keys() if patches else GIVEN
            kept = {key: value for key, value in old.items() if key not in GIVEN & set(named)}
            return self.catalog.save_dataset(cursor, dataset, kept | _given(body))

    def _delete(self, project: str, dataset: str, contents: bool) -> None:
        with self.database.writing() as cursor:
            self.catalog.dataset(cursor, project, dataset)
            tables = self.catalog.tables(cursor, dataset)
            if tables and not contents:
                raise ApiError(400, "resourceInUse", f"Dataset {project}:{dataset} is still in use")
            for table in tables:
                dropped(self.catalog, cursor, table)
            drop_schema(cursor, dataset)
            self.catalog.forget_dataset(cursor, dataset)


def _given(body: Resource) -> Resource:
    unknown = {key for key, value in body.items() if value and key not in GIVEN | ANSWERED}
    if unknown:
        raise NotImplementedHere(f"datasets with {', '.join(sorted(unknown))}")
    return {key: body[key] for key in GIVEN if body.get(key)}
