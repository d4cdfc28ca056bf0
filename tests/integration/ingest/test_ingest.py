"""A named file into a named table: its values, once, and what becomes of a table that is there."""

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.eras.rows import write_month
from support.publisher import FaultyPublisher
from support.waiting import wait_until

from pipeline.core.errors import BadRequest, PipelineError, Terminal
from pipeline.ingest.task import IngestUrlToPostgres
from pipeline.operate.ingest import ingest
from pipeline.schemas import service_schema

COLUMNS = {
    "Whole": pa.array([1, None], pa.int32()),
    "unsigned": pa.array([2**64 - 1, 0], pa.uint64()),
    "Real": pa.array([0.5, float("nan")], pa.float32()),
    "money": pa.array([Decimal("1.10"), None], pa.decimal128(9, 2)),
    "words": pa.array(["", None]).dictionary_encode(),
    "large": pa.array(["a,b", '"'], pa.large_string()),
    "at": pa.array([datetime(2021, 1, 1), None], pa.timestamp("ns")),
    "moment": pa.array([datetime(2021, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
    "day": pa.array([date(1, 1, 1), None], pa.date64()),
    "hour": pa.array([time(1, 2, 3), None], pa.time64("ns")),
    "lasted": pa.array([timedelta(seconds=5), None], pa.duration("ns")),
    "raw": pa.array([b"\0", None]),
    "many": pa.array([[1, 2], None], pa.list_(pa.int64())),
    "nothing": pa.nulls(2),
}


def run(url, name="trips", existing="refuse", **options) -> bool:
    """Return whether there was anything to do."""
    task = IngestUrlToPostgres(url=str(url), table_name=name, existing=existing, **options)
    if task.complete():
        return False
    task.run()
    assert task.complete()
    return True


@pytest.fixture
def file(tmp_path):
    def write(rows, name="numbers.parquet"):
        path = tmp_path / name
        table = rows if isinstance(rows, pa.Table) else pa.table({"n": pa.array(rows, pa.int64())})
        pq.write_table(table, path)
        return path

    return write


def numbers(place, name="trips"):
    return [n for (n,) in place.query(f'SELECT n FROM {{s}}."{name}" ORDER BY ctid')]


def test_every_column_keeps_its_values_under_a_lower_case_name(place, file):
    run(file(pa.table(COLUMNS)))
    rows = place.query("SELECT *, pg_typeof(whole)::text, pg_typeof(moment)::text FROM {s}.trips")
    assert rows[0] == (
        *(1, 2**64 - 1, 0.5, Decimal("1.10"), "", "a,b", datetime(2021, 1, 1)),
        *(datetime(2021, 1, 1, tzinfo=UTC), date(1, 1, 1), time(1, 2, 3), timedelta(seconds=5)),
        *(rows[0][11], [1, 2], None, "integer", "timestamp with time zone"),
    )
    assert bytes(rows[0][11]) == b"\0"
    assert rows[1][:2] == (None, 0) and rows[1][4] is None


def test_a_type_without_a_binary_form_goes_as_csv_with_a_line_and_says_the_same(
    place, file, caplog
):
    caplog.set_level("INFO", "pipeline")
    wide = pa.array([Decimal("1" * 45), None], pa.decimal256(50, 0))
    run(file(pa.table({**COLUMNS, "wide": wide}).drop(["many"])))
    run(file(pa.table(COLUMNS), "others.parquet"), "others")
    assert [told for told in caplog.messages if "CSV" in told] == [
        "trips: goes as CSV, because column wide has type decimal256(50, 0)"
    ]
    sql = "SELECT to_jsonb(t) - 'wide' - 'many' AS told FROM {s}.%s AS t ORDER BY ctid"
    assert place.query(sql.replace("%s", "trips")) == place.query(sql.replace("%s", "others"))
    assert place.query("SELECT wide FROM {s}.trips ORDER BY ctid") == [
        (Decimal("1" * 45),),
        (None,),
    ]


def test_the_same_file_twice_is_loaded_once_and_another_version_is_not(place, file):
    path = file(range(3))
    assert run(path)
    assert not run(path)
    file(range(4))
    with pytest.raises(Terminal, match="trips is there, with other rows; next: --replace"):
        run(path)
    assert numbers(place) == [0, 1, 2]
    assert run(path, existing="replace") and not run(path, existing="replace")
    assert numbers(place) == [0, 1, 2, 3]
    assert run(file([9], "more.parquet"), existing="append")
    assert not run(path, existing="append") and not run(path.with_name("more.parquet"))
    assert numbers(place) == [0, 1, 2, 3, 9]


def test_a_table_that_others_changed_does_not_count_as_loaded(place, file):
    path = file(range(3))
    run(path)
    place.query("TRUNCATE {s}.trips")
    assert run(path, existing="replace")
    place.query("DROP TABLE {s}.trips")
    assert run(path)
    assert numbers(place) == [0, 1, 2]


def test_a_file_is_appended_once_to_a_table_that_others_fill_and_again_when_empty(place, file):
    place.query("CREATE TABLE {s}.trips AS SELECT 7::bigint AS n")
    first, second = file([1]), file([2], "second.parquet")
    assert run(first, existing="append") and not run(first, existing="append")
    place.query("INSERT INTO {s}.trips VALUES (8)")
    place.query("DELETE FROM {s}.trips WHERE n = 1")
    assert not run(first, existing="append")
    assert run(second, existing="append") and not run(second, existing="append")
    assert sorted(numbers(place)) == [2, 7, 8]
    place.query("TRUNCATE {s}.trips")
    assert run(second, existing="append") and not run(second)
    assert run(first, existing="append")
    assert sorted(numbers(place)) == [1, 2]


def test_a_table_that_takes_no_nulls_is_appended_to_and_refuses_them_itself(place, file):
    place.query("CREATE TABLE {s}.trips (n bigint NOT NULL)")
    assert run(file([1]), existing="append")
    with pytest.raises(Terminal, match="null value in column"):
        run(file([None], "none.parquet"), existing="append")
    assert place.query("SELECT n FROM {s}.trips") == [(1,)]


def test_a_table_is_either_replaced_or_appended_to(file):
    words = ["--url", str(file([1])), "--table-name", "trips", "--replace", "--append"]
    done = CliRunner().invoke(ingest, words)
    assert done.exit_code == 2 and "exclude each other" in done.output


def test_a_failed_load_changes_nothing(place, file):
    run(file(range(3)))
    bad = pa.table({"n": pa.array([1]), "text": ["a\0b"]})
    with pytest.raises(Terminal, match="line 1, column text"):
        run(file(bad, "bad.parquet"), existing="replace")
    assert numbers(place) == [0, 1, 2]
    other = pa.table({"n": ["text"]})
    with pytest.raises(Terminal, match=r"other columns; seen: {'n': 'bigint'}; expected: {'n'"):
        run(file(other, "other.parquet"), existing="append")
    more = pa.table({"n": [1], "m": [2]})
    with pytest.raises(Terminal, match="lacks columns of the file; seen: m"):
        run(file(more, "more.parquet"), existing="append")
    assert numbers(place) == [0, 1, 2]
    assert place.query("SELECT count(*) FROM {s}._loads") == [(1,)]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_a_csv_is_read_by_its_header(place, tmp_path, ending):
    text = (
        'Trip,at,fare,note\n1,2021-01-01 10:00:00,1.5,"a ""b"""\n2,,,\n3,2021-01-01 10:00:01,2,""\n'
    )
    path = tmp_path / f"trips{ending}"
    path.write_bytes(gzip.compress(text.encode()) if ending == ".csv.gz" else text.encode())
    assert run(path) and not run(path)
    assert place.query("SELECT * FROM {s}.trips ORDER BY trip") == [
        (1, datetime(2021, 1, 1, 10), 1.5, 'a "b"'),
        (2, None, None, None),
        (3, datetime(2021, 1, 1, 10, 0, 1), 2.0, ""),
    ]


def test_a_csv_whose_values_change_their_type_changes_nothing(place, tmp_path):
    path = tmp_path / "trips.csv"
    path.write_text("n\n" + "1\n" * 1_000_000 + "one\n")
    with pytest.raises(Terminal, match=r"trips.csv does not parse as CSV; .*one"):
        run(path)
    assert "trips" not in place.tables()


def test_a_tlc_file_gets_its_canonical_schema_unless_it_stays_as_it_is(place, tmp_path, setting):
    setting("normalize", max_quarantined_share="0.05")
    path = write_month(tmp_path, "yellow", "2009-01")
    run(path, "canonical")
    run(path, "raw", as_is=True)
    [(kept, version)] = place.query(
        "SELECT rows_kept, schema_version FROM {s}._loads WHERE table_name = 'canonical'"
    )
    assert place.query("SELECT count(tpep_pickup_datetime) FROM {s}.canonical") == [(kept,)]
    assert version is not None
    described = (
        "SELECT count(col_description(attrelid, attnum)) FROM pg_attribute WHERE attrelid = "
    )
    columns = len(service_schema("yellow").columns)
    assert place.query(f"{described}'{place.schema}.canonical'::regclass") == [(columns,)]
    rows = pq.read_metadata(path).num_rows
    assert place.query("SELECT count(trip_pickup_datetime) FROM {s}.raw") == [(rows,)]
    assert run(path, "canonical", "replace", as_is=True)
    assert place.query("SELECT count(trip_pickup_datetime) FROM {s}.canonical") == [(rows,)]


def test_a_url_is_fetched_once_and_again_when_its_etag_changes(place, file):
    with FaultyPublisher() as publisher:
        publisher.serve(file(range(3)), "numbers.parquet")
        url = f"{publisher.url}/numbers.parquet"
        assert run(url) and not run(url)
        assert [request.method for request in publisher.requests].count("GET") == 1
        publisher.serve(file(range(4)), "numbers.parquet")
        assert run(url, existing="replace")
        assert numbers(place) == [0, 1, 2, 3]
        with pytest.raises(Terminal, match=r"there is nothing at .*/none\.parquet"):
            run(f"{publisher.url}/none.parquet", "none")


@pytest.mark.parametrize(
    ("url", "name", "words"),
    [
        ("https://u:secret@h/a.parquet", "t", "a URL with a password"),
        ("https://h/a.xlsx", "t", r"\*.parquet"),
        ("/no/such/file.parquet", "t", "cannot read /no/such/file.parquet"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(place, url, name, words):
    with pytest.raises(PipelineError, match=words) as refused:
        run(url, name)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["_loads", "x" * 60, "", "a%b", "other.trips"])
def test_a_name_that_no_table_may_have_is_refused(place, file, name):
    with pytest.raises(BadRequest, match="no name for a table"):
        run(file([1]), name)


def test_a_months_table_is_not_replaced_by_a_file(place, file):
    place.query("CREATE TABLE {s}.yellow_trips (n int) PARTITION BY LIST (n)")
    place.query("CREATE TABLE {s}.one PARTITION OF {s}.yellow_trips FOR VALUES IN (1)")
    for existing in ("replace", "append"):
        with pytest.raises(Terminal, match="yellow_trips is partitioned"):
            run(file([1]), "yellow_trips", existing=existing)
        with pytest.raises(Terminal, match=r"one is .* a partition; seen: FOR VALUES IN \(1\)"):
            run(file([1]), "one", existing=existing)


def test_the_command_takes_the_scripts_flags_but_no_password(place, file, caplog):
    caplog.set_level("WARNING", "pipeline")  # and is put back: the command asks for more
    caplog.handler.setLevel("INFO")
    path = file(range(3))
    words = ["--url", str(path), "--table-name", "trips"]
    server = place.server.database
    flags = ["--user", server.user, "--host", server.host, "--port", server.port, "--db", server.db]
    first = CliRunner().invoke(ingest, [*words, *map(str, flags)], catch_exceptions=False)
    assert first.output.endswith("numbers.parquet is in trips\n")
    assert "trips: loaded 3 rows of numbers.parquet" in caplog.messages
    again = CliRunner().invoke(ingest, words, catch_exceptions=False)
    assert again.output.endswith("numbers.parquet is in trips already\n")
    told = ["--password=hunter2", "--table_name=trips", f"--url={path}"]  # as the script had them
    with pytest.raises(BadRequest, match=r"--password is not taken: .* seen in ps") as refused:
        CliRunner().invoke(ingest, told, catch_exceptions=False)
    assert "hunter2" not in str(refused.value)


def test_of_two_loads_of_a_file_one_waits_and_then_finds_it_done(place, file, monkeypatch):
    path, copying, may_end = file(range(3)), threading.Event(), threading.Event()

    def hold(rows, size):
        copying.set()
        assert may_end.wait(20)

    monkeypatch.setattr(IngestUrlToPostgres, "_teller", lambda task, total: hold)
    monkeypatch.setattr(IngestUrlToPostgres, "say", lambda task, words: place.say(words))
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(run, path)
        assert copying.wait(20)
        second = threads.submit(run, path)
        wait_until(lambda: [words for words in place.said if "the loading of trips" in words])
        may_end.set()
        assert first.result() and second.result()
    assert numbers(place) == [0, 1, 2]
    assert place.query("SELECT count(*) FROM {s}._loads") == [(1,)]
