"""``docs/data.md`` names every reason, count and remark that a month can get, and no other."""

import re
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pipeline
from pipeline.core.months import SERVICES, TripMonth
from pipeline.normalize.cast import Reason
from pipeline.normalize.quarantine import OWN_FIELDS
from pipeline.normalize.remarks import MOST_BYTES
from pipeline.normalize.rewrite import rewrite_month
from pipeline.schemas import published_files

ROOT = Path(pipeline.__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "data.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
FIRST = TripMonth("yellow", 2010, 1)


def rows_below(heading: str) -> dict[str, list[str]]:
    """Return a section's rows whose first cell is a name in backticks, by that name."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    return {name.strip("`"): rest for name, *rest in rows}


@pytest.fixture
def told(month, trips, leave_raw, target):
    """What the footer of a month tells that gives rise to every remark it can."""
    words = {"payment_type": pa.array(["Barter"])} if month == FIRST else {}
    raw = leave_raw(trips(1, **words).append_column("surge", pa.array([1])), month)
    rewrite_month(raw.provenance(), raw.path, target)
    footer = pq.read_metadata(target.path).metadata
    names = [key.decode() for key in footer if key.startswith(b"tlc_audit_")]
    return {name.removeprefix("tlc_audit_") for name in names}


def test_every_reason_is_explained() -> None:
    assert set(rows_below("Reasons")) == {*get_args(Reason)}


@pytest.mark.parametrize(
    "month", [TripMonth(service, 2021, 1) for service in SERVICES], ids=lambda month: month.service
)
def test_every_count_of_a_service_is_explained(month, told) -> None:
    counts = {
        name for name, (_, of) in rows_below("Counts").items() if month.service in of.split(", ")
    }
    assert counts == told - set(rows_below("Remarks"))


@pytest.mark.parametrize("month", [FIRST], ids=str)
def test_every_remark_is_explained(told) -> None:
    assert set(rows_below("Remarks")) == told - set(rows_below("Counts"))


def test_the_page_gives_names_and_numbers_as_they_are() -> None:
    month = TripMonth("yellow", 2021, 1)
    assert set(rows_below("Quarantine")) == {field.name for field in OWN_FIELDS}
    assert f"`{month.quarantine_path(Path('data'))}`" in PAGE
    assert f"`gs://<bucket>/{month.quarantine_object_name}`" in PAGE
    files, newest = len(published_files()), max(file.as_of for file in published_files().values())
    assert f"of the {files} files" in PAGE.replace("\n", " ")
    assert f"known on {newest}" in PAGE
    assert f"ends on {newest}, with {files} files" in README
    assert f"cut at {MOST_BYTES:,} bytes" in PAGE
