"""The task that brings a month into the lake, from what normalizing leaves."""

import io

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import NormalizeMonth, UploadMonthToGCS
from pipeline.connections.google import storage_client
from pipeline.core import settings
from pipeline.core.files import part_file
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.download.target import publish_raw
from pipeline.sandbox.publisher.samples import write_sample

MONTH = TripMonth("green", 2021, 1)


@pytest.fixture
def raw_month(configured, tmp_path):
    """Leave a raw month of 2,000 trips, in one of which are one and a half passengers."""
    sample, path = tmp_path / "sample.parquet", MONTH.raw_path(configured)
    write_sample(MONTH, 2_000, sample)
    trips = pq.read_table(sample)
    counts = [*[1.0] * 7, 1.5, *[1.0] * 1_992]
    place = trips.schema.get_field_index("passenger_count")
    pq.write_table(trips.set_column(place, "passenger_count", pa.array(counts)), sample)
    content = sample.read_bytes()
    record = Provenance("green", "2021-01", f"{settings.base_url()}/{MONTH.file_name}", '"e"',
                        "then", len(content), "ab" * 32, 2_000)  # fmt: skip
    with part_file(path) as file:
        file.write(content)
        publish_raw(file, path, record)


def test_a_quarantined_row_is_in_the_lake_with_its_reason_beside_its_month(raw_month):
    assert luigi.build([UploadMonthToGCS(service="green", year=2021, month=1)],
                       local_scheduler=True)  # fmt: skip
    bucket = storage_client().bucket(settings.lake().bucket)
    month, quarantine = (
        bucket.get_blob(name) for name in (MONTH.object_name, MONTH.quarantine_object_name)
    )
    told = NormalizeMonth(service="green", year=2021, month=1).output().provenance()
    assert (told.rows_kept, told.rows_quarantined) == (1_999, 1)
    assert month.metadata == quarantine.metadata == told.to_metadata()
    assert pq.read_metadata(io.BytesIO(month.download_as_bytes())).num_rows == 1_999
    (row,) = pq.read_table(io.BytesIO(quarantine.download_as_bytes())).to_pylist()
    assert (row["source_row"], row["reason"]) == (7, "not_an_integer")
    assert (row["column"], row["passenger_count"]) == ("passenger_count", "1.5")
