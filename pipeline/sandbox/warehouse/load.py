"""Load jobs: parquet or newline-delimited JSON into a table or one partition, all or nothing.

Belongs here: which files, which schema, the checks that files must pass. Not here: how a file of
either format is read (``parquet.py``, ``newline_json.py``), the table (``destination.py``).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import duckdb

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse import newline_json, parquet
from pipeline.sandbox.warehouse.catalog import Cursor, Resource, Table
from pipeline.sandbox.warehouse.destination import Destination
from pipeline.sandbox.warehouse.schema import Field, by_name, normalized

SUPPORTED: Final = {
    "sourceUris",
    "sourceFormat",
    "schema",
    "destinationTable",
    "writeDisposition",
    "createDisposition",
    "timePartitioning",
    "rangePartitioning",
    "clustering",
    "schemaUpdateOptions",
    "destinationTableProperties",
    "autodetect",
    "ignoreUnknownValues",
}


class SourceFile(Protocol):
    """A file that rows are read from; see ``ParquetFile`` and ``JsonLines``."""

    @property
    def path(self) -> Path:
        """The local file."""

    @property
    def relation(self) -> str:
        """The SQL that reads its rows."""

    def fields(self) -> list[Field]:
        """Return the schema that the file tells of itself; empty if it tells none."""

    def projection(self, fields: Sequence[Field]) -> list[tuple[Field, str]]:
        """Return, for each of ``fields`` that the file has, the SQL that reads it."""


@dataclass(frozen=True)
class Bucket:
    """How ``gs://`` objects are found on this disk; see ``Warehouse``."""

    object_path: Callable[[str, str], Path]
    list_objects: Callable[[str, str], list[str]]

    def files(self, uris: Sequence[str]) -> list[tuple[str, Path]]:
        """Return URI and local file of every object that ``uris`` name; 404 where there is none."""
        found = [(uri, self._path(uri)) for pattern in uris for uri in self._expanded(pattern)]
        if not found:
            raise Invalid("Load configuration must specify at least one source URI")
        return found

    def _expanded(self, uri: str) -> list[str]:
        bucket, name = _parts(uri)
        if "*" not in name:
            return [uri]
        # In BigQuery a wildcard also crosses slashes.
        pattern = re.compile(".*".join(map(re.escape, name.split("*"))))
        names = self.list_objects(bucket, name.partition("*")[0])
        matching = sorted(name for name in names if pattern.fullmatch(name))
        if not matching:
            raise ApiError(404, "notFound", f"Not found: Uris {uri}")
        return [f"gs://{bucket}/{name}" for name in matching]

    def _path(self, uri: str) -> Path:
        try:
            return self.object_path(*_parts(uri))
        except FileNotFoundError as error:
            raise ApiError(404, "notFound", f"Not found: URI {uri}") from error


def check(config: Resource) -> None:
    """Raise where a load's configuration is wrong or not supported; done before it is a job."""
    unknown = {key for key, value in config.items() if value and key not in SUPPORTED}
    if unknown:
        raise NotImplementedHere(f"load jobs with {', '.join(sorted(unknown))}")
    if config.get("sourceFormat") not in ("PARQUET", "NEWLINE_DELIMITED_JSON"):
        raise NotImplementedHere(f"sourceFormat {config.get('sourceFormat') or 'CSV'}")
    for uri in config.get("sourceUris") or ():
        _parts(uri)
    normalized(config.get("schema"))


def run(
    cursor: Cursor, config: Resource, destination: Destination, files: list[tuple[str, Path]]
) -> Resource:
    """Load ``files`` on the connection's transaction; return ``statistics.load``.

    Raises ApiError with the reason and text that the failed job is to show.
    """
    sources = [_opened(cursor, config, uri, path) for uri, path in files]
    fields = _load_fields(config, destination, destination.existing(cursor), sources)
    table = destination.prepare(cursor, fields)
    rows = sum(_insert(cursor, destination, table, source) for source in sources)
    grown = destination.finish(cursor, table)
    return {
        "inputFiles": str(len(files)),
        "inputFileBytes": str(sum(path.stat().st_size for _, path in files)),
        "outputRows": str(rows),
        "outputBytes": str(grown.bytes),
        "badRecords": "0",
    }


def _opened(cursor: Cursor, config: Resource, uri: str, path: Path) -> SourceFile:
    if config["sourceFormat"] == "PARQUET":
        return parquet.opened(cursor, path, uri)
    return newline_json.opened(cursor, path, uri, bool(config.get("ignoreUnknownValues")))


def _load_fields(
    config: Resource, destination: Destination, table: Table | None, sources: list[SourceFile]
) -> list[Field]:
    """The job's schema, else the table's, else the last file's, with what may be added."""
    replaces = destination.write == "WRITE_TRUNCATE" and destination.partition is None
    known = normalized(config.get("schema"))
    if not known and table is not None and not (replaces and sources[-1].fields()):
        known = table.fields
    if not known:
        known = sources[-1].fields()
    if not known:
        raise NotImplementedHere("detecting a schema (autodetect) for a new table")
    if "ALLOW_FIELD_ADDITION" not in destination.options:
        return known
    names = by_name(known)
    offered = by_name(field for source in sources for field in source.fields())
    return known + [field for name, field in offered.items() if name not in names]


def _insert(cursor: Cursor, destination: Destination, table: Table, source: SourceFile) -> int:
    pairs = source.projection(table.fields)
    present = {field["name"] for field, _ in pairs}
    for field in table.fields:
        if field["mode"] == "REQUIRED" and field["name"] not in present:
            raise Invalid(
                f"{parquet.READING}Required field {field['name']} is missing. File: "
                f"{source.path.name}"
            )
    expressions = ", ".join(expression for _, expression in pairs) or "NULL"
    try:
        _check_years(cursor, source, pairs)
        return destination.insert(
            cursor,
            [field for field, _ in pairs] or table.fields[:1],
            f"SELECT {expressions} FROM {source.relation}",
        )
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        detail = str(error).partition(": ")[2].partition("\n")[0]
        text = detail if detail.startswith(parquet.READING) else parquet.READING + detail
        raise Invalid(text) from error


def _check_years(cursor: Cursor, source: SourceFile, pairs: Sequence[tuple[Field, str]]) -> None:
    """Refuse the dates that DuckDB can hold and BigQuery cannot."""
    for field, value in pairs:
        if field["type"] not in ("DATE", "DATETIME", "TIMESTAMP"):
            continue
        outside = cursor.execute(
            f"SELECT CAST({value} AS VARCHAR) FROM {source.relation} "
            f"WHERE {value} < '0001-01-01' OR {value} >= '10000-01-01' LIMIT 1"
        ).fetchone()
        if outside:
            raise Invalid(
                f"{parquet.READING}Invalid {field['type'].lower()} value {outside[0]} in "
                f"column '{field['name']}': years 1 to 9999 only. File: {source.path.name}"
            )


def _parts(uri: str) -> tuple[str, str]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not bucket or not name:
        raise Invalid(f"Source URI must be a Google Cloud Storage location: {uri}")
    return bucket, name
