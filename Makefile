# Every target works from a checkout with nothing but Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
REPEAT ?= 5

.PHONY: help install test check format bench screens clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(BIN)/qt  ## a virtual environment with everything for users and developers

$(BIN)/qt: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -e '.[all,dev]'
	@touch $@

test: $(BIN)/qt  ## the whole test suite
	$(BIN)/pytest

check: $(BIN)/qt  ## ruff, mypy and the contracts between the floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict qt_engine qt_tui
	$(BIN)/lint-imports

format: $(BIN)/qt  ## let ruff put everything in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(BIN)/qt  ## the engine beside the hand-written limit kernels
	$(BIN)/python benchmarks/engine.py W1 W2 W3 W4 W5 --repeat $(REPEAT)

screens: $(BIN)/qt  ## the pictures of docs/images, made by the app itself
	$(BIN)/python docs/make_screens.py

# Compiled kernels lie in __pycache__ beside their sources (*.nbi, *.nbc): the next run compiles them again.
clean:  ## all that can be made again; .venv and your workspaces stay
	find qt_engine qt_tui tests benchmarks docs -type d -name __pycache__ -prune -exec rm -rf {} +
	rm -rf build dist *.egg-info .coverage .coverage.* htmlcov snapshot_report.html
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
