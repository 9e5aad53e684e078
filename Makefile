# Everything runs from .venv in this folder; each target makes what it needs.
PYTHON ?= python3.11
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo run migrate test check fuzz bench chaos messages docs clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m bot messages --compile
	touch $@

demo: install
	$(BIN)/python -m sandbox demo

run: install
	$(BIN)/python -m bot run

migrate: install
	$(BIN)/python -m bot migrate

test: install
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m bot messages --check
	$(BIN)/python -m bot docs --check
	@sh tests/security/audit.sh $(BIN)/pip-audit

fuzz: install
	PULT_FUZZ_EXAMPLES=200 PULT_FUZZ_STEPS=50 $(BIN)/python -m pytest tests/fuzz -x

bench: install
	PULT_BENCH_WRITE=1 $(BIN)/python -m pytest tests/bench -m bench -s -p no:logging

# Every fault on both installations: about twenty minutes. `CHAOS=--quick` is a shorter form.
chaos: install
	$(BIN)/python -m tests.chaos --write $(CHAOS)

messages: install
	$(BIN)/python -m bot messages --update

docs: install
	$(BIN)/python -m bot docs --update

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
