"""docs/operating.md has every error that the pipeline can print, and none that it cannot."""

import re
from collections import Counter
from pathlib import Path

import click
import pytest

import pipeline
from pipeline.operate.cli import tlc
from tests.support.printed import ANY, PLACEHOLDER, Printed, next_steps, printed

ROOT = Path(pipeline.__file__).resolve().parents[1]
RUNBOOK = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
BEGIN = "## Errors"
OTHERS = "## Words of others"
"""The section of what is printed by others than the pipeline: not to be found in its source."""

AT_RUN_TIME = {f"{ANY}: {ANY}"}
"""Texts without a word of their own: a month's remark, and a key of a deployment's file."""


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of the tables of three columns, without their headers."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines]
    table = [[cell.strip().replace(r"\|", "|") for cell in row] for row in cells]
    return [row for at, row in enumerate(table) if not (is_rule(row) or is_header(table, at))]


def is_rule(row: list[str]) -> bool:
    return not "".join(row).strip("-: ")


def is_header(table: list[list[str]], at: int) -> bool:
    return at + 1 < len(table) and is_rule(table[at + 1])


def texts_of(cell: str) -> list[str]:
    """Return what a cell has as code."""
    return re.findall(r"`([^`]+)`", cell)


OURS, _, REST = RUNBOOK.partition(BEGIN)[2].partition(OTHERS)
FOREIGN = REST.partition("\n## ")[0]
TOLD = [text for row in rows(OURS) for text in texts_of(row[0])]
PRINTED = printed()
ERRORS = [text for text in PRINTED if text.is_error]


def is_told(text: Printed) -> bool:
    return any(text.pattern.fullmatch(told) for told in TOLD)


def test_every_error_that_can_be_printed_is_in_the_runbook():
    missing = [
        f"{error.where} prints\n    {error.shown}\n  add to docs/operating.md, under where it shows"
        f" up:\n    | `{error.shown}` | why it happens | `the command that mends it` |"
        for error in ERRORS
        if not is_told(error)
    ]
    assert not missing, f"{len(missing)} errors are not in the runbook:\n" + "\n".join(missing)


def test_the_runbook_has_no_error_that_nothing_prints_any_more():
    stale = [told for told in TOLD if not any(it.pattern.fullmatch(told) for it in PRINTED)]
    assert not stale, "delete these rows of docs/operating.md, or correct their words"


def test_the_runbook_tells_of_each_error_once():
    assert not [told for told, times in Counter(TOLD).items() if times > 1]


def test_every_error_has_words_of_its_own():
    """Without any, whatever is in the runbook would do; what passes it on is to be named."""
    wordless = {e.text: e.where for e in ERRORS if not re.search("[a-z]{2}", e.text)}
    assert wordless.keys() <= AT_RUN_TIME, f"tell PASSED_ON in tests/support/printed.py: {wordless}"


def test_every_row_tells_a_cause_and_what_to_do():
    assert not [row for row in rows(OURS + FOREIGN) if len(row) != 3 or not all(row)]


def test_a_placeholder_stands_for_a_variable_part_and_for_no_word():
    assert Printed(f"{ANY} is not there", "", (), True).pattern.fullmatch("NAME is not there")
    assert not Printed(f"{ANY} is not there", "", (), True).pattern.fullmatch("it is not there")
    assert not Printed("no such month", "", (), True).pattern.fullmatch("no MONTH")
    assert re.fullmatch(PLACEHOLDER, "…")


def words_of(page: str) -> list[str]:
    """Return the commands of tlc that a page shows, in code of either kind."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return [line.partition(" #")[0] for line in [*lines, *spans] if line.startswith("tlc ")]


@pytest.mark.parametrize("page", ["operating.md", "getting-started.md", "design.md"])
def test_every_command_that_a_page_shows_is_one(page):
    unknown = [line for line in words_of(page) if not is_command(line.split()[1:], tlc)]
    assert not unknown


def test_every_command_that_an_error_tells_to_run_next_is_one():
    told = [
        (step.where, words)
        for step in next_steps()
        for words in re.findall(r"\btlc ([a-z][^,;:|)]*)", step.shown)
    ]
    assert len(told) > 5
    assert not [it for it in told if not is_command(it[1].split(), tlc)]


def is_command(words: list[str], command: click.Command) -> bool:
    if isinstance(command, click.Group):
        [name, *rest] = words or [""]
        return name in command.commands and is_command(rest, command.commands[name])
    options = [it for it in command.params if isinstance(it, click.Option)]
    asked = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
    # A command that is only named has no words.
    is_whole = not words or all(asked & {*it.opts} for it in options if it.required)
    known = {name for it in options for name in it.opts}
    return asked == {"--help"} or (is_whole and asked <= known)
