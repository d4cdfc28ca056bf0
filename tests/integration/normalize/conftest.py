from collections.abc import Callable
from pathlib import Path

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.files import part_file
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.download.target import RawTarget, publish_raw
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.schemas import service_schema

GREEN = TripMonth("green", 2021, 1)


@pytest.fixture
def month() -> TripMonth:
    return GREEN


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def target(month: TripMonth, data_dir: Path) -> CanonicalMonthTarget:
    return CanonicalMonthTarget(month, data_dir)


@pytest.fixture
def leave_raw(data_dir: Path) -> Callable[..., RawTarget]:
    """Leave what a download leaves: ``leave_raw(bytes or table, month)``."""

    def leave(content: bytes | pa.Table, month: TripMonth, rows: int | None = None):
        target = RawTarget(month, data_dir)
        content = content if isinstance(content, bytes) else parquet(content)
        record = Provenance(
            service=month.service,
            month=month.key,
            source_url=f"https://publisher.test/{month.file_name}",
            source_etag='"etag"',
            source_last_modified="Fri, 18 Jun 2021 12:00:00 GMT",
            source_bytes=len(content),
            source_sha256="0" * 64,
            source_rows=footer_rows(content) if rows is None else rows,
        )
        with part_file(target.path) as file:
            file.write(content)
            publish_raw(file, target.path, record)
        return target

    return leave


@pytest.fixture
def trips(month: TripMonth) -> Callable[..., pa.Table]:
    """Make a file of the month: ``trips(3, RatecodeID=pa.array([...]))``, null where not told."""

    def make(rows: int, **columns: pa.Array) -> pa.Table:
        schema = service_schema(month.service).era(month).file_schema(month)
        table = pa.table({field.name: pa.nulls(rows, field.type) for field in schema})
        for name, values in columns.items():
            table = table.set_column(schema.get_field_index(name), name, values)
        return table

    return make


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings: ``setting("normalize", batch_rows=10)``."""
    config = luigi.configuration.get_config()

    def change(section: str, **values: object) -> None:
        if not config.has_section(section):
            config.add_section(section)
        for name, value in values.items():
            monkeypatch.setitem(config[section], name, str(value))

    return change


def parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def footer_rows(content: bytes) -> int:
    try:
        return pq.read_metadata(pa.BufferReader(content)).num_rows
    except (pa.ArrowException, UnicodeError):
        return 1
