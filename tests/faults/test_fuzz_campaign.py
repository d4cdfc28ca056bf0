"""Mutated months, all the way to the warehouse: loaded right or refused in one line.

A case's number is its seed. ``fuzz_seeds.txt`` holds those that once broke a promise; a broken
case's number belongs there. The long form, ``make campaign``, is 2,000 cases.
"""

from pathlib import Path

import pytest
from support.campaign import LENGTH, campaign
from support.fuzzing import survey
from support.sandbox import RunningSandbox

CASES = 20 if LENGTH == 1 else 100
SEEDS = Path(__file__).with_name("fuzz_seeds.txt")


def numbers_of(lines):
    return [int(line.split()[0]) for line in lines if line[:1].isdigit()]


@pytest.fixture(scope="module")
def publishing(tmp_path_factory):
    """A sandbox whose publisher the cases may use."""
    running = RunningSandbox(tmp_path_factory.mktemp("fuzzing") / "own")
    yield running
    running.stop()


@pytest.fixture
def kept(publishing, tmp_path):
    """Run cases; fail with all those that broke a promise, and if the sandbox broke down."""

    def run(numbers):
        seen = survey(numbers, publishing, tmp_path / "cases")
        print(seen)
        assert not seen.broken, "\n".join([str(seen), *seen.broken])
        assert "Traceback" not in publishing.log.read_text()
        return seen

    return run


@campaign(short=1, seconds=3600)
def test_a_mutated_month_is_loaded_right_or_refused_in_one_line(seed, kept):
    seen = kept(range(seed * CASES, (seed + 1) * CASES))
    assert seen.loaded and seen.refused


def test_a_case_that_once_broke_its_promise_keeps_it(kept):
    kept(numbers_of(SEEDS.read_text().splitlines()))
