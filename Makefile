# Two commands do everything: `make tag` and `make test`. Each sets up what it needs, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: tag test lint smoke all doccano doccano-stop clean

tag: $(VENV)/.core  ## tag the seed pages with the bundled model
	@echo "Tagging the pages in seeds/ with the bundled model; rows go to out/rows.jsonl"
	$(BIN)/banmian tag seeds -o out/rows.jsonl

test: $(VENV)/.dev .doccano/env/.locked  ## run all tests, those with a real doccano too
	@echo "Running the tests"
	$(BIN)/python -m pytest

lint: $(VENV)/.dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

smoke: $(VENV)/.dev  ## a small run of the whole training workflow
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m spacy project run smoke

all: $(VENV)/.dev  ## annotations to trained, evaluated, packaged model
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m spacy project run all

doccano:  ## set up and start doccano on this machine; DOCCANO_PORT and DATABASE_URL choose where
	@$(PYTHON) tools/doccano.py start

doccano-stop:  ## end it; its data stays in .doccano
	@$(PYTHON) tools/doccano.py stop

clean:  ## remove what the other targets made
	rm -rf $(VENV) out corpus/full corpus/dev* corpus/without-* training/full training/dev training/without-* training/smoke

$(VENV)/.core: requirements/core.lock requirements/build.lock pyproject.toml
	@echo "Setting up the environment in $(VENV) (a few minutes, once)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/core.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.core requirements/dev.lock
	@echo "Installing what testing needs"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	@touch $@

.doccano/env/.locked: requirements/doccano.lock
	@$(PYTHON) tools/doccano.py setup
