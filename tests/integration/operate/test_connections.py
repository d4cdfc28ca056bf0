"""``tlc connections``: what it shows, writes and refuses; no secret is among it."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.configuration import settings_at
from support.google_front import GoogleFront

from pipeline.connections.edit import append
from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.profile import load_profile
from pipeline.deployments import reading
from pipeline.operate.connections import connections
from pipeline.operate.settings import settings

CANARY = "canary-5up3r-s3cret"
MINE = """
# Where the archive is.
[connection:archive]  ; kept
kind = postgres
host = db.example.org
password = env:ARCHIVE_PASSWORD

[connection:broken]
kind = postgres
password = ${A_SECRET}

[connection:chat]
kind = webhook
url = env:NOBODY_SET_THIS
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The shipped settings in a folder of the test's own, with some connections more."""
    monkeypatch.setenv("A_SECRET", CANARY)
    with settings_at(tmp_path, monkeypatch) as where:
        file = where / "config" / "sandbox.cfg"
        file.write_text(file.read_text() + MINE)
        load_profile()
        yield where


Run = Callable[..., str]


@pytest.fixture
def run(root: Path) -> Run:
    """Run a command in this process; return what it printed, raise what it refuses with."""

    def done(*words: str, command: click.Command = connections) -> str:
        result = CliRunner().invoke(command, words)
        assert CANARY not in result.output + repr(result.exception)
        if result.exception:
            raise result.exception
        return result.output

    return done


def listed(run: Run, *words: str, command: click.Command = connections) -> list[dict[str, str]]:
    told: list[dict[str, str]] = json.loads(run(*words, "--format", "json", command=command))
    return told


def test_each_connection_is_listed_with_what_it_leads_to_who_uses_it_and_its_line(run: Run) -> None:
    archive, broken, chat, sandbox = listed(run, "list")
    where = "config/sandbox.cfg"
    assert [*archive.values()] == ["archive", "postgres", "db.example.org:5432/nyc_tlc", None,
                                   f"{where}:20"]  # fmt: skip
    assert [*chat.values()][1:4] == ["webhook", "env:NOBODY_SET_THIS", None]
    assert sandbox["where"] == "this machine, gs://tlc-lake, tlc-sandbox.nyc_tlc"
    assert sandbox["used by"] == "[lake], [bigquery], [postgres]"
    assert broken["kind"] is None
    assert "[connection:broken] password is to be a reference" in broken["where"]
    assert "archive" in run("list")


def test_a_secret_is_shown_as_its_reference_and_whether_that_leads_to_anything(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def password() -> dict[str, str]:
        (found,) = [row for row in listed(run, "show", "archive") if row["key"] == "password"]
        return found

    assert password()["value"] == "env:ARCHIVE_PASSWORD"
    assert password()["from"] == "config/sandbox.cfg:23"
    assert "no: [connection:archive] password refers to nothing" in password()["resolves"]
    monkeypatch.setenv("ARCHIVE_PASSWORD", CANARY)
    assert password()["resolves"] == "yes"
    table = run("show", "archive")
    assert " 5432 " in table and "default" in table


def test_a_connection_is_added_below_and_the_rest_of_the_file_stays(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = root / "config" / "sandbox.cfg"
    file.write_text(before := file.read_text().rstrip("\n"))
    file.chmod(0o600)
    monkeypatch.setenv("DB", "nyc")
    told = run("add", "hot", "--kind", "postgres", "host=h", "password=file:/run/100%", "db=${DB}")
    assert told == "hot is in config/sandbox.cfg; next: tlc connections test hot\n"
    section = (
        "[connection:hot]\nkind = postgres\nhost = h\npassword = file:/run/100%%\ndb = ${DB}\n"
    )
    assert file.read_text() == f"{before}\n\n{section}"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir() if "part" in path.name] == []


def test_two_that_are_added_at_once_are_both_there(run: Run, root: Path) -> None:
    def add(name: str) -> None:
        CliRunner().invoke(connections, ["add", name, "--kind", "gcs"])

    both = [threading.Thread(target=add, args=(name,)) for name in ("one", "two")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    text = (root / "config" / "sandbox.cfg").read_text()
    assert text.count("[connection:one]") == text.count("[connection:two]") == 1


def test_a_section_that_another_run_has_just_added_is_not_added_again(root: Path) -> None:
    append(section := "[connection:hot]\nkind = gcs\n")
    with pytest.raises(BadRequest, match=r"has a section \[connection:hot\] already"):
        append(section)
    assert (root / "config" / "sandbox.cfg").read_text().count(section) == 1
    assert not [*(root / "config").glob("*.part")]


def test_to_print_a_section_writes_nothing(run: Run, root: Path) -> None:
    before = (root / "config" / "sandbox.cfg").read_text()
    assert run("add", "lake", "--kind", "gcs", "--print") == "[connection:lake]\nkind = gcs\n"
    assert (root / "config" / "sandbox.cfg").read_text() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("new", "--kind", "postgres", f"password={CANARY}"), "is to be a reference.*file:PATH"),
        (("new", "--kind", "webhook", f"url=https://h/{CANARY}"), "url is to be a reference"),
        (("new", "--kind", "postgres", CANARY), "an argument is not of the form key=value"),
        (("new", "--kind", "postgres", "hots=h"), "hots is not known; expected: host"),
        (("new", "--kind", "postgers"), "of no known kind; seen: postgers; expected: apprise"),
        (("new", "--kind", "gcs", "endpoint=${NOBODY_SET_THIS}"), "endpoint cannot be read; seen"),
        (("new", "--kind", "smtp", "host=h"), "sender is missing"),
        (("new", "--kind", "gcs", f"impersonate=a\n[lake]\nbucket = {CANARY}"), "more than one li"),
        (("archive", "--kind", "gcs"), "there is a connection of that name; seen: archive"),
        (("sandbox", "--kind", "sandbox"), "there is a connection of that name"),
        (("../x", "--kind", "gcs"), "no name of a connection"),
        (("a]\n[b", "--kind", "gcs"), "no name of a connection"),
    ],
)
def test_what_cannot_be_a_connection_is_refused_before_a_byte_is_written(
    run: Run, root: Path, words: tuple[str, ...], told: str
) -> None:
    before = (root / "config" / "sandbox.cfg").read_text()
    with pytest.raises(BadRequest, match=told):
        run("add", *words)
    assert (root / "config" / "sandbox.cfg").read_text() == before


