# Two commands: `make demo` shows a floor at work, `make test` runs all tests. Each sets itself up.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= .floor
SPEED ?= 60

.PHONY: help demo demo-reset test lint bench clean

help:
	@echo "make demo        a warehouse day moving by itself, with pages to join in (SPEED=$(SPEED) times life)"
	@echo "make demo-reset  the same from an empty warehouse"
	@echo "make test        everything that is tested, with what the tests need"
	@echo "make lint        ruff and mypy only"
	@echo "make bench       the figures of the README"
	@echo "make clean       remove the environment and the demo's warehouse"

# The stamp's name changes with what is to be installed, so an old environment is brought up to date.
RUN_STAMP := $(VENV)/.installed-$(shell cat pyproject.toml .ci/constraints.txt | cksum | cut -d' ' -f1)
TEST_STAMP := $(RUN_STAMP)-test

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "python3-venv is needed: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e .
	$(BIN)/python -m picking compile
	@touch $@

$(TEST_STAMP): | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[dev]'
	$(BIN)/python -m picking compile
	@touch $(RUN_STAMP) $@

demo: $(RUN_STAMP)
	@FLOOR_HOME=$(HOME_DIR) exec $(BIN)/floor demo --speed $(SPEED)

demo-reset: $(RUN_STAMP)
	@FLOOR_HOME=$(HOME_DIR) exec $(BIN)/floor demo --reset --speed $(SPEED)

test: $(TEST_STAMP)
	@.ci/debian-packages
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 -q $(PYTEST)

lint: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(TEST_STAMP)
	$(BIN)/python -m tests.benchmarks.day --json -
	$(BIN)/python -m tests.benchmarks.stock --json -

clean:
	rm -rf $(VENV) $(HOME_DIR)
