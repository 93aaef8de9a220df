# Everything a developer does, in one list. `make run` and `make test` work on a fresh machine with Python 3.11+ and make.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8501
# The full lock holds wheels that only a GPU needs (about 1.4 GB); without one the smaller lock is installed.
LOCK := $(shell nvidia-smi -L >/dev/null 2>&1 && echo requirements.lock || echo requirements-cpu.lock)
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url --generate-hashes

.PHONY: help setup setup-dev run test test-fast test-postgres lint format lock lock-check bench sample clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed  ## create .venv and install the pinned packages

setup-dev: .venv/.installed-dev

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Preflight needs Python 3.11 or newer; this is %d.%d. Set PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv

# uv installs in a minute what takes pip several; where uv cannot be had, pip reads the same lock.
define install
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv || echo "uv cannot be installed; using pip, which is slower"
	@echo "Installing $(1)"
	@if test -x $(BIN)/uv; then VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r $(1); \
	else $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(1); fi
endef

.venv/.installed: requirements.lock requirements-cpu.lock | .venv/bin/python
	$(call install,$(LOCK))
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	$(call install,requirements-dev.lock)
	@touch $@

run: setup  ## open the dashboard with the sample venture, on http://localhost:8501
	@$(BIN)/streamlit run app.py --server.port $(PORT)

test: setup-dev  ## run all tests; those that need a browser are skipped, with a word, where there is none
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test-fast: setup-dev  ## only the tests that need no model, browser or network
	@$(BIN)/python -m pytest -n auto --dist loadfile tests/unit tests/docs tests/pages -m "not network"

test-postgres: setup-dev  ## the store and job tests on a throw-away PostgreSQL, where one is installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tests/postgres.sh

lint: setup-dev lock-check  ## style, types, the floors of the house, and whether the locks fit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup-dev  ## put the code into shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: setup  ## pin anew what requirements*.txt allow, with hashes
	@$(COMPILE) requirements.txt -o requirements.lock
	@$(COMPILE) requirements.txt --excludes cpu-excludes.txt -c requirements.lock -o requirements-cpu.lock
	@$(COMPILE) requirements-dev.txt -o requirements-dev.lock

lock-check: setup-dev
	@$(BIN)/python -m pytest -q tests/docs/test_locks.py

bench: setup-dev  ## measure speed and memory; writes docs/benchmarks.md
	@$(BIN)/python -m tests.bench

sample: setup  ## write the sample venture's data again from its seed
	@$(BIN)/python data/ventures/support-desk/generate.py

clean:  ## remove .venv and caches; var/ with your ventures stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
