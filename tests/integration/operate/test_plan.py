"""``tlc plan``: what a run would do, why, what it costs, and whether there is anything to do."""

import json

from support.workspace import Workspace

RANGE = ("plan", "--service", "yellow", "--start", "2021-01", "--stop", "2021-04")
NOTHING, SOMETHING, REFUSED = 0, 10, 30


def test_each_month_that_a_run_would_touch_is_named_with_its_stages_and_the_reason(
    months: Workspace,
) -> None:
    done = months.tlc(*RANGE)
    assert done.returncode == SOMETHING, done.stderr
    *told, disk, billed, time, following = done.stdout.splitlines()
    assert told == [
        "would run: 3",
        "  yellow 2021-02: bigquery",
        "    missing: in the lake",
        "  yellow 2021-03: bigquery",
        "    failed: the ledger has 200 rows, and the partition is gone",
        "  yellow 2021-04: download, normalize, lake, bigquery",
        "    missing: nowhere yet",
        "1 of 4 months are in bigquery already",
        "download  about 3 kB: 1 file, 1 of them by their rows",
    ]
    assert disk.startswith("disk      at most ") and " more, " in disk
    assert billed == "BigQuery  0 kB billed: load jobs are free, 4 queries of the ledger"
    assert time.endswith("download, normalize, lake, bigquery as measured or assumed elsewhere")
    assert following == (
        "next: luigi --module pipeline LoadRange --service yellow --start 2021-02 --stop 2021-04"
    )


def test_with_nothing_to_do_the_exit_code_is_0_and_no_command_is_told(months: Workspace) -> None:
    done = months.tlc(*RANGE[:-1], "2021-01")
    assert done.returncode == NOTHING
    assert done.stdout.splitlines() == ["1 of 1 months are in bigquery already"]


def test_json_has_every_month_with_what_its_file_is_taken_to_be(months: Workspace) -> None:
    done = months.tlc("plan", "--since", "2021-01", "--services", "green", "--to", "lake",
                      "--format", "json")  # fmt: skip
    assert done.returncode == SOMETHING
    told = json.loads(done.stdout)
    first, second, third = told["months"][:3]
    assert first["stages"] == ["normalize", "lake"]
    assert second["stages"] == ["lake"]
    assert third["stages"] == ["download", "normalize", "lake"]
    assert third["file"] == {"rows": 200, "bytes": third["file"]["bytes"], "is_guess": True}
    assert told["cost"]["files"] == len(told["months"]) - 2
    assert told["next"] == ["luigi --module pipeline LoadPublished --since 2021-01 "
                            "--services green --to lake"]  # fmt: skip


def test_a_postgresql_that_was_never_used_is_not_made_to_be_planned_for(months: Workspace) -> None:
    done = months.tlc("plan", "--service", "green", "--start", "2021-01", "--stop", "2021-03",
                      "--to", "postgres")  # fmt: skip
    assert done.returncode == SOMETHING, done.stderr
    assert [line.strip() for line in done.stdout.splitlines() if line.startswith("  green")] == [
        "green 2021-01: normalize, postgres",
        "green 2021-02: postgres",
        "green 2021-03: download, normalize, postgres",
    ]
    assert not (months.data / "sandbox" / "postgres" / "cluster").exists()


def test_a_range_that_cannot_be_is_one_line_and_ends_with_30(months: Workspace) -> None:
    for words, told in (
        (("--start", "2021-02", "--stop", "2021-01"), "the range ends before it begins"),
        (("--services", "green,purple"), "unknown service; seen: 'purple'"),
    ):
        done = months.tlc("plan", *words)
        assert (done.returncode, done.stdout) == (REFUSED, "")
        [line] = done.stderr.splitlines()
        assert line.startswith(f"ERROR {told}")
