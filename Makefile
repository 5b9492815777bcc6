# Every target first brings .venv up to date (a stamp file makes the second call instant).
.DEFAULT_GOAL := help
.PHONY: help setup sweep report ui cluster-up cluster-down test test-slow check bench clean
SHELL := bash

PYTHON ?= python3
SPACE ?= mlp_reg
PORT ?= 6379
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.stamp-run
DEV := $(VENV)/.stamp-dev

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(RUN)  ## install everything into .venv, pinned by constraints.txt (about 2 minutes, once)

sweep: $(RUN)  ## run a search space and its report: make sweep SPACE=mlp_reg ARGS="search.num_trials=12"
	@$(BIN)/clusterability sweep $(SPACE) $(ARGS)

report: $(RUN)  ## frontier, significance and figures of a space's newest sweep: make report SPACE=mlp_reg
	@$(BIN)/clusterability report $(SPACE) $(ARGS)

ui: $(RUN)  ## serve the MLflow UI of all runs on 127.0.0.1:5000
	@$(BIN)/clusterability ui $(ARGS)

cluster-up: $(RUN)  ## start a Ray head here, for sweeps with ARGS="--address auto" (docs/multi-node.md)
	@$(BIN)/ray get-auth-token --generate > /dev/null
	@RAY_AUTH_MODE=token RAY_memory_monitor_refresh_ms=0 $(BIN)/ray start --head --port=$(PORT) \
		--include-dashboard=false --disable-usage-stats $(ARGS)
	@echo "Every other node needs this machine's ~/.ray/auth_token and RAY_AUTH_MODE=token (docs/multi-node.md)"

cluster-down: $(RUN)  ## end all of Ray that runs on this machine
	@$(BIN)/ray stop

test: $(DEV)  ## run the tests (minutes)
	@$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-slow: $(DEV)  ## run the long tests
	@$(BIN)/python -m pytest -m slow $(ARGS)

check: $(DEV)  ## lint, formatting, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright --level error
	@$(BIN)/lint-imports --no-cache

bench: $(DEV)  ## time us beside the reference pipeline and print the ratios
	@$(BIN)/python benchmarks/run.py $(ARGS)

clean:  ## remove .venv and caches; runs/ stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find platform analysis tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(RUN): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12"; exit 2; }
	@echo "Setting up $(VENV): about 2 minutes and 2 GB, once"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(DEV): $(RUN)
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@
