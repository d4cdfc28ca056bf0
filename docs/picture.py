"""Draw ``docs/demo.svg``: what ``make demo`` and ``tlc status`` really print on an empty machine.

Run it with ``make picture``. It runs them on a data folder of its own. What is left out, the log of
all months but the first and the grid's early years, is said.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 132
LAST_YEARS = 8


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "picture.cfg"
        config.write_text(f"[local]\ndata_dir = {folder}/data\n[sandbox]\nport = 0\n")
        environment = {**os.environ, "LUIGI_CONFIG_PATH": str(config), "TERM": "xterm-256color"}
        environment["TLC_BASE_URL"] = "sandbox"
        tlc = Path(sys.executable).with_name("tlc")
        demo = run_on_terminal([str(tlc), "demo"], environment)
        status = run_on_terminal([str(tlc), "status"], environment)
        subprocess.run([tlc, "sandbox", "stop"], env=environment, check=True, stdout=sys.stderr)
    shown = (
        f"$ make demo\n{shortened(demo)}\n\x1b[1m$ tlc status\x1b[0m\n{without_early_years(status)}"
    )
    draw(shown, ROOT / "docs" / "demo.svg")


def shortened(demo: str) -> str:
    """Return the demo without the log of all months but the first, and without its advice."""
    first, *others = re.split(r"(?m)^(?=\S*\$ luigi )", demo.split("next (after")[0])
    blocks = [first, others[0]]
    for block in others[1:]:
        told, _, table = block.partition("\n\n")
        command, *log = told.split("\n")
        rest = table.lstrip("\n")
        blocks.append(f"{command}\n... {len(log)} lines like these\n\n{rest}")
    return "".join(blocks).rstrip("\n") + "\n"


def without_early_years(status: str) -> str:
    """Return the grid with its heading and its last years."""
    lines = status.split("\n")
    early = [line for line in lines if re.match(r"\S*\s*20\d\d ", line)][:-LAST_YEARS]
    place = lines.index(early[0])
    kept = [line for line in lines if line not in early]
    return "\n".join([*kept[:place], f"{'...':>15}  {len(early)} years", *kept[place:]])


def run_on_terminal(command: list[str], environment: dict[str, str]) -> str:
    """Run ``command`` on a terminal of ``WIDTH`` columns and return what it printed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT
    )
    os.close(theirs)
    printed = b""
    while chunk := _read(ours):
        printed += chunk
    if process.wait():
        raise SystemExit(printed.decode())
    return printed.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the other side has closed
        return b""


def draw(shown: str, path: Path) -> None:
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        for line in shown.rstrip().split("\n"):
            console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis", crop=True)
        console.save_svg(str(path), title="TLC Pipeline")


main()
