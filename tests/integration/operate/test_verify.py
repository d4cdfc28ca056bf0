"""``tlc verify`` over months of which some are only half-way, as a user types it."""

import json
from typing import Any

import pytest
from support.workspace import Workspace

NOTHING = "nothing to read: none of these months is anywhere; next: tlc plan\n"
EMPTIED = {
    "service": "yellow",
    "month": "2021-03",
    "what": None,
    "stage": "bigquery",
    "seen": "0 rows",
    "expected": "200, as its ledger row tells",
    "next": "tlc redo yellow 2021-03 --from bigquery",
}


def verified(place: Workspace, *options: str) -> list[dict[str, Any]]:
    done = place.tlc("verify", *options, "--format", "json")
    told: list[dict[str, Any]] = json.loads(done.stdout)
    assert done.returncode == (10 if told else 0), done.stderr
    return told


def test_what_is_only_half_way_is_no_fault_and_what_was_emptied_is(months: Workspace) -> None:
    assert verified(months) == [EMPTIED]


def test_a_disagreement_is_one_line_and_the_summary_is_no_part_of_the_answer(
    months: Workspace,
) -> None:
    done = months.tlc("verify")
    assert done.stdout == (
        "yellow 2021-03, bigquery; seen: 0 rows; expected: 200, as its ledger row tells; "
        "next: tlc redo yellow 2021-03 --from bigquery\n"
    )
    assert done.stderr == "5 months, 1 with disagreements\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--service", "green"), []),
        (("--service", "yellow,green", "--stop", "2021-02"), []),
        (("--start", "2021-02", "--stop", "2021-03"), [EMPTIED]),
        (("--start", "2021-04"), []),
    ],
)
def test_only_the_months_that_are_named_are_looked_at(
    months: Workspace, options: tuple[str, ...], expected: list[dict[str, Any]]
) -> None:
    assert verified(months, *options) == expected


def test_it_costs_a_request_for_each_object_and_a_few_more_and_starts_no_server(
    months: Workspace,
) -> None:
    log = months.data / "sandbox" / "server.log"
    before = len(log.read_text().splitlines())
    assert verified(months) == [EMPTIED]
    asked = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()[before:]]
    storage = [line for line in asked if "/b/tlc-lake/o/" in line]
    assert len(storage) == 3
    assert sum(line.startswith("POST ") for line in asked) == 3
    assert len(asked) <= len(storage) + 14, asked
    assert not (months.data / "sandbox" / "postgres").exists()


def test_where_there_is_no_month_nothing_disagrees(workspace: Workspace) -> None:
    done = workspace.run("tlc", "verify")
    assert (done.returncode, done.stdout) == (0, NOTHING), done.stderr


def test_a_month_that_cannot_be_is_refused_in_words(months: Workspace) -> None:
    done = months.tlc("verify", "--start", "March")
    assert (done.returncode, "seen: 'March'; expected: YYYY-MM" in done.stderr) == (30, True)
