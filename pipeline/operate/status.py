"""``tlc status``: which month is where."""

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from pipeline.operate.output import show, that_fit

if TYPE_CHECKING:
    from pipeline.bigquery.ledger import Load as BigQueryLoad
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


@click.command()
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def status(form: str) -> None:
    """Show every month that any stage holds: where it is, its rows and its provenance.

    \b
    Example: tlc status --format json
    """
    from pipeline.survey.months import known_months

    records = [month_record(state) for state in known_months()]
    if not records and form == "table":
        click.echo(
            "no month yet; next: luigi --module pipeline LoadMonthToBQ --year 2021 --month 1"
        )
        return
    if form == "table":
        columns, rows = _with_postgres(records) or (COLUMNS, [*map(_cells, records)])
        fitting = that_fit(columns, rows)
        show(columns[:fitting], [row[:fitting] for row in rows], form)
    else:
        show(tuple(records[0]) if records else (), [[*record.values()] for record in records], form)


def month_record(state: "MonthState") -> dict[str, Any]:
    """Return a month as JSON has it; None is what is not known."""
    told, when = state.provenance, state.loaded_at
    return {
        "service": state.month.service,
        "month": state.month.key,
        "source": told.source_url if told else None,
        "local": state.local,
        "lake": state.lake.uri if state.lake else None,
        "bigquery": _loaded_or_not(state.bigquery),
        "postgres": _loaded_or_not(state.postgres),
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


def _loaded_or_not(load: "BigQueryLoad | PostgresLoad | None") -> str | None:
    return None if load is None else "loaded" if load.is_whole else "incomplete"


def _with_postgres(records: list[dict[str, Any]]) -> tuple[tuple[str, ...], list[Any]] | None:
    """Return the table with a column behind BigQuery's; None where Postgres holds no month."""
    if not any(record["postgres"] for record in records):
        return None
    rows = [(*cells[:2], record["postgres"], *cells[2:])
            for record in records for cells in [_cells(record)]]  # fmt: skip
    return (*COLUMNS[:2], "postgres", *COLUMNS[2:]), rows


def _cells(record: dict[str, Any]) -> tuple[Any, ...]:
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


def _short(remarks: str | None) -> str | None:
    if remarks is None or len(remarks) <= MOST_OF_A_REMARK:
        return remarks
    return f"{remarks[: MOST_OF_A_REMARK - 4]} ..."
