"""Secrets are planted in every place that may have one, used, and in nothing that a run produced.

The runs are luigi's under a real luigid, and those of ``tlc``, with a secret that is right, wrong,
written where only a reference may be, or left to libpq. Their own environment may hold it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.canaries import Canaries, Watch, files_below, found_in
from support.deployments import Deployments
from support.google_front import GoogleFront
from support.luigid import Luigid
from support.mail_server import certificate, mail_server
from support.postgres import PostgresUnderTest
from support.sandbox import RunningSandbox
from support.workspace import Workspace

PLACE = "canaries"
POSTGRES = {"right": 0, "wrong": 35}
"""Connections to Postgres, and how a run by each ends."""
LITERAL = "under a literal secret: "
"""How what is run is called where the settings hold a secret itself."""

COMMANDS = [
    ("tlc", "connections", "test"),
    ("tlc", "settings", "--format", "json"),
    ("tlc", "status", "--format", "json"),
]
MESSAGES = [("tlc", "notify", "test"), ("tlc", "run", "told", "--scheduled")]
"""Commands that send some, one of them to nobody."""


@dataclass
class Produced:
    """Everything that the runs left and said, by where it is."""

    canaries: Canaries
    said: dict[str, str]
    codes: dict[str, int]
    mails: list[Any]
    watch: Watch
    luigid: dict[str, str]
    files: dict[str, bytes]
    ledgers: dict[str, str]
    tokens: list[str | None]


@pytest.fixture(scope="module")
def produced(
    tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox, postgres: PostgresUnderTest
) -> Iterator[Produced]:
    root, secrets = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("secrets")
    canaries, luigid = Canaries(secrets), Luigid(root)
    with (
        GoogleFront(sandbox.url, canaries.texts["token"]) as front,
        postgres.role(canaries.texts["right"]) as role,
        mail_server(secrets, "loader", canaries.texts["mail"]) as mail,
        Watch() as watch,
    ):
        postgres.query(f"CREATE SCHEMA {PLACE} AUTHORIZATION {role.user}")
        place = Workspace(root)
        place.sections |= canaries.connections(front, postgres, role.user, mail.port)
        place.set("core", scheduler_port=luigid.port)
        place.set("lake", connection="storage", bucket=PLACE)
        place.set("bigquery", connection="warehouse", project=PLACE, dataset=PLACE)
        place.set("postgres", connection="right", schema=PLACE)
        place.variables |= canaries.environment
        place.variables |= {"TLC_BASE_URL": f"{sandbox.url}/trip-data"}
        place.variables |= {"SSL_CERT_FILE": str(certificate(secrets))}
        month = {"year": 2021, "month": 4}
        told = {"parameters": month, "notifications": ["phone", "hook", "mail"]}
        Deployments(place).write("told", task="LoadMonthToPostgres", **told)
        runs = run_all(place) | run_under_a_literal(place, canaries.literal)
        pages = pages_of(luigid)
        luigid.stop()
        place.close()
        yield Produced(
            canaries,
            {name: out + err for name, (_, out, err) in runs.items()},
            {name: code for name, (code, _, _) in runs.items()},
            mail.mails,
            watch,
            pages | {"its state": (root / "luigid.pickle").read_bytes().decode("latin-1"),
                     "its log": luigid.log.read_text()},
            files_below([place.data]) | {"the sandbox's log": sandbox.log.read_bytes()},
            ledgers(sandbox, postgres),
            [who for what, who in front.asked
             if "/token" not in what and canaries.texts["hook"] not in what],
        )  # fmt: skip


def run_all(place: Workspace) -> dict[str, tuple[int, str, str]]:
    """Run everything; return exit code, output and errors by what was run."""
    done = {"bigquery": place.popen(*place.command("--year", 2021, "--month", 1))}
    done["bigquery"].wait(timeout=120)
    for month, name in enumerate(POSTGRES, 1):
        options = ("--year", 2021, "--month", month, "--postgres-connection", name)
        done[name] = place.popen(*place.command(*options, task="LoadMonthToPostgres"))
    done |= {" ".join(words): place.popen(*words) for words in [*COMMANDS, *MESSAGES]}
    told = {name: process.communicate(timeout=120) for name, process in done.items()}
    return {name: (done[name].returncode, *words) for name, words in told.items()}


def run_under_a_literal(
    like: Workspace, literal: dict[str, str]
) -> dict[str, tuple[int, str, str]]:
    """Run some where one connection, which nobody uses, has a secret and no reference."""
    place = Workspace(like.root / "literal")
    place.root.mkdir()
    place.sections |= {**like.sections, "connection:literal": literal}
    place.variables |= like.variables
    load = place.command("--year", 2021, "--month", 1, task="LoadMonthToPostgres")
    commands = {"luigi": load} | {" ".join(words): [*words] for words in COMMANDS}
    done = {LITERAL + name: place.run(*words) for name, words in commands.items()}
    return {name: (ran.returncode, ran.stdout, ran.stderr) for name, ran in done.items()}


def pages_of(luigid: Luigid) -> dict[str, str]:
    """What luigid answers about every task, worker and resource."""
    asked: dict[str, Any] = {
        "workers": luigid.ask("worker_list"),
        "resources": luigid.ask("resource_list"),
    }
    for status in ("DONE", "FAILED", "PENDING", "RUNNING", "DISABLED", "UNKNOWN", ""):
        asked[f"tasks {status}"] = luigid.ask("task_list", status=status, upstream_status="")
    asked["searched"] = luigid.ask("task_search", task_str="Load")
    for task_id in asked["tasks "]:
        for method in ("fetch_error", "get_task_status_message", "dep_graph"):
            asked[f"{method} {task_id}"] = luigid.ask(method, task_id=task_id)
    return {f"luigid's {name}": json.dumps(told) for name, told in asked.items()}


def ledgers(sandbox: RunningSandbox, postgres: PostgresUnderTest) -> dict[str, str]:
    rows = sandbox.bigquery().query_and_wait(f"SELECT * FROM `{PLACE}.{PLACE}._loads`")
    in_postgres = postgres.query(f"SELECT row::text FROM {PLACE}._loads AS row")
    return {
        "BigQuery's ledger": "\n".join(str(row.values()) for row in rows),
        "Postgres's ledger": "\n".join(text for (text,) in in_postgres),
    }


def test_the_secrets_were_used(produced: Produced) -> None:
    runs = {name: produced.codes[name] for name in POSTGRES}
    assert runs == POSTGRES, produced.said
    assert produced.codes["bigquery"] == 0, produced.said["bigquery"]
    assert {*produced.tokens} == {f"Bearer {produced.canaries.texts['token']}"}
    tested = produced.said["tlc connections test"]
    for line in (
        "yes storage: write an object",
        "yes warehouse: load a table",
        "yes right: create a table",
        "no  wrong: connect: Postgres refused connecting; seen: connection to server",
        "no  libpq: connect: Postgres refused connecting; seen: connection to server",
        "no  address: read the section: [connection:address] host: is to be a name",
        "yes mail: log in: as loader",
        "yes hook: reach the host",
    ):
        assert line in tested, tested


def test_a_message_that_does_not_go_through_is_told_and_changes_no_run(produced: Produced) -> None:
    log = next(text for name, text in produced.files.items() if name.endswith("/told.log"))
    assert produced.codes["tlc run told --scheduled"] == 0, log
    assert b"told: phone is not told: no message went through phone; seen: " in log
    assert b"told: told mail (E-Mail): told: done, 1 loaded" in log
    sent = {mail.content.decode(): mail.content for mail in produced.mails}
    assert len(sent) == 2, log
    assert found_in(sent, produced.canaries) == []
    said = produced.said["tlc notify test"]
    assert produced.codes["tlc notify test"] == 30
    assert "told mail (E-Mail): tlc: a test from " in said
    assert "WARNING phone is not told: no message went through phone; seen: " in said


def test_each_refusal_is_a_line_that_says_what_to_do(produced: Produced) -> None:
    assert not [name for name, said in produced.said.items() if "Traceback" in said]
    assert "authentication failed for user" in produced.said["wrong"]


def test_a_literal_secret_is_refused_at_any_start_with_its_line_and_how_to_move_it(
    produced: Produced,
) -> None:
    under = {name: code for name, code in produced.codes.items() if name.startswith(LITERAL)}
    assert under == {LITERAL + "luigi": 35} | {LITERAL + " ".join(it): 30 for it in COMMANDS}
    for name in under:
        said = produced.said[name]
        assert "[connection:literal] password is to be a reference, not the secret itself" in said
        assert "workspace.cfg:" in said and "next: put it in a file of mode 600" in said


def test_no_secret_is_in_what_was_said(produced: Produced) -> None:
    assert found_in(produced.said, produced.canaries) == []


def test_no_secret_is_in_a_command_line(produced: Produced) -> None:
    lines = produced.watch.command_lines
    assert any("LoadMonthToPostgres" in line for line in lines)
    assert any("connections test" in line for line in lines)
    assert found_in(lines, produced.canaries) == []


def test_no_secret_is_in_luigids_pages_state_or_log(produced: Produced) -> None:
    assert len(produced.luigid) > 20
    assert any("LoadMonthToPostgres" in told for told in produced.luigid.values())
    assert found_in(produced.luigid, produced.canaries) == []


def test_no_secret_is_in_a_file(produced: Produced) -> None:
    assert any(name.endswith(".parquet") for name in produced.files)
    assert found_in(produced.files, produced.canaries) == []


def test_no_secret_is_in_a_ledger(produced: Produced) -> None:
    assert all("yellow" in rows for rows in produced.ledgers.values())
    assert found_in(produced.ledgers, produced.canaries) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    canaries = Canaries(tmp_path)
    assert found_in({"here": b"\0canary-right-5up3r\0"}, canaries) == ["right in here"]
