"""Rows as a table and as markdown."""

import sys

import pytest

from pipeline.operate.output import LEAST_FOR_TEXT, markdown_table, show

TEXT = "one two three four five six seven eight nine ten eleven twelve"


def shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int | None
) -> list[str]:
    if width:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show(("name", "text"), [("a_long_name_of_a_column", TEXT)], "table", folded="text")
    _, _, below = capsys.readouterr().out.partition("─ \n")
    return [line.rstrip() for line in below.splitlines() if line.strip()]


def test_a_column_is_folded_where_the_terminal_is_too_narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, 60)
    assert len(lines) > 1
    assert " ".join(" ".join(lines).split()) == f"a_long_name_of_a_column {TEXT}"


def test_a_folded_column_keeps_some_width_on_the_narrowest_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, 10)
    assert " ".join(" ".join(lines).split()) == f"a_long_name_of_a_column {TEXT}"
    assert max(map(len, lines)) > len(" a_long_name_of_a_column") + LEAST_FOR_TEXT / 2


@pytest.mark.parametrize("width", [200, None])
def test_a_row_is_one_line_where_there_is_room_or_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int | None
) -> None:
    (line,) = shown(monkeypatch, capsys, width)
    assert " ".join(line.split()) == f"a_long_name_of_a_column {TEXT}"


def test_markdown_has_a_heading_and_keeps_a_bar_within_its_cell() -> None:
    assert markdown_table(("a", "b"), [(1234, None), ("x|y", "`z`")]).splitlines() == [
        "| a | b |",
        "| --- | --- |",
        "| 1,234 | - |",
        "| x\\|y | `z` |",
    ]
