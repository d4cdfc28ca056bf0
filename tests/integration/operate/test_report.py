"""``tlc report``: the page says what the targets and this host's runs say."""

import re
from html import unescape
from pathlib import Path

import pytest
from support.workspace import Workspace

from pipeline.schemas import published_files


@pytest.fixture(scope="module")
def reported(months: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """The page's text without markup, and what was asked of the sandbox for it."""
    log = months.data / "sandbox" / "server.log"
    before = len(log.read_text().splitlines())
    path = tmp_path_factory.mktemp("report") / "page.html"
    done = months.tlc("report", "--output", path)
    assert (done.returncode, done.stdout) == (0, f"{path}\n"), done.stderr
    asked = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()[before:]]
    return plain(path), asked


def plain(path: Path) -> str:
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", path.read_text(), flags=re.DOTALL)
    return " ".join(unescape(text).split())


def test_the_page_says_how_many_published_months_are_there(reported):
    text, _ = reported
    assert f"1 of {len(published_files())} published months are in BigQuery." in text
    assert "warehouse tlc-sandbox.nyc_tlc lake gs://tlc-lake" in text
    assert "(sample months)" in text


def test_the_page_says_what_is_to_be_done_failures_first(reported):
    text, _ = reported
    todo = text[text.index("To be done") : text.index("Coverage done")]
    failed = "yellow 2021-03 failed: the ledger has 200 rows, and the partition is"
    mend = "luigi --module pipeline LoadMonthToBQ --service yellow --year 2021 --month 3"
    missing = "yellow 2009-01 to 2020-12 (144 months) missing luigi --module pipeline LoadRange"
    assert -1 < todo.find(failed) < todo.find(mend) < todo.find(missing)


def test_the_page_has_the_rows_counts_and_stages_of_what_was_loaded(reported):
    text, _ = reported
    assert re.search(r"2021-01 done 200 0 [\d,]+ 20\d\d-\d\d-\d\d \d\d:\d\d [a-z ]+=\d", text)
    stages = text[text.index("Stage durations") : text.index("Last runs On")]
    shown = re.findall(r"(\w+) [\d.]+ s [\d.]+ s (?:yellow|green) 2021-\d\d (\d) 0", stages)
    assert shown == [
        *[("DownloadMonth", "5"), ("NormalizeMonth", "4")],
        *[("UploadMonthToGCS", "3"), ("LoadMonthToBQ", "2")],
    ]


def test_the_page_costs_one_listing_one_query_and_one_of_the_history(reported):
    _, asked = reported
    assert len(asked) <= 4, asked
    assert sum(line.startswith("GET /storage/v1/b/tlc-lake/o?") for line in asked) == 1
    assert sum("/queries" in line for line in asked) == 2


def test_without_a_name_the_page_is_beside_the_data(months):
    assert months.tlc("report").stdout == f"{months.data / 'report.html'}\n"
    assert (months.data / "report.html").is_file()


def test_a_page_that_cannot_be_written_is_one_line(months, tmp_path):
    (tmp_path / "file").touch()
    done = months.tlc("report", "--output", tmp_path / "file" / "page.html")
    assert done.returncode == 30
    assert re.fullmatch(r"ERROR cannot write .*page\.html; seen: .*; next: name .*\n", done.stderr)
