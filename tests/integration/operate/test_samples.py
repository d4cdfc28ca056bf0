"""``tlc samples``, as a user types it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.workspace import Workspace

from pipeline.core.months import TripMonth
from pipeline.operate.samples import MOST_ROWS, samples
from pipeline.sandbox.publisher import samples as publisher
from pipeline.schemas import published_file, published_files

MONTH = ("samples", "--service", "green", "--month", "2023-02")


def test_a_sample_goes_where_the_sandbox_publishes_it(workspace: Workspace) -> None:
    done = workspace.tlc(*MONTH, "--rows", 1234)
    path = workspace.data / "sandbox" / "publisher" / "green_tripdata_2023-02.parquet"
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}: 1,234 rows, {path.stat().st_size:,} bytes\n"
    assert pq.read_metadata(path).num_rows == 1234


def test_a_sample_goes_where_it_is_told_to(workspace: Workspace, tmp_path: Path) -> None:
    done = workspace.tlc(*MONTH, "--rows", 10, "--output", tmp_path / "out" / "g.parquet")
    assert done.returncode == 0, done.stderr
    assert pq.read_metadata(tmp_path / "out" / "g.parquet").num_rows == 10
    assert not (workspace.data / "sandbox" / "publisher").exists()


def test_the_same_arguments_make_the_same_bytes_and_others_do_not(
    workspace: Workspace, tmp_path: Path
) -> None:
    made = []
    for number, rows in enumerate((500, 500, 501)):
        path = tmp_path / f"{number}.parquet"
        done = workspace.tlc(*MONTH, "--rows", rows, "--output", path)
        assert done.returncode == 0, done.stderr
        made.append(path.read_bytes())
    assert made[0] == made[1] != made[2]


def test_a_month_is_made_at_its_published_size(workspace: Workspace, tmp_path: Path) -> None:
    month, path = TripMonth("green", 2020, 4), tmp_path / "g.parquet"
    published = published_file(month)
    assert published is not None
    options = ("--service", month.service, "--month", month.key, "--output", path)
    done = workspace.tlc("samples", "--published", *options)
    assert done.returncode == 0, done.stderr
    assert pq.read_metadata(path).num_rows == published.rows


def test_every_published_size_can_be_asked_for() -> None:
    assert max(published.rows for published in published_files().values()) <= MOST_ROWS


@pytest.mark.parametrize(("row_groups", "expected"), [((), 3), (("--row-groups", "one"), 1)])
def test_the_whole_month_goes_into_one_row_group_where_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row_groups: tuple[str, ...], expected: int
) -> None:
    monkeypatch.setattr(publisher, "BATCH_ROWS", 100)
    monkeypatch.setattr(publisher, "ROW_GROUP_ROWS", 100)
    path = str(tmp_path / "g.parquet")
    options = [*MONTH[1:], "--rows", "300", "--output", path, *row_groups]
    assert CliRunner().invoke(samples, options).exit_code == 0
    assert pq.read_metadata(path).num_row_groups == expected


def test_the_main_job_loads_exactly_the_rows_that_were_made(workspace: Workspace) -> None:
    assert workspace.tlc(*MONTH, "--rows", 777).returncode == 0
    done = workspace.load("--service", "green", "--year", 2023, "--month", 2)
    assert done.returncode == 0, done.stderr
    assert workspace.query("SELECT COUNT(*) AS n FROM green_trips") == [{"n": 777}]


def test_a_sample_without_rows_is_refused_by_the_main_job_in_one_line(workspace: Workspace) -> None:
    assert workspace.tlc(*MONTH, "--rows", 0).returncode == 0
    done = workspace.load("--service", "green", "--year", 2023, "--month", 2)
    assert done.returncode == 30
    (line,) = [line for line in done.stderr.splitlines() if " ERROR " in line]
    assert "no rows" in line
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_written_is_named(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "g.parquet"
    done = workspace.tlc(*MONTH, "--rows", 1, "--output", path)
    assert done.returncode == 30
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"ERROR cannot write {path}; seen: ")


@pytest.mark.parametrize(
    ("options", "told", "code"),
    [
        (("--service", "purple", "--month", "2023-02", "--rows", 1), "purple", 2),
        (("--month", "2023-13", "--rows", 1), "seen: 2023-13", 30),
        (("--month", "2008-12", "--rows", 1), "2009-01 or later", 30),
        (("--month", "February", "--rows", 1), "YYYY-MM", 30),
        (("--month", "2023-²", "--rows", 1), "YYYY-MM", 30),
        (("--month", "2023-02", "--rows", -1), "-1", 2),
        (("--month", "2023-02"), "either --rows or --published", 2),
        (("--month", "2023-02", "--rows", 30_000_001), "30000001", 2),
        (("--month", "2023-02", "--rows", 1, "--published"), "either --rows or --published", 2),
        (("--month", "2030-01", "--published"), "yellow 2030-01: its real size is not known", 30),
        (("--month", "2023-02", "--rows", 1, "--row-groups", "few"), "few", 2),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(
    workspace: Workspace, options: tuple[object, ...], told: str, code: int
) -> None:
    done = workspace.tlc("samples", *options)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
