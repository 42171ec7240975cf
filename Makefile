# The house's commands. Each makes .venv if it is missing and installs from constraints.txt.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: demo test slow check bench install clean
.DEFAULT_GOAL := help

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

install: $(STAMP)  ## Make .venv with everything in it

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)  ## From pictures to a model that names organisms; PHOTOS=DIR [LABELS=CSV] for your own
	@scripts/demo "$(PHOTOS)" "$(LABELS)"

test: $(STAMP)  ## The tests, all but slow and gpu
	@scripts/test

slow: $(STAMP)  ## The slow tests
	@scripts/test -m "slow and not gpu"

check: $(STAMP)  ## Style and types
	@scripts/check

bench: $(STAMP)  ## The benchmarks; results belong in docs/benchmarks.md
	@scripts/bench

clean:  ## Remove the environment and the demo's folders
	rm -rf $(VENV) demo demo-photos