def test_a_rename_changes_the_header_and_nothing_else(run: Run, root: Path) -> None:
    file = root / "config" / "sandbox.cfg"
    before = file.read_text()
    assert run("rename", "archive", "attic") == "archive is attic in config/sandbox.cfg\n"
    assert file.read_text() == before.replace("[connection:archive]", "[connection:attic]")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sandbox", "box", r"sandbox is in use; seen: \[lake\], \[bigquery\], \[postgres\]; next"),
        ("archvie", "attic", "no connection of that name; seen: archvie; expected: archive"),
        ("archive", "chat", "there is a connection of that name; seen: chat"),
        ("archive", "a b", "no name of a connection"),
    ],
)
def test_a_rename_that_would_break_something_is_refused(
    run: Run, old: str, new: str, told: str
) -> None:
    with pytest.raises(BadRequest, match=told):
        run("rename", old, new)


def test_a_connection_that_a_deployment_names_keeps_its_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nightly.yaml").write_text(
        "task: LoadAll\nschedule: {cron: 0 6 * * *}\nnotifications: [chat]\n"
    )
    monkeypatch.setattr(reading, "folder", lambda: tmp_path)
    with pytest.raises(BadRequest, match="chat is in use; seen: deployment nightly; next: name"):
        run("rename", "chat", "talk")
    assert "deployment nightly" in run("list")


def test_a_test_tells_a_line_for_each_thing_and_fails_where_one_is_not_permitted(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GoogleFront() as front:
        monkeypatch.setenv("NOBODY_SET_THIS", f"{front.url}/{CANARY}")
        assert run("test", "chat") == (
            "yes chat: read the address: env:NOBODY_SET_THIS\n"
            f"yes chat: reach the host: {front.url[7:]}; nothing was posted\n"
        )
    with pytest.raises(Terminal, match=r"not all .* permitted; seen: chat: reach the host; next"):
        run("test", "chat")


def test_the_settings_tell_each_value_and_where_it_was_said(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "luigi.cfg").write_text(
        "[local]\ndata_dir = ${TLC_HERE}/data\n[smtp]\npassword = " + CANARY + "\n[core]\n"
        f"scheduler_url = http://u:{CANARY}@h/\nscheduler_host = h\n"
    )
    monkeypatch.setenv("TLC_HERE", "/here")
    monkeypatch.setenv("TLC_BASE_URL", f"https://u:{CANARY}@mirror.example.org/x")
    read_again()
    rows = listed(run, command=settings)
    told = {(row["section"], row["key"]): (row["value"], row["from"]) for row in rows}
    assert told["local", "data_dir"] == ("/here/data", "luigi.cfg:2 ${TLC_HERE}")
    assert told["lake", "location"] == ("US", "default")
    assert told["lake", "bucket"] == ("tlc-lake", "config/sandbox.cfg:8")
    assert told["source", "base_url"] == ("https://u:***@mirror.example.org/x",
                                          "environment TLC_BASE_URL")  # fmt: skip
    assert told["connection:archive", "password"][0] == "env:ARCHIVE_PASSWORD"
    assert told["connection:archive", "port"] == ("5432", "default")
    assert "is to be a reference" in told["connection:broken", ""][0]
    assert told["smtp", "password"] == ("(not shown)", "luigi.cfg:4")
    assert told["core", "scheduler_url"] == ("http://u:***@h/", "luigi.cfg:6")
    monkeypatch.delenv("TLC_HERE")
    assert "not set" in run(command=settings)
    assert os.environ.get("TLC_HERE") is None


def read_again() -> None:
    import luigi

    config = luigi.configuration.get_config()
    config.clear()
    config.reload()
