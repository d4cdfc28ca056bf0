"""``tlc deployments``: what is installed, and what is left alone."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.deployments import SCHEDULE, PrivateCrontab

from pipeline.core.errors import PipelineError
from pipeline.core.settings import PROJECT_ROOT
from pipeline.deployments import systemd
from pipeline.deployments.cron import Cron
from pipeline.deployments.reading import read
from pipeline.operate.cli import tlc

MINE = "MAILTO=me\n5 * * * * mine"
SYSTEMCTL = """#!/bin/sh
# What systemctl does to a folder of units, where no systemd runs.
here=$(dirname "$0"); echo "$*" >> "$here/calls"
for unit; do :; done
case "$*" in
  *enable*--now*) mkdir -p "$here/timers.target.wants"
    case "$*" in *disable*) rm -f "$here/timers.target.wants/$unit" ;;
      *) ln -sf "../$unit" "$here/timers.target.wants/$unit" ;; esac ;;
  *disable*) rm -f "$here/timers.target.wants/$unit" ;;
esac
"""


@dataclass
class Tlc:
    """The command in this process, on a folder, a crontab and a folder of units of the test's."""

    folder: Path
    crontab: PrivateCrontab
    units: Path

    def __call__(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(tlc, ["deployments", *words])
        assert isinstance(done.exception, SystemExit | None), done.exception
        assert done.exit_code == code, done.output
        return done.output

    def refused(self, *words: str) -> str:
        done = CliRunner().invoke(tlc, ["deployments", *words])
        assert isinstance(done.exception, PipelineError), done.output
        assert "\n" not in str(done.exception)
        return str(done.exception)

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in json.loads(self("list", "--format", "json"))}

    def write(self, name: str, **keys: Any) -> None:
        keys = {"task": "DownloadMonth", "parameters": {"year": 2021, "month": 1},
                "schedule": SCHEDULE, **keys}  # fmt: skip
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(keys), encoding="utf-8")


@pytest.fixture
def run(tmp_path: Path, setting: Callable[..., None]) -> Tlc:
    made = Tlc(tmp_path / "files", PrivateCrontab(tmp_path / "cron"), tmp_path / "units")
    made.folder.mkdir()
    made.units.mkdir()
    made.crontab.tab.write_text(MINE, encoding="utf-8")
    systemctl = made.units / "systemctl"
    systemctl.write_text(SYSTEMCTL, encoding="utf-8")
    systemctl.chmod(0o755)
    setting("local", data_dir=str(tmp_path / "data"))
    setting(
        "deployments",
        folder=str(made.folder),
        crontab=str(made.crontab.program),
        systemctl=str(systemctl),
        unit_dir=str(made.units),
    )
    made.write("first")
    made.write("second")
    return made


def test_applying_twice_is_applying_once_and_removing_leaves_the_crontab_as_it_was(
    run: Tlc,
) -> None:
    assert "first is installed (cron, version " in run("apply", "--to", "cron")
    text, writes = run.crontab.text, run.crontab.writes
    assert text.startswith(f"{MINE}\n# >>> tlc first ")
    assert "first was installed already" in run("apply", "--to", "cron")
    assert (run.crontab.text, run.crontab.writes) == (text, writes)
    run("remove", "first")
    run("remove", "second")
    assert run.crontab.text == f"{MINE}\n"
    assert "is not installed" in run.refused("remove", "first")


def test_what_is_printed_is_what_is_written_and_printing_writes_nothing(run: Tlc) -> None:
    printed = run("apply", "first", "--to", "cron", "--print")
    assert run.crontab.text == MINE
    run("apply", "first", "--to", "cron")
    assert run.crontab.text == f"{MINE}\n{printed}"
    printed = run("apply", "second", "--to", "systemd", "--print")
    assert not [*run.units.glob("tlc-*")]
    run("apply", "second", "--to", "systemd")
    for unit in run.units.glob("tlc-*"):
        assert f"# {unit}\n{unit.read_text(encoding='utf-8')}" in printed


@pytest.mark.parametrize("to", ["cron", "systemd"])
def test_a_paused_deployment_goes_on_only_when_it_is_named(run: Tlc, to: str) -> None:
    run("apply", "--to", to)
    assert run.rows()["first"]["next run"]
    assert f"first is paused ({to})" in run("pause", "first")
    assert "first was paused already" in run("pause", "first")
    assert (
        run.rows()["first"] | {"installed": f"{to}, paused", "next run": None}
        == (run.rows()["first"])
    )
    assert run.rows()["second"]["installed"] == to
    assert "first is paused" in run("apply", "--to", to)
    assert run.rows()["first"]["installed"] == f"{to}, paused"
    assert "first is installed" in run("apply", "first", "--to", to)
    assert run.rows()["first"]["installed"] == to


@pytest.mark.parametrize("to", ["cron", "systemd"])
def test_a_file_that_changed_since_it_was_installed_is_told_until_it_is_applied(
    run: Tlc, to: str
) -> None:
    run("apply", "--to", to)
    before = run.rows()["first"]["version"]
    run.write("first", workers=3)
    assert run.rows()["first"]["drift"] == f"{before} is installed"
    assert run.rows()["second"]["drift"] == "none"
    run("apply", "--to", to)
    assert run.rows()["first"]["drift"] == "none"
    (run.folder / "first.yaml").unlink()
    assert run.rows()["first"]["drift"].startswith("no file; ")
    run("remove", "first")
    assert "first" not in run.rows()


def test_what_cron_has_systemd_does_not_get_too(run: Tlc) -> None:
    run("apply", "first", "--to", "cron")
    refusal = run.refused("apply", "--to", "systemd")
    assert refusal == "first is in cron already; next: tlc deployments remove first"
    assert not [*run.units.glob("tlc-*")]


