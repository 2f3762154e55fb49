# make demo | make test | make ci | make bench: sets up .venv if need be, then runs. PYTHON=... chooses the Python.
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export PYTHON

.PHONY: help demo test lint types ci faults bench clean

help:
	@echo "make demo    set up .venv and run jqkd demo"
	@echo "make test    set up .venv and run the tests (ARGS=... goes to pytest)"
	@echo "make lint    set up .venv and run ruff"
	@echo "make types   check types: by ty, and those of arrays while tests run"
	@echo "make ci      lint, types and tests: all that is checked before a change lands"
	@echo "make faults  put known faults into copies; do the tests notice? (half an hour)"
	@echo "make bench   set up .venv and run the benchmarks (ARGS=... as of python -m benchmarks)"
	@echo "make clean   remove .venv and the caches"
	@echo "PYTHON=...   the Python to set up with; by default the newest found, 3.11 or later"

demo: $(VENV)/demo.stamp
	$(BIN)/jqkd demo

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Tests that pass wrong or unusual arguments on purpose are left out.
types: $(VENV)/test.stamp
	$(BIN)/ty check jqkd --python $(VENV)
	JQKD_CHECK_TYPES=1 $(BIN)/python -m pytest tests/models tests/quantum \
	  $(foreach name,adjoint independence judges reproducible statevector, \
	  --ignore tests/quantum/test_$(name).py) -k "not bad_input and not any_kind"

# Both runs of tests compile the same programs: once for both.
ci: lint
	@cache=$$(mktemp -d) && trap 'rm -rf "$$cache"' EXIT && export JAX_COMPILATION_CACHE_DIR="$$cache" \
	  JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.1 JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=0 && \
	  $(MAKE) types test

faults: $(VENV)/test.stamp
	$(BIN)/python tests/faults/run.py $(ARGS)

bench: $(VENV)/bench.stamp
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache build dist

# A stamp is written last, so an interrupted set-up is taken up again.
$(VENV)/demo.stamp: $(VENV)/venv.stamp pyproject.toml
	@echo "Installing jqkd and what it needs into $(VENV) (minutes, once) ..."
	@$(PIP) -e . && touch $@

$(VENV)/test.stamp: $(VENV)/venv.stamp pyproject.toml
	@echo "Installing jqkd and what its tests need into $(VENV) (minutes, once) ..."
	@$(PIP) -e ".[test]" && touch $(VENV)/demo.stamp $@

$(VENV)/bench.stamp: $(VENV)/venv.stamp pyproject.toml
	@echo "Installing jqkd and what it is measured against into $(VENV) (minutes, once) ..."
	@$(PIP) -e ".[bench]" && touch $(VENV)/demo.stamp $@

# A candidate is run, as a name on PATH may be a launcher with nothing behind it.
$(VENV)/venv.stamp:
	@for python in $${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	    >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv --clear $(VENV) && touch $@; exit; \
	  fi; \
	done; \
	echo "No Python 3.11 or later with venv was found (tried:" \
	  "$${PYTHON:-python3.13 python3.12 python3.11 python3 python}); install one," \
	  "or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
	exit 1
