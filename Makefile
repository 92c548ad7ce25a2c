# Every target makes its own .venv when it is missing; nothing is installed outside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests wait for processes a good deal: three workers for two cores, and four at most.
WORKERS ?= $(shell n=$$(( $$(nproc) * 3 / 2 )); echo $$(( n > 4 ? 4 : n )))

.DEFAULT_GOAL := help
.PHONY: help install demo test bench check format wheel clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP)  ## make the environment, which every other target does by itself

demo: $(STAMP)  ## learn Breakout from a plain intercept rule, and confirm the champion on sealed seeds
	@$(BIN)/fastheur demo

test: $(STAMP)  ## run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench: $(STAMP)  ## measure throughput beside EnvPool, raw simulators and other libraries, and the Cython core
	@$(BIN)/fastheur bench
	@$(BIN)/python -m pytest bench -s --benchmark-columns=median,ops --benchmark-sort=name

check: $(STAMP)  ## lint, format check and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP)  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

wheel: $(STAMP)  ## build a wheel into dist/
	@$(BIN)/python -m build --wheel --outdir dist .

clean:  ## remove the environment and everything built
	rm -rf $(VENV) build dist *.egg-info fastheur/_core.c fastheur/planner/_backward.c fastheur/_core*.so fastheur/planner/_backward*.so

$(STAMP): pyproject.toml setup.py fastheur/_core.pyx fastheur/planner/_backward.pyx
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing fastheur and its dependencies into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable ".[dev,bench]"
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib fastheur || true  # on all cores, which pip does not; some processes may write none
	@touch $@
