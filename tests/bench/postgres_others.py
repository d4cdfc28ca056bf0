"""How others put a month's parquet into Postgres: what ``bench_postgres.py`` compares ours with.

``python postgres_others.py <contestant> <canonical>``; the server is as libpq's environment says.
Nothing of the pipeline is imported: the memory is theirs alone. Each makes its table by itself,
without an index, and each is given its fastest known way, in small batches where it takes batches.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from race import cost, tell

PACKAGES = {
    "pandas": "pandas",
    "adbc": "adbc_driver_postgresql",
    "duckdb": "duckdb_extension_postgres_scanner",
    "dlt": "dlt",
    "dlt_inserts": "dlt",
}
"""What a contestant needs; DuckDB's own downloads of extensions are not relied on."""
SCHEMA = "bench"
BATCH_ROWS = 16_384

Work = Callable[[], object]


def by_pandas(canonical: Path) -> Work:
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg2://")

    def work() -> None:
        frame = pd.read_parquet(canonical, partitioning=None)
        frame.to_sql("trips", engine, schema=SCHEMA, index=False, chunksize=100_000)

    return work


def by_adbc(canonical: Path) -> Work:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from adbc_driver_postgresql import dbapi

    def work() -> None:
        with (
            pq.ParquetFile(canonical, pre_buffer=False) as file,
            dbapi.connect("postgresql://") as connection,
            connection.cursor() as cursor,
        ):
            rows = pa.RecordBatchReader.from_batches(file.schema_arrow, batches_of(file))
            cursor.adbc_ingest("trips", rows, mode="create", db_schema_name=SCHEMA)
            connection.commit()

    return work


def by_duckdb(canonical: Path) -> Work:
    import duckdb

    spec = find_spec(PACKAGES["duckdb"])
    assert spec is not None and spec.origin is not None
    (extension,) = Path(spec.origin).parent.rglob("*.duckdb_extension")
    database = duckdb.connect()
    database.execute(f"LOAD '{extension}'")

    def work() -> None:
        database.execute("ATTACH '' AS server (TYPE postgres)")
        database.execute(
            f"CREATE TABLE server.{SCHEMA}.trips AS "
            f"FROM read_parquet('{canonical}', hive_partitioning = false)"
        )

    return work


def by_dlt(canonical: Path, form: str = "parquet") -> Work:
    """dlt at its best: parquet, which it hands to ADBC."""
    folder = tempfile.TemporaryDirectory()
    os.environ |= {
        "DLT_DATA_DIR": folder.name,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
    }
    import dlt
    import pyarrow.parquet as pq

    def work() -> None:
        with folder, pq.ParquetFile(canonical, pre_buffer=False) as file:
            rows = dlt.resource(batches_of(file), name="trips")
            pipeline = dlt.pipeline("bench", destination=destination(), dataset_name=SCHEMA)
            pipeline.run(rows, loader_file_format=form).raise_on_failed_jobs()

    def destination() -> Any:
        names = ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")
        address = "postgresql://{}:{}@{}:{}/{}".format(*(os.environ[name] for name in names))
        return dlt.destinations.postgres(credentials=address)

    return work


def by_dlt_inserts(canonical: Path) -> Work:
    """dlt as it comes: INSERTs with many rows each."""
    return by_dlt(canonical, "insert_values")


def batches_of(file: Any) -> Iterator[Any]:
    yield from file.iter_batches(batch_size=BATCH_ROWS)


if __name__ == "__main__":
    contestant, path = sys.argv[1:]
    works = {"pandas": by_pandas, "adbc": by_adbc, "duckdb": by_duckdb, "dlt": by_dlt,
             "dlt_inserts": by_dlt_inserts}  # fmt: skip
    tell(cost(works[contestant](Path(path))))
