# Two commands: `make up` runs Tokentide, `make test` checks it. Both set up a virtual environment of their own first.
.DEFAULT_GOAL := help
.PHONY: help up test setup lint types imports sql pytest bench lock clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 3000
EXTRAS ?= dev
STAMP := $(VENV)/.installed-$(EXTRAS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/.installed-run ## install, fetch the market, publish it, keep it up to date (Dagster's page: PORT=3000)
	$(BIN)/tokentide up --port $(PORT)

test: lint types imports sql pytest ## everything that must hold before a change lands

setup: $(STAMP) ## make the virtual environment

lint: $(STAMP) ## style of the Python code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

imports: $(STAMP) ## which package may know which
	$(BIN)/lint-imports --no-cache

sql: $(STAMP) ## style of the SQL
	$(BIN)/sqlfluff lint --disable-progress-bar warehouse pipelines

pytest: $(STAMP) ## the tests, among them dbt's
	$(BIN)/python -m pytest

bench: EXTRAS = dev,bench
bench: ## the figures that we quote, beside their peers
	$(MAKE) setup EXTRAS=dev,bench
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/publish_readers.py

lock: ## write constraints.txt anew from a fresh environment
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet "duckdb<2" -e ".[dev,bench]"
	$(VENV)-lock/bin/pip freeze --exclude-editable > constraints.txt
	rm -rf $(VENV)-lock

clean: ## remove the environment; state in var/ stays
	rm -rf $(VENV) warehouse/target warehouse/logs

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$(EXTRAS)]"
	touch $@ $(VENV)/.installed-run
