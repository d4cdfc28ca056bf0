"""Connecting to a real server, and the one line that each failure is."""

import io
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import luigi
import pytest
from support.postgres import PostgresUnderTest
from support.waiting import wait_until

from pipeline.connections.postgres import Database, configured, engine, explained
from pipeline.core.errors import PipelineError, Terminal, Transient

CANARY = "canary-5up3r-s3cret"


@contextmanager
def limited(**values: float) -> Iterator[None]:
    """Other limits in ``[postgres]``."""
    config = luigi.configuration.get_config()
    for name, value in values.items():
        config.set("postgres", name, str(value))
    try:
        yield
    finally:
        for name in values:
            config.remove_option("postgres", name)


def run(database: Database, sql: str = "SELECT 1") -> list[Any]:
    with explained("trying"), engine(database).begin() as connection:
        done = connection.exec_driver_sql(sql)
        return [tuple(row) for row in done] if done.returns_rows else []


def refusal(database: Database, sql: str = "SELECT 1") -> PipelineError:
    """Return the one line that a statement ends with."""
    with pytest.raises(PipelineError) as refused:
        run(database, sql)
    assert CANARY not in str(refused.value)
    assert "\n" not in str(refused.value)
    return refused.value


def assert_terminal(error: PipelineError, *words: str) -> None:
    assert isinstance(error, Terminal), error
    assert all(word in str(error) for word in words), error


def assert_transient(error: PipelineError, *words: str) -> None:
    assert isinstance(error, Transient), error
    assert all(word in str(error) for word in words), error


def test_a_session_tells_its_name_and_keeps_the_configured_limits(
    postgres: PostgresUnderTest,
) -> None:
    names = ["application_name", "client_encoding", "lock_timeout", "statement_timeout"]
    sql = f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}"
    with limited(lock_timeout=1.5, statement_timeout=0):
        assert run(postgres.database, sql) == [("tlc-pipeline", "UTF8", "1500ms", "0")]


