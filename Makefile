# `make help` lists the targets. Everything runs from .venv, which `make install` builds from the lock.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash

.PHONY: help install demo test check format lint types imports audit bench lock

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: .venv/.installed ## Build .venv from the lock (hashes checked)

.venv/.installed: lock/requirements.txt lock/bootstrap.txt pyproject.toml
	@echo "building .venv from lock/requirements.txt ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r lock/bootstrap.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --require-hashes -r lock/requirements.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## Show the hub doing its job against simulated systems (a few minutes)
	$(BIN)/synchub demo

test: install ## Run all tests
	$(BIN)/python -m pytest

check: install format-check lint types imports audit test ## What CI runs

.PHONY: format-check
format-check:
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

audit: install ## Look the locked dependencies up in the advisory database
	$(BIN)/python tests/meta/audit.py

bench: install ## CPU, memory and match quality beside the floor of the same run
	$(BIN)/python bench/compare.py

lock: install ## Renew the lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header pyproject.toml -o lock/requirements.txt
