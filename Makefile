# Everything a developer does. Needs Python 3.11 or newer with pip, and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements/all.lock
SNAPSHOTS := tests/unit/plan tests/unit/apply tests/unit/compile tests/house
export PIP_DISABLE_PIP_VERSION_CHECK := 1

NODE_MODULES := tests/clients/js/node_modules

.PHONY: help setup demo test torture clients check cover fix accept differential mutate bench docs lock clients-lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: .venv/.done  ## make the virtual environment; leaves .venv/bin/leastkey

# pip installs into the new environment from outside: Debian's python3 comes without ensurepip.
.venv/.done: $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("leastkey needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import os, re, sys; sys.exit(None if re.fullmatch(r"[\w./+@:-]+", os.getcwd(), re.ASCII) else "AWS tools cannot start a program at this path: " + os.getcwd() + "\nMove this folder to a path of ASCII letters, digits and ./+@:_- only, then make again")'
	@echo "Setting up .venv from $(LOCK) (hashes required)" >&2
	@rm -rf .venv && $(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --require-hashes --no-deps -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## the whole story on the embedded AWS, no account needed
	@$(BIN)/leastkey demo

test: setup  ## all tests; REST=1 leaves out those that make check has just run
	@$(BIN)/python -m pytest -q -rfEs -n 3 --dist worksteal \
		$(if $(REST),$(shell $(BIN)/python tools/check.py --rest))

torture: setup  ## the loops of kills, faults and hostile requests, every round of them
	@LEASTKEY_TORTURE=1 $(BIN)/python -m pytest -q -rfEs -n 2 --dist worksteal --timeout 3600 -m torture

clients: $(NODE_MODULES)/.package-lock.json  ## the AWS SDK for JavaScript, for tests/clients; needs node and npm

$(NODE_MODULES)/.package-lock.json: tests/clients/js/package-lock.json
	@{ command -v node && command -v npm; } >/dev/null || { echo "make clients needs node 18 or newer and npm: apt-get install nodejs npm" >&2; exit 1; }
	@cd tests/clients/js && npm ci --ignore-scripts --loglevel error || { echo "make clients: npm could not install what $< names" >&2; exit 1; }
	@touch $@

check: setup  ## every quality gate, each with its value and its bound; GATES="lint types" names some
	@$(BIN)/python tools/check.py $(GATES)

cover: setup  ## the coverage gate alone
	@$(BIN)/python tools/check.py coverage

fix: setup  ## what ruff can put right by itself, and the layout
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check .

accept: setup  ## rewrite snapshots and generated documents
	@$(BIN)/python -m tools.reference --write
	@echo "Rewriting snapshots; a test that had to be rewritten is told as failed once" >&2
	@$(BIN)/python -m pytest -q --inline-snapshot=fix,create $(SNAPSHOTS) || true
	@$(BIN)/python -m pytest -q $(SNAPSHOTS)

differential: setup  ## the engine beside the naive evaluator on other cases: SEED=7 N=100000
	@$(BIN)/python -m tests.differential.compare --seed $(or $(SEED),0) --cases $(or $(N),50000)

mutate: setup  ## break the engine on purpose, see whether a test notices: FILES="match.py" ONLY=text JOBS=2
	@$(BIN)/python -m tools.mutate $(FILES) --only "$(ONLY)" --jobs $(or $(JOBS),2)

bench: setup  ## measure; one line a figure
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file; done

docs: setup  ## regenerate the reference pages
	@$(BIN)/python -m tools.reference --write

lock: setup  ## resolve the dependencies again (seven days of cool-down)
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal \
		--python-version 3.11 --exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)" \
		--all-extras --group dev pyproject.toml -o $(LOCK)

clients-lock:  # resolve the packages of tests/clients/js again; npm would note web pages that ask for money
	@cd tests/clients/js && rm -rf node_modules package-lock.json && npm install --package-lock-only --ignore-scripts \
		--before "$$(date -u -d '7 days ago' +%Y-%m-%d)"
	@$(PYTHON) -c 'import json, sys; from pathlib import Path; file = Path(sys.argv[1]); lock = json.loads(file.read_text()); \
		[package.pop("funding", None) for package in lock["packages"].values()]; \
		file.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")' tests/clients/js/package-lock.json

clean:  ## remove what was made
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build .coverage* $(NODE_MODULES) benchmarks/peer/node_modules
