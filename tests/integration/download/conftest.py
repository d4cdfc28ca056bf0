import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.publisher import FaultyPublisher, Served

from pipeline.core.months import TripMonth
from pipeline.download.publisher import Publisher

GREEN = TripMonth("green", 2021, 1)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyPublisher]:
    with FaultyPublisher() as running:
        monkeypatch.setenv("TLC_BASE_URL", running.url)
        yield running


@pytest.fixture
def month() -> TripMonth:
    return GREEN


@pytest.fixture
def served(publisher: FaultyPublisher, month: TripMonth, content: bytes) -> Served:
    """The month, published."""
    return publisher.serve(content, month.file_name)


@pytest.fixture
def client(publisher: FaultyPublisher) -> Publisher:
    return Publisher(publisher.url)


@pytest.fixture(scope="session")
def content() -> bytes:
    """A parquet file of a megabyte and 2,000 rows: many chunks, and a footer."""
    noise = b"".join(hashlib.sha512(n.to_bytes(4)).digest() for n in range(2_000 * 8))
    rows = [noise[n * 512 : (n + 1) * 512] for n in range(2_000)]
    return _parquet(pa.table({"noise": rows}))


@pytest.fixture(scope="session")
def empty_content() -> bytes:
    return _parquet(pa.table({"noise": pa.array([], pa.binary())}))


@pytest.fixture
def path(tmp_path: Path, month: TripMonth) -> Path:
    """Where the month's raw file belongs."""
    return month.raw_path(tmp_path / "data")


@pytest.fixture(autouse=True)
def quick_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six attempts with hardly a wait in between."""
    patience(monkeypatch, attempts=6, max_backoff=0.01, timeout=5)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch):
    """Change ``[source]``: ``source(attempts=2)``."""
    return lambda **values: patience(monkeypatch, **values)


def patience(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    config = luigi.configuration.get_config()
    if not config.has_section("source"):
        config.add_section("source")
    for name, value in values.items():
        monkeypatch.setitem(config["source"], name, str(value))


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="none", use_dictionary=False)
    return sink.getvalue()
