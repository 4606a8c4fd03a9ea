SHELL := /bin/bash
.DEFAULT_GOAL := help

FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
DATA ?=

.PHONY: help demo test setup setup-dev lint format unit replay integration chaos browser bench lock clean

help: ## list everything
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: setup ## the main job on this machine: Kafka, workers, a replay, the live page (DATA=FOLDER plays a data set)
	@$(BIN)/earshot demo $(DATA)

test: setup-dev ## set up everything, check the code, run all tests
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

setup: $(VENV)/.run ## install what Earshot needs to run, into .venv

setup-dev: $(VENV)/.dev ## install what its tests need as well: Python packages, a ClickHouse server, Chromium
	@tests/install_servers.sh

lint: ## formatting, lint, types, layers
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports --no-logo

format: ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

unit replay integration chaos browser: setup-dev ## run one folder of tests
	@$(BIN)/python -m pytest tests/$@

bench: setup-dev ## measure throughput, latency and memory (half an hour); results are in docs/benchmarks.md
	@$(BIN)/python tests/bench/spine.py

lock: $(UV) ## pin every version and hash anew from requirements/*.in
	@cd requirements && for name in dev run; do \
	  $(CURDIR)/$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --allow-unsafe --no-header \
	    --no-emit-index-url --no-emit-find-links $$( [ $$name = run ] && echo -c dev.txt --overrides run.overrides ) $$name.in -o $$name.txt; done

clean: ## remove the environment and all data of the demo
	@rm -rf $(VENV) .earshot build *.egg-info

$(UV): requirements/uv.txt
	@[ -n "$(PYTHON)" ] || { echo "Earshot needs Python 3.11 or 3.12 with venv (Debian: python3-venv); set PYTHON=/path/to/it"; exit 1; }
	@echo "setup: a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(UV)
	@echo "setup: Python packages of Earshot (about 400 MB of downloads the first time)"
	@$(UV) pip install --python $(BIN)/python --require-hashes --no-deps -r requirements/run.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(UV)
	@echo "setup: Python packages of Earshot, of training and of its tests (about 3 GB of downloads the first time)"
	@$(UV) pip install --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
