"""How many rows of a month repeat an earlier one, counted in bounded memory.

Belongs here: hashing canonical rows and counting the hashes that repeat. Not here: what else is
odd about a row (``audit.py``). Nothing is dropped: a repeated row stays.

The hashes wait in a file, eight bytes per row, as sorted runs. They are counted in passes, each of
which reads one range of values out of every run.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import IO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

Hashes = npt.NDArray[np.uint64]

HASHES_PER_RUN: Final = 1 << 17
HASHES_PER_PASS: Final = 500_000
RANGES: Final = np.arange(256, dtype=np.uint64) << np.uint64(56)
"""Where each range of values begins; a pass is over one or more of them."""

HASH_BYTES: Final = 8

NO_HASHES: Final = np.empty(0, np.uint64)

SHORT_TEXT: Final = HASH_BYTES - 1

NULL: Final = np.uint64(0x5A3C_9E71_D2B4_860F)
SEED: Final = np.uint64(0x2545_F491_4F6C_DD1D)
FACTOR: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
HALF: Final = np.uint64(32)


class Duplicates:
    """Counts the rows that are equal to an earlier one in every one of ``columns``.

    Equal means: of the same 64-bit hash. Two different rows have the same one with a chance of
    1 in 10^19, so that in a month of 20 million rows one is miscounted with a chance of 1 in 10^5.
    """

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        """``file`` is empty, and takes eight bytes per row."""
        self._file = file
        self._columns = columns
        self._waiting: list[Hashes] = []
        self._runs: list[list[int]] = []
        self._written = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the rows of a canonical batch; raise OSError where the disk is full."""
        self._waiting.append(row_hashes(batch, self._columns))
        if sum(map(len, self._waiting)) >= HASHES_PER_RUN:
            self._write_run()

    def count(self) -> int:
        """Return how many of the rows so far repeat an earlier one; safe to call again."""
        self._write_run()
        passes = 1 + self._written // HASHES_PER_PASS
        borders = [len(RANGES) * number // passes for number in range(passes + 1)]
        return sum(_repeats(self._read(first, last)) for first, last in pairwise(borders))

    def _write_run(self) -> None:
        """Write what waits as a run; keep where in the file its ranges begin, and where it ends."""
        run = np.sort(np.concatenate([NO_HASHES, *self._waiting]))
        self._waiting.clear()
        self._file.write(run.data)
        begins = self._written + np.searchsorted(run, RANGES)
        self._written += len(run)
        self._runs.append([*begins.tolist(), self._written])

    def _read(self, first: int, last: int) -> Hashes:
        """Return all hashes from range ``first`` to before range ``last``.

        The last one leaves the file at its end, where the next run goes.
        """
        found = [NO_HASHES]
        for run in self._runs:
            self._file.seek(run[first] * HASH_BYTES)
            read = self._file.read((run[last] - run[first]) * HASH_BYTES)
            found.append(np.frombuffer(read, np.uint64))
        return np.concatenate(found)


def row_hashes(batch: pa.RecordBatch, columns: Sequence[str]) -> Hashes:
    """Return a hash of each row's values, the same in every process and however batches are cut.

    For one column after the other, what is there so far takes the value in and is stirred. Each
    step loses nothing: rows that differ in one column only never have the same hash.
    """
    hashes = np.full(len(batch), SEED)
    high = np.empty_like(hashes)
    for name in columns:
        np.bitwise_xor(hashes, _bits(batch[name]), out=hashes)
        np.multiply(hashes, FACTOR, out=hashes)
        np.right_shift(hashes, HALF, out=high)
        np.bitwise_xor(hashes, high, out=hashes)
    return hashes


def _repeats(hashes: Hashes) -> int:
    hashes.sort()
    return int(np.count_nonzero(hashes[1:] == hashes[:-1]))


def _bits(values: pa.Array) -> Hashes:
    """Return each value as 64 bits; null as bits that no published value has."""
    if pt.is_string(values.type):
        return _bits_of_texts(values)
    filled = _as_int64(values).fill_null(int(NULL))
    return filled.to_numpy(zero_copy_only=False).view(np.uint64)  # type: ignore[no-any-return]


def _as_int64(values: pa.Array) -> pa.Array:
    if pt.is_floating(values.type):
        # The sum makes 0.0 of -0.0, which is the same number in other bits.
        return pc.add(values, 0.0).view(pa.int64())
    if pt.is_boolean(values.type) or pt.is_date(values.type):
        return values.cast(pa.int32()).cast(pa.int64())
    return values.view(pa.int64())


def _bits_of_texts(values: pa.Array) -> Hashes:
    if values.null_count:
        bits = np.full(len(values), NULL)
        bits[values.is_valid().to_numpy(zero_copy_only=False)] = _bits_of_texts(values.drop_null())
        return bits
    if (texts := _short_texts(values)) is not None:
        padded = np.zeros((len(values), HASH_BYTES), np.uint8)
        padded[:, : texts.shape[1]] = texts
        padded[:, -1] = texts.shape[1]
        return padded.view(np.uint64)[:, 0]
    encoded = values.dictionary_encode()
    hashes = np.array([_bits_of_text(text) for text in encoded.dictionary.to_pylist()], np.uint64)
    places: npt.NDArray[np.int32] = encoded.indices.to_numpy()
    return hashes[places]


def _short_texts(values: pa.Array) -> npt.NDArray[np.uint8] | None:
    """Return the bytes of flags and codes, a row each; None unless they are of one short length."""
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    lengths = np.diff(ends)
    if not len(values) or not 0 < lengths[0] <= SHORT_TEXT or (lengths != lengths[0]).any():
        return None
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].reshape(len(values), lengths[0])


@lru_cache(maxsize=1 << 14)
def _bits_of_text(text: str) -> int:
    """Return the bytes of a short text with how many they are, or the hash of a long one."""
    data = text.encode()
    if len(data) <= SHORT_TEXT:
        data = data.ljust(SHORT_TEXT, b"\0") + bytes([len(data)])
    else:
        data = blake2b(data, digest_size=HASH_BYTES).digest()
    return int.from_bytes(data, "little")
