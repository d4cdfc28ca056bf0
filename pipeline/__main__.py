"""``python -m pipeline``: the command ``tlc``."""

from pipeline.operate.cli import main

main()
