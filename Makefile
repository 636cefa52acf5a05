# `make` sets everything up and runs the main study; `make test` passes the tests. Both work on a machine with CPython >= 3.11, pip, make and gcc.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: study test test-slow test-oldest lint types docs clean

study: .venv/installed
	$(BIN)/python studies/vgg_bn_vs_nobn.py

test: .venv/installed
	$(BIN)/python -m pytest -m "not slow"

test-slow: .venv/installed  # real kills, chaos, every study end to end: CI runs them too
	$(BIN)/python -m pytest -m slow

test-oldest: .venv/installed  # with the oldest versions that pyproject.toml allows, and of MLflow the small package alone
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) .venv-oldest
	$(BIN)/uv pip install --quiet --python .venv-oldest --resolution lowest-direct -e '.[test]'
	$(BIN)/uv pip uninstall --quiet --python .venv-oldest mlflow  # which takes files of mlflow-skinny along
	$(BIN)/uv pip freeze --python .venv-oldest | grep mlflow-skinny | \
		$(BIN)/uv pip install --quiet --reinstall --no-deps --python .venv-oldest -r -
	.venv-oldest/bin/python -m pytest -m "not slow" -W default

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

docs: .venv/installed  # the site, in site/; a broken link is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs site

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

clean:
	rm -rf .venv .venv-oldest build site *.egg-info .pytest_cache .mypy_cache .ruff_cache
