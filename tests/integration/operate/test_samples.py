"""``tlc samples``, as a user types it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.workspace import Workspace

MONTH = ("samples", "--service", "green", "--month", "2023-02")


def test_a_sample_goes_where_the_sandbox_publishes_it(workspace: Workspace) -> None:
    done = workspace.run("tlc", *MONTH, "--rows", 1234)
    path = workspace.data / "sandbox" / "publisher" / "green_tripdata_2023-02.parquet"
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}: 1,234 rows, {path.stat().st_size:,} bytes\n"
    assert pq.read_metadata(path).num_rows == 1234


def test_a_sample_goes_where_it_is_told_to(workspace: Workspace, tmp_path: Path) -> None:
    done = workspace.run("tlc", *MONTH, "--rows", 10, "--output", tmp_path / "out" / "g.parquet")
    assert done.returncode == 0, done.stderr
    assert pq.read_metadata(tmp_path / "out" / "g.parquet").num_rows == 10
    assert not (workspace.data / "sandbox" / "publisher").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--service", "purple", "--month", "2023-02", "--rows", 1), "purple"),
        (("--month", "2023-13", "--rows", 1), "--month 13"),
        (("--month", "2012-01", "--rows", 1), "yellow from 2019-01 to today"),
        (("--month", "February", "--rows", 1), "YYYY-MM"),
        (("--month", "2023-02", "--rows", -1), "-1"),
        (("--month", "2023-02"), "--rows"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(
    workspace: Workspace, options: tuple[object, ...], told: str
) -> None:
    done = workspace.run("tlc", "samples", *options)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr
