"""``tlc demo``: what the first five minutes show, and that what they propose works."""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest
from support.workspace import BIN, Workspace

from pipeline.core.settings import PROJECT_ROOT

MONTHS = {"yellow 2021-01": "yellow_trips$202101", "green 2021-01": "green_trips$202101"}
MONTHS["fhvhv 2026-06"] = "fhvhv_trips$202606"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    """A workspace after its first demo, and what that printed."""
    place = Workspace(tmp_path_factory.mktemp("demo"), sample_rows=300)
    del place.variables["TLC_BASE_URL"]  # the demo sees to it
    yield place, demo(place)
    place.close()


def demo(place: Workspace) -> str:
    done = place.run("tlc", "demo")
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    return str(done.stdout)


def table(text: str) -> dict[str, list[str]]:
    """The table's lines by month: words after the month."""
    lines = [line.split() for line in text.splitlines()]
    return {" ".join(words[:2]): words[2:] for words in lines if " ".join(words[:2]) in MONTHS}


def test_the_first_demo_loads_three_months_and_shows_where_they_are(
    shown: tuple[Workspace, str],
) -> None:
    place, text = shown
    lines = table(text)
    assert lines.keys() == MONTHS.keys()
    for month, (status, rows, kept, quarantined, size, seconds, where) in lines.items():
        assert (status, rows) == ("loaded", "300")
        assert int(kept) + int(quarantined) == 300
        assert int(size.replace(",", "")) > 0
        assert float(seconds) > 0
        assert where == MONTHS[month]
    assert "everything was already done" not in text
    assert {f"{row['service']} {row['month']}" for row in place.status()} == MONTHS.keys()


def test_the_second_demo_says_that_everything_was_already_done(
    shown: tuple[Workspace, str],
) -> None:
    text = demo(shown[0])
    assert [words[:2] for words in table(text).values()] == [["already", "done"]] * 3
    assert "everything was already done" in text


def test_each_next_command_works_as_it_is_printed(shown: tuple[Workspace, str]) -> None:
    place, text = shown
    _, _, after = text.partition("next (after: . .venv/bin/activate):\n")
    commands = [line.strip() for line in after.splitlines() if line.strip()]
    assert len(commands) == 3
    environment = {**place.environment, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(
            command, shell=True, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr
    assert "yellow 2024-03" in {f"{row['service']} {row['month']}" for row in place.status()}


def test_the_demo_never_loads_invented_trips_into_real_services(workspace: Workspace) -> None:
    workspace.variables |= {
        "PIPELINE_PROFILE": "gcp",
        "TLC_BUCKET": "b",
        "GOOGLE_CLOUD_PROJECT": "p",
    }
    done = workspace.run("tlc", "demo")
    assert done.returncode == 30
    assert "the demo loads invented trips, into the sandbox only" in done.stderr
    assert done.stdout == ""


def test_the_demo_of_postgres_asks_a_real_server_what_it_loaded(workspace: Workspace) -> None:
    workspace.set("sandbox", postgres_port=0, sample_rows=300)
    del workspace.variables["TLC_BASE_URL"]
    done = workspace.run("tlc", "demo", "--postgres")
    assert done.returncode == 0, done.stderr
    assert "LoadMonthToPostgres --year 2021 --month 1" in done.stdout
    assert "$ SELECT payment_type, count(*) AS trips" in done.stdout
    answer = done.stdout.partition("mean_tip")[2].splitlines()
    counts = [re.findall(r"[\d,]+", line)[1] for line in answer if re.search(r"\d+\.\d\d", line)]
    assert sum(int(count.replace(",", "")) for count in counts) == 300


def test_the_demo_of_postgres_leaves_a_real_server_alone(workspace: Workspace) -> None:
    workspace.set("connection:mine", kind="postgres")
    workspace.set("postgres", connection="mine")
    done = workspace.run("tlc", "demo", "--postgres")
    assert done.returncode == 30
    assert "into the sandbox only; seen: [postgres] connection = mine" in done.stderr
