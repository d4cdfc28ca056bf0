"""When what is held counts as replaced: never by doubt, and never for long by an ETag alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import luigi
import pytest

from pipeline.core.errors import Terminal
from pipeline.core.provenance import Provenance
from pipeline.core.sightings import Sighting, is_outdated, record, sighting

URL = "https://example.test/trip-data/green_tripdata_2026-06.parquet"
JUNE, JULY = "Mon, 15 Jun 2026 12:00:00 GMT", "Wed, 15 Jul 2026 12:00:00 GMT"
HELD = Provenance("green", "2026-06", URL, '"a"', JUNE, 100, "0a" * 32, 39_156)
SAME = Sighting(URL, '"a"', JUNE, 100, None, "2026-10-08T00:00:00+00:00")
NEWER = replace(SAME, etag='"b"', last_modified=JULY, length=120)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    config = luigi.configuration.get_config()
    added = not config.has_section("local")
    if added:
        config.add_section("local")
    monkeypatch.setitem(config["local"], "data_dir", str(tmp_path))
    yield tmp_path / "publisher"
    monkeypatch.undo()
    if added:
        config.remove_section("local")


def see(seen: Sighting) -> Sighting:
    return record("green", "2026-06", seen)


def test_what_was_never_seen_since_is_as_it_is() -> None:
    assert sighting("green", "2026-06") is None
    assert not is_outdated(HELD)


def test_a_sighting_is_remembered_for_every_process(folder: Path) -> None:
    assert sighting("green", "2026-06") is None
    see(NEWER)
    assert sighting("green", "2026-06") == NEWER
    assert sighting("green", "2026-07") is None
    assert [path.name for path in folder.iterdir()] == ["green_2026-06.json"]


@pytest.mark.parametrize(
    "seen",
    [
        NEWER,
        replace(SAME, etag='"b"'),
        replace(SAME, length=101),
        replace(SAME, sha256="0b" * 32),
        replace(SAME, etag='W/"b"', last_modified=JULY),
        replace(SAME, etag="", last_modified=JULY),
        replace(SAME, etag="", last_modified="", length=101),
        replace(SAME, etag='W/"b"', last_modified=""),
        replace(NEWER, last_modified=""),
        replace(NEWER, last_modified="some day"),
        replace(NEWER, length=None),
    ],
)
def test_another_version_makes_what_is_held_outdated(seen: Sighting) -> None:
    see(seen)
    assert is_outdated(HELD)
    assert not HELD.is_wanted()


@pytest.mark.parametrize(
    "seen",
    [
        SAME,
        replace(SAME, last_modified=JULY),
        replace(SAME, length=None),
        replace(SAME, etag='W/"a"'),
        replace(SAME, etag='W/"b"'),
        replace(SAME, etag=""),
        replace(SAME, last_modified=""),
        replace(SAME, etag="", last_modified=""),
        replace(SAME, etag="", last_modified="", length=None),
        replace(NEWER, sha256=HELD.source_sha256),
        replace(NEWER, url="http://127.0.0.1:8484/trip-data/green_tripdata_2026-06.parquet"),
        replace(NEWER, last_modified="Fri, 15 May 2026 12:00:00 GMT"),
        Sighting.of_nothing(URL),
    ],
)
def test_what_tells_of_no_newer_version_does_not(seen: Sighting) -> None:
    see(seen)
    assert not is_outdated(HELD)


def test_the_same_bytes_under_a_new_etag_are_current_once_they_were_downloaded() -> None:
    see(NEWER)
    assert is_outdated(HELD)
    see(replace(NEWER, sha256=HELD.source_sha256))
    assert not is_outdated(HELD)
    assert see(NEWER).sha256 == HELD.source_sha256
    assert not is_outdated(HELD)


def test_a_publisher_that_goes_back_to_an_older_version_is_followed() -> None:
    see(Sighting.of(HELD))
    see(replace(NEWER, sha256="0b" * 32))
    held = replace(HELD, source_etag='"b"', source_last_modified=JULY, source_sha256="0b" * 32)
    assert see(replace(SAME, last_modified="Sat, 15 Aug 2026 12:00:00 GMT")).sha256 == "0a" * 32
    assert is_outdated(held)
    assert not is_outdated(HELD)


def test_an_etag_that_changes_with_nothing_else_costs_two_downloads_and_no_more() -> None:
    see(Sighting.of(HELD))
    see(replace(SAME, etag='"b"'))
    assert is_outdated(HELD)
    see(replace(SAME, etag='"c"', sha256=HELD.source_sha256))
    for etag in '"d"', '"e"', '"f"', '"g"', '"h"', '"i"':
        see(replace(SAME, etag=etag))
        assert not is_outdated(HELD), etag
    see(replace(SAME, etag='"j"', length=101))
    assert is_outdated(HELD)


def test_a_month_that_was_not_published_when_asked_is_remembered_so() -> None:
    see(Sighting.of_nothing(URL))
    known = sighting("green", "2026-06")
    assert known is not None and not known.is_published
    assert see(SAME).sha256 is None


def test_a_file_that_is_not_of_a_month_has_sightings_too() -> None:
    record("zones", "", NEWER)
    assert sighting("zones", "") == NEWER


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[",
        b"\xff",
        b"{}",
        b"[1]",
        b'[{"url": 1}]',
        b"[" * 100_000,
        b'[{"url": "u", "etag": 1, "last_modified": "", "length": 1, "sha256": "", "seen_at": ""}]',
        b'[{"url": "u", "etag": "", "last_modified": "", "length": "1", "sha256": "",'
        b' "seen_at": ""}]',
    ],
)
def test_a_damaged_file_of_sightings_is_ignored_and_written_anew(
    folder: Path, damage: bytes
) -> None:
    folder.mkdir(parents=True)
    (folder / "green_2026-06.json").write_bytes(damage)
    assert sighting("green", "2026-06") is None
    assert not is_outdated(HELD)
    see(NEWER)
    assert is_outdated(HELD)


@pytest.mark.parametrize(
    ("does", "told"),
    [
        (lambda: see(SAME), "cannot read .*green_2026-06.json"),
        (lambda: is_outdated(HELD), "cannot read .*green_2026-06.json"),
    ],
)
def test_a_folder_that_is_none_is_told_of_in_one_line(
    folder: Path, does: Callable[[], object], told: str
) -> None:
    (folder / "green_2026-06.json").mkdir(parents=True)
    with pytest.raises(Terminal, match=told):
        does()


def test_sightings_that_cannot_be_kept_are_told_of_in_one_line(folder: Path) -> None:
    folder.parent.joinpath("publisher").write_text("a file, no folder")
    with pytest.raises(Terminal, match=r"cannot write .*next: free space, or point \[local\]"):
        see(SAME)
