"""What a run with nothing to do costs, of one month and of all, and what it costs to look at all.

``python tests/bench/bench_idle.py [--rounds 5]``
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from race import Run, race

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "bench.cfg"
        config.write_text(f"[local]\ndata_dir = {folder}/data\n[sandbox]\nport = 0\n")
        os.environ |= {"LUIGI_CONFIG_PATH": str(config), "TLC_BASE_URL": "sandbox"}
        os.chdir(ROOT)
        luigi = [BIN / "luigi", "--module", "pipeline", "LoadMonthToBQ"]
        done = [*luigi, "--year", "2021", "--month", "1"]
        subprocess.run(done, check=True)
        os.environ["PYTHONPATH"] = str(ROOT / "tests")
        subprocess.run([sys.executable, "-m", "support.loaded_months"], check=True)
        everything = [BIN / "luigi", "--module", "pipeline", "LoadAll"]
        looks = {f"tlc {word}": [BIN / "tlc", word] for word in ("status", "plan", "report")}
        contestants = {"one month": done, "all published months": everything, **looks}
        try:
            report(race({**contestants, "import luigi": IMPORT}, rounds))
            size = (Path(folder) / "data" / "report.html").stat().st_size
            print(f"\nThe report has {size / 1e6:.2f} MB.")
        finally:
            subprocess.run([BIN / "tlc", "sandbox", "stop"], check=True)


IMPORT = [sys.executable, "-c", "import luigi"]


def report(medians: dict[str, Run]) -> None:
    print("\nA run with nothing to do, and a look at all published months\n")
    print(
        "| what | seconds | more than import luigi | CPU s | peak MB |\n|---|---:|---:|---:|---:|"
    )
    base = medians["import luigi"].seconds
    for name, run in medians.items():
        more, cpu = run.seconds - base, run.cpu_seconds
        print(f"| {name} | {run.seconds:.2f} | {more:.2f} | {cpu:.2f} | {run.peak_mb:.0f} |")


if __name__ == "__main__":
    main()
