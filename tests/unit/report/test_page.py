"""The page: whole in itself, small, and plain text where it quotes others."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.reported import HOSTILE, TROUBLES, facts, nothing

from pipeline.core.errors import BadRequest, Terminal
from pipeline.report.page import page, write
from pipeline.survey.verdict import Judged, Verdict

MOST_BYTES = 2_000_000
LOADING = {"src", "srcset", "background", "data", "action", "formaction", "poster", "ping"}


class Read(HTMLParser):
    """A page's tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def full():
    return page(facts())


def test_a_page_of_all_published_months_is_small(full):
    assert len(full.encode()) < MOST_BYTES


def test_nothing_on_the_page_is_asked_of_the_network_or_runs(full):
    tags = Read(full).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "base"}
    named = [name for _, attributes in tags for name in attributes]
    assert not [name for name in named if name in LOADING or name.startswith("on")]
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links
    assert not [link for link in links if not link.startswith("#")]
    assert not re.search(r"url\(|@import", full)
    assert "default-src 'none'" in full


def test_hostile_text_is_shown_as_it_is_and_is_no_markup(full):
    assert HOSTILE not in full
    assert Read(full).text.count(HOSTILE) == 4
    assert "javascript:" not in full


def test_every_link_within_the_page_leads_somewhere(full):
    tags = Read(full).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    links = {attributes["href"].removeprefix("#") for tag, attributes in tags if tag == "a"}
    assert len(ids) == len({*ids})
    assert links <= {*ids}


def test_a_machine_on_which_nothing_ran_gets_a_page_too():
    text = Read(page(nothing())).text
    assert "0 of 590 published months are in BigQuery" in text
    assert "Nothing has run yet." in text


def test_where_all_is_there_nothing_is_to_be_done():
    done = {
        month: told if told.verdict is Verdict.DONE else Judged(Verdict.DONE, "", told.state)
        for month, told in facts().months.items()
    }
    text = Read(page(replace(facts(), months=done, troubles=[]))).text
    assert "Every published month is in BigQuery, whole and current." in text
    assert "590 of 590 published months are in BigQuery, and all of them are current." in text


def test_of_very_many_troubles_the_first_are_shown_and_the_others_counted():
    text = Read(page(replace(facts(), troubles=[*TROUBLES] * 10))).text
    assert text.count("tlc redo green 2026-06") == 5
    assert "And 15 more" in text


def test_a_page_is_written_over_an_older_one_and_leaves_nothing_else(tmp_path):
    for text in ("older", "newer"):
        assert write(tmp_path / "deep" / "report.html", text).read_text() == text
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.html"]


def test_a_link_to_a_page_stays_a_link(tmp_path):
    (tmp_path / "link.html").symlink_to(tmp_path / "report.html")
    assert write(tmp_path / "link.html", "page") == tmp_path / "report.html"
    assert (tmp_path / "link.html").is_symlink()


@pytest.mark.parametrize("place", ["/dev/null", "."])
def test_what_is_no_file_is_refused_and_left_as_it_is(place):
    with pytest.raises(BadRequest, match=r"cannot write .*seen: no file.*--output"):
        write(Path(place), "page")


def test_a_folder_that_cannot_be_is_named_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Terminal, match=r"cannot write .*/file/report.html; seen: .*--output"):
        write(tmp_path / "file" / "report.html", "page")
