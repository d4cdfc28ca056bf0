"""Files whose bytes are other than they were written: flipped, cut, moved, or hardly any."""

import random
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

Bytes = Callable[[bytearray, random.Random], str]


def damage(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a file with other bytes, and what was done to it."""
    damaged = bytearray(content)
    told = [rng.choice(BYTES)(damaged, rng) for _ in range(rng.choice([1, 1, 1, 3]))]
    return bytes(damaged), ", ".join(told)


def hollow(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a file that is empty in one of the ways there are, and in which."""
    schema = pq.read_schema(pa.BufferReader(content))
    told = rng.choice(["no bytes", "magic only", "no columns", "no row groups", "no rows"])
    empty = {
        "no bytes": b"",
        "magic only": b"PAR1PAR1",
        "no columns": _written(pa.schema([]), 1),
        "no row groups": _written(schema, 0),
        "no rows": _written(schema, 1),
    }
    return empty[told], told


def _written(schema: pa.Schema, row_groups: int) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema) as writer:
        for _ in range(row_groups):
            writer.write_table(schema.empty_table())
    return sink.getvalue().to_pybytes()


# A file ends with its footer, the footer's length in 4 bytes and PAR1.


def flip(content: bytearray, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 8, 64])):
        place = somewhere(content, rng)
        content[place : place + 1] = bytes([rng.randrange(256)])
    return "bytes flipped"


def cut(content: bytearray, rng: random.Random) -> str:
    del content[somewhere(content, rng) :]
    return "cut short"


def remove(content: bytearray, rng: random.Random) -> str:
    place = somewhere(content, rng)
    del content[place : place + rng.choice([1, 4, 4096])]
    return f"a piece removed at {place}"


def insert(content: bytearray, rng: random.Random) -> str:
    place = somewhere(content, rng)
    content[place:place] = rng.randbytes(rng.choice([1, 4, 4096]))
    return f"a piece inserted at {place}"


def erase(content: bytearray, rng: random.Random) -> str:
    place, size = somewhere(content, rng), rng.choice([16, 512, 4096])
    content[place : place + size] = bytes(len(content[place : place + size]))
    return f"{size} bytes erased at {place}"


def transpose(content: bytearray, rng: random.Random) -> str:
    one, other, size = somewhere(content, rng), somewhere(content, rng), 256
    content[one : one + size], content[other : other + size] = (
        content[other : other + size],
        content[one : one + size],
    )
    return f"the pieces at {one} and {other} changed places"


def somewhere(content: bytearray, rng: random.Random) -> int:
    """Return a place, more often in the pages than in the footer."""
    footer = max(0, len(content) - 8 - int.from_bytes(content[-8:-4], "little"))
    if rng.random() < 0.3:
        return rng.randrange(min(footer, len(content) - 1), len(content)) if content else 0
    return rng.randrange(footer or 1)


BYTES: list[Bytes] = [flip, flip, flip, cut, remove, insert, erase, transpose]
