"""A process that normalizes mutated months and tells which of them break a promise.

``python -m support.fuzzed_months FOLDER SEED CASES [ORIGINAL...]`` prints each case before it is
run, so that the last line names the one the process died of. A case's promise: either a balanced
canonical month of the service's schema, or one line of the pipeline's own and no file at all.
ORIGINALs are published files: their bytes are damaged, beside sample months mutated in every way.
"""

import random
import resource
import shutil
import sys
from pathlib import Path

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
from support import mutations

from pipeline.core.errors import PipelineError
from pipeline.core.files import part_file
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.download.target import RawTarget, publish_raw
from pipeline.normalize.rewrite import rewrite_month
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.sandbox.publisher.samples import write_sample
from pipeline.schemas import service_schema

MONTHS = [("yellow", "2021-01"), ("green", "2019-06"), ("fhv", "2020-02"), ("fhvhv", "2025-06")]
ROWS = 400
ORIGINALS_SHARE = 0.1
MEMORY = 8 << 30
"""A damaged length may ask for any amount of memory: it is refused, not taken from others."""


def main(folder: Path, seed: int, cases: int, originals: list[Path]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    samples = sample_months(folder)
    for number in range(seed * cases, (seed + 1) * cases):
        rng = random.Random(number)
        if originals and rng.random() < ORIGINALS_SHARE:
            path = rng.choice(originals)
            month, (mutated, told) = named_month(path), mutations.damage(path.read_bytes(), rng)
        else:
            month, content = rng.choice(samples)
            mutated, told = mutations.mutate(content, rng)
        print(f"case {number}: {month}: {told}", flush=True)
        configure(rng)
        run(month, mutated, folder / "data")
    print("all kept", flush=True)


def sample_months(folder: Path) -> list[tuple[TripMonth, bytes]]:
    made = []
    for service, key in MONTHS:
        month = TripMonth.parse(service, key)
        write_sample(month, ROWS, folder / month.file_name)
        made.append((month, (folder / month.file_name).read_bytes()))
    return made


def named_month(path: Path) -> TripMonth:
    service, _, key = path.stem.partition("_tripdata_")
    return TripMonth.parse(service, key)


def configure(rng: random.Random) -> None:
    config = luigi.configuration.get_config()
    if not config.has_section("normalize"):
        config.add_section("normalize")
    config.set("normalize", "max_quarantined_share", rng.choice(["0.001", "1"]))
    config.set("normalize", "batch_rows", rng.choice(["100", "32768"]))


def run(month: TripMonth, content: bytes, data_dir: Path) -> None:
    shutil.rmtree(data_dir, ignore_errors=True)
    raw, target = RawTarget(month, data_dir), CanonicalMonthTarget(month, data_dir)
    with part_file(raw.path) as file:
        file.write(content)
        publish_raw(file, raw.path, provenance(month, content))
    try:
        rewrite_month(raw.provenance(), raw.path, target)
    except PipelineError as error:
        assert "\n" not in str(error), f"more than one line: {error}"
        left = [path for path in (data_dir / "canonical").rglob("*") if path.is_file()]
        assert not left, f"left behind: {left}"
    else:
        assert_whole(target)


def provenance(month: TripMonth, content: bytes) -> Provenance:
    try:
        rows = pq.read_metadata(pa.BufferReader(content)).num_rows
    except (pa.ArrowException, OSError, UnicodeError):
        rows = ROWS
    return Provenance(
        service=month.service,
        month=month.key,
        source_url=f"https://publisher.test/{month.file_name}",
        source_etag='"etag"',
        source_last_modified="Fri, 18 Jun 2021 12:00:00 GMT",
        source_bytes=len(content),
        source_sha256="0" * 64,
        source_rows=rows,
    )


def assert_whole(target: CanonicalMonthTarget) -> None:
    """Fail unless the month is balanced, of its schema, and what it says of its quarantine."""
    record = target.provenance()
    kept = pq.read_table(target.path, partitioning=None)
    kept.validate(full=True)
    assert kept.schema.equals(service_schema(target.month.service).arrow_schema())
    refused = 0
    if target.quarantine_path.exists():
        quarantine = pq.read_table(target.quarantine_path, partitioning=None)
        quarantine.validate(full=True)
        refused = len(quarantine)
    assert (len(kept), refused) == (record.rows_kept, record.rows_quarantined)
    assert record.source_rows == len(kept) + refused
    parts = [*target.path.parent.glob("*.part")]
    assert not parts, f"left behind: {parts}"


if __name__ == "__main__":
    where, first, count, *files = sys.argv[1:]
    main(Path(where), int(first), int(count), [Path(file) for file in files])
