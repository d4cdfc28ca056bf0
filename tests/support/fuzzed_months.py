"""A process that brings mutated months all the way and tells which of them break a promise.

``python -m support.fuzzed_months FOLDER SANDBOX URL NUMBER...`` takes each numbered case from the
publisher of that sandbox through download and normalization, and some of them on to the lake and
the warehouse. It prints ``case NUMBER: what it is`` before each, so that the last line names the
one that the process died of, and ``kept NUMBER ...`` or ``broken NUMBER: why`` after it.
``support.fuzzing`` reads that.

A case's promise: within the limits of time and memory the month has either arrived, as the judge
says it must be, or is refused in one line, and nothing of it is anywhere. A number is the case's
seed.
"""

import faulthandler
import random
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
from luigi.task_register import Register
from support import arrivals
from support.judged_months import Judgement, Policy, Unjudged, judged
from support.mutations import Mutated, damaged, mutate

from pipeline.bigquery.task import LoadMonthToBQ
from pipeline.core.errors import PipelineError
from pipeline.core.month_task import MonthTask
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.profile import load_profile
from pipeline.normalize.task import NormalizeMonth
from pipeline.sandbox.publisher.samples import write_sample
from pipeline.schemas import service_schema

ORIGINALS = Path(__file__).resolve().parents[3] / "shared" / "tlc"
ORIGINALS_SHARE = 0.03
"""How many of the cases begin with one of TLC's own files, where they are beside the checkout."""
ROWS = 400
LOADED_SHARE = 0.3
"""How many of the cases go on to the lake and the warehouse; the others end normalized."""
SECONDS = 20
MEMORY = 1_000_000_000
ADDRESS_SPACE = 6 << 30
"""A damaged length may ask for any amount of memory: it is refused, not taken from others."""
LINE = 2000
"""Characters that can still be called one clear line: a list of names is the longest."""


