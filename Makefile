# The house's commands. Each makes .venv if it is missing and installs from constraints.txt.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
TOOLS := $(VENV)/.installed-dev
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: demo test slow check bench install clean
.DEFAULT_GOAL := help

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

install: $(INSTALLED)  ## Make .venv with thuja and all its extras

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e '.[all]'
	@touch $@

$(TOOLS): $(INSTALLED)
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	$(VENV)/bin/python -m pip install --quiet --no-deps facenet-pytorch==2.6.0  # its own wish is for an old torch
	@touch $@

demo: $(INSTALLED)  ## From pictures to a model that names organisms; PHOTOS=DIR [LABELS=CSV] for your own
	@scripts/demo "$(PHOTOS)" "$(LABELS)"

test: $(TOOLS)  ## The tests, all but slow and gpu
	@scripts/test

slow: $(TOOLS)  ## The slow tests
	@scripts/test -m "slow and not gpu" tests

check: $(TOOLS)  ## Style and types
	@scripts/check

bench: $(TOOLS)  ## The benchmarks; results belong in docs/benchmarks.md
	@scripts/bench

clean:  ## Remove the environment and the demo's folders
	rm -rf $(VENV) demo demo-photos
