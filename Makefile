# Two commands do everything: `make demo` and `make test`. Both set up .venv first.

PYTHON ?= python3
BIN := .venv/bin
# Real faces and weights for local evaluation; they are not part of this repository and everything runs without them.
export OPOM_EDU_REAL ?= $(CURDIR)/../shared/real
export OPOM_EDU_WEIGHTS ?= $(OPOM_EDU_REAL)/models
# Idle threads sleep instead of spinning: steadier times where cores are shared.
export OMP_WAIT_POLICY ?= PASSIVE
# The Jupyter server's settings, shared with Binder.
export JUPYTER_PATH := $(CURDIR)/binder/share:$(JUPYTER_PATH)
export JUPYTER_CONFIG_PATH := $(CURDIR)/binder:$(JUPYTER_CONFIG_PATH)

.PHONY: help setup demo doctor lab app site test bench lock clean
help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: .venv/.dev  ## make .venv with all that the demo, the notebooks and the tests need

.venv/.dev: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	install -D binder/overrides.json .venv/share/jupyter/lab/settings/overrides.json
	touch $@

demo: setup  ## the main job: make demo [PEOPLE=folder:PATH] [ARGS='--seed 1 ...']
	$(BIN)/opom-edu demo $(if $(PEOPLE),--people "$(PEOPLE)") $(ARGS)

doctor: setup  ## say which packages, recognizers and devices are at hand
	$(BIN)/opom-edu doctor

lab: setup  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

app: setup  ## open the epsilon lab without any code, in Voila
	$(BIN)/voila --template=offline notebooks/app/epsilon_lab.ipynb

site: setup  ## the course as a web site that learns masks in the page: out/site
	$(BIN)/opom-edu site --out out/site

test: setup  ## lint, types, direction of imports, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

bench: setup  ## all benchmarks, side by side with their yardsticks: make bench [ARGS='--only sweep']
	$(BIN)/python benchmarks/run.py $(ARGS)

lock:  ## resolve all dependencies anew and write constraints.txt
	rm -rf .lock && $(PYTHON) -m venv .lock
	.lock/bin/pip install --quiet $(if $(TORCH),torch==$(TORCH)) --editable '.[dev,nbgrader]'
	.lock/bin/pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt
	rm -rf .lock

clean:  ## remove what make made
	rm -rf .venv .lock out .mypy_cache .pytest_cache .ruff_cache .hypothesis
