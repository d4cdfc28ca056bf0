# Two commands for a new machine: `make demo`, `make test`. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
ROWS ?= 1400000 14000000
ROUNDS ?= 3
LARGE ?= 20000000
LENGTH ?= 20
SEED ?= $(shell date +%s)

.DEFAULT_GOAL := help
.PHONY: help demo demo-postgres test check bench campaign scheduler docs picture clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.venv/installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Python 3.11 to 3.13 is needed; seen: $$($(PYTHON) --version). Next: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up .venv: about a minute, once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,check]'
	@touch $@

# Apart, since DuckDB's extension pins an older DuckDB than the one that is measured elsewhere.
.venv/bench/installed: setup.cfg | .venv/installed
	@$(PYTHON) -m venv .venv/bench
	@.venv/bench/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

demo: .venv/installed ## set up and run the main job on sample months
	@$(BIN)/tlc demo

demo-postgres: .venv/installed ## load a sample month into a real PostgreSQL on this machine, and ask it
	@$(BIN)/tlc demo --postgres

test: .venv/installed ## set up and pass every test
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: .venv/installed ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_docs.py

bench: .venv/installed .venv/bench/installed ## time and memory beside DuckDB, pandas and others (ROWS, ROUNDS, LARGE)
	$(BIN)/python tests/bench/bench.py --rows $(ROWS) --rounds $(ROUNDS) --large $(LARGE)

campaign: .venv/installed ## the long form of the fuzzing and kill tests, and what they saw (LENGTH, SEED)
	TLC_CAMPAIGN=$(LENGTH) TLC_CAMPAIGN_SEED=$(SEED) $(BIN)/python -m pytest -n 2 -m campaign -rP --show-capture=stdout tests

scheduler: .venv/installed ## start luigid and its dashboard on http://127.0.0.1:8082
	@mkdir -p data
	@$(BIN)/luigid --address 127.0.0.1 --port 8082

docs: .venv/installed ## write the tables of schemas and settings into README.md and docs/
	$(BIN)/python docs/schemas.py
	$(BIN)/python docs/settings.py

picture: .venv/installed ## draw the README's picture from a real run
	$(BIN)/python docs/picture.py

clean: ## stop the sandbox and remove the environment; data/ stays
	-$(BIN)/tlc sandbox stop
	rm -rf .venv
