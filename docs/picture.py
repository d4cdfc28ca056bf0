"""Draw ``docs/demo.svg``: what ``make demo`` really prints on a terminal, on an empty machine.

Run it with ``make picture``. It runs the demo on a data folder of its own.
"""

import fcntl
import os
import pty
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "picture.cfg"
        config.write_text(f"[local]\ndata_dir = {folder}/data\n[sandbox]\nport = 0\n")
        environment = {**os.environ, "LUIGI_CONFIG_PATH": str(config), "TERM": "xterm-256color"}
        tlc = Path(sys.executable).with_name("tlc")
        shown = run_on_terminal([str(tlc), "demo"], environment)
        subprocess.run([tlc, "sandbox", "stop"], env=environment, check=True, stdout=sys.stderr)
    draw(f"$ make demo\n{shown}", ROOT / "docs" / "demo.svg")


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
