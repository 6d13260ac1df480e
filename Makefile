# Few commands, the same on every machine; each sets up what it needs first. `make` alone lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# One more than there are cores: a worker waits for a quarter of its time, for browsers, servers and dbt.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

export DAGSTER_DISABLE_TELEMETRY = true
export DO_NOT_TRACK = 1

.PHONY: help setup demo ledger up test test-unit test-all bench lint lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Frontdesk needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $(READY)

setup: $(READY)  ## virtual environment with the locked dependencies

demo: $(READY)  ## six businesses through real signed webhooks; ONCE=1 ends when all is modelled
	$(BIN)/frontdesk demo $(if $(ONCE),--once)

ledger: $(READY)  ## after a demo with ONCE=1: nobody was told twice, and nothing untrue
	$(BIN)/python -m tests.ledger_check

up: $(READY)  ## receiver, Dagster and dashboard on your own data
	$(BIN)/frontdesk up

test: $(READY)  ## everything but the slow proofs
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-unit: $(READY)  ## for daily work: without browsers, warehouses and real servers
	$(BIN)/python -m pytest -m "not slow and not browser and not warehouse and not processes" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-all: $(READY)  ## with the slow proofs
	$(BIN)/python -m pytest

bench: $(READY)  ## the figures of docs/benchmarks.md, printed and written to build/bench.json
	$(BIN)/python -m tests.benchmarks

lint: $(READY)  ## style, types, import directions, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

lock: $(READY)  ## resolve pyproject.toml into requirements.lock again
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras --custom-compile-command "make lock" --output-file requirements.lock

clean:  ## forget the environment and everything built; keeps data/
	rm -rf $(VENV) build dbt_project/target .mypy_cache .ruff_cache
