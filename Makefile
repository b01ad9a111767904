# Two commands: `make up` runs Tokentide, `make test` checks it. Both first set up a virtual environment.
.DEFAULT_GOAL := help
.PHONY: help up tier test setup lint types imports sql docs compiled pytest pytest-pages pytest-pipelines pytest-models pytest-rest test-long faults coverage test-newest npu arm lake test-lake bench lock audit clean

PYTHON ?= python3
VENV ?= .venv
TIER ?= .venv-tier
RIG ?= .venv-npu
LAKE ?= .venv-lake
BIN := $(VENV)/bin
# Rows that killed loaders load in `make test-lake`.
LAKE_ROWS ?= 30000000
# Without the fixtures of other tests, which import what these do not need.
LAKE_TESTS := tests/pipelines/lake tests/pipelines/services tests/pipelines/distributed tests/end_to_end/lake --confcutdir=tests/pipelines/lake -p support.lake.rig -p no:cacheprovider
PARTS := tests/dashboards tests/pipelines tests/models
# Continuous integration runs 1/2 and 2/2 of the files with slow tests in turn (docs/decisions/0066).
SLOW_PART ?= 1/1
SHORT := -m "not long" --slow-part $(SLOW_PART)
PORT ?= 3000
DASHBOARD ?= 8050
EXTRAS ?= dev
STAMP := $(VENV)/.installed-$(EXTRAS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/.installed-run ## install and run the whole product: market, tier, schedules, pages (PORT=3000 is Dagster's, DASHBOARD=8050, OPTIONS="--no-tier")
	$(BIN)/tokentide up --port $(PORT) --dashboard-port $(DASHBOARD) $(OPTIONS)

tier: $(TIER)/.installed ## the inference tier alone, without the pipeline: serve the shipped model (OPTIONS="--port 8001")
	$(TIER)/bin/python -m models.server $(OPTIONS)

test: lint types imports sql docs npu lake pytest ## everything that must hold before a change is merged

setup: $(STAMP) ## make the virtual environment

lint: $(STAMP) ## style of the Python code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

imports: $(STAMP) ## which package may know which
	$(BIN)/lint-imports --no-cache

sql: $(STAMP) ## style of the SQL
	$(BIN)/sqlfluff lint --disable-progress-bar warehouse
	$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder pipelines

docs: $(STAMP) ## the site of the documentation, in site/
	$(BIN)/mkdocs build

pytest: pytest-rest pytest-pages pytest-pipelines pytest-models ## the tests, among them dbt's

# The SQL as dbt compiles it, kept for all tests: else the first one that needs it pays 20 seconds of CPU for it.
compiled: $(STAMP)
	$(BIN)/python -c 'from pathlib import Path; from pipelines.transform.manifest import read_manifest; [read_manifest(Path(".cache"), is_as_of=each) for each in (False, True)]'

# Four parts that need nothing of each other, so that `make -j4` runs them at once: each waits for servers and browsers
# for a third of its time, so two cores hold three to four.
pytest-pages: compiled ## the tests of the dashboard
	$(BIN)/python -m pytest $(SHORT) tests/dashboards

pytest-pipelines: compiled ## the tests of the pipeline
	$(BIN)/python -m pytest $(SHORT) tests/pipelines

pytest-models: compiled ## the tests of the tier
	$(BIN)/python -m pytest $(SHORT) tests/models

pytest-rest: compiled ## all other tests
	$(BIN)/python -m pytest $(SHORT) $(PARTS:%=--ignore=%)

# Benchmarks at their smallest size, and property tests with more examples.
test-long: $(STAMP) ## the tests that take minutes; `make test` has short forms of the property tests
	$(BIN)/python -m pytest -m long

# Kills every writer hundreds of times; docs/promises.md then has the figures. 20 to 60 minutes.
faults: $(STAMP) ## kill, fill and damage everything, at length, and write docs/promises.md
	$(BIN)/python -m pytest -m long tests/faults
	$(BIN)/python docs/hooks/promises.py

# A thousand seeded markets of each kind, in one to three minutes; docs/coverage.md then has the figures.
coverage: $(STAMP) ## what the stated intervals hold of 1,000 seeded markets each, written to docs/coverage.md
	PYTHONPATH=.:tests $(BIN)/python -m support.coverage.report

test-newest: ## a short selection with the newest dependencies, DuckDB 1.5 and 2, each Python that is at hand
	.ci/newest

npu: $(RIG)/.installed ## the NPU's operations against torch_npu itself, without an NPU (docs/npu.md)
	$(RIG)/bin/python tests/support/npu_rig/run.py -q

arm: ## the fused kernels for ARM on an emulated CPU; as root, with qemu-user-static, g++-aarch64-linux-gnu, debootstrap; in minutes (docs/tier.md)
	$(PYTHON) tests/support/arm_rig/run.py -q

lake: $(LAKE)/.installed compiled ## the distributed form against a Postgres and an S3 store on loopback, in one to three minutes (docs/lake.md)
	PYTHONPATH=.:tests $(LAKE)/bin/python -m pytest $(LAKE_TESTS) -m "not long"

test-lake: $(LAKE)/.installed compiled ## the same, with the tests that take minutes: 30 million rows and twenty kills, a day in which each part is killed, Dagster with killed workers
	PYTHONPATH=.:tests $(LAKE)/bin/python -m pytest $(LAKE_TESTS) --lake-rows $(LAKE_ROWS)

bench: EXTRAS = dev,bench
bench: ## measure the figures that we quote, beside their peers; hours; result files in benchmarks/results (OPTIONS="--suite overlap")
	$(MAKE) setup EXTRAS=dev,bench
	$(BIN)/python benchmarks/run.py $(OPTIONS)

audit: $(STAMP) ## known advisories of the locked packages; says so where the database cannot be reached
	$(BIN)/python deploy/audit.py

lock: ## write constraints.txt from a fresh environment
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet "duckdb<2" -e ".[dev,bench]"
	$(VENV)-lock/bin/pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt
	rm -rf $(VENV)-lock

clean: ## remove the environment; state in var/ stays
	rm -rf $(VENV) $(TIER) $(RIG) $(LAKE) .venv-arm .venv-newest site warehouse/target warehouse/logs

# What the tier needs stands in pyproject.toml's extra `serve`, and only there.
$(TIER)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(TIER)
	$(PYTHON) -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["serve"]))' > $(TIER)/requirements.txt
	$(TIER)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement $(TIER)/requirements.txt
	touch $@

$(RIG)/.installed: tests/support/npu_rig/requirements.txt
	$(PYTHON) -m venv $(RIG)
	$(RIG)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	rm -rf $(RIG)/ascend-runtime
	touch $@

# The extensions of DuckDB fit one of its versions, which is not that of constraints.txt. All other packages are those of
# the first environment.
$(LAKE)/.installed: tests/support/lake/requirements.txt pyproject.toml constraints.txt | $(STAMP)
	$(PYTHON) -m venv $(LAKE)
	$(LAKE)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$($(LAKE)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/first.pth
	touch $@

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python deploy/torch_for_cpu.py
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[serve]"
	touch $@

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$(EXTRAS)]"
	touch $@ $(VENV)/.installed-run