def test_a_forked_process_makes_an_engine_of_its_own(postgres: PostgresUnderTest) -> None:
    mine = engine(postgres.database)
    assert engine(postgres.database) is mine
    if (child := os.fork()) == 0:
        os._exit(0 if engine(postgres.database) is not mine else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_session_ends_when_it_is_given_back(postgres: PostgresUnderTest) -> None:
    [(pid,)] = run(postgres.database, "SELECT pg_backend_pid()")
    alive = f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"
    wait_until(lambda: run(postgres.database, alive) == [])


def test_the_password_is_read_from_where_its_reference_points(
    postgres: PostgresUnderTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with postgres.role(CANARY) as role:
        (tmp_path / "secret").write_text(f"{CANARY}\n")
        run(replace(role, password=f"file:{tmp_path}/secret"))
        monkeypatch.setenv("SECRET", CANARY)
        run(replace(role, password="env:SECRET"))
        monkeypatch.setenv("PGPASSWORD", CANARY)
        run(role)
        monkeypatch.delenv("PGPASSWORD")
        pgpass = tmp_path / "pgpass"
        pgpass.touch(mode=0o600)
        pgpass.write_text(f"*:*:*:{role.user}:{CANARY}\n")
        monkeypatch.setenv("PGPASSFILE", str(pgpass))
        run(role)


def test_a_wrong_or_missing_password_is_terminal_and_never_told(
    postgres: PostgresUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WRONG", f"{CANARY}-but-wrong")
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    with postgres.role(CANARY) as role:
        wrong = refusal(replace(role, password="env:WRONG"))
        assert_terminal(wrong, "authentication failed", role.user, "what its password")
        assert_terminal(refusal(role), "no password supplied", "PGPASSWORD")
        assert_terminal(refusal(replace(role, password=CANARY)), "is to be a reference")
    assert CANARY not in caplog.text


def test_a_database_or_role_that_does_not_exist_is_terminal(postgres: PostgresUnderTest) -> None:
    wrong = replace(postgres.database, db="nobody_made_this")
    assert_terminal(refusal(wrong), '"nobody_made_this" does not exist', "correct db in [conn")
    assert_terminal(refusal(replace(postgres.database, user="nobody")), '"nobody"')
    assert_terminal(refusal(postgres.database, "SET ROLE nobody_at_all"), "nobody_at_all")
    grant = "GRANT SELECT ON pg_class TO nobody_at_all"
    assert_terminal(refusal(postgres.database, grant), "nobody_at_all", "create the role")


def test_a_server_that_is_down_is_transient_and_told_with_its_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        down = Database("127.0.0.1", taken.getsockname()[1], "u", "d")
        assert_transient(refusal(down), f"port {down.port}", "correct host and port in [conn")
    assert_transient(refusal(replace(down, host="no.such.host.invalid")), "translate host name")


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        dumb = Database("127.0.0.1", port, "u", "d", sslmode="disable", timeout=0.1)
        assert_transient(refusal(dumb), "timeout expired")


def test_a_server_without_or_with_nothing_but_ssl_is_terminal(
    own_postgres: PostgresUnderTest,
) -> None:
    database = own_postgres.database
    assert_terminal(refusal(replace(database, sslmode="require")), "SSL", "set sslmode in [conn")
    assert own_postgres.home is not None
    hba = own_postgres.home / "cluster" / "pg_hba.conf"
    hba.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    own_postgres.stop()
    own_postgres.start()
    assert_terminal(refusal(database), "no encryption", "set sslmode in [conn")


def test_a_missing_right_is_terminal(
    postgres: PostgresUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", CANARY)
    with postgres.role(CANARY) as role:
        database = replace(role, password="env:SECRET")
        refused = refusal(database, "CREATE SCHEMA mine")
        assert_terminal(refused, "permission denied", "grant the user of [conn")
        run(database, "SELECT 1")
    with postgres.role(CANARY, can="NOLOGIN") as role:
        assert_terminal(refusal(replace(role, password="env:SECRET")), "not permitted to log in")


def test_a_read_only_server_is_terminal(postgres: PostgresUnderTest) -> None:
    sql = "SET TRANSACTION READ ONLY; CREATE TABLE t (i int)"
    assert_terminal(refusal(postgres.database, sql), "read-only", "name the primary")


def test_limits_on_statements_and_locks_are_transient(postgres: PostgresUnderTest) -> None:
    with limited(statement_timeout=0.05, lock_timeout=0):
        slow = refusal(postgres.database, "SELECT pg_sleep(9)")
        assert_transient(slow, "statement timeout", "[postgres] statement_timeout")
    run(postgres.database, "CREATE TABLE held (i int)")
    with engine(postgres.database).begin() as holder, limited(lock_timeout=0.05):
        holder.exec_driver_sql("LOCK TABLE held")
        waited = refusal(postgres.database, "DROP TABLE held")
        assert_transient(waited, "lock timeout", "[postgres] lock_timeout")


def test_values_that_postgres_cannot_hold_are_terminal(postgres: PostgresUnderTest) -> None:
    out = refusal(postgres.database, "SELECT 40000::int2")
    assert_terminal(out, "out of range", "the source holds what PostgreSQL cannot")
    nul = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\1" + b"\0\0\0\3a\0b" + b"\xff\xff"
    run(postgres.database, "CREATE TABLE words (word text)")
    told = r'encoding "UTF8": 0x00; COPY words, line 1.*the source'
    with closing(engine(postgres.database).raw_connection()) as connection:
        cursor: Any = connection.cursor()
        with pytest.raises(Terminal, match=told), explained("loading"):
            cursor.copy_expert("COPY words FROM STDIN (FORMAT binary)", io.BytesIO(nul))


def test_a_disk_that_is_full_is_transient(postgres: PostgresUnderTest) -> None:
    sql = "DO $$BEGIN RAISE SQLSTATE '53100' USING message = 'No space left on device'; END$$"
    assert_transient(refusal(postgres.database, sql), "No space left", "free space on the server")


def test_a_server_that_ends_in_mid_query_is_transient(own_postgres: PostgresUnderTest) -> None:
    def ended(end: Callable[[], None]) -> None:
        with explained("trying"), engine(own_postgres.database).connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            end()
            connection.exec_driver_sql("SELECT 2")

    with pytest.raises(Transient, match=r"Postgres failed trying; seen: .*next: run the same"):
        ended(own_postgres.kill)
    own_postgres.start()
    with pytest.raises(Transient, match=r"Postgres failed trying; seen: .*next: run the same"):
        ended(own_postgres.stop)


def test_a_signal_ends_a_statement_at_once_on_both_sides(postgres: PostgresUnderTest) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    asleep = "FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(170)' AND state = 'active'"
    sleeping = f"SELECT pid {asleep}"
    before = signal.signal(signal.SIGUSR1, interrupt)

    def interrupt_it() -> None:
        wait_until(lambda: postgres.query(sleeping))
        os.kill(os.getpid(), signal.SIGUSR1)

    try:
        Thread(target=interrupt_it).start()
        with pytest.raises(KeyboardInterrupt):
            run(postgres.database, "SELECT pg_sleep(170)")
    finally:
        signal.signal(signal.SIGUSR1, before)
    wait_until(lambda: postgres.query(sleeping) == [])


def test_the_sandboxs_database_is_made_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_postgres: PostgresUnderTest
) -> None:
    from pipeline.sandbox import lifecycle

    monkeypatch.setattr(lifecycle, "postgres_home", lambda: own_postgres.home)
    first, again = configured(), configured()
    assert first == again
    assert first.db == "nyc_tlc"
    assert run(first, "SELECT current_database(), current_user") == [("nyc_tlc", "postgres")]
    assert str(first) == f"postgresql://postgres@127.0.0.1:{own_postgres.database.port}/nyc_tlc"
