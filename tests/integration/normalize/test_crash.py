"""A rewriting process that dies leaves no month behind, and the next one puts everything right."""

import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.download.target import sidecar_path

TESTS = Path(__file__).parents[2]


@pytest.fixture
def raw(trips, leave_raw, month):
    """50,000 rows of which the first cannot be represented: both files are begun at once."""
    return leave_raw(
        trips(
            50_000,
            passenger_count=pa.array([0.5, *[1.0] * 49_999]),
            trip_distance=pa.array([n / 7 for n in range(50_000)]),
        ),
        month,
    )


@pytest.fixture
def rewriting(data_dir, month):
    def start(moment=""):
        command = [sys.executable, "-m", "support.rewriting", data_dir, month.service, month.key]
        return subprocess.Popen(
            [str(word) for word in [*command, moment]],
            cwd=TESTS,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def finish(process):
    _, told = process.communicate(timeout=60)
    return process.returncode, told


def left_in(target):
    return sorted(path.name for path in target.path.parent.iterdir())


@pytest.mark.parametrize(
    "moment",
    ["20000", "pipeline.normalize.rewrite.check_written", "pipeline.normalize.rewrite.publish"],
)
def test_a_kill_leaves_no_target_and_the_next_run_heals(moment, raw, rewriting, target):
    assert finish(rewriting(moment))[0] == -signal.SIGKILL
    assert not target.exists()
    assert f"{target.path.name}.part" in left_in(target)
    assert finish(rewriting()) == (0, "")
    assert target.exists()
    assert left_in(target) == [target.path.name, target.quarantine_path.name]


def test_the_quarantine_is_published_before_the_month_that_it_belongs_to(raw, rewriting, target):
    finish(rewriting("pipeline.normalize.rewrite.publish"))
    assert left_in(target) == [f"{target.path.name}.part", target.quarantine_path.name]


def test_what_a_killed_run_left_in_quarantine_does_not_outlive_a_clean_month(
    raw, rewriting, target, trips, leave_raw, month
):
    assert finish(rewriting("20000"))[0] == -signal.SIGKILL
    assert f"{target.quarantine_path.name}.part" in left_in(target)
    leave_raw(trips(10), month)
    assert finish(rewriting()) == (0, "")
    assert left_in(target) == [target.path.name]


def test_a_killed_replacement_leaves_the_published_month_in_force(raw, rewriting, target):
    assert finish(rewriting()) == (0, "")
    before = target.path.read_bytes()
    sidecar = sidecar_path(raw.path)
    sidecar.write_text(sidecar.read_text().replace("0" * 64, "1" * 64))
    assert finish(rewriting("20000"))[0] == -signal.SIGKILL
    assert target.exists()
    assert target.path.read_bytes() == before


def test_a_run_that_waited_for_another_takes_its_month_and_leaves_no_part(raw, rewriting, target):
    assert finish(rewriting()) == (0, "")
    written = target.path.stat().st_mtime_ns
    assert finish(rewriting("20000")) == (0, "")
    assert target.path.stat().st_mtime_ns == written
    assert left_in(target) == [target.path.name, target.quarantine_path.name]


def test_two_runs_at_once_both_end_well_with_one_month(raw, rewriting, target):
    assert [finish(process) for process in [rewriting(), rewriting()]] == [(0, ""), (0, "")]
    assert pq.read_metadata(target.path).num_rows == 49_999
    assert left_in(target) == [target.path.name, target.quarantine_path.name]


def test_a_full_disk_is_one_line_and_leaves_nothing(raw, rewriting, target):
    code, told = finish(rewriting("full"))
    assert code == 1
    assert told.startswith(f"cannot write {target.path}; seen: ")
    assert "File too large" in told
    assert "Traceback" not in told
    assert left_in(target) == []
