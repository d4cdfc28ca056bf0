"""A deployment's units: their times are cron's, and systemd accepts them."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cronsim import CronSim
from support.deployments import ROOT, deployed

from pipeline.deployments.deployment import Schedule
from pipeline.deployments.systemd import calendar_times, quoted, units

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="there is no systemd-analyze")
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "times"),
    [
        ("0 6 * * *", ["*-*-* 6:0:00 UTC"]),
        ("*/30 6,18 1 jan,jul *", ["*-1,7-1 6,18:0,30:00 UTC"]),
        ("0 6 * * mon-fri", ["Fri,Mon,Thu,Tue,Wed *-*-* 6:0:00 UTC"]),
        ("0 6 * * 7", ["Sun *-*-* 6:0:00 UTC"]),
        ("0 6 1 * 1", ["Mon *-*-* 6:0:00 UTC", "*-*-1 6:0:00 UTC"]),
        ("0 6 */10 * 1", ["Mon *-*-1,11,21,31 6:0:00 UTC"]),
    ],
)
def test_a_cron_expression_is_written_as_systemd_does(cron: str, times: list[str]) -> None:
    assert calendar_times(Schedule(cron=cron)) == times


@needs_systemd
@pytest.mark.parametrize(
    "cron",
    ["0 6 * * *", "*/30 6,18 1 jan,jul *", "0 6 * * mon-fri", "15 4 */10 * 1", "59 23 29 2 *"],
)
@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_systemd_runs_it_when_cron_would(cron: str, timezone: str) -> None:
    schedule = Schedule(cron=cron, timezone=timezone)
    (time,) = calendar_times(schedule)
    words = ["calendar", "--iterations=5", f"--base-time={MARCH:%Y-%m-%d %H:%M:%S} UTC", time]
    seen = subprocess.run(
        [str(ANALYZE), *words], capture_output=True, text=True, check=True, env={"TZ": "UTC"}
    ).stdout
    stamps = [line.split(": ", 1)[1] for line in seen.splitlines() if ends_in_utc(line)]
    told = [datetime.strptime(stamp[-23:], "%Y-%m-%d %H:%M:%S UTC") for stamp in stamps]
    simulated = CronSim(cron, MARCH.astimezone(schedule.zone))
    wanted = [next(simulated).astimezone(UTC).replace(tzinfo=None) for _ in range(5)]
    # Where clocks skip the hour, systemd and cron choose its two ends.
    assert len(told) == 5
    assert all(abs(a - b) <= timedelta(hours=1) for a, b in zip(told, wanted, strict=True))


def ends_in_utc(line: str) -> bool:
    heads = ("Next elapse", "(in UTC)", "Iter", "Iteration")
    return line.strip().startswith(heads) and line.endswith("UTC") and "base" not in line


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("plain", '"plain"'),
        ("a b", '"a b"'),
        ('a"b', '"a\\"b"'),
        ("a\\nb", '"a\\\\nb"'),
        ("100%h", '"100%%h"'),
    ],
)
def test_a_word_of_a_unit_is_no_escape_and_no_specifier(word: str, unit: str) -> None:
    assert quoted(word) == unit


def test_a_dollar_in_the_command_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/a $HOME%h/python")
    service = units(deployed())["tlc-some.service"]
    assert 'ExecStart="/a $$HOME%%h/tlc" "run" "some" "--scheduled"\n' in service


@needs_systemd
def test_systemd_accepts_the_units_whatever_the_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(tmp_path / """a b%h$HOME"'\\n.cfg"""))
    for name, text in units(deployed()).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    luigid = Path(ROOT, "config/systemd/luigid.service").read_text(encoding="utf-8")
    (tmp_path / "luigid.service").write_text(luigid.replace("$root", ROOT), encoding="utf-8")
    seen = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", *map(str, tmp_path.glob("*.*"))],
        capture_output=True, text=True,
    )  # fmt: skip
    ours = [line for line in seen.stderr.splitlines() if str(tmp_path) in line or "tlc" in line]
    # Where there is no virtual environment in the checkout, luigid is elsewhere.
    assert not [line for line in ours if "luigid" not in line]
    config = tmp_path / """a b%h$HOME"'\\n.cfg"""
    assert quoted(f"LUIGI_CONFIG_PATH={config}") in (tmp_path / "tlc-some.service").read_text()