def test_removing_a_timer_leaves_no_unit_and_no_link(run: Tlc) -> None:
    run("apply", "first", "--to", "systemd")
    assert (run.units / "timers.target.wants" / "tlc-first.timer").exists()
    run("remove", "first")
    assert not [*run.units.rglob("tlc-first*")]


def test_a_unit_of_another_checkout_is_left_alone(run: Tlc) -> None:
    run("apply", "first", "--to", "systemd")
    timer = run.units / "tlc-first.timer"
    others = timer.read_text(encoding="utf-8").replace(str(PROJECT_ROOT), "/other")
    timer.write_text(others, encoding="utf-8")
    assert "is not this checkout's" in run.refused("apply", "first", "--to", "systemd")
    assert run.rows()["first"]["installed"] is None
    assert timer.read_text(encoding="utf-8") == others


def test_a_crontab_that_cannot_be_read_is_not_written(run: Tlc) -> None:
    run.crontab.program.write_text("#!/bin/sh\necho 'you may not' >&2; exit 1\n")
    assert "-l failed; seen: you may not" in run.refused("apply", "--to", "cron")
    assert run.crontab.text == MINE


def test_two_who_apply_at_once_both_have_their_lines(run: Tlc) -> None:
    slow = run.crontab.program.read_text().replace('cat "$tab" ;;', 'cat "$tab"; sleep 0.5 ;;')
    run.crontab.program.write_text(slow)
    with ThreadPoolExecutor() as pool:
        changed = [pool.submit(Cron().apply, read(name)) for name in ("first", "second")]
        assert [change.result() for change in changed] == [True, True]
    assert {name for name, row in run.rows().items() if row["installed"]} == {"first", "second"}


def test_without_cron_the_list_still_answers(run: Tlc, setting: Callable[..., None]) -> None:
    setting("deployments", crontab="/no/crontab")
    assert run.rows()["first"]["installed"] is None
    assert "/no/crontab cannot be run" in run.refused("apply", "--to", "cron")


def test_nothing_is_installed_where_one_of_them_is_wrong(run: Tlc) -> None:
    run.write("third", parameters={"year": "no"})
    assert "DownloadMonth: bad parameter year" in run.refused("apply", "--to", "cron")
    assert run.crontab.text == MINE
    told = run("check", code=30)
    assert "ERROR third: DownloadMonth: bad parameter year" in told
    assert "first, version " in told
    assert "At 06:00 every day (UTC), next " in told


def test_a_new_file_is_sound_and_does_not_replace_one(run: Tlc) -> None:
    words = ("--task", "LoadMonthToBQ", "-p", "year=2021", "-p", "month=1", "--cron", "5 4 * * *")
    run("build", "third", *words, "--timezone", "America/New_York", "--queue", "heavy")
    assert "luigi --module pipeline LoadMonthToBQ --year=2021 --month=1" in run("check", "third")
    text = (run.folder / "third.yaml").read_text(encoding="utf-8")
    keys = [
        "task",
        "parameters",
        "schedule",
        "queue",
        "workers",
        "retries",
        "timeout",
        "late_after",
    ]
    assert [*yaml.safe_load(text)][:8] == keys
    assert "third is there already" in run.refused("build", "third", *words)
    assert (run.folder / "third.yaml").read_text(encoding="utf-8") == text
    assert "no such task" in run.refused("build", "fourth", "--task", "system")
    assert "task; seen: 'os.system'" in run.refused("build", "fourth", "--task", "os.system")
    assert "bad name" in run.refused("build", "../fourth", *words)
    assert "expected: KEY=VALUE" in run.refused("build", "fourth", "--task", "LoadZones", "-p", "x")
    assert len([*run.folder.parent.rglob("*.yaml")]) == 3


def test_what_systemd_did_not_take_is_not_installed_and_what_was_there_stays(run: Tlc) -> None:
    run("apply", "first", "--to", "systemd")
    program = run.units / "systemctl"
    works = program.read_text(encoding="utf-8")
    program.write_text("#!/bin/sh\necho no bus >&2; exit 1\n", encoding="utf-8")
    run.write("first", retries=5)
    assert "failed; seen: no bus" in run.refused("apply", "first", "--to", "systemd")
    assert "failed; seen: no bus" in run.refused("apply", "second", "--to", "systemd")
    assert {name: row["installed"] for name, row in run.rows().items()} == {
        "first": "systemd",
        "second": None,
    }
    program.write_text(works, encoding="utf-8")
    run("apply", "--to", "systemd")
    assert {row["installed"] for row in run.rows().values()} == {"systemd"}


def test_every_name_that_a_command_takes_is_judged(run: Tlc) -> None:
    for words in (["check"], ["pause"], ["remove"], ["apply", "--to", "cron"]):
        assert "bad name of a deployment" in run.refused(*words, "../../etc/passwd")


def test_root_gets_the_systems_units_and_others_their_own(
    run: Tlc, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply", "first", "--to", "systemd")
    called = (run.units / "calls").read_text(encoding="utf-8").splitlines()
    scope = "" if systemd.os.geteuid() == 0 else "--user "
    assert called == [f"{scope}daemon-reload", f"{scope}enable --now tlc-first.timer"]


@pytest.mark.parametrize(
    ("notifications", "told"),
    [
        (["nobody"], "no connection of that name; seen: nobody"),
        (["sandbox"], "first: bad notifications; seen: sandbox carries no messages; seen: sandbox"),
    ],
)
def test_notifications_go_to_connections_that_carry_messages(
    run: Tlc, notifications: list[str], told: str
) -> None:
    run.write("first", notifications=notifications)
    assert told in run("check", "first", code=30)
    assert told in run.refused("apply", "first", "--to", "cron")
    assert "tlc first" not in run.crontab.text
