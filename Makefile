# `make help` lists the targets. Everything runs from .venv, which `make install` builds from the lock.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash
# Two processes; tests of one file stay together and share what is expensive to set up.
JOBS ?= 2

.PHONY: help install demo test check format format-check lint types imports audit bench soak matrix lock

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: .venv/.installed ## Build .venv from the lock (hashes checked)

.venv/.uv: lock/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "synchub needs Python 3.11 or later, $(PYTHON) is `$(PYTHON) -V`. Say which: make PYTHON=python3.12 ..."; exit 1; }
	@echo "building .venv from lock/requirements.txt ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r lock/bootstrap.txt
	@touch $@

# uv is fast but reads no configuration of pip: where a mirror is configured for pip only, pip does the work.
.venv/.installed: .venv/.uv lock/requirements.txt pyproject.toml
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --require-hashes -r lock/requirements.txt \
	  || $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r lock/requirements.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --offline --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## Show the hub doing its job against simulated systems (a few minutes)
	$(BIN)/synchub demo

test: install ## Run all tests
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

check: install format-check lint types imports audit test ## What CI runs

format-check: install
	$(BIN)/ruff format --check .

format: install ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: install ## Lint
	$(BIN)/ruff check .

types: install ## Strict type check
	$(BIN)/mypy

imports: install ## Check who imports whom
	$(BIN)/lint-imports

audit: install ## Look the locked dependencies up in the advisory databases
	$(BIN)/python -m tests.meta.audit

bench: install ## CPU, memory and match quality beside the floor of the same run
	$(BIN)/python bench/compare.py

soak: install ## Kill the hub 200 times on each database and compare what it leaves (an hour and more)
	$(BIN)/python bench/soak.py

matrix: install ## Write the conformance table of docs/connectors/README.md anew
	$(BIN)/python -m tests.contract.matrix

lock: .venv/.uv ## Renew the lock after a change of pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header pyproject.toml -o lock/requirements.txt
