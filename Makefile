# The five things a newcomer needs. `make run` and `make test` set up by themselves.
PY ?= python3
BIN := .venv/bin

.PHONY: setup run test lint bench screenshots docs clean

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt scripts/system-packages
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更高版本"; exit 1; }
	@test -x $(BIN)/python || $(PY) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	@scripts/system-packages
	@touch $@

run: setup
	$(BIN)/yousu demo --serve

test: setup lint
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	@mkdir -p var
	$(BIN)/lint-imports >var/lint-imports.log 2>&1 || (cat var/lint-imports.log; exit 1)
	$(BIN)/mypy yousu

bench: setup
	$(BIN)/python -m bench

screenshots: setup
	$(BIN)/python -m tests.screenshots

docs: setup
	$(BIN)/yousu verbs --write docs/verbs.md

clean:
	rm -rf .venv var
