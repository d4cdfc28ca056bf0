"""A table that is kept on disk: what is in it, and that its memory is given back."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.sandbox.publisher.spool import ForgetfulFile, spooled

ROWS = 1 << 20
BATCHES = 8
NUMBERS = pa.record_batch({"n": np.arange(ROWS)})


def resident_mb() -> int:
    """What the process holds of files, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssFile:")[2].split()[0]) >> 10


def test_the_table_is_the_batches_in_order(tmp_path: Path) -> None:
    batches = [NUMBERS.slice(0, 3), NUMBERS.slice(10, 2)]
    table, _ = spooled(batches, NUMBERS.schema, tmp_path)
    assert table["n"].to_pylist() == [0, 1, 2, 10, 11]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells it there")
def test_what_was_read_of_the_table_is_forgotten_with_each_write(tmp_path: Path) -> None:
    table, mapped = spooled([NUMBERS] * BATCHES, NUMBERS.schema, tmp_path)
    assert pc.sum(table["n"]).as_py() == BATCHES * ROWS * (ROWS - 1) // 2
    held, content = resident_mb(), io.BytesIO()
    ForgetfulFile(content, mapped).write(b"x")
    assert resident_mb() <= held - 50
    assert content.getvalue() == b"x"
    assert pc.max(table["n"]).as_py() == ROWS - 1
