"""Write what the schemas say into ``docs/schemas.md`` and between two lines of the README.

Run it with ``make docs``. ``tests/unit/test_schema_docs.py`` fails where they say anything else.
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline.core.months import SERVICES
from pipeline.operate.eras import months_of, what_changed_in_short
from pipeline.operate.output import markdown_table
from pipeline.operate.schema import (
    Section,
    as_markdown,
    columns_section,
    eras_section,
    mapping_in_words,
)
from pipeline.schemas import Rule, ValueMapping, service_schema
from pipeline.schemas.values import mappings, rules

ROOT = Path(__file__).resolve().parents[1]
BEGIN = "<!-- from the schemas, by `make docs` -->"
END = "<!-- to here -->"
INTRODUCTION = """\
# Columns, eras and values

Written by `make docs` from `pipeline/schemas/*.toml`: change those, not this page.

Each service has one schema: all columns that its files ever had, under the names of the newest
files. Every month is brought to it, column by column, by name; a column that a month's file does
not have is null in that month. `tlc schema SERVICE --month YYYY-MM` shows one month's way.

An *era* is a run of months whose files are laid out alike. Types are Arrow's; a column that is
*empty* is in the file as type `null`, without any value. A type of another month that converts
exactly is read as well. *Not settled* is what no reading of the files is known to have shown.
"""


def main() -> None:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """Return what each page should say."""
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    short = f"{before}{BEGIN}\n\n{in_short()}\n\n{END}{after}"
    return {ROOT / "docs" / "schemas.md": in_full(), readme: short}


def in_short() -> str:
    rows = [
        (service, months_of(era), len(era.columns), what_changed_in_short(schema, era))
        for service, schema in ((service, service_schema(service)) for service in SERVICES)
        for era in schema.eras
    ]
    return markdown_table(("service", "months", "columns", "what changed"), rows)


def in_full() -> str:
    sections = [section for service in SERVICES for section in of_service(service)]
    sections += [rules_section(), mappings_section()]
    return "\n".join([INTRODUCTION, *map(as_markdown, sections)])


def of_service(service: str) -> Iterator[Section]:
    yield columns_section(service)
    yield eras_section(service)


def rules_section() -> Section:
    heads = ("rule", "columns", "what", "source")
    rows = [
        (f"`{rule.name}`", "; ".join(columns_under(rule)), rule.description, rule.source)
        for rule in rules().values()
    ]
    return Section("Rules: what is done to a column's values", heads, rows)


def columns_under(rule: Rule) -> Iterator[str]:
    for service in SERVICES:
        names = [f"`{c.name}`" for c in service_schema(service).columns if c.rule == rule]
        if names:
            yield f"{service} {', '.join(names)}"


def mappings_section() -> Section:
    heads = ("mapping", "columns", "values", "source")
    rows = [
        (f"`{m.name}`", ", ".join(columns_mapped(m)), mapping_in_words(m), m.source)
        for m in mappings().values()
    ]
    remark = "a value that its table does not know becomes null, and is counted and told"
    return Section("Mappings: what words of the files mean", heads, rows, (remark,))


def columns_mapped(mapping: ValueMapping) -> list[str]:
    """Return the files' columns that the mapping reads, each once."""
    return [
        *{
            f"{service} `{column.name}`": None
            for service in SERVICES
            for era in service_schema(service).eras
            for column in era.columns
            if column.mapping == mapping
        }
    ]


if __name__ == "__main__":
    main()
