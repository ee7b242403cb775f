# The everyday commands; `make` alone lists them. Everything happens inside this folder, in .venv and var.

PYTHON ?= python3
LOCK ?= dev
ARGS ?=
CASES ?= tests/hostile/own

BIN := .venv/bin
STAMP := .venv/.$(LOCK).ready
UV := UV_PYTHON_DOWNLOADS=never $(BIN)/uv
WEB := connectors/salesforce/package
COMPILE := $(UV) pip compile --quiet $(ARGS) --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

# Compiled modules are kept, whatever is set: without them each process of the hub takes seconds longer to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-web demo test quick faults hostile check bench golden docs recorded up down lock clean-state clean
.DEFAULT_GOAL := help

help:
	@echo "Social Intelligence Hub: make COMMAND [ARGS='...']"
	@echo
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## install into .venv (LOCK=base, postgres or embedding in place of dev, or on top; PYTHON=...: with this Python)

# A stamp per lock: nothing is done twice, and a changed lock is installed at the next command.
$(STAMP): pyproject.toml requirements/setup.txt requirements/build.txt requirements/$(LOCK).txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "The hub needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is none of them."; \
		echo "Name one that is: make setup PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments."; \
		echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 2; }
	@echo "1/3 A virtual environment in .venv, and uv in it"
	@test -x $(BIN)/python && $(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/setup.txt
	@echo "2/3 The packages of requirements/$(LOCK).txt, each checked against its hash (some minutes the first time)"
	@$(UV) pip install --python $(BIN)/python --require-hashes --only-binary :all: \
		-r requirements/$(LOCK).txt -r requirements/build.txt -r requirements/setup.txt
	@echo "3/3 The hub itself, from this folder"
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "Done. Next: make demo"

setup-web: $(WEB)/node_modules/.package-lock.json ## install what tests the Lightning component (Node.js 20 or newer)

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is not here: install Node.js 20 or newer, or go without; its tests are then skipped by name."; exit 2; }
	@cd $(WEB) && npm ci --ignore-scripts
	@touch $@

demo: $(STAMP) ## the whole story in the sandbox, no account needed (ARGS=--no-ui: without Airflow's pages)
	@$(BIN)/hub demo $(ARGS)

up: $(STAMP) ## start Airflow and the hub (ARGS=--sandbox: against the pretend world)
	@$(BIN)/hub up $(ARGS)

down: $(STAMP) ## stop what `make up` or `make demo` started
	@$(BIN)/hub down

test: $(STAMP) ## every test; what this machine cannot run is skipped by name
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

quick: $(STAMP) ## the tests for every day: all but the slow ones (whole runs, Airflow, sweep, nemesis, mutants)
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow" $(ARGS)

faults: $(STAMP) ## every fault of a destination, a network, a process: matrix, sweep, nemesis, planted mutants; prints the table
	HUB_TEST_SEEDS=20 $(BIN)/python -m pytest -q -n 2 --dist loadgroup -p tests.faults.table tests/faults $(ARGS)

hostile: $(STAMP) ## hostile posts through the whole hub to what the destinations hold (CASES=DIR: cases.jsonl, raw/, archives.json)
	@$(BIN)/python -m tests.hostile "$(CASES)" $(ARGS)

check: $(STAMP) ## format, lint, types, import contracts, docs up to date, locks current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict hub connectors sandbox
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/contract/test_rooms.py tests/contract/test_docs.py tests/contract/test_locks.py

bench: $(STAMP) ## speed and memory against the budgets, each as a ratio within one run (ARGS=--quick)
	@$(BIN)/python -m benchmarks $(ARGS)

golden: $(STAMP) ## write the expected posts beside the recordings anew; read the diff as you would read code
	@$(BIN)/hub golden $(ARGS)

docs: $(STAMP) ## write docs/reference and the tables in connectors/README.md anew
	@$(BIN)/python -m hub.reference

recorded: $(STAMP) ## write docs/reference/recorded.md anew from the answers of real servers beside the project
	@$(BIN)/python -m tests.contract.recorded

# The superset first: the smaller locks are then held to its versions.
lock: $(STAMP) ## bring requirements/*.txt up to date with pyproject.toml (ARGS=--upgrade: and with the newest releases)
	@$(COMPILE) pyproject.toml --extra dev --extra postgres -o requirements/dev.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/base.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt --extra postgres -o requirements/postgres.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt --extra embedding -o requirements/embedding.txt
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' \
		| $(COMPILE) - -c requirements/dev.txt -o requirements/build.txt
	@echo uv | $(COMPILE) - -c requirements/dev.txt -o requirements/setup.txt
	@ls -l requirements

clean-state: ## forget everything that was collected, sent and logged here (var/)
	@test ! -x $(BIN)/hub || $(BIN)/hub down >/dev/null 2>&1 || true
	rm -rf var

clean: clean-state ## the same, and what was installed or cached
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
