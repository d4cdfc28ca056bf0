"""``tlc query``: GoogleSQL through the real client, at whatever warehouse is configured."""

import click

from pipeline.operate.output import FORMATS, show


@click.command()
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
def query(sql: str, form: str) -> None:
    """Run SQL (GoogleSQL) and print its rows.

    Tables without a dataset are looked up in [bigquery] dataset.

    \b
    Example: tlc query "SELECT COUNT(*) AS trips FROM yellow_trips"
    """
    from pipeline.bigquery.ledger import SERVICE
    from pipeline.connections.google import explained, select

    with explained(SERVICE, "running the query"):
        answer = select(sql)
        columns = [field.name for field in answer.schema]
        rows = [row.values() for row in answer]
    show(columns, rows, form)
