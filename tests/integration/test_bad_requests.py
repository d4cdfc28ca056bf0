"""What cannot be asked for, or not here, or not yet: one clear line, an exit code, nothing done."""

import socket

import pyarrow.parquet as pq
import pytest
from support.publisher import FaultyPublisher
from support.workspace import Workspace, client_of

from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.samples import write_sample


def error_lines(done):
    return [line for line in done.stderr.splitlines() if " ERROR " in line or " WARNING " in line]


def assert_refused(done, code, told):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert [line for line in error_lines(done) if told in line], done.stderr


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A workspace for runs that leave nothing."""
    place = Workspace(tmp_path_factory.mktemp("untouched"))
    assert place.run("tlc", "sandbox", "start").returncode == 0
    yield place
    place.close()


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """A workspace for files that are refused, each of a month of its own."""
    place = Workspace(tmp_path_factory.mktemp("refused"))
    yield place
    place.close()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A workspace in which a month is loaded."""
    place = Workspace(tmp_path_factory.mktemp("loaded"))
    assert place.load("--year", 2021, "--month", 1).returncode == 0
    yield place
    place.close()


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--year", 2021, "--month", 13), 35, "no such month; seen: 2021-13"),
        (("--year", 2008, "--month", 1), 35, "TLC publishes no yellow month 2008-01"),
        (("--year", 2008, "--month", 12), 35, "expected: 2009-01 or later"),
        (("--service", "fhvhv", "--year", 2018, "--month", 1), 35, "2019-02 or later"),
        (("--service", "rainbow", "--year", 2021, "--month", 1), 35, "unknown service"),
        (("--year", "soon", "--month", 1), 40, "expected: a whole number"),
        (("--year", 2199, "--month", 1), 20, "yellow 2199-01 is not published yet"),
    ],
)
def test_a_month_that_cannot_be_had_is_one_line_and_an_exit_code(untouched, options, code, told):
    assert_refused(untouched.load(*options), code, told)
    assert not (untouched.data / "raw").exists()
    assert untouched.status() == []


def test_an_unreachable_publisher_is_named_with_the_choice_of_the_sandbox(workspace):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/trip-data"
    workspace.variables["TLC_BASE_URL"] = address
    done = workspace.load("--year", 2021, "--month", 1)
    assert_refused(done, 35, "TLC_BASE_URL=sandbox")
    assert any(address in line for line in error_lines(done))


def test_a_taken_sandbox_port_is_named_with_what_to_change(workspace):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        workspace.set("sandbox", port=port)
        done = workspace.load("--year", 2021, "--month", 1)
        assert_refused(done, 35, f"the sandbox's port {port} is taken")


def test_a_missing_bucket_is_named_where_its_creation_is_off(workspace):
    workspace.set("lake", bucket="nobodys-bucket", create_bucket="false")
    done = workspace.load("--year", 2021, "--month", 1)
    assert_refused(done, 35, "there is no bucket gs://nobodys-bucket")


def test_a_dataset_in_another_location_is_refused_with_both_locations(loaded, monkeypatch):
    monkeypatch.setitem(loaded.sections, "bigquery", {"location": "EU"})
    done = loaded.load("--year", 2021, "--month", 2)
    assert_refused(done, 35, "is in another location; seen: US; expected: [bigquery] location = EU")
    assert not (loaded.data / "raw" / "service=yellow" / "month=2021-02").exists()


def test_a_table_of_another_shape_is_refused_with_both_shapes(loaded):
    client = client_of(loaded)
    client.delete_table("nyc_tlc.yellow_trips")
    client.create_table(table_of("tlc-sandbox.nyc_tlc.yellow_trips"))
    done = loaded.load("--year", 2021, "--month", 3)
    assert_refused(done, 30, "exists with other columns")
    assert any("'vendorid': 'STRING'" in line for line in error_lines(done))


def table_of(name):
    from google.cloud.bigquery import SchemaField, Table, TimePartitioning

    month = SchemaField("source_month", "DATE", mode="REQUIRED")
    table = Table(name, schema=[month, SchemaField("VendorID", "STRING")])
    table.time_partitioning = TimePartitioning(type_="MONTH", field="source_month")
    return table


def test_missing_credentials_in_the_gcp_profile_are_named_with_the_next_command(workspace):
    workspace.variables |= {
        "PIPELINE_PROFILE": "gcp",
        "TLC_BUCKET": "b",
        "GOOGLE_CLOUD_PROJECT": "p",
        "HOME": str(workspace.root),
        "NO_GCE_CHECK": "true",
    }
    done = workspace.load("--year", 2021, "--month", 1)
    assert_refused(done, 35, "gcloud auth application-default login")


def test_an_unset_variable_of_the_gcp_profile_is_named(workspace):
    workspace.variables |= {"PIPELINE_PROFILE": "gcp"}
    done = workspace.load("--year", 2021, "--month", 1)
    assert_refused(done, 35, "GOOGLE_CLOUD_PROJECT")


def test_an_unknown_profile_is_refused_with_the_known_ones(workspace):
    workspace.variables["PIPELINE_PROFILE"] = "gpc"
    done = workspace.load("--year", 2021, "--month", 1)
    assert_refused(done, 35, "expected: gcp | sandbox")


def test_a_folder_that_cannot_be_written_is_named(workspace):
    workspace.data.write_text("a file, where a folder is wanted")
    workspace.set("connection:sandbox", endpoint="http://127.0.0.1:9")
    done = workspace.run("tlc", "sandbox", "start")
    assert done.returncode == 30
    assert "Traceback" not in done.stderr
    assert str(workspace.data) in done.stderr


def as_yellow(table):
    return table


def without_fare(table):
    return table.drop_columns(["fare_amount"])


def with_words_for_a_fare(table):
    import pyarrow as pa

    words = pa.array(["much"] * table.num_rows)
    return table.set_column(table.schema.get_field_index("fare_amount"), "fare_amount", words)


def of_no_rows(table):
    return table.slice(0, 0)


@pytest.mark.parametrize(
    ("number", "service", "change", "told"),
    [
        (1, "green", as_yellow, "green"),
        (2, "yellow", without_fare, "fare_amount"),
        (3, "yellow", with_words_for_a_fare, "fare_amount"),
        (4, "yellow", of_no_rows, "no rows"),
    ],
    ids=["another_service", "a_missing_column", "a_column_of_the_wrong_kind", "zero_rows"],
)
def test_a_parquet_file_that_is_not_the_month_is_never_published(
    refused, tmp_path, monkeypatch, number, service, change, told
):
    path, month = tmp_path / "served.parquet", TripMonth("yellow", 2021, number)
    write_sample(TripMonth(service, 2021, number), 500, path)
    pq.write_table(change(pq.read_table(path)), path)
    with FaultyPublisher() as publisher:
        publisher.serve(path, month.file_name)
        monkeypatch.setitem(refused.variables, "TLC_BASE_URL", publisher.url)
        done = refused.load("--year", 2021, "--month", number)
        known = refused.status()
    assert_refused(done, 30, told)
    assert not list((refused.data / "canonical").rglob("*.parquet"))
    assert month.key in {record["month"] for record in known}
    assert {record["lake"] for record in known} == {None}