def main(folder: Path, sandbox: Path, url: str, numbers: list[int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    load_profile()
    configure("connection:sandbox", endpoint=url, timeout=SECONDS)
    configure("source", base_url=f"{url}/trip-data", attempts=1)
    for number in numbers:
        rng = random.Random(number)
        month, mutated = mutated_month(rng, folder)
        policy = Policy(rng.choice(["warn", "fail", "add"]), rng.choice([0.001, 0.05, 1.0]))
        print(f"case {number}: {month}: {mutated.told[:300]}; {policy}", flush=True)
        start(number, policy, rng, folder / "data")
        serve(month, mutated, sandbox / "publisher")
        goal = LoadMonthToBQ if rng.random() < LOADED_SHARE else NormalizeMonth
        try:
            print(f"kept {number} {run(month, mutated, policy, goal)}", flush=True)
        except Exception as broken:
            place = traceback.extract_tb(broken.__traceback__)[-1]
            told = f"{broken!r} in {place.name}, line {place.lineno}: {place.line}"
            print(f"broken {number}: {' '.join(told.split())[:2000]}", flush=True)
        arrivals.forget_all()


@cache
def era_months() -> list[TripMonth]:
    """Return the first month of each era of each service."""
    eras = [(service, era) for service in SERVICES for era in service_schema(service).eras]
    return [TripMonth.parse(service, era.first) for service, era in eras]


def mutated_month(rng: random.Random, folder: Path) -> tuple[TripMonth, Mutated]:
    """Return a sample month that is mutated, or now and then a real file that is damaged."""
    originals, is_real = sorted(ORIGINALS.glob("*.parquet")), rng.random() < ORIGINALS_SHARE
    if originals and is_real:
        path = rng.choice(originals)
        service, _, key = path.stem.partition("_tripdata_")
        return TripMonth.parse(service, key), damaged(path.read_bytes(), rng)
    month = rng.choice(era_months())
    return month, mutate(sample(month, folder), rng)


def sample(month: TripMonth, folder: Path) -> bytes:
    path = folder / month.file_name
    if not path.exists():
        write_sample(month, ROWS, path)
    return path.read_bytes()


def start(number: int, policy: Policy, rng: random.Random, data_dir: Path) -> None:
    """Begin with nothing anywhere, in a lake and a warehouse of the case's own."""
    shutil.rmtree(data_dir, ignore_errors=True)
    configure("local", data_dir=data_dir)
    configure("lake", bucket=f"case-{number}", create_bucket=True)
    configure("bigquery", project="tlc-fuzz", dataset=f"case_{number}")
    configure("normalize", **asdict(policy), batch_rows=rng.choice([100, 32_768]))
    Register.clear_instance_cache()


def configure(section: str, **values: object) -> None:
    config = luigi.configuration.get_config()
    if not config.has_section(section):
        config.add_section(section)
    for name, value in values.items():
        config.set(section, name, str(value))


def serve(month: TripMonth, mutated: Mutated, publisher: Path) -> None:
    """Let the sandbox publish the file; one that is there is served as it is."""
    publisher.mkdir(exist_ok=True)
    (publisher / month.file_name).unlink(missing_ok=True)
    (publisher / month.file_name).write_bytes(mutated.content)


def run(month: TripMonth, mutated: Mutated, policy: Policy, goal: type[MonthTask]) -> str:
    """Bring the month to its goal, hold what came to the judge's word, and tell what came."""
    with limits() as cost:
        refusal = brought(goal(month.service, month.year, month.month))
    judgement = judge(month, mutated, policy)
    if refusal is None:
        assert judgement is None or judgement.refused is None, f"loaded, but {judgement.refused}"
        arrivals.assert_normalized(month, judgement)
        if goal is LoadMonthToBQ:
            arrivals.assert_loaded(month)
        return f"loaded {' '.join(cost)} {goal.__name__}"
    assert "\n" not in refusal and len(refusal) < LINE, f"no clear line: {refusal}"
    is_legible = judgement is not None and judgement.refused is None and not mutated.is_damaged
    assert not is_legible, f"refused: {refusal}"
    arrivals.assert_nothing_arrived(month)
    return f"refused {' '.join(cost)} {refusal[:200]}"


def brought(task: luigi.Task) -> str | None:
    """Do what Luigi would do for the task; return why it could not be done."""
    try:
        for required in luigi.task.flatten(task.requires()):
            if refusal := brought(required):
                return refusal
        if not task.complete():
            task.run()
        assert task.complete(), f"{task} has run and is not complete"
    except PipelineError as error:
        return str(error)
    return None


@contextmanager
def limits() -> Iterator[list[str]]:
    """Fail what takes too long or too much; the process dies of what does not come back.

    Yields what will be the seconds and the MB that it took.
    """
    cost: list[str] = []
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    begin = time.monotonic()
    yield cost
    faulthandler.cancel_dump_traceback_later()
    seconds, peak = time.monotonic() - begin, peak_memory()
    cost += [f"{seconds:.2f}", f"{peak / 1e6:.0f}"]
    assert seconds <= SECONDS, f"took {seconds:.1f} seconds"
    assert peak <= MEMORY, f"took {peak:,} bytes of memory"


def peak_memory() -> int:
    """Return the most bytes that this process has held since it was asked to forget."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def judge(month: TripMonth, mutated: Mutated, policy: Policy) -> Judgement | None:
    """Return what must become of the file, None where nobody can say."""
    table = mutated.plain if mutated.plain is not None else read(mutated.content)
    try:
        return None if table is None else judged(month, table, policy)
    except Unjudged:
        return None


def read(content: bytes) -> pa.Table | None:
    """Return what a file says, read as a whole; None where it cannot be read so."""
    try:
        return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
    except (pa.ArrowException, OSError, UnicodeError):
        return None


if __name__ == "__main__":
    faulthandler.enable()
    where, server, address, *cases = sys.argv[1:]
    main(Path(where), Path(server), address, list(map(int, cases)))
