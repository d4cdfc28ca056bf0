"""Mutated months: a balanced canonical month or one line, and never a dead or silent process."""

import subprocess
import sys
from pathlib import Path

from support.campaign import campaign

CASES = 150
TESTS = Path(__file__).resolve().parents[1]
SHARED_TLC = TESTS.parents[1] / "shared" / "tlc"


@campaign(short=1)
def test_a_mutated_month_is_whole_or_refused_in_one_line(seed, tmp_path):
    originals = sorted(SHARED_TLC.glob("*_tripdata_*.parquet"))
    arguments = [tmp_path, seed, CASES, *originals]
    child = subprocess.run(
        [sys.executable, "-m", "support.fuzzed_months", *map(str, arguments)],
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    last = child.stdout.splitlines()[-1:]
    assert (child.returncode, last) == (0, ["all kept"]), f"{last}\n{child.stderr[-4000:]}"
