"""What the publisher serves now, asked about many months at once."""

import luigi
import pytest
from support.months import months
from support.publisher import status

from pipeline.core.errors import Terminal
from pipeline.core.sightings import record, sighting
from pipeline.download import task
from pipeline.download.recheck import ASKED_AT_ONCE, recheck

QUARTER = [*months("green", "2021-01..2021-03")]
JANUARY, FEBRUARY, MARCH = QUARTER


@pytest.fixture(autouse=True)
def forgetful(tmp_path, monkeypatch):
    """A data folder of the test's own, and a process that has not asked yet."""
    config = luigi.configuration.get_config()
    added = not config.has_section("local")
    if added:
        config.add_section("local")
    monkeypatch.setitem(config["local"], "data_dir", str(tmp_path / "data"))
    remembered = task.sighted
    remembered.cache_clear()
    yield tmp_path / "data"
    remembered.cache_clear()
    monkeypatch.undo()
    if added:
        config.remove_section("local")


def test_every_month_is_asked_about_once_in_a_process_and_day(publisher, content):
    served = {m: publisher.serve(content + m.key.encode(), m.file_name) for m in QUARTER[:2]}
    for _ in range(2):
        found = recheck([JANUARY, FEBRUARY, MARCH, JANUARY])
    assert [*found] == QUARTER
    assert {month: found[month].etag for month in served} == {m: s.etag for m, s in served.items()}
    assert not found[MARCH].is_published
    assert sorted(seen.name for seen in publisher.requests if "2021" in seen.name) == [
        month.file_name for month in QUARTER
    ]


def test_a_publisher_that_cannot_be_reached_leaves_what_was_seen_before(
    monkeypatch, caplog, publisher, content
):
    publisher.serve(content, JANUARY.file_name)
    before = recheck([JANUARY])[JANUARY]
    task.sighted.cache_clear()
    monkeypatch.setenv("TLC_BASE_URL", "http://127.0.0.1:9/trip-data")
    assert recheck(QUARTER) == {JANUARY: before, FEBRUARY: None, MARCH: None}
    (told,) = [line for line in caplog.messages if "going on with" in line]
    assert told.startswith("not every one of 3 months could be asked about again: the publisher")


def test_a_month_about_which_there_is_no_sane_answer_keeps_no_other_from_being_asked(
    publisher, content, caplog
):
    for month in QUARTER:
        publisher.serve(content, month.file_name)
    publisher.files[FEBRUARY.file_name].head = [status(410)]
    found = recheck(QUARTER)
    assert (found[JANUARY].length, found[MARCH].length) == (len(content), len(content))
    assert found[FEBRUARY] is None
    assert "answered 410 Gone" in caplog.text


def test_answers_that_cannot_be_kept_end_it(publisher, content, forgetful):
    publisher.serve(content, JANUARY.file_name)
    forgetful.write_text("a file, no folder")
    with pytest.raises(Terminal, match="cannot write"):
        recheck([JANUARY])


def test_what_another_process_has_seen_meanwhile_is_what_holds(publisher, content):
    publisher.serve(content, JANUARY.file_name)
    seen = recheck([JANUARY])[JANUARY]
    later = record("green", JANUARY.key, type(seen)(**{**vars(seen), "sha256": "0a" * 32}))
    assert recheck([JANUARY])[JANUARY] == later == sighting("green", JANUARY.key)


def test_a_publisher_that_cannot_be_reached_is_asked_about_no_further_month(monkeypatch):
    monkeypatch.setenv("TLC_BASE_URL", "http://127.0.0.1:9/trip-data")
    asked, ask = [], task.sighted
    monkeypatch.setattr(task, "sighted", lambda *told: (asked.append(told), ask(*told)))
    recheck(months("green", "2015-01..2020-12"))
    assert 1 <= len(asked) <= ASKED_AT_ONCE
