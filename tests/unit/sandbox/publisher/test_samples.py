"""Sample months: the layout of the real ones, their dirt, and the same bytes every time."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher import samples
from pipeline.sandbox.publisher.samples import ensure_sample, sample_path, write_sample
from pipeline.schemas import service_schema

MONTHS = [
    TripMonth("yellow", 2014, 8),
    TripMonth("yellow", 2018, 9),
    TripMonth("yellow", 2019, 1),
    TripMonth("yellow", 2021, 1),
    TripMonth("yellow", 2024, 1),
    TripMonth("yellow", 2026, 8),
    TripMonth("green", 2014, 2),
    TripMonth("green", 2021, 1),
    TripMonth("green", 2026, 7),
    TripMonth("fhv", 2017, 6),
    TripMonth("fhv", 2019, 2),
    TripMonth("fhv", 2020, 7),
    TripMonth("fhv", 2026, 7),
    TripMonth("fhvhv", 2019, 2),
    TripMonth("fhvhv", 2025, 1),
]
ROWS = 20_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TripMonth], Path]:
    """The sample of a month, made once."""
    folder = tmp_path_factory.mktemp("samples")

    def path(month: TripMonth) -> Path:
        ensure_sample(month, ROWS, sample_path(folder, month))
        return sample_path(folder, month)

    return path


@pytest.fixture(params=MONTHS, ids=str)
def month(request: pytest.FixtureRequest) -> TripMonth:
    return request.param


def canonical(month: TripMonth, path: Path) -> pa.Table:
    era = service_schema(month.service).era(month)
    return pq.read_table(path).rename_columns([column.canonical for column in era.columns])


def count(mask: pa.ChunkedArray) -> int:
    return pc.sum(mask).as_py() or 0


def test_the_same_arguments_make_the_same_bytes(
    month: TripMonth, sample: Callable[[TripMonth], Path], tmp_path: Path
) -> None:
    write_sample(month, ROWS, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == sample(month).read_bytes()


def test_another_month_or_size_makes_other_trips(tmp_path: Path) -> None:
    tables = []
    for name, (key, rows) in {"a": (1, 900), "b": (1, 901), "c": (2, 900)}.items():
        write_sample(TripMonth("yellow", 2024, key), rows, tmp_path / name)
        tables.append(pq.read_table(tmp_path / name)["PULocationID"].slice(0, 50).to_pylist())
    assert tables[0] != tables[1] != tables[2] != tables[0]


def test_a_sample_is_laid_out_as_tlc_wrote_that_month(
    month: TripMonth, sample: Callable[[TripMonth], Path]
) -> None:
    file = pq.ParquetFile(sample(month))
    era = service_schema(month.service).era(month)
    assert file.schema_arrow == era.file_schema(month)
    assert file.metadata.num_rows == ROWS
    column = file.metadata.row_group(0).column(0)
    assert column.compression == era.compression.upper()
    assert column.is_stats_set == era.statistics


@pytest.mark.parametrize("rows", [0, 1, 500, 4097])
def test_the_row_count_is_exact(tmp_path: Path, rows: int) -> None:
    write_sample(TripMonth("green", 2024, 1), rows, tmp_path / "sample")
    assert pq.read_metadata(tmp_path / "sample").num_rows == rows


def test_the_row_count_is_exact_across_batches_and_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "BATCH_ROWS", 512)
    monkeypatch.setattr(samples, "ROW_GROUP_ROWS", 1024)
    write_sample(TripMonth("fhvhv", 2024, 1), 2_500, tmp_path / "sample")
    metadata = pq.read_metadata(tmp_path / "sample")
    groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert groups == [1024, 1024, 452]


def test_one_row_group_holds_the_same_trips_and_leaves_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "BATCH_ROWS", 512)
    monkeypatch.setattr(samples, "ROW_GROUP_ROWS", 1024)
    month = TripMonth("fhvhv", 2022, 6)
    write_sample(month, 2_500, tmp_path / "many")
    write_sample(month, 2_500, tmp_path / "one", one_row_group=True)
    assert pq.read_metadata(tmp_path / "one").num_row_groups == 1
    assert pq.read_table(tmp_path / "one").equals(pq.read_table(tmp_path / "many"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "one"]


def test_nothing_of_a_killed_attempt_gets_into_the_sample(tmp_path: Path) -> None:
    month = TripMonth("green", 2024, 1)
    (tmp_path / "sample.part").write_bytes(b"litter" * 100_000)
    write_sample(month, 100, tmp_path / "sample")
    write_sample(month, 100, tmp_path / "clean")
    assert (tmp_path / "sample").read_bytes() == (tmp_path / "clean").read_bytes()
    assert not (tmp_path / "sample.part").exists()


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "sample").write_bytes(b"mine")
    ensure_sample(TripMonth("green", 2024, 1), 100, tmp_path / "sample")
    assert (tmp_path / "sample").read_bytes() == b"mine"


def test_a_negative_number_of_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="that many rows"):
        write_sample(TripMonth("yellow", 2024, 1), -1, tmp_path / "sample")


def test_most_trips_begin_in_the_month_and_a_few_in_2001_and_2098(
    month: TripMonth, sample: Callable[[TripMonth], Path]
) -> None:
    table = canonical(month, sample(month))
    times = table[service_schema(month.service).roles.pickup_time]
    years = pc.year(times).unique().to_pylist()
    assert {2001, 2098} <= set(years)
    days = times.cast(pa.date32())
    inside = pc.and_(pc.greater_equal(days, month.first_day), pc.less(days, month.next_first_day))
    assert 1 <= ROWS - count(inside) <= ROWS // 1000


def test_some_trips_end_before_they_begin(
    month: TripMonth, sample: Callable[[TripMonth], Path]
) -> None:
    roles = service_schema(month.service).roles
    table = canonical(month, sample(month))
    backwards = count(pc.less(table[roles.dropoff_time], table[roles.pickup_time]))
    assert 1 <= backwards <= ROWS // 200


def test_zones_are_1_to_265_and_some_are_unknown(
    month: TripMonth, sample: Callable[[TripMonth], Path]
) -> None:
    zones = canonical(month, sample(month))["DOLocationID"].unique().drop_null()
    numbers = {int(zone) for zone in zones.to_pylist()}
    assert {264, 265} <= numbers <= set(range(1, 266))


@pytest.mark.parametrize("month", [m for m in MONTHS if m.service in ("yellow", "green")], ids=str)
def test_a_negative_total_mirrors_the_trip_before_it(
    month: TripMonth, sample: Callable[[TripMonth], Path]
) -> None:
    rows = canonical(month, sample(month)).to_pylist()
    time = service_schema(month.service).roles.pickup_time
    negative = [at for at, row in enumerate(rows) if row["total_amount"] < 0]
    assert ROWS // 1000 <= len(negative) <= ROWS // 100
    for at in negative:
        assert rows[at - 1]["total_amount"] == -rows[at]["total_amount"]
        assert rows[at - 1][time] == rows[at][time]


@pytest.mark.parametrize(
    "month",
    [m for m in MONTHS if m.service in ("yellow", "green") and m.key >= "2018-07"],
    ids=str,
)
def test_what_is_not_reported_is_missing_together(
    month: TripMonth, sample: Callable[[TripMonth], Path]
) -> None:
    table = canonical(month, sample(month))
    missing = pc.is_null(table["passenger_count"])
    assert 0.002 <= count(missing) / ROWS <= 0.5
    together = {"RatecodeID", "store_and_fwd_flag"}
    together |= {"congestion_surcharge"} if month.key >= "2019-02" else set()
    together |= {"payment_type", "trip_type"} if month.service == "green" else set()
    for name in together:
        assert pc.is_null(table[name]).equals(missing), name


@pytest.mark.parametrize("month", [m for m in MONTHS if m.service != "fhv"], ids=str)
def test_distances_are_short_but_for_a_few_that_are_absurd(
    month: TripMonth, sample: Callable[[TripMonth], Path]
) -> None:
    name = "trip_miles" if month.service == "fhvhv" else "trip_distance"
    miles = canonical(month, sample(month))[name]
    assert 1 < pc.quantile(miles, 0.5)[0].as_py() < 5
    assert pc.max(miles).as_py() > 100_000


def test_a_few_rows_are_exact_duplicates(sample: Callable[[TripMonth], Path]) -> None:
    month = TripMonth("yellow", 2024, 1)
    rows = canonical(month, sample(month)).to_pylist()
    assert any(row == before for before, row in pairwise(rows))


def test_for_hire_months_have_padded_bases_missing_zones_and_the_year_3019(
    sample: Callable[[TripMonth], Path],
) -> None:
    month = TripMonth("fhv", 2019, 2)
    table = canonical(month, sample(month))
    lengths = pc.utf8_length(table["dispatching_base_num"]).unique().to_pylist()
    assert set(lengths) == {6, 15}
    assert 0.6 < table["PULocationID"].null_count / ROWS < 0.9
    assert pc.max(pc.year(table["dropoff_datetime"])).as_py() == 3019


def test_rides_have_blank_flags_and_negative_fares(sample: Callable[[TripMonth], Path]) -> None:
    month = TripMonth("fhvhv", 2025, 1)
    table = canonical(month, sample(month))
    uber = pc.equal(table["hvfhs_license_num"], "HV0003")
    assert pc.equal(table["access_a_ride_flag"], " ").equals(uber)
    assert pc.is_valid(table["originating_base_num"]).equals(uber)
    assert count(pc.less(table["base_passenger_fare"], 0)) >= 1


def test_trips_follow_the_hours_of_the_day(sample: Callable[[TripMonth], Path]) -> None:
    month = TripMonth("yellow", 2024, 1)
    hours = pc.hour(canonical(month, sample(month))["tpep_pickup_datetime"]).to_pylist()
    assert hours.count(17) > 3 * hours.count(4)
