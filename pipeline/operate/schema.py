"""``tlc schema``: a service's columns, or what a month's file holds and how it becomes them.

Belongs here: the command, its records and its tables, which the documentation has too. Not here:
any column, type or era (``schemas/``) and the wording of eras (``eras.py``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import click

from pipeline.core.months import SERVICES, TripMonth
from pipeline.operate.eras import months_of, not_settled, what_changed, what_changed_in_short
from pipeline.operate.output import markdown_table, show, show_json
from pipeline.schemas import (
    Column,
    Era,
    FileColumn,
    ServiceSchema,
    ValueMapping,
    published_file,
    published_files,
    service_schema,
)
from pipeline.schemas.changes import EMPTY
from pipeline.schemas.service import SOURCE_MONTH

FORMATS: Final = ("table", "json", "markdown")


@dataclass(frozen=True)
class Section:
    """A heading, remarks and the table below them, whose last column may be folded.

    Names stand in backticks, as in markdown.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    remarks: tuple[str, ...] = ()


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
@click.option("--month", "key", metavar="YYYY-MM", help="Show this month's file instead.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
def schema(service: str, key: str | None, form: str) -> None:
    """Show a service's columns, and from which month on its files changed.

    With --month: what that month's file holds, and how each column becomes one of the service's.

    \b
    Example: tlc schema yellow --month 2009-01
    """
    month = TripMonth.parse(service, key) if key is not None else None
    if form == "json":
        show_json(month_record(month) if month else service_record(service))
    elif month:
        _show([month_section(month)], form)
    elif form == "markdown":
        _show([columns_section(service), eras_section(service)], form)
    else:
        _show([*_short_sections(service)], form)


def columns_section(service: str) -> Section:
    """Return every canonical column with its types, unit and meaning."""
    rows = [
        (f"`{c.name}`", c.arrow_type, c.bigquery_type, c.postgres_type, c.unit, _meaning(c))
        for c in service_schema(service).columns
    ]
    heads = ("column", "Arrow", "BigQuery", "Postgres", "unit", "meaning")
    return Section(f"{service}: columns", heads, rows)


def eras_section(service: str) -> Section:
    """Return the eras, what changed in each against the one before, and what is not settled."""
    declared = service_schema(service)
    rows = [
        (months_of(era), era.name, len(era.columns), what_changed(declared, era))
        for era in declared.eras
    ]
    heads = ("months", "era", "columns", "what changed")
    return Section(f"{service}: what changed when", heads, rows, (*not_settled(declared),))


def month_section(month: TripMonth) -> Section:
    """Return what the month's file holds, and the canonical columns that it does not have."""
    rows = [
        (_code(name), kind, _code(column), *rest) for name, kind, column, *rest in _steps(month)
    ]
    heads = ("in the file", "its type", "column", "type", "how")
    return Section(f"{month}: the file and the columns", heads, rows, (*_about(month),))


def service_record(service: str) -> dict[str, Any]:
    """Return the service's schema as JSON has it."""
    declared = service_schema(service)
    return {
        "service": service,
        "version": declared.version,
        "columns": [_column_record(column) for column in declared.columns],
        "eras": [_era_record(declared, era) for era in declared.eras],
    }


def month_record(month: TripMonth) -> dict[str, Any]:
    """Return what the month's file holds as JSON has it; ``published`` is None where unknown."""
    declared = service_schema(month.service)
    known = published_file(month)
    names = ("file_column", "file_type", "column", "type", "how")
    return {
        "service": month.service,
        "month": month.key,
        "era": _era_record(declared, declared.era(month)),
        "published": known and {"rows": known.rows, "bytes": known.bytes, "as_of": known.as_of},
        "columns": [dict(zip(names, step, strict=True)) for step in _steps(month)],
    }


def mapping_in_words(mapping: ValueMapping) -> str:
    """Return ``cmt → 1; vts → 2``; words are compared whatever their case."""
    words: dict[int | str, list[str]] = {}
    for word, value in mapping.values.items():
        words.setdefault(value, []).append(word)
    return "; ".join(f"{', '.join(same)} → {value}" for value, same in words.items())


def as_markdown(section: Section) -> str:
    """Return the section as a markdown heading, table and list."""
    remarks = "".join(f"- {remark}\n" for remark in section.remarks)
    table = markdown_table(section.columns, section.rows)
    return "\n".join(filter(None, (f"## {section.title}\n", f"{table}\n", remarks)))


def _column_record(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "arrow": column.arrow_type,
        "bigquery": column.bigquery_type,
        "postgres": column.postgres_type,
        "unit": column.unit,
        "description": column.description,
        "codes": dict(column.codes),
        "rule": asdict(column.rule) if column.rule else None,
    }


def _era_record(declared: ServiceSchema, era: Era) -> dict[str, Any]:
    return {
        "name": era.name,
        "first": era.first,
        "last": era.last,
        "columns": len(era.columns),
        "what_changed": _plain(what_changed(declared, era)),
        "unsettled": era.unsettled,
    }


def _short_sections(service: str) -> Iterator[Section]:
    """Yield the columns, their types and the eras as a terminal of 100 columns has room for."""
    declared = service_schema(service)
    columns = [(c.name, c.bigquery_type, c.unit, _meaning(c)) for c in declared.columns]
    yield Section(f"{service}: columns", ("column", "type", "unit", "meaning"), columns)
    types = {(c.bigquery_type, c.arrow_type, c.postgres_type): None for c in declared.columns}
    yield Section("types", ("BigQuery", "Arrow", "Postgres"), [*types])
    eras = [
        (months_of(era), len(era.columns), what_changed_in_short(declared, era))
        for era in declared.eras
    ]
    title = f"{service}: what changed when (in full: --format markdown)"
    yield Section(title, ("months", "columns", "what changed"), eras)


def _meaning(column: Column) -> str:
    codes = "; ".join(f"{code}: {told}" for code, told in column.codes.items())
    rule = column.rule.description if column.rule else ""
    return " ".join(filter(None, (column.description, f"{codes}." if codes else "", rule)))


def _steps(month: TripMonth) -> Iterator[tuple[str | None, ...]]:
    """Yield each column of the file, its type, what it becomes and how; then what it lacks."""
    declared = service_schema(month.service)
    era = declared.era(month)
    for held in era.columns:
        kind = held.type_in(month)
        column = declared.column(held.canonical) if held.canonical else None
        meant = (column.name, column.arrow_type) if column else (None, None)
        yield held.name, kind, *meant, _how(held, kind, column)
    given = {held.canonical for held in era.columns}
    for column in declared.columns:
        if column.name not in given:
            how = "the month itself" if column is SOURCE_MONTH else "not in the file: null"
            yield None, None, column.name, column.arrow_type, how


def _how(held: FileColumn, kind: str, column: Column | None) -> str:
    if column is None:
        return "says nothing about a trip"
    if kind == EMPTY:
        return "empty in this month: null"
    how = "as is" if kind == column.arrow_type else "cast"
    if held.mapping:
        how = f"mapping {held.mapping.name}: {mapping_in_words(held.mapping)}"
    return f"{how}; then rule {column.rule.name}" if column.rule else how


def _about(month: TripMonth) -> Iterator[str]:
    era = service_schema(month.service).era(month)
    yield f"era {era.name}, {months_of(era)}: {era.about}"
    if known := published_file(month):
        size = "" if known.bytes is None else f", {known.bytes:,} bytes"
        yield f"published: {known.rows:,} rows{size}, as of {known.as_of}"
    else:
        newest = max(file.key for file in published_files() if file.service == month.service)
        yield f"published: not known; the newest {month.service} month that is known is {newest}"
    yield from (f"not settled: {told}" for told in era.unsettled)


def _show(sections: Sequence[Section], form: str) -> None:
    for section in sections:
        if form == "markdown":
            click.echo(as_markdown(section))
        else:
            click.echo("\n".join([section.title, *section.remarks]))
            rows = [tuple(map(_plain, row)) for row in section.rows]
            show(section.columns, rows, form, folded=section.columns[-1])


def _code(name: str | None) -> str | None:
    return f"`{name}`" if name else None


def _plain(cell: Any) -> Any:
    """Return a cell as a terminal shows it: without markdown's backticks."""
    return cell.replace("`", "") if isinstance(cell, str) else cell
