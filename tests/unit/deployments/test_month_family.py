"""Which task about a month a deployment's command is for."""

import pytest

from pipeline.deployments.command import month_family


@pytest.mark.parametrize(
    ("words", "family"),
    [
        (["LoadMonthToPostgres", "--year=2021"], "LoadMonthToPostgres"),
        (["DownloadMonth"], "DownloadMonth"),
        (["LoadAll"], "LoadMonthToBQ"),
        (["LoadAll", "--to=postgres", "--workers=2"], "LoadMonthToPostgres"),
        (["LoadMonths", "--to=lake"], "UploadMonthToGCS"),
    ],
)
def test_it_is_its_own_or_that_of_its_destination(words: list[str], family: str):
    assert month_family(["python", "-m", "luigi", "--module", "pipeline", *words]) == family
