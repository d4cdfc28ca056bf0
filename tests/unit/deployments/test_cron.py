"""A deployment's lines of a crontab: their time, their quoting, and no other's."""

import subprocess
import tempfile
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st
from support.deployments import ROOT, as_cron_reads, deployed

from pipeline.core.errors import BadRequest, Terminal
from pipeline.deployments import cron
from pipeline.deployments.cron import block, command, expression, installed_in, replaced
from pipeline.deployments.deployment import Schedule
from pipeline.deployments.invocation import Invocation
from pipeline.deployments.reading import Deployed

TELLING = """#!/bin/sh
printf '%s\\0' "$PWD" "$LUIGI_CONFIG_PATH" "$@"
"""
NASTY = """aZ09 %\\'"$`;&|<>(){}[]*?~#!=^äλ-"""
PRINTABLE = st.text(
    st.sampled_from(NASTY) | st.characters(exclude_categories=["C", "Z"], exclude_characters="/"),
    min_size=1,
    max_size=30,
)
NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
WINTER = datetime(2026, 1, 1, tzinfo=UTC)


@settings(max_examples=40, deadline=None)
@given(folder=PRINTABLE, value=PRINTABLE)
def test_the_shell_gets_every_word_as_it_was_given(folder: str, value: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, f"_{folder}")
        root.mkdir()
        program = root / f"{folder}_"
        program.write_text(TELLING, encoding="utf-8")
        program.chmod(0o755)
        line = command(Invocation("some", False, root, program, {"LUIGI_CONFIG_PATH": value}))
        shell = ["/bin/sh", "-c", as_cron_reads(line)]
        told = subprocess.run(shell, capture_output=True, check=True, cwd="/").stdout.decode()
    assert told.split("\0")[:-1] == [str(root), value, "run", "some", "--scheduled"]


@pytest.mark.parametrize("text", ["a\nb", "a\0b", "a\rb", "a\x1b[2Jb"])
def test_a_path_of_two_lines_cannot_be_scheduled(text: str) -> None:
    with pytest.raises(BadRequest, match="a path cannot be scheduled"):
        Invocation("some", root=Path(text))
    with pytest.raises(BadRequest, match="a path cannot be scheduled"):
        Invocation("some", environment={"LUIGI_CONFIG_PATH": text})


def test_a_relative_file_of_settings_is_made_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "mine.cfg")
    monkeypatch.setenv("PIPELINE_PROFILE", "gcp")
    assert Invocation("some").environment == {
        "PIPELINE_PROFILE": "gcp",
        "LUIGI_CONFIG_PATH": str(Path.cwd() / "mine.cfg"),
    }


def test_in_the_machines_own_zone_the_expression_stands_as_it_is_written() -> None:
    schedule = Schedule(cron="*/7 6 10-20 jan-mar *", timezone="Europe/Berlin")
    assert expression(schedule, BERLIN, WINTER) == (schedule.cron, False)
    assert expression(Schedule(cron="0 6 * * *"), UTC, WINTER) == ("0 6 * * *", False)


