"""The main job as a user types it: what a run leaves, and what a second run does not do."""

import shutil

import pytest
from support.workspace import Workspace

JANUARY = ("--year", 2021, "--month", 1)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A workspace in which a month was loaded."""
    place = Workspace(tmp_path_factory.mktemp("kept"))
    place.variables["TLC_SANDBOX_ACCESS_LOG"] = "1"
    done = place.load(*JANUARY)
    assert done.returncode == 0, done.stderr
    yield place
    place.close()


@pytest.fixture
def loaded(kept, tmp_path):
    """The same; what a test removes of local files is there again after it."""
    files = ("raw", "canonical")
    for name in files:
        shutil.copytree(kept.data / name, tmp_path / name)
    yield kept
    for name in files:
        shutil.rmtree(kept.data / name, ignore_errors=True)
        shutil.copytree(tmp_path / name, kept.data / name)


def requests(workspace):
    return (workspace.data / "sandbox" / "server.log").read_text().splitlines()


def test_a_month_travels_from_the_publisher_to_its_partition_with_its_provenance(loaded):
    (record,) = loaded.status()
    assert record["month"] == "2021-01"
    assert record["bigquery"] == "loaded"
    assert record["local"] == "canonical"
    assert record["lake"].endswith("service=yellow/month=2021-01/yellow_tripdata_2021-01.parquet")
    assert record["rows_in"] == record["rows_kept"] + record["rows_quarantined"] == 2000
    counts = loaded.query("SELECT source_month, COUNT(*) AS n FROM yellow_trips GROUP BY 1")
    assert counts == [{"source_month": "2021-01-01", "n": 2000}]


def test_the_provenance_is_the_same_at_every_stage(loaded):
    from pyarrow import parquet

    from pipeline.core.months import TripMonth
    from pipeline.core.provenance import Provenance
    from pipeline.download.target import RawTarget

    month = TripMonth("yellow", 2021, 1)
    footer = parquet.read_metadata(month.canonical_path(loaded.data)).metadata
    at_footer = Provenance.from_metadata({k.decode(): v.decode() for k, v in footer.items()})
    at_source = RawTarget(month, loaded.data).provenance()
    (at_ledger,) = loaded.query("SELECT * FROM _loads")
    assert at_footer is not None
    for name in ("source_url", "source_etag", "source_sha256", "source_bytes", "source_rows"):
        assert getattr(at_source, name) == getattr(at_footer, name) == at_ledger[name]
    assert at_footer.rows_kept == at_ledger["rows_kept"]


def test_a_second_run_does_nothing_with_at_most_three_remote_calls(loaded):
    before = len(requests(loaded))
    done = loaded.load(*JANUARY)
    assert done.returncode == 0
    made = requests(loaded)[before:]
    assert 1 <= len(made) <= 3, made
    assert not any("trip-data" in line for line in made)


def test_a_finished_partition_needs_no_local_file(loaded):
    shutil.rmtree(loaded.data / "raw")
    shutil.rmtree(loaded.data / "canonical")
    before = len(requests(loaded))
    done = loaded.load(*JANUARY)
    assert done.returncode == 0
    assert not any("trip-data" in line for line in requests(loaded)[before:])
    assert not (loaded.data / "raw").exists()


def test_a_month_whose_partition_was_emptied_is_loaded_again_from_the_lake(loaded):
    loaded.query("DELETE FROM yellow_trips WHERE source_month = DATE '2021-01-01'")
    shutil.rmtree(loaded.data / "raw")
    shutil.rmtree(loaded.data / "canonical")
    before = len(requests(loaded))
    done = loaded.load(*JANUARY)
    assert done.returncode == 0, done.stderr
    assert not any("trip-data" in line for line in requests(loaded)[before:])
    assert loaded.query("SELECT COUNT(*) AS n FROM yellow_trips") == [{"n": 2000}]
    assert [record["bigquery"] for record in loaded.status()] == ["loaded"]


def test_without_luigid_one_line_says_that_the_local_scheduler_is_used(workspace):
    done = workspace.load(*JANUARY)
    assert done.returncode == 0
    assert len([line for line in done.stderr.splitlines() if "no luigid at" in line]) == 1


@pytest.mark.parametrize("service", ["green", "fhv", "fhvhv"])
def test_every_service_is_loaded_into_a_table_of_its_own(workspace, service):
    done = workspace.load("--service", service, "--year", 2026, "--month", 4)
    assert done.returncode == 0, done.stderr
    counts = workspace.query(f"SELECT COUNT(*) AS n FROM {service}_trips")
    assert counts == [{"n": 2000}]


def test_two_identical_runs_at_once_load_the_month_once(workspace):
    runs = [workspace.popen(*workspace.command(*JANUARY)) for _ in range(2)]
    told = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert workspace.query("SELECT COUNT(*) AS n FROM yellow_trips") == [{"n": 2000}]
    assert workspace.query("SELECT rows_kept FROM _loads") == [{"rows_kept": 2000}]
    assert workspace.litter() == []
