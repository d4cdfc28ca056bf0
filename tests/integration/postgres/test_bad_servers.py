"""A server that refuses, fails or is full: one line, and nothing changed, for month and file."""

import os
import pwd
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from luigi.task_register import Register
from support.configuration import forget_everything
from support.postgres import PostgresUnderTest, copied_cluster, started
from support.postgres_place import Place, placed
from support.waiting import wait_until

from pipeline.connections.postgres import engine
from pipeline.core.errors import PipelineError, Terminal, Transient
from pipeline.core.months import TripMonth
from pipeline.ingest.task import IngestUrlToPostgres
from pipeline.postgres import ledger
from pipeline.postgres.task import LoadMonthToPostgres
from pipeline.sandbox.postgres import cluster

JANUARY = TripMonth("yellow", 2021, 1)
ROWS = 20_000
OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'tlc-pipeline'"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)


class MonthLoad:
    """A month of five rows that is there, and a new version of many."""

    held = "SELECT count(*), sum(pulocationid) FROM {s}.yellow_trips"
    table = "yellow_trips"

    def __init__(self, place: Place) -> None:
        self.place = place
        place.load(JANUARY, 5)
        place.canonical(JANUARY, ROWS)

    def begin(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        Register.clear_instance_cache()
        task = LoadMonthToPostgres(year=2021, month=1, redo_from="postgres")
        task.report = lambda *told, **more: meanwhile()  # type: ignore[method-assign]
        task.run()


class FileLoad:
    """A file's five rows in a table, and another file of many to replace them by."""

    held = "SELECT count(*), sum(n) FROM {s}.numbers"
    table = "numbers"

    def __init__(self, place: Place) -> None:
        self.place = place
        self._write(5)
        self.begin()
        self._write(ROWS)

    def begin(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        Register.clear_instance_cache()
        task = IngestUrlToPostgres(url=str(self._path), table_name="numbers", existing="replace")
        task._teller = lambda total: lambda rows, size: meanwhile()  # type: ignore[method-assign]
        task.run()

    @property
    def _path(self) -> Path:
        return self.place.data_dir / "numbers.parquet"

    def _write(self, rows: int) -> None:
        self._path.parent.mkdir(exist_ok=True)
        text = [f"{n:0200}" for n in range(rows)]
        pq.write_table(pa.table({"n": range(rows), "text": text}), self._path)


Loading = MonthLoad | FileLoad
BOTH = pytest.mark.parametrize("kind", [MonthLoad, FileLoad], ids=["month", "file"])


@contextmanager
def unchanged(loading: Loading) -> Iterator[None]:
    """Assert that what follows changes no table, no row and no ledger, and leaves no session."""

    def seen() -> tuple[object, ...]:
        place = loading.place
        ledger = place.query("SELECT * FROM {s}._loads")
        return place.query(loading.held), ledger, place.tables()

    before = seen()
    yield
    assert seen() == before
    # A session that was given back ends a moment later.
    wait_until(lambda: loading.place.query(OTHERS) == [], 10)


def assert_refused(
    loading: Loading,
    kind: type[PipelineError],
    *words: str,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    with pytest.raises(kind) as refused:
        loading.begin(meanwhile)
    told = str(refused.value)
    assert "\n" not in told and "; seen: " in told and "; next: " in told
    assert all(word in told for word in words), told


@pytest.fixture(scope="module")
def victim(
    tmp_path_factory: pytest.TempPathFactory, empty_cluster: Path
) -> Iterator[PostgresUnderTest]:
    """A server that these tests may kill and set up anew."""
    home = tmp_path_factory.mktemp("victim") / "postgres"
    server = started(copied_cluster(empty_cluster, home))
    yield server
    server.stop()


@pytest.fixture
def victims_place(
    victim: PostgresUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    with placed(victim, tmp_path / "data", monkeypatch) as made:
        yield made


def config(server: PostgresUnderTest) -> Path:
    assert server.home is not None
    return server.home / "cluster"


@BOTH
def test_a_wrong_password_is_told_and_where_to_correct_it(
    place: Place, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch, kind: type[Loading]
) -> None:
    monkeypatch.setenv("WRONG", "no-such-secret")
    loading = kind(place)
    with place.server.role("right") as role, unchanged(loading):
        setting("connection:under-test", user=role.user, password="env:WRONG")
        assert_refused(loading, Terminal, "authentication failed", role.user, "password")


@BOTH
def test_a_database_that_is_not_there_is_told(
    place: Place, setting: Callable[..., None], kind: type[Loading]
) -> None:
    loading = kind(place)
    with unchanged(loading):
        setting("connection:under-test", db="nobody_made_this")
        assert_refused(
            loading, Terminal, '"nobody_made_this" does not exist', "create the database"
        )


@BOTH
def test_a_server_that_is_down_is_told_with_its_address(
    place: Place, setting: Callable[..., None], kind: type[Loading]
) -> None:
    loading = kind(place)
    with unchanged(loading), socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = str(taken.getsockname()[1])
        setting("connection:under-test", port=port)
        assert_refused(loading, Transient, f"port {port}", "refused")


@BOTH
def test_a_server_killed_in_mid_copy_keeps_what_it_had(
    victims_place: Place, kind: type[Loading]
) -> None:
    loading = kind(victims_place)

    def kill() -> None:
        if victims_place.server.server is not None:
            victims_place.server.kill()

    with unchanged(loading):
        assert_refused(loading, Transient, "run the same command again", meanwhile=kill)
        victims_place.server.start()
    loading.begin()
    assert victims_place.query(loading.held)[0][0] == ROWS


@pytest.fixture
def small_disk(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tablespace on a file system of 1 MB."""
    folder = tmp_path_factory.mktemp("small")
    if place.server.home is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system for a server of our own")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system may be mounted here")
    os.chown(folder, pwd.getpwnam(cluster.UNPRIVILEGED).pw_uid, -1)
    place.server._outside_transaction(f"CREATE TABLESPACE small LOCATION '{folder}'")
    yield "small"
    place.server._outside_transaction("DROP TABLESPACE small")
    subprocess.run(["umount", str(folder)], check=True)


@BOTH
def test_a_disk_that_is_really_full_is_told_and_leaves_its_space_free(
    place: Place, small_disk: str, kind: type[Loading]
) -> None:
    loading, here = kind(place), place.server.database
    role = f"ALTER ROLE {here.user} IN DATABASE {here.db}"
    with unchanged(loading):
        place.query(f"{role} SET default_tablespace = {small_disk}")
        try:
            assert_refused(loading, Transient, "No space left on device", "free space")
        finally:
            place.query(f"{role} RESET default_tablespace")
    [(size,)] = place.query(f"SELECT pg_tablespace_size('{small_disk}')")
    assert size < 100_000


@BOTH
def test_a_statement_that_takes_too_long_ends_in_mid_copy(
    place: Place, setting: Callable[..., None], kind: type[Loading]
) -> None:
    loading = kind(place)
    with unchanged(loading):
        setting("postgres", statement_timeout="0.3")
        assert_refused(loading, Transient, "statement timeout", "[postgres] statement_timeout",
                       meanwhile=lambda: time.sleep(0.5))  # fmt: skip


@BOTH
def test_a_table_that_another_session_keeps_is_waited_for_in_bounds(
    place: Place, setting: Callable[..., None], caplog: pytest.LogCaptureFixture,
    kind: type[Loading],
) -> None:  # fmt: skip
    caplog.set_level("INFO", "pipeline")
    loading = kind(place)
    with unchanged(loading), engine(place.server.database).connect() as reader:
        reader.exec_driver_sql(f"LOCK TABLE {place.schema}.{loading.table} IN ACCESS SHARE MODE")
        setting("postgres", lock_timeout="1.5")
        assert_refused(loading, Transient, f"{loading.table} is locked by", "1.5 seconds")
    assert f"waiting for {place.schema}.{loading.table}, locked by process" in caplog.text


@BOTH
def test_a_role_that_may_not_create_is_told_what_it_lacks(
    place: Place, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch, kind: type[Loading]
) -> None:
    monkeypatch.setenv("SECRET", "right")
    loading = kind(place)
    with place.server.role("right") as role, unchanged(loading):
        place.query(f"GRANT USAGE ON SCHEMA {{s}} TO {role.user}")
        place.query(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {{s}} TO {role.user}")
        setting("connection:under-test", user=role.user, password="env:SECRET")
        assert_refused(loading, Terminal, f"permission denied for schema {place.schema}", "grant")


@BOTH
def test_a_server_that_wants_ssl_is_told_with_the_setting(
    victims_place: Place, kind: type[Loading]
) -> None:
    loading, server = kind(victims_place), victims_place.server
    hba = config(server) / "pg_hba.conf"
    before = hba.read_text()
    with unchanged(loading):
        hba.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        restart(server)
        try:
            assert_refused(loading, Terminal, "no encryption", "sslmode")
        finally:
            hba.write_text(before)
            restart(server)


def restart(server: PostgresUnderTest) -> None:
    server.stop()
    server.start()


@BOTH
def test_a_read_only_replica_answers_questions_and_refuses_loads(
    victims_place: Place, kind: type[Loading]
) -> None:
    loading, server = kind(victims_place), victims_place.server
    signal = config(server) / "standby.signal"
    with unchanged(loading):
        server.stop()
        signal.touch()
        begin_standby(server)
        try:
            assert_refused(loading, Terminal, "read-only", "primary")
            forget_everything()
            if kind is MonthLoad:
                assert ledger.loaded_months()["yellow", "2021-01"].partition_rows == 5
        finally:
            signal.unlink()
            end_standby(server)
            server.start()


def begin_standby(server: PostgresUnderTest) -> None:
    """Start the server as a hot standby, which never calls itself ready."""
    told = f"-c port={server.database.port} -c listen_addresses=127.0.0.1"
    told += " -c unix_socket_directories="
    pg_ctl(server, "start", "-l", "server.log", "-o", told)


def end_standby(server: PostgresUnderTest) -> None:
    pg_ctl(server, "stop", "-m", "fast")


def pg_ctl(server: PostgresUnderTest, *words: str) -> None:
    assert server.home is not None
    with (server.home / "lock").open() as lock:
        done = cluster.run(
            "pg_ctl", *words, "-w", "-D", "cluster", home=server.home, inherit=lock.fileno()
        )
    assert done.returncode == 0, done.stdout
