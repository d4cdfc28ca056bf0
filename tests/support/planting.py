"""Faults planted in a loaded world, each as somebody's mistake or a bad disk would leave it."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from support.loaded_world import DIRTY, FEBRUARY, JANUARY, World

from pipeline.download.target import sidecar_path

OF_JANUARY = "service = 'yellow' AND month = DATE '2021-01-01'"
ROWS_OF_JANUARY = "source_month = DATE '2021-01-01'"


def with_other_fare(content: bytes) -> bytes:
    """Return a month's parquet with one fare changed and the same footer."""
    trips = pq.read_table(io.BytesIO(content))
    fares = trips["fare_amount"].to_pylist()
    place = trips.schema.get_field_index("fare_amount")
    changed = trips.set_column(place, "fare_amount", pa.array([fares[0] + 1, *fares[1:]]))
    sink = io.BytesIO()
    pq.write_table(changed, sink)
    return sink.getvalue()


def put(world: World, name: str, content: bytes, metadata: dict[str, str]) -> None:
    with world.blob(name) as blob:
        blob.metadata = metadata
        blob.upload_from_string(content)


def got(world: World, name: str) -> tuple[bytes, dict[str, str]]:
    with world.blob(name) as blob:
        blob.reload()
        return blob.download_as_bytes(), blob.metadata


def object_deleted(world: World) -> None:
    with world.blob(FEBRUARY.object_name) as blob:
        blob.delete()


def object_replaced_by_rubbish(world: World) -> None:
    _, metadata = got(world, FEBRUARY.object_name)
    put(world, FEBRUARY.object_name, b"no parquet" * 1000, metadata)


def object_emptied(world: World) -> None:
    _, metadata = got(world, FEBRUARY.object_name)
    put(world, FEBRUARY.object_name, b"", metadata)


def object_with_another_value(world: World) -> None:
    content, metadata = got(world, FEBRUARY.object_name)
    put(world, FEBRUARY.object_name, with_other_fare(content), metadata)


def object_with_another_value_and_no_local_file(world: World) -> None:
    object_with_another_value(world)
    FEBRUARY.canonical_path(world.data).unlink()


def object_metadata_changed(world: World) -> None:
    with world.blob(FEBRUARY.object_name) as blob:
        blob.metadata = {"tlc_source_etag": '"other"'}
        blob.patch()


def object_metadata_removed(world: World) -> None:
    with world.blob(FEBRUARY.object_name) as blob:
        blob.reload()
        blob.metadata = dict.fromkeys(blob.metadata)
        blob.patch()


def object_of_another_month(world: World) -> None:
    put(world, FEBRUARY.object_name, *got(world, JANUARY.object_name))


def quarantine_object_deleted(world: World) -> None:
    with world.blob(DIRTY.quarantine_object_name) as blob:
        blob.delete()


def quarantine_object_of_rubbish(world: World) -> None:
    _, metadata = got(world, DIRTY.quarantine_object_name)
    put(world, DIRTY.quarantine_object_name, b"no parquet", metadata)


def quarantine_object_of_nothing(world: World) -> None:
    put(world, FEBRUARY.quarantine_object_name, *got(world, DIRTY.quarantine_object_name))


def partition_emptied(world: World) -> None:
    world.sql(f"DELETE FROM {{d}}.yellow_trips WHERE {ROWS_OF_JANUARY}")


def rows_deleted(world: World) -> None:
    world.sql(f"DELETE FROM {{d}}.yellow_trips WHERE {ROWS_OF_JANUARY} AND fare_amount > 20")


def rows_doubled(world: World) -> None:
    rows = f"SELECT * FROM {{d}}.yellow_trips WHERE {ROWS_OF_JANUARY}"
    world.sql(f"INSERT INTO {{d}}.yellow_trips {rows}")


def a_fare_changed(world: World) -> None:
    one = f"(SELECT MAX(fare_amount) FROM {{d}}.yellow_trips WHERE {ROWS_OF_JANUARY})"
    world.sql(f"UPDATE {{d}}.yellow_trips SET fare_amount = fare_amount + 1 "
              f"WHERE {ROWS_OF_JANUARY} AND fare_amount = {one}")  # fmt: skip


def a_zone_emptied(world: World) -> None:
    one = "(SELECT MAX(PULocationID) FROM {d}.green_trips)"
    world.sql(f"UPDATE {{d}}.green_trips SET PULocationID = NULL WHERE PULocationID = {one}")


def ledger_row_deleted(world: World) -> None:
    world.sql(f"DELETE FROM {{d}}._loads WHERE {OF_JANUARY}")


def ledger_row_doubled(world: World) -> None:
    world.sql(f"INSERT INTO {{d}}._loads SELECT * FROM {{d}}._loads WHERE {OF_JANUARY}")


def ledger_row_of_other_rows(world: World) -> None:
    world.sql(f"UPDATE {{d}}._loads SET rows_kept = rows_kept + 1 WHERE {OF_JANUARY}")


def ledger_row_of_other_rows_as_many_as_there_are(world: World) -> None:
    """Neither the ledger nor the partition is right, but they agree: the month's task is done."""
    rows_doubled(world)
    world.sql(f"UPDATE {{d}}._loads SET rows_kept = 2 * rows_kept WHERE {OF_JANUARY}")


