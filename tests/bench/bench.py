"""Every benchmark in one go: ``make bench [ROWS='1400000 14000000'] [ROUNDS=3] [LARGE=20000000]``.

``LARGE`` is the size of the month that goes through every stage, once.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=["1400000", "14000000"])
    parser.add_argument("--rounds", default="3")
    parser.add_argument("--large", default="20000000")
    options = parser.parse_args()
    sized = ["--rows", *options.rows, "--rounds", options.rounds]
    for name, arguments in (
        ("bench_normalize", sized),
        ("bench_load", sized),
        ("bench_postgres", sized),
        ("bench_idle", ["--rounds", options.rounds]),
        ("bench_stages", ["--rows", options.large]),
    ):
        subprocess.run([sys.executable, HERE / f"{name}.py", *arguments], check=True)


main()
