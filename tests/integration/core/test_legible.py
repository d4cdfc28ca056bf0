"""Settings that are none end ``tlc`` in one line, before Luigi can quote them in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.settings import PROJECT_ROOT

CANARY = b"canary-5up3r"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"[core]\npassword " + CANARY, "ParsingError in line 2"),
        (b"\xff\xfe" + CANARY, "UnicodeDecodeError"),
    ],
)
def test_a_luigi_cfg_that_cannot_be_read_is_one_line_that_does_not_repeat_it(
    tmp_path: Path, text: bytes, told: str
) -> None:
    (tmp_path / "luigi.cfg").write_bytes(text)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "settings"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (30, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR settings luigi.cfg")
    assert f"cannot be read; seen: {told}; expected: [section]" in line
    assert CANARY.decode() not in line
