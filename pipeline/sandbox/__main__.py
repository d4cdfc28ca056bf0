"""``python -m pipeline.sandbox``: the sandbox's process. Started by ``lifecycle.py``."""

import argparse
import sys
from pathlib import Path

from pipeline.sandbox.server import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sample-rows", type=int, required=True)
    options = parser.parse_args()
    sys.exit(serve(options.root.resolve(), options.port, options.sample_rows))
