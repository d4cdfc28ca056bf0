"""Many months on Luigi's command line: exit codes, and what a run with nothing to do costs."""

import re
from datetime import date
from pathlib import Path

import pytest
from support.months import months
from support.publisher import page

from pipeline.core.months import FIRST_MONTHS, SERVICES
from pipeline.schemas import published_files

DONE, FAILED = 0, 30
FIRST_QUARTER = ("--service", "green", "--year", 2021, "--months", "1,2,3", "--to", "lake")


def test_many_months_of_which_one_fails_end_with_30_after_all_others_are_loaded(
    workspace, publisher
):
    publisher.publish(*months("green", "2021-01..2021-03"))
    publisher.files["green_tripdata_2021-02.parquet"].always = page()
    workspace.variables["TLC_BASE_URL"] = publisher.url
    done = workspace.load(*FIRST_QUARTER, task="LoadMonths")
    assert done.returncode == FAILED, done.stderr
    assert "Traceback" not in done.stderr
    assert "green 2021, months 1,2,3: 0 of 3 months in lake" in done.stderr
    uploaded = re.findall(r"green (\S+): uploaded", done.stderr)
    assert uploaded == ["2021-01", "2021-03"]


@pytest.fixture
def all_loaded(workspace):
    """Every published month, as far as the warehouse tells."""
    workspace.variables["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    workspace.variables["TLC_SANDBOX_ACCESS_LOG"] = "1"
    done = workspace.run("python", "-m", "support.loaded_months")
    assert done.returncode == 0, done.stderr
    return workspace


def test_nothing_to_do_for_all_months_of_all_services_costs_one_query(all_loaded):
    log = all_loaded.data / "sandbox" / "server.log"
    before = len(log.read_text().splitlines())
    done = all_loaded.load(task="LoadAll")
    assert done.returncode == DONE, done.stderr
    made = log.read_text().splitlines()[before:]
    asked = [line for line in made if "trip-data" in line]
    assert len(made) - len(asked) <= 3, made
    # Of each month in doubt, and of the control month that tells a refusal from throttling.
    assert len(asked) <= 2 * len(in_doubt()), made


def in_doubt():
    """The months that may have been published since the table of published months was made."""
    today = date.today()
    return [
        month
        for service in SERVICES
        for month in months(service, f"{FIRST_MONTHS[service]:%Y-%m}..{today:%Y-%m}")
        if month not in published_files()
    ]
