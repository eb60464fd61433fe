# Two commands: `make run` shows the platform, `make test` proves it. Each sets itself up: a machine needs Python 3.11
# or newer, make and a package registry, nothing else. What is installed is what the locks name, checked by hash.

#? PYTHON   The interpreter; another one than python3 gets an environment of its own.
PYTHON ?= python3
#? VENV     Where everything is installed.
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
#? WORKERS  The number of processes that run the tests.
WORKERS ?= 2
#? ARGS     More words for the command: make test ARGS="tests/shared -k chain"
ARGS ?=

BIN  = $(VENV)/bin
PIP  = $(BIN)/python -m pip --quiet --no-input --disable-pip-version-check
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" $(ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
#? BASE_IMAGE  Of make wheels and make image: the Python that the image is built on.
BASE_IMAGE ?= python:3.13-slim
#? IMAGE_PYTHON  Its version.
IMAGE_PYTHON ?= 3.13
#? ENGINE  Of make test-compose: a script that starts a Docker engine where none is reached, if it is there.
ENGINE     ?= ../shared/tools/docker-engine.sh
#? SERVICE  Of make revision: budget, procurement, monitoring, evaluation, or all whose tables differ.
SERVICE ?= all
#? M        Of make revision: what changes, in a few words.
M       ?=

#? SEEDS    Of make chaos: which schedules.
SEEDS   ?= 1,2,3

.PHONY: help run test coverage test-compose test-bundle chaos bench check fix revision lock wheels image bundle clean

help:  ## This list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@sed -n 's/^#? //p' Makefile

run: $(VENV)/.installed  ## Start everything and play the example into it; Ctrl-C stops it.
	$(BIN)/scorebus up --play examples/kashgar-2018 --speed 60 $(ARGS)

test: $(VENV)/.tooled  ## Run the tests.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 2 $(ARGS)

# Laws are left out, for what they draw is chance; and a rule does not depend on the store.
coverage: $(VENV)/.tooled  ## Check that worked examples reach every branch of evaluation's rules; four minutes.
	$(BIN)/python -m coverage run -m pytest tests/evaluation -m "not hypothesis" -k "not postgresql" $(ARGS)
	$(BIN)/python -m coverage report

chaos: $(VENV)/.tooled  ## Strike a real platform with every fault of the matrix; half an hour; see SEEDS.
	$(BIN)/python -m bench.chaos --seeds $(SEEDS) --report $(ARGS)

bench: $(VENV)/.tooled  ## Measure speed, path by path; an hour. make bench ARGS="--paths post,freshness --runs 5"
	$(BIN)/python -m bench.speed $(ARGS)

test-compose: $(VENV)/.tooled  ## Test the deployment with a real Docker engine, where there is one.
	ENGINE="$(ENGINE)" tests/compose/run.sh $(BIN) $(ARGS)

check: $(VENV)/.tooled  ## Check format, lint, types, import rules, and that generated pages are fresh.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy docs/generate.py
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

fix: $(VENV)/.tooled  ## Format, mend what can be mended, write the generated pages anew.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python docs/generate.py

revision: $(VENV)/.tooled  ## Write the revision that brings databases to the tables of the program; see SERVICE and M.
	@test -n "$(M)" || { echo 'Say what changes: make revision SERVICE=budget M="index payments by day"' >&2; exit 1; }
	$(BIN)/python -m tests.migrations.revise "$(SERVICE)" "$(M)"
	$(BIN)/ruff format --quiet services/*/migrations
	$(BIN)/python -m tests.migrations.dumping

lock: $(VENV)/.made  ## Write the locks anew from pyproject.toml; newest versions with ARGS=--upgrade.
	$(PIP) install "uv>=0.9,<1"
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock

wheels: build/wheels/.made  ## Fetch the wheels that the image is made of, checked by hash, into build/wheels.

image: wheels  ## Build the image scorebus:latest.
	docker build --build-arg BASE_IMAGE=$(BASE_IMAGE) --tag scorebus:latest --file deploy/Dockerfile .

bundle: $(VENV)/.installed  ## Make dist/scorebus-….tar.gz, which installs on a machine without internet.
	rm -f dist/scorebus-*.tar.gz*
	deploy/bundle.sh $(BIN)

test-bundle: bundle  ## Install it where there is no network, and play the example.
	tests/bundle.sh $(BIN)

clean:  ## Remove environments and caches; ./data stays.
	rm -rf .venv .venv-* *.egg-info build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

build/wheels/.made: requirements.lock | $(VENV)/.made
	rm -rf build/wheels
	$(PIP) download --no-deps --require-hashes --only-binary :all: --python-version $(IMAGE_PYTHON) \
	  $(foreach tag,2_17 2_28,--platform manylinux_$(tag)_$(shell uname -m)) --platform manylinux2014_$(shell uname -m) \
	  --dest build/wheels --requirement requirements.lock
	@touch $@

# Each stamp says that a step is done; a step is done again when what it was made from has changed.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Name a Python 3.11 or newer: make PYTHON=python3.13 …" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Scorebus needs Python 3.11 or newer; $(PYTHON) is %d.%d.%d. Name another: make PYTHON=python3.13 …" % sys.version_info[:3])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock $(VENV)/.made
	@echo "Installing what requirements.lock names …"
	@$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tooled: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what requirements-dev.lock names …"
	@$(PIP) install --no-deps --require-hashes --requirement requirements-dev.lock
	@touch $@
