"""The pages that are made of the schemas say what the schemas say."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

import pipeline
from pipeline.core.months import SERVICES
from pipeline.schemas import service_schema
from pipeline.schemas.values import mappings, rules

ROOT = Path(pipeline.__file__).resolve().parents[1]
README = ROOT / "README.md"
SCHEMAS = ROOT / "docs" / "schemas.md"


@pytest.fixture(scope="module")
def pages() -> dict[Path, str]:
    made: Callable[[], dict[Path, str]] = runpy.run_path(str(ROOT / "docs" / "schemas.py"))["pages"]
    return made()


@pytest.mark.parametrize("path", [README, SCHEMAS], ids=lambda path: path.name)
def test_a_page_says_what_the_schemas_say(pages: dict[Path, str], path: Path) -> None:
    """Where it does not: ``make docs``."""
    assert path.read_text(encoding="utf-8") == pages[path]


def test_the_readme_tells_of_every_era_and_of_the_columns_that_came(pages: dict[Path, str]) -> None:
    rows = [line for line in pages[README].splitlines() if line.startswith("| ")]
    for service in SERVICES:
        for era in service_schema(service).eras:
            found = [row.split(" | ") for row in rows if row.startswith(f"| {service} |")]
            (row,) = [row for row in found if row[1].removeprefix("since ").startswith(era.first)]
            assert row[2] == str(len(era.columns))
            assert row[3].startswith(era.about)
    assert any("since 2026-06" in row and "New: `request_source`" in row for row in rows)
    assert any("since 2025-01" in row and "New: `cbd_congestion_fee`" in row for row in rows)
    assert any("2023-02 to" in row and "`airport_fee` → `Airport_fee`" in row for row in rows)


def test_the_schemas_page_tells_of_everything_that_is_declared(pages: dict[Path, str]) -> None:
    page = pages[SCHEMAS]
    for service in SERVICES:
        declared = service_schema(service)
        for column in declared.columns:
            assert f"| `{column.name}` | {column.arrow_type} |" in page
            assert column.description in page
        for era in declared.eras:
            assert f"| {era.name} |" in page
            assert all(f": {told}\n" in page for told in era.unsettled)
    for told in (*rules().values(), *mappings().values()):
        assert f"| `{told.name}` |" in page
        assert told.source in page


def test_what_is_not_settled_is_told_once_with_all_its_months(pages: dict[Path, str]) -> None:
    (told,) = [line for line in pages[SCHEMAS].splitlines() if "such as NOC and NA" in line]
    assert told.startswith("- not settled, 2010-01, 2010-02 to 2010-03, 2010-04 to 2010-12: ")


def test_the_readme_counts_columns_where_they_are_many(pages: dict[Path, str]) -> None:
    rows = [line for line in pages[README].splitlines() if re.match(r"\| (yellow|green|fh)", line)]
    assert any(row.endswith("5 columns renamed. 5 columns of another type. |") for row in rows)
    assert max(map(len, rows)) < 250


def test_a_flip_within_an_era_is_told_with_its_months(pages: dict[Path, str]) -> None:
    page = pages[SCHEMAS]
    assert "`airport_fee` is empty in 2019-02 to 2019-06, 2020-04, 2020-10." in page
    assert "`DOlocationID` is int64 in 2019-05 to 2019-06, 2020-07." in page
    assert "`improvement_surcharge` is empty in 2014-08." in page
    assert "`ehail_fee` is empty, but double in 2019-01 to 2019-08." in page
    assert "`VendorID` int64 → int32" in page
