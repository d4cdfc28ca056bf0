"""One month of every era, and the real files, in the warehouse: loaded once for all tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import luigi
import pytest
from luigi.execution_summary import LuigiRunResult, LuigiStatusCode
from support.configuration import configured_for
from support.eras.reading import read
from support.eras.rows import MONTHS, write_month
from support.publisher import FaultyPublisher
from support.sandbox import RunningSandbox

from pipeline import LoadMonthToBQ
from pipeline.connections.google import bigquery_client, storage_client
from pipeline.core import settings
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.settings import PROJECT_ROOT

REAL = (
    *("green_tripdata_2021-01", "green_tripdata_2022-01", "green_tripdata_2023-01"),
    *("green_tripdata_2023-02", "green_tripdata_2024-01", "resaved/green_tripdata_2025-11"),
)
SHARED_TLC = PROJECT_ROOT.parent / "shared" / "tlc"
SHARE = {"normalize": {"max_quarantined_share": "0.05"}}


@dataclass(frozen=True)
class Loaded:
    """A service's months in the warehouse, the raw files that they are from, and their reading."""

    service: str
    raw: dict[str, Path]
    duck: duckdb.DuckDBPyConnection
    publisher: FaultyPublisher
    data_dir: Path

    def month(self, key: str) -> TripMonth:
        return TripMonth.parse(self.service, key)

    def canonical(self, key: str) -> Path:
        return self.month(key).canonical_path(self.data_dir)

    def quarantine(self, key: str) -> Path:
        return self.month(key).quarantine_path(self.data_dir)

    def load(self) -> LuigiRunResult:
        months = [self.month(key) for key in self.raw]
        tasks = [LoadMonthToBQ(service=m.service, year=m.year, month=m.month) for m in months]
        return luigi.build(tasks, local_scheduler=True, detailed_summary=True)

    @property
    def table(self) -> str:
        return f"{self.dataset}.{self.service}_trips"

    @property
    def dataset(self) -> str:
        return f"{settings.bigquery().project}.{settings.bigquery().dataset}"

    @property
    def bucket(self) -> Any:
        return storage_client().bucket(settings.lake().bucket)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, in which ``{0}`` is the dataset."""
        return [dict(row) for row in bigquery_client().query_and_wait(sql.format(self.dataset))]


@pytest.fixture(scope="module", params=[*SERVICES, "real"])
def loaded(
    request: pytest.FixtureRequest,
    no_environment: None,
    sandbox: RunningSandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Loaded]:
    """Every era of a service, or the real files, loaded into one table by the real tasks."""
    folder = tmp_path_factory.mktemp(request.param)
    service, raw = real() if request.param == "real" else made(request.param, folder)
    with FaultyPublisher() as publisher, reading(service, raw) as duck:
        for path in raw.values():
            publisher.serve(path, path.name)
        source = {"source": {"base_url": publisher.url}}
        with configured_for(sandbox, folder / "data", **source, **SHARE):
            months = Loaded(service, raw, duck, publisher, folder / "data")
            assert months.load().status is LuigiStatusCode.SUCCESS
            yield months


@pytest.fixture(scope="module")
def no_environment() -> Iterator[None]:
    """What a person has exported is cleared for each test, but that comes too late here."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TLC_BASE_URL", "PIPELINE_PROFILE", "LUIGI_CONFIG_PATH"):
            patch.delenv(name, raising=False)
        yield


def made(service: str, folder: Path) -> tuple[str, dict[str, Path]]:
    return service, {key: write_month(folder, service, key) for key in MONTHS[service]}


def real() -> tuple[str, dict[str, Path]]:
    if not SHARED_TLC.is_dir():
        pytest.skip("the real TLC files (../shared/tlc) are not beside the checkout")
    return "green", {name[-7:]: SHARED_TLC / f"{name}.parquet" for name in REAL}


def reading(service: str, raw: dict[str, Path]) -> duckdb.DuckDBPyConnection:
    """An independent reading of the raw files, a table for each month."""
    connection = duckdb.connect()
    for key, path in raw.items():
        read(connection, path, service, key)
    return connection