def ledger_row_of_another_version(world: World) -> None:
    world.sql(f"UPDATE {{d}}._loads SET source_sha256 = '{'ab' * 32}' WHERE {OF_JANUARY}")


def ledger_row_of_another_generation(world: World) -> None:
    world.sql(f"UPDATE {{d}}._loads SET object_generation = 1 WHERE {OF_JANUARY}")


def ledger_row_of_the_future(world: World) -> None:
    world.sql(f"UPDATE {{d}}._loads SET loaded_at = TIMESTAMP '2100-01-01 00:00:00+00' "
              f"WHERE {OF_JANUARY}")  # fmt: skip


def table_deleted(world: World) -> None:
    with world.settings():
        from pipeline.connections.google import bigquery_client

        bigquery_client().delete_table(f"{world.name}.{world.name}.green_trips")


def view_dropped(world: World) -> None:
    with world.settings():
        from pipeline.connections.google import bigquery_client

        bigquery_client().delete_table(f"{world.name}.{world.name}.trips_with_zones")


def view_changed(world: World) -> None:
    with world.settings():
        from pipeline.connections.google import bigquery_client

        view = bigquery_client().get_table(f"{world.name}.{world.name}.trips")
        view.view_query = f"{view.view_query} LIMIT 10"
        bigquery_client().update_table(view, ["view_query"])


def canonical_cut(world: World) -> None:
    cut(JANUARY.canonical_path(world.data))


def canonical_with_a_bad_page(world: World) -> None:
    spoil(JANUARY.canonical_path(world.data), 4, 64)


def canonical_with_another_value(world: World) -> None:
    path = JANUARY.canonical_path(world.data)
    path.write_bytes(with_other_fare(path.read_bytes()))


def quarantine_file_deleted(world: World) -> None:
    DIRTY.quarantine_path(world.data).unlink()


def quarantine_file_with_a_bad_page(world: World) -> None:
    spoil(DIRTY.quarantine_path(world.data), 4, 64)


def raw_cut(world: World) -> None:
    cut(JANUARY.raw_path(world.data))


def raw_bytes_changed(world: World) -> None:
    spoil(JANUARY.raw_path(world.data), 5000, 1)


def sidecar_deleted(world: World) -> None:
    sidecar_path(JANUARY.raw_path(world.data)).unlink()


def sidecar_wrong(world: World) -> None:
    path = sidecar_path(JANUARY.raw_path(world.data))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tlc_source_rows": "7"}))


def sidecar_of_another_month(world: World) -> None:
    theirs = sidecar_path(FEBRUARY.raw_path(world.data))
    sidecar_path(JANUARY.raw_path(world.data)).write_bytes(theirs.read_bytes())


def postgres_emptied(world: World) -> None:
    world.pg("TRUNCATE {s}.yellow_trips_202101")


def postgres_rows_deleted(world: World) -> None:
    world.pg("DELETE FROM {s}.yellow_trips_202101 WHERE fare_amount > 20")


def postgres_rows_doubled(world: World) -> None:
    world.pg("INSERT INTO {s}.yellow_trips SELECT * FROM {s}.yellow_trips_202101")


def postgres_time_changed(world: World) -> None:
    world.pg("UPDATE {s}.yellow_trips_202101 SET tpep_pickup_datetime = tpep_pickup_datetime "
             "+ interval '1 second' WHERE ctid = '(0,1)'")  # fmt: skip


def postgres_partition_detached(world: World) -> None:
    world.pg("ALTER TABLE {s}.yellow_trips DETACH PARTITION {s}.yellow_trips_202101")


def postgres_partition_dropped(world: World) -> None:
    world.pg("DROP TABLE {s}.yellow_trips_202101")


def postgres_ledger_row_deleted(world: World) -> None:
    world.pg(f"DELETE FROM {{s}}._loads WHERE {OF_JANUARY}")


def postgres_ledger_row_doubled(world: World) -> None:
    [(names,)] = world.pg(
        "SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attnum > 0 "
        "AND attrelid = '{s}._loads'::regclass AND attname <> 'load_id'"
    )
    rows = f"SELECT {names} FROM {{s}}._loads WHERE {OF_JANUARY}"
    world.pg(f"INSERT INTO {{s}}._loads ({names}) {rows}")


def postgres_ledger_dropped(world: World) -> None:
    world.pg("DROP TABLE {s}._loads")


def postgres_ledger_row_of_other_rows(world: World) -> None:
    world.pg(f"UPDATE {{s}}._loads SET rows_kept = rows_kept + 1 WHERE {OF_JANUARY}")


def postgres_ledger_row_of_another_version(world: World) -> None:
    world.pg(f"UPDATE {{s}}._loads SET source_sha256 = '{'ab' * 32}' WHERE {OF_JANUARY}")


def postgres_index_dropped(world: World) -> None:
    world.pg("DROP INDEX {s}.yellow_trips_pulocationid_idx")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil(path: Path, begin: int, size: int) -> None:
    """Change bytes of a file and leave its length."""
    content = bytearray(path.read_bytes())
    content[begin : begin + size] = bytes(255 - byte for byte in content[begin : begin + size])
    path.write_bytes(content)
