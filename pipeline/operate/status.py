"""``tlc status``: which month is where."""

import click

from pipeline.operate.output import show

COLUMNS = ("service", "month", "local", "lake", "bigquery", "rows_in", "rows_kept",
           "rows_quarantined", "bytes", "when", "source", "provenance")  # fmt: skip


@click.command()
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def status(form: str) -> None:
    """Show every month that any stage holds: where it is, its rows and its provenance."""
    from pipeline.operate.months import known_months

    records = [state.as_record() for state in known_months()]
    if not records and form == "table":
        click.echo(
            "no month yet; next: luigi --module pipeline LoadMonthToBQ --year 2021 --month 1"
        )
        return
    if form == "table":
        for record in records:
            digest = record["source_sha256"]
            record["provenance"] = f"sha256 {digest[:12]}" if digest else None
            record["lake"] = "stored" if record["lake"] else None
    names = COLUMNS if form == "table" else tuple(records[0]) if records else ()
    show(names, [[record[name] for name in names] for record in records], form)
