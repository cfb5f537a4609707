# The first two commands: `make train` and `make test`. Each sets up what it needs, once, in a venv of its own.
PYTHON ?= python3
VENV ?= .venv
# The CPU build here. For a GPU: make train TORCH=torch (see README).
TORCH ?= torch==2.13.0
SPEC ?= reward_specs/humanoid/walk.reward

BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: train test check setup clean

train: $(READY)  ## train the shipped humanoid to walk; ARGS="--max-epochs 10" adds options
	$(BIN)/rewardlang train $(SPEC) $(ARGS)

test: $(READY)  ## the whole test suite, a file at a time on each core; ARGS="tests/lang -k units" chooses
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile $(ARGS)

check: $(READY)  ## format, lint, types, and the Python 3.8 floor
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/vermin --quiet --no-tips --violations --eval-annotations -t=3.8- rewardlang

setup: $(READY)

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c "import torch" 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) build *.egg-info
