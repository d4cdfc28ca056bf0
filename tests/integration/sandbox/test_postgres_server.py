"""When the sandbox's PostgreSQL starts, whom it serves, and what its end leaves."""

import fcntl
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest
from support.postgres import PostgresUnderTest, copied_cluster, started
from support.waiting import wait_until
from support.workspace import Workspace

from pipeline.core.errors import Terminal
from pipeline.sandbox.postgres import cluster, lifecycle


def pids_of(home: Path) -> list[int]:
    """The servers of ``home``; not their sessions."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        is_server = (process.info["cmdline"] or [""])[0].endswith("bin/postgres")
        if is_server and process.info["cwd"] == str(home / "cluster"):
            found.append(process.pid)
    return found


def test_commands_at_once_start_one_server_and_only_when_asked(workspace: Workspace) -> None:
    workspace.set("sandbox", postgres_port=0)
    home = workspace.data / "sandbox" / "postgres"
    assert workspace.run("tlc", "sandbox", "start").stdout.count("\n") == 1
    assert not home.exists()
    commands = [workspace.popen("tlc", "sandbox", "start", "--postgres") for _ in range(2)]
    told = [command.communicate(timeout=60) for command in commands]
    assert [command.returncode for command in commands] == [0, 0], told
    server = lifecycle.find(home)
    assert server is not None
    running = (
        f"postgres running at postgresql://postgres@127.0.0.1:{server.port}/nyc_tlc"
        f" (pid {server.pid}), password in {home}/password\n"
    )
    assert {out.splitlines(keepends=True)[1] for out, _ in told} == {running}
    assert pids_of(home) == [server.pid]
    assert workspace.run("tlc", "sandbox", "status").stdout.endswith(running)
    stopped = workspace.run("tlc", "sandbox", "stop").stdout
    assert stopped.startswith(f"postgres stopped (pid {server.pid})\nsandbox stopped")
    assert workspace.run("tlc", "sandbox", "status").stdout.endswith("\npostgres not running\n")
    assert pids_of(home) == []


def test_resetting_stops_it_and_deletes_its_files(tmp_path: Path, empty_cluster: Path) -> None:
    from pipeline.sandbox.lifecycle import reset

    started(copied_cluster(empty_cluster, tmp_path / "postgres"))
    reset(tmp_path)
    assert not tmp_path.exists()
    assert pids_of(tmp_path / "postgres") == []


def test_a_killed_one_is_started_again_with_all_that_was_committed(
    own_postgres: PostgresUnderTest,
) -> None:
    own_postgres.query("CREATE TABLE kept AS SELECT 7 AS number")
    before = own_postgres.server
    own_postgres.kill()
    own_postgres.start()
    assert own_postgres.query("SELECT number FROM kept") == [(7,)]
    assert own_postgres.server != before
    assert own_postgres.home is not None
    assert len(pids_of(own_postgres.home)) == 1


def test_a_stale_pid_file_deceives_nobody_whoever_has_the_number_now(
    tmp_path: Path, empty_cluster: Path
) -> None:
    home = copied_cluster(empty_cluster, tmp_path / "postgres")
    with socket.create_server(("127.0.0.1", 0)) as other:  # answers where the dead one did
        lines = [os.getpid(), home / "cluster", 1, other.getsockname()[1], "", "", "", "ready"]
        (home / "cluster" / "postmaster.pid").write_text("\n".join(map(str, lines)))
        assert lifecycle.find(home) is None
        assert lifecycle.stop(home) is None
        server = lifecycle.ensure_running(home, 0)
        assert server.pid != os.getpid()
        assert server.port != other.getsockname()[1]
    lifecycle.stop(home)


def test_what_a_killed_one_left_is_not_found_while_its_last_session_ends(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    with (tmp_path / "lock").open("w") as lock, socket.socket() as nobody:
        fcntl.flock(lock, fcntl.LOCK_EX)
        nobody.bind(("127.0.0.1", 0))
        lines = [1, tmp_path, 1, nobody.getsockname()[1], "", "", "", "ready"]
        (tmp_path / "cluster" / "postmaster.pid").write_text("\n".join(map(str, lines)))
        assert lifecycle.find(tmp_path) is None
        nobody.listen()
        assert lifecycle.find(tmp_path) is not None


def test_a_making_that_was_killed_is_made_again(tmp_path: Path) -> None:
    half = tmp_path / "cluster.part"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    (tmp_path / "password").write_text("of the killed one")
    server = started(tmp_path)
    assert server.query("SELECT current_setting('server_encoding'), 'é' > 'f'") == [("UTF8", True)]
    assert not half.exists()
    server.stop()


def test_a_taken_port_is_left_to_who_has_it(tmp_path: Path, empty_cluster: Path) -> None:
    home = copied_cluster(empty_cluster, tmp_path / "postgres")
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = lifecycle.ensure_running(home, other.getsockname()[1])
        assert server.port != other.getsockname()[1]
    lifecycle.stop(home)


def test_it_lives_below_any_folder_and_takes_nothing_from_the_environment(
    tmp_path: Path, empty_cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "nowhere"}.items():
        monkeypatch.setenv(name, value)
    folder = (
        tmp_path / "a $(folder) 'of' \"mine\"" / ("long" * 30)
    )  # too long for a socket in the file system
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    server = started(copied_cluster(empty_cluster, folder / "postgres"))
    assert server.query("SELECT current_setting('data_directory')") == [
        (str(folder / "postgres" / "cluster"),)
    ]
    server.stop()


def test_its_programs_may_be_in_a_folder_that_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = Path(cluster._binary("initdb"))
    wheel = binary.parents[2]
    closed = tmp_path / "closed"
    shutil.copytree(binary.parents[1], closed / "wheel" / binary.parts[-3])
    (closed / f"{wheel.name}.libs").symlink_to(wheel.with_name(f"{wheel.name}.libs"))
    closed.chmod(0o700)
    copied = closed / "wheel" / binary.parts[-3] / "bin"
    monkeypatch.setattr(cluster, "_binary", lambda program: str(copied / program))
    told = cluster.run("initdb", "--show", "-D", "none", home=tmp_path, inherit=0)
    assert told.returncode == 0, told.stdout


def test_it_listens_on_loopback_only_and_lets_nobody_in_without_the_password(
    own_postgres: PostgresUnderTest,
) -> None:
    home, server = own_postgres.home, own_postgres.server
    assert home is not None
    assert server is not None
    sockets = psutil.Process(server.pid).net_connections("inet")
    listening = [tuple(s.laddr) for s in sockets if s.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", server.port)]
    assert psutil.Process(server.pid).net_connections("unix") == []
    methods = own_postgres.query("SELECT DISTINCT auth_method FROM pg_hba_file_rules")
    assert methods == [("scram-sha-256",)]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in home.iterdir()} == {
        "cluster": "0o700", "lock": "0o600", "password": "0o600", "server.log": "0o600",
    }  # fmt: skip
    assert psutil.Process(server.pid).uids().effective != 0


def test_stopping_ends_the_sessions_and_rolls_back(own_postgres: PostgresUnderTest) -> None:
    from pipeline.connections.postgres import engine

    own_postgres.query("CREATE TABLE kept (number int)")
    with engine(own_postgres.database).connect() as session:
        session.exec_driver_sql("INSERT INTO kept VALUES (1)")
        own_postgres.stop()
        assert own_postgres.home is not None
        assert pids_of(own_postgres.home) == []
        session.invalidate()
    own_postgres.start()
    assert own_postgres.query("SELECT count(*) FROM kept") == [(0,)]


def test_a_server_whose_folder_was_deleted_stands_in_nobodys_way(
    tmp_path: Path, empty_cluster: Path
) -> None:
    home = tmp_path / "postgres"
    first = started(copied_cluster(empty_cluster, home)).server
    assert first is not None
    shutil.rmtree(home)
    second = started(copied_cluster(empty_cluster, home)).server
    assert second is not None
    assert second.port != first.port
    os.kill(first.pid, signal.SIGKILL)  # it ends by itself, but only within a minute
    wait_until(lambda: pids_of(home) == [second.pid])
    lifecycle.stop(home)


def test_a_cluster_that_cannot_be_made_or_started_is_one_line(
    tmp_path: Path, empty_cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copied_cluster(empty_cluster, tmp_path / "broken")
    (home / "cluster" / "global" / "pg_control").unlink()
    with pytest.raises(Terminal, match=r"ended at once; seen: .*pg_control.*server\.log"):
        lifecycle.ensure_running(home, 0)
    monkeypatch.setattr(cluster, "WHEEL", "no_such_wheel")
    with pytest.raises(Terminal, match="no PostgreSQL program initdb; seen: no package"):
        lifecycle.ensure_running(tmp_path / "none", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="setpriv is Linux's")
def test_root_without_the_means_to_be_somebody_else_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_is_root", lambda: True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Terminal, match="does not run as root; seen: no program setpriv"):
        cluster.run("initdb", home=tmp_path, inherit=0)
