"""A column that nobody knows is left out, added or refused, as the setting says."""

from collections.abc import Callable
from typing import Any

import luigi
import pyarrow as pa
import pytest

from pipeline.core import settings
from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.months import TripMonth
from pipeline.normalize.match import Layout, match_columns
from pipeline.normalize.unknown import MOST_ADDED, settle
from pipeline.schemas import service_schema

GREEN = TripMonth("green", 2021, 1)
PUBLISHED = service_schema("green").era(GREEN).file_schema(GREEN)

Policy = Callable[[str], None]


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> Policy:
    config = luigi.configuration.get_config()
    if not config.has_section("normalize"):
        config.add_section("normalize")

    def choose(name: str) -> None:
        monkeypatch.setitem(config["normalize"], "unknown_columns", name)

    return choose


def settled(*fields: tuple[str, Any]) -> tuple[Layout, str | None]:
    schema = pa.schema([*PUBLISHED, *(pa.field(name, kind) for name, kind in fields)])
    layout = settle(match_columns(schema, GREEN), GREEN)
    return layout, layout.remark


@pytest.mark.parametrize("name", ["warn", "fail", "add"])
def test_a_file_without_unknown_columns_is_as_it_is(name: str, policy: Policy) -> None:
    policy(name)
    layout, remark = settled(("__index_level_0__", pa.int64()))
    assert (layout.added_columns, remark) == (None, None)
    assert layout.schema == service_schema("green")


def test_by_default_unknown_columns_are_left_out_and_told() -> None:
    layout, remark = settled(("surge", pa.int64()), ("mood", pa.null()))
    assert remark == "columns that no schema knows are not kept: surge, mood"
    assert layout.schema == service_schema("green")


def test_very_many_and_very_odd_names_make_a_short_remark() -> None:
    names = ["a\nb", "x" * 5000, *map(str, range(9_998))]
    _, remark = settled(*((name, pa.int64()) for name in names))
    assert remark is not None
    assert remark.startswith("columns that no schema knows are not kept: 'a\\nb', xxx")
    assert remark.endswith("xxx..., 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 "
                           "and 9,980 more")  # fmt: skip


def test_they_may_stop_the_month_and_are_named(policy: Policy) -> None:
    policy("fail")
    with pytest.raises(Terminal, match=r"no schema knows; seen: surge, mood; .* to warn to load"):
        settled(("surge", pa.int64()), ("mood", pa.null()))


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (pa.int8(), "int64"),
        (pa.uint64(), "int64"),
        (pa.float32(), "float64"),
        (pa.string(), "string"),
        (pa.large_string(), "string"),
        (pa.string_view(), "string"),
        (pa.dictionary(pa.int8(), pa.string()), "string"),
        (pa.timestamp("ns"), "datetime"),
        (pa.timestamp("us", "UTC"), "datetime"),
        (pa.date32(), "date"),
        (pa.date64(), "date"),
        (pa.bool_(), "bool"),
    ],
    ids=str,
)
def test_they_may_be_added_behind_the_canonical_ones(
    seen: pa.DataType, kind: str, policy: Policy
) -> None:
    policy("add")
    layout, remark = settled(("surge", seen))
    assert (layout.added_columns, remark) == (f"surge {kind}", None)
    assert layout.schema == service_schema("green").extended(f"surge {kind}")
    assert layout.matches[-1].column == layout.schema.columns[-1]
    assert layout.matches[-1].index == len(PUBLISHED)


def test_several_are_added_in_file_order(policy: Policy) -> None:
    policy("add")
    layout, _ = settled(("surge", pa.int64()), ("mood", pa.string()))
    assert layout.added_columns == "surge int64, mood string"
    assert [match.column.name for match in layout.matches[-2:]] == ["surge", "mood"]


def test_a_column_without_values_has_no_type_to_be_added_with(policy: Policy) -> None:
    policy("add")
    layout, remark = settled(
        ("mood", pa.null()), ("surge", pa.int64()), ("face", pa.dictionary(pa.int8(), pa.null()))
    )
    assert layout.added_columns == "surge int64"
    assert remark == "columns that hold no value yet are not added: mood, face"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([("a", pa.list_(pa.int64()))], "a of type list<"),
        ([("a", pa.struct([]))], "a of type struct<"),
        ([("a", pa.binary())], "a of type binary"),
        ([("a", pa.dictionary(pa.int8(), pa.binary()))], "a of type dictionary<values=binary"),
        ([("a", pa.decimal128(9, 2))], "a of type decimal128"),
        ([("a", pa.time64("us"))], "a of type time64"),
        ([("a", pa.duration("us"))], "a of type duration"),
        ([("", pa.int64())], "'' with a name that BigQuery refuses"),
        ([("1a", pa.int64())], "1a with a name that BigQuery refuses"),
        ([("a b", pa.int64())], "a b with a name that BigQuery refuses"),
        ([("a\n", pa.int64())], r"'a\\n' with a name that BigQuery refuses"),
        ([("\u00e9", pa.int64())], "\u00e9 with a name that BigQuery refuses"),
        ([("a" * 301, pa.int64())], r"aaa\.\.\. with a name that BigQuery refuses"),
        ([("_table_a", pa.int64())], "_table_a with a name that BigQuery refuses"),
        ([("_PARTITIONTIME", pa.int64())], "_PARTITIONTIME with a name that BigQuery refuses"),
        ([("Source_Month", pa.date32())], "Source_Month with a name that is taken"),
        ([("a", pa.int64()), ("A", pa.int64())], "a more than once"),
        ([(f"a{n}", pa.int64()) for n in range(MOST_ADDED + 1)], "51 columns, whose names have"),
        ([(f"{n:c<200}", pa.int64()) for n in "abcdefghijklmnop"], "16 .* have 3,200 characters"),
    ],
)
def test_what_cannot_be_added_stops_the_month_and_says_how_to_go_on(
    fields: list[tuple[str, Any]], told: str, policy: Policy
) -> None:
    policy("add")
    with pytest.raises(Terminal, match=f"seen: .*{told}.*; next: set .* to warn") as refused:
        settled(*fields)
    assert len(str(refused.value)) < 600


def test_a_policy_that_there_is_not_is_one_clear_line(policy: Policy) -> None:
    policy("ignore")
    with pytest.raises(BadRequest, match=r"section \[normalize\] cannot be read; .*ignore"):
        settings.normalize()