@pytest.mark.parametrize(
    ("cron", "timezone", "machine", "rendered"),
    [
        ("0 6 10 * *", "America/New_York", UTC, "0 10,11 * * *"),
        ("30 22 * * *", "America/New_York", UTC, "30 2,3 * * *"),
        ("0 6 * * *", "Asia/Kolkata", UTC, "30 0 * * *"),
        ("0 6 * * 1", "UTC", BERLIN, "0 7,8 * * *"),
        ("0 * * * *", "America/New_York", UTC, "0 * * * *"),
    ],
)
def test_in_another_zone_it_comes_whenever_it_may_be_due(
    cron: str, timezone: str, machine: tzinfo, rendered: str
) -> None:
    assert expression(Schedule(cron=cron, timezone=timezone), machine, WINTER) == (rendered, True)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 59),
    st.integers(0, 23),
    st.integers(1, 28),
    st.sampled_from(["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from(["America/New_York", "Europe/Berlin", "UTC"]),
)
def test_over_a_year_a_run_is_started_and_due_once_each_time(
    minute: int, hour: int, day: int, timezone: str, machine: str
) -> None:
    schedule = Schedule(cron=f"{minute} {hour} {day} * *", timezone=timezone)
    zone = ZoneInfo(machine)
    rendered, is_checked = expression(schedule, zone, WINTER)
    end = WINTER + timedelta(days=365)
    wanted = times(schedule.cron, ZoneInfo(timezone), end)
    started = times(rendered, zone, end)
    due = [moment for moment in started if not is_checked or schedule.is_due(moment)]
    # A time that a change of clocks skips comes within the hour.
    assert len(due) == len(wanted)
    assert all(abs(a - b) <= timedelta(hours=1) for a, b in zip(due, wanted, strict=True))


def times(rendered: str, zone: tzinfo, end: datetime) -> list[datetime]:
    moments = []
    for moment in CronSim(rendered, WINTER.astimezone(zone)):
        if moment >= end:
            return moments
        moments.append(moment.astimezone(UTC))
    raise AssertionError("a schedule that ends")


def lines(name: str = "some", is_paused: bool = False, **keys: object) -> str:
    return block(deployed(name, **keys), UTC, is_paused=is_paused)


OTHERS = st.lists(
    st.sampled_from(["", "MAILTO=me", "5 * * * * mine", "# >>> another's", "# tlc some"]),
    max_size=6,
).map("\n".join)


@settings(max_examples=30, deadline=None)
@given(OTHERS, OTHERS, st.booleans())
def test_lines_of_others_stay_as_they_are(above: str, below: str, is_paused: bool) -> None:
    first = replaced(above, "some", lines())
    with_below = first + below
    changed = replaced(with_below, "some", lines(is_paused=is_paused))
    assert installed_in(changed)["some"].is_paused is is_paused
    assert replaced(changed, "some", lines(is_paused=is_paused)) == changed
    gap = "" if not above or above.endswith("\n") else "\n"
    assert replaced(changed, "some", "") == above + gap + below
    assert replaced(above, "some", "") == above


def test_two_deployments_and_another_checkout_keep_out_of_each_others_lines() -> None:
    elsewhere = lines("some").replace(ROOT, f"/other{ROOT}")
    both = replaced(replaced(elsewhere, "some", lines("some")), "some-more", lines("some-more"))
    assert set(installed_in(both)) == {"some", "some-more"}
    assert replaced(replaced(both, "some", ""), "some-more", "") == elsewhere
    assert installed_in(elsewhere) == {}


@pytest.mark.parametrize("damage", [lambda b: b.rpartition("# <<<")[0], lambda b: b + b])
def test_lines_that_are_not_whole_are_left_to_their_user(damage: object) -> None:
    damaged = f"5 * * * * mine\n{damage(lines())}5 * * * * mine too\n"  # type: ignore[operator]
    with pytest.raises(Terminal, match="lines of some are not whole"):
        replaced(damaged, "some", lines())


def test_a_line_that_cron_would_cut_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "/" + "x" * 900)
    with pytest.raises(BadRequest, match="too long a line for cron"):
        lines()


def test_nothing_that_a_file_says_reaches_the_line_but_name_and_time() -> None:
    evil = "$(touch /tmp/evil); `id` % '\""
    said = lines(parameters={"year": evil}, environment={"A": evil}, tags=["a"], queue="evil")
    quiet = lines()
    assert said == quiet
    assert isinstance(deployed(), Deployed)


def test_where_the_machine_tells_no_zone_it_is_utc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cron, "LOCALTIME", tmp_path / "none")
    assert cron.machine_zone() is UTC
    monkeypatch.setattr(cron, "LOCALTIME", Path("/usr/share/zoneinfo/America/New_York"))
    if cron.LOCALTIME.exists():
        offset = cron.machine_zone().utcoffset(datetime(2026, 7, 1))
        assert offset == NEW_YORK.utcoffset(datetime(2026, 7, 1))
