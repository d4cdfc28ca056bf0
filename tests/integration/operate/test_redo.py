"""``tlc redo``: a month that is there is made again, and readers see it all the while."""

import pytest
from support.loaded_world import DIRTY, FEBRUARY, JANUARY, ROWS, World

from pipeline.core import files
from pipeline.download import target as raw_target
from pipeline.lake import bucket
from pipeline.lake.bucket import objects

STAGES = ("download", "normalize", "lake", "bigquery", "postgres")


def copies(world: World) -> dict[str, object]:
    """What tells each stage's copy of January from another."""
    raw, canonical = (
        path(JANUARY, world.data)
        for path in (JANUARY.__class__.raw_path, JANUARY.__class__.canonical_path)
    )
    with world.settings():
        generation = objects()[JANUARY.object_name].generation
    where = f"service = 'yellow' AND month = '{JANUARY.first_day}'"
    [(job,)] = world.sql(
        f"SELECT job_id FROM {{d}}._loads WHERE {where} ORDER BY loaded_at DESC LIMIT 1"
    )
    [(load,)] = world.pg(f"SELECT max(load_id) FROM {{s}}._loads WHERE {where}")
    found = (files.identity(raw), files.identity(canonical), generation, job, load)
    return dict(zip(STAGES, found, strict=True))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"download", "normalize", "lake", "bigquery"}),
        (("--from", "normalize"), {"normalize", "lake", "bigquery"}),
        (("--from", "lake"), {"lake", "bigquery"}),
        (("--from", "lake", "--to", "lake"), {"lake"}),
        (("--from", "bigquery"), {"bigquery"}),
        (("--from", "postgres"), {"postgres"}),
        (("--from", "normalize", "--to", "postgres"), {"normalize", "postgres"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_stage_from_the_named_one_on_is_made_again_and_no_other(
    world: World, options: tuple[str, ...], expected: set[str]
) -> None:
    before = copies(world)
    done = world.tlc("redo", "yellow", "2021-01", *options)
    assert done.returncode == 0, done.stderr
    after = copies(world)
    assert {stage for stage in STAGES if before[stage] != after[stage]} == expected
    assert world.rows(JANUARY) == (ROWS[JANUARY],) * 3


class Died(Exception):
    """Weather that no stage knows."""


@pytest.mark.parametrize(
    ("owner", "step", "begin", "to"),
    [
        (raw_target, "publish", "download", "bigquery"),
        ("pipeline.normalize.rewrite", "publish", "download", "bigquery"),
        (bucket, "_send", "lake", "bigquery"),
        ("pipeline.bigquery.ledger", "record", "bigquery", "bigquery"),
        ("pipeline.bigquery.ledger", "tidy", "bigquery", "bigquery"),
        ("pipeline.postgres.load", "swap_in", "postgres", "postgres"),
        ("pipeline.postgres.ledger", "record", "postgres", "postgres"),
    ],
)
def test_a_redo_that_dies_leaves_readers_the_month_whole_and_the_same_command_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch, owner: object, step: str, begin: str, to: str
) -> None:
    def die(*args: object, **options: object) -> None:
        raise Died

    before = copies(world)
    words = ("redo", "yellow", "2021-01", "--from", begin, "--to", to)
    with monkeypatch.context() as patch:
        place = f"{owner}.{step}" if isinstance(owner, str) else f"{owner.__name__}.{step}"
        patch.setattr(place, die)
        assert world.tlc(*words).returncode == 30
    assert world.rows(JANUARY) == (ROWS[JANUARY],) * 3
    assert copies(world)[to] == before[to] or step == "tidy"
    assert world.tlc(*words).returncode == 0
    assert copies(world)[to] != before[to]
    assert world.rows(JANUARY) == (ROWS[JANUARY],) * 3


def test_a_month_that_is_nowhere_on_this_host_is_made_from_the_publisher_and_that_is_said(
    world: World,
) -> None:
    for path in (FEBRUARY.raw_path(world.data), FEBRUARY.canonical_path(world.data)):
        path.unlink()
    done = world.tlc("redo", "yellow", "2021-02", "--from", "lake", "--to", "lake")
    assert done.returncode == 0
    assert "its canonical file is not on this host" in done.stderr
    assert FEBRUARY.canonical_path(world.data).is_file()
    assert world.tlc("redo", "yellow", "2021-02", "--from", "bigquery").returncode == 0


def test_a_month_that_the_publisher_does_not_have_ends_as_any_run_of_it(world: World) -> None:
    assert world.tlc("redo", "green", "2021-02").returncode == 20
    assert world.rows(DIRTY) == (ROWS[DIRTY],) * 3


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        (("purple", "2021-01"), "'purple' is not one of", 2),
        (("yellow", "2021-13"), "no such month; seen: 2021-13", 30),
        (("yellow", "January"), "no such month; seen: 'January'", 30),
        (("yellow",), "Missing argument 'YYYY-MM'", 2),
        (("yellow", "2021-01", "--from", "orbit"), "'orbit' is not one of", 2),
        (("yellow", "2021-01", "--from", "bigquery", "--to", "lake"),
         "a month does not pass bigquery on its way to lake; seen: --from bigquery", 30),
        (("yellow", "2021-01", "--from", "lake", "--to", "postgres"),
         "expected: download | normalize | postgres", 30),
    ],
)  # fmt: skip
def test_what_cannot_be_made_again_is_refused_in_words(
    world: World, words: tuple[str, ...], told: str, code: int
) -> None:
    done = world.tlc("redo", *words)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr


def test_a_stage_that_nobody_knows_could_not_be_scheduled(world: World) -> None:
    command = "luigi --module pipeline DownloadMonth --year 2021 --month 1 --redo-from orbit"
    assert world.mend(command) == 35
