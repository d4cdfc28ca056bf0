"""What a connection to BigQuery may do in the project and in the dataset.

Belongs here: one query without a table, and one small table, made, loaded, read and deleted. Not
here: the tables of a load.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.connections.checks.answer import Answer, ask, temporary_name
from pipeline.connections.google import bigquery_client, bigquery_limits, explained
from pipeline.core import settings

if TYPE_CHECKING:
    from pipeline.connections.kinds import BigQuery, Sandbox

SERVICE = "BigQuery"


def bigquery_answers(connection: "BigQuery | Sandbox") -> Iterator[Answer]:
    """Yield whether the connection may run jobs, and make, load, read and delete a table.

    A dataset that a load would first create is stood in for by a temporary one. Nothing is billed.
    """
    dataset = _Dataset(connection)
    yield ask("run a job", dataset.run_a_job)
    yield (found := ask("read the dataset", dataset.find))
    if found.may and dataset.is_missing:
        yield (found := ask("create a dataset", dataset.create))
    if not found.may:
        return
    yield (made := ask("create a table", dataset.create_table))
    if made.may:
        yield ask("load a table", dataset.load)
        yield ask("read a table", dataset.read)
        yield ask("delete a table", dataset.delete_table)
    if dataset.is_missing:
        yield ask("delete a dataset", dataset.delete)


class _Dataset:
    """The configured dataset, or a temporary one, and the table that is made in it."""

    def __init__(self, connection: "BigQuery | Sandbox") -> None:
        config = settings.bigquery()
        self.connection, self.location = connection, config.location
        self.name, self.is_missing = f"{config.project}.{config.dataset}", False
        self.table_name = temporary_name()

    @property
    def client(self) -> Any:
        return bigquery_client(self.connection)

    @property
    def limits(self) -> dict[str, Any]:
        return bigquery_limits(self.connection)

    @property
    def table(self) -> str:
        return f"{self.name}.{self.table_name}"

    def run_a_job(self) -> str:
        seconds = self.connection.timeout
        client = self.client
        with explained(SERVICE, f"running a query in project {client.project}"):
            [*client.query_and_wait("SELECT 1", api_timeout=seconds, retry=self.limits["retry"])]
        return f"SELECT 1 in project {client.project}, {self.location}"

    def find(self) -> str:
        from google.api_core.exceptions import NotFound

        client = self.client
        with explained(SERVICE, f"reading the dataset {self.name}"):
            try:
                found = client.get_dataset(self.name, **self.limits)
            except NotFound:
                self.is_missing = True
                return f"{self.name} is not there yet: the first load creates it"
        return f"{self.name}, in {found.location}"

    def create(self) -> str:
        from google.cloud.bigquery import Dataset

        self.name = f"{settings.bigquery().project}.{self.table_name.removeprefix('_')}"
        dataset = Dataset(self.name)
        dataset.location = self.location
        with explained(SERVICE, f"creating the dataset {self.name}"):
            self.client.create_dataset(dataset, **self.limits)
        return f"a temporary one in {self.location}, {self.name}"

    def create_table(self) -> str:
        from google.cloud.bigquery import SchemaField, Table

        with explained(SERVICE, f"creating the table {self.table}"):
            self.client.create_table(Table(self.table, [SchemaField("n", "INT64")]), **self.limits)
        return self.table

    def load(self) -> str:
        from google.cloud.bigquery import LoadJobConfig, SchemaField

        config = LoadJobConfig(schema=[SchemaField("n", "INT64")])
        seconds = self.connection.timeout
        with explained(SERVICE, f"loading the table {self.table}"):
            job = self.client.load_table_from_json(
                [{"n": 1}], self.table, job_config=config, timeout=seconds
            )
            job.result(timeout=seconds, retry=self.limits["retry"])
        return "one row, by a load job"

    def read(self) -> str:
        with explained(SERVICE, f"reading the table {self.table}"):
            rows = [*self.client.list_rows(self.client.get_table(self.table), **self.limits)]
        return f"rows: {len(rows)}"

    def delete_table(self) -> str:
        with explained(SERVICE, f"deleting the table {self.table}, which stays there"):
            self.client.delete_table(self.table, **self.limits)
        return "nothing is left of it"

    def delete(self) -> str:
        with explained(SERVICE, f"deleting the dataset {self.name}, which stays there"):
            self.client.delete_dataset(self.name, **self.limits)
        return "nothing is left of it"
