"""A planted password is in nothing that a run says or leaves."""

import pytest
from support.postgres import PostgresUnderTest
from support.workspace import Workspace

CANARY = "canary-5up3r-s3cret"


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:CANARY", "authentication failed for user"),
        (CANARY, "[connection:under-test] password is to be a reference"),
    ],
    ids=["wrong_password", "no_reference"],
)
def test_a_run_that_cannot_connect_tells_why_and_no_secret(
    workspace: Workspace, postgres: PostgresUnderTest, reference: str, told: str
) -> None:
    workspace.sections |= postgres.settings
    workspace.set("connection:under-test", password=reference)
    workspace.variables["CANARY"] = CANARY
    done = workspace.load("--year", 2021, "--month", 1, task="LoadMonthToPostgres")
    said = done.stdout + done.stderr
    assert done.returncode == 35, said
    assert told in said
    assert "Traceback" not in said
    assert CANARY not in said
    left = [path for path in workspace.data.rglob("*") if path.is_file()]
    assert not [path for path in left if CANARY.encode() in path.read_bytes()]
