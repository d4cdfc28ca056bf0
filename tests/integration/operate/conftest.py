"""A workspace with a month in every state, for the commands that only look."""

import shutil
from collections.abc import Iterator

import pytest
from support.workspace import Workspace

from pipeline.core.months import TripMonth

ROWS = 200


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Yellow 2021-01 is loaded, 2021-02 only in the lake, 2021-03 loaded, its partition emptied.

    Green 2021-01 is only raw, and 2021-02 canonical. The sandbox logs its requests.
    """
    place = Workspace(tmp_path_factory.mktemp("months"), sample_rows=ROWS)
    place.variables["TLC_SANDBOX_ACCESS_LOG"] = "1"
    run_all(
        place,
        ("LoadMonthToBQ", "yellow", 1),
        ("UploadMonthToGCS", "yellow", 2),
        ("LoadMonthToBQ", "yellow", 3),
        ("DownloadMonth", "green", 1),
        ("NormalizeMonth", "green", 2),
    )
    for path in (TripMonth.raw_path, TripMonth.canonical_path):
        shutil.rmtree(path(TripMonth("yellow", 2021, 2), place.data).parent)
    place.query("DELETE FROM yellow_trips WHERE source_month = DATE '2021-03-01'")
    yield place
    place.close()


def run_all(place: Workspace, *jobs: tuple[str, str, int]) -> None:
    runs = []
    for task, service, month in jobs:
        options = ("--service", service, "--year", 2021, "--month", month)
        runs.append(place.popen(*place.command(*options, task=task)))
    told = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), told
