# Each command sets up what it needs in .venv first, and again when the requirements have changed.
# Every path is relative, so that the folder may have any name, spaces included.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-browser pytorch lab lint notebooks test-versions benchmarks clean

NOTEBOOK ?= RNN_Captioning
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python; do \
  "$$p" -c "import sys; sys.exit(sys.version_info < (3, 10))" 2>/dev/null && echo "$$p" && break; done)
PIP_INSTALL = .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

help: ## list the commands
	@sed -n "s/^\([a-z-]*\):[^#]*## */\1#/p" Makefile | \
	  while IFS="#" read -r name what; do printf "  make %-15s %s\n" "$$name" "$$what"; done

run: .venv/learner ## run the solved notebook, and show the captions that come out
	@.venv/bin/python -m course.run "$(NOTEBOOK)"

lab: .venv/learner ## open JupyterLab on your copy of a notebook (ARGS="--no-browser": for JupyterLab)
	@.venv/bin/python -m course.lab "$(NOTEBOOK)" $(ARGS)

pytorch: .venv/pytorch ## install PyTorch, for the PyTorch edition and for training on a GPU

test: .venv/developer ## run all tests: style, package, data, notebooks
	@.venv/bin/python -m course.test

test-browser: .venv/browser ## test a learner's day in JupyterLab and an installed Chromium
	@.venv/bin/python -m pytest tests/browser

lint: .venv/developer ## check the style
	@.venv/bin/python -m ruff check .

notebooks: .venv/developer ## build the notebooks from course/ (FORCE=1: run all of them again)
	@.venv/bin/python -m course.build $(if $(FORCE),--force)

test-versions: ## test the package on Python 3.10 and 3.13, where they are installed
	@"$(PYTHON)" tests/versions.py

benchmarks: .venv/learner ## measure speeds
	@for file in benchmarks/*.py; do name=$${file##*/}; echo "$$file"; \
	  .venv/bin/python -m "benchmarks.$${name%.py}" || exit 1; done

clean: ## delete .venv and everything else that these commands made
	rm -rf .venv .venvs out .pytest_cache .ruff_cache

.venv/learner: requirements.txt constraints.txt .venv/bin/python
	@echo "Installing the packages of requirements.txt into .venv"
	@$(PIP_INSTALL) -r requirements.txt
	@touch .venv/learner

.venv/developer: requirements-dev.txt requirements.txt constraints.txt .venv/bin/python
	@echo "Installing the packages of requirements-dev.txt into .venv"
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch .venv/learner .venv/developer

.venv/pytorch: requirements-pytorch.txt requirements.txt constraints.txt .venv/bin/python
	@echo "Installing the packages of requirements-pytorch.txt into .venv"
	@$(PIP_INSTALL) -r requirements-pytorch.txt
	@touch .venv/learner .venv/pytorch

.venv/browser: requirements-browser.txt .venv/developer
	@echo "Installing the packages of requirements-browser.txt into .venv"
	@$(PIP_INSTALL) -r requirements-browser.txt
	@touch .venv/browser

# A pip that fails halfway leaves no stamp, and a venv that fails no Python: the next call tries again.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.10 or newer is needed and was not found. Install it" \
	  "(Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python)," \
	  "or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@"$(PYTHON)" -c "import ensurepip, venv" 2>/dev/null || { echo "This Python cannot make a" \
	  "virtual environment: its module venv or ensurepip is missing. Install it" \
	  "(Debian, Ubuntu: sudo apt install python3-venv; Fedora: sudo dnf install python3-pip)," \
	  "then call make again."; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv
