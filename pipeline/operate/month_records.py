"""A month as JSON and as a line of a table: what any stage holds of it.

Belongs here: the forms that several commands share. Not here: any fact.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pipeline.operate.output import show, that_fit

if TYPE_CHECKING:
    from pipeline.bigquery.ledger import Load as BigQueryLoad
    from pipeline.core.months import TripMonth
    from pipeline.postgres.ledger import Load as PostgresLoad
    from pipeline.survey.months import MonthState

COLUMNS: Final = (
    "month",
    "bigquery",
    "lake",
    "local",
    "rows in",
    "kept",
    "quarantined",
    "remarks",
    "loaded at",
    "bytes",
    "source",
    "provenance",
)
"""In order of weight: a narrow terminal shows the first of them."""

MOST_OF_A_REMARK: Final = 30


def month_record(month: "TripMonth", state: "MonthState | None") -> dict[str, Any]:
    """Return a month as JSON has it; None is what is not known."""
    told, when = (state.provenance, state.loaded_at) if state else (None, None)
    return {
        "service": month.service,
        "month": month.key,
        "source": told.source_url if told else None,
        "local": state.local if state else None,
        "lake": state.lake.uri if state and state.lake else None,
        "bigquery": _loaded_or_not(state.bigquery) if state else None,
        "postgres": _loaded_or_not(state.postgres) if state else None,
        "rows_in": told.source_rows if told else None,
        "rows_kept": told.rows_kept if told else None,
        "rows_quarantined": told.rows_quarantined if told else None,
        "bytes": told.source_bytes if told else None,
        "when": when.isoformat(timespec="seconds") if when else None,
        "source_etag": told.source_etag if told else None,
        "source_sha256": told.source_sha256 if told else None,
        "schema_version": told.schema_version if told else None,
        "added_columns": told.added_columns if told else None,
        "remarks": told.remarks if told else None,
        "counters": told.counters if told else None,
    }


def show_months(records: Sequence[dict[str, Any]]) -> None:
    """Print the months as a table, one line each, with as many columns as fit."""
    columns, rows = _with_postgres(records) or (COLUMNS, [*map(cells, records)])
    fitting = that_fit(columns, rows)
    show(columns[:fitting], [row[:fitting] for row in rows], "table")


def cells(record: dict[str, Any]) -> tuple[Any, ...]:
    """Return a month's row of the table: short enough for a terminal; JSON has it all."""
    url, digest, when = record["source"], record["source_sha256"], record["when"]
    return (
        f"{record['service']} {record['month']}",
        record["bigquery"],
        "stored" if record["lake"] else None,
        record["local"],
        record["rows_in"],
        record["rows_kept"],
        record["rows_quarantined"],
        _short(record["remarks"]),
        when[:16].replace("T", " ") if when else None,
        record["bytes"],
        urlsplit(url).hostname if url else None,
        f"sha256 {digest[:8]}" if digest else None,
    )


def _with_postgres(records: Sequence[dict[str, Any]]) -> tuple[tuple[str, ...], list[Any]] | None:
    """Return the table with a column behind BigQuery's; None where Postgres holds no month."""
    if not any(record["postgres"] for record in records):
        return None
    rows = [(*row[:2], record["postgres"], *row[2:])
            for record in records for row in [cells(record)]]  # fmt: skip
    return (*COLUMNS[:2], "postgres", *COLUMNS[2:]), rows


def _loaded_or_not(load: "BigQueryLoad | PostgresLoad | None") -> str | None:
    return None if load is None else "loaded" if load.is_whole else "incomplete"


def _short(remarks: str | None) -> str | None:
    if remarks is None or len(remarks) <= MOST_OF_A_REMARK:
        return remarks
    return f"{remarks[: MOST_OF_A_REMARK - 4]} ..."
