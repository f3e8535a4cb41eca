# Souschef: `make demo` and `make test` need Python 3.11 or newer, and nothing else.

# The newest Python that is there and can make virtual environments; or PYTHON=/path/to/python.
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$name"; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all:
UV ?= uv
# How many tests run at once; each has servers of its own. 0 where they share a RabbitMQ.
JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo test check up bench chaos mutations fuzz screenshots sbom compiled lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/embedded.stamp ## Ten weeks of a real class turned into assignments, real servers included
	@bin/souschef demo $(if $(filter true,$(CI)),--exit)

test: .venv/dev.stamp ## Run the tests against real servers; PYTEST="-k door -x" passes options on
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(PYTEST)

check: .venv/dev.stamp ## Lint, format, types, the arrows between folders, migrations, the bill of materials, bandit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -c "from models import migrate; migrate.head()"
	@$(BIN)/python .ci/sbom.py /dev/null
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml config models learning lms tasks web workers

up: .venv/embedded.stamp ## Start everything and keep it running until Ctrl-C
	@bin/souschef up

bench: .venv/dev.stamp ## Measure every figure that the README quotes; BENCH=name runs one
	@for file in $(or $(BENCH:%=benchmarks/%.py),$(filter-out %/__init__.py,$(wildcard benchmarks/*.py))); do \
		echo "== $$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; done

chaos: .venv/dev.stamp ## Kill, freeze and fill things, and count what was lost; RECORD=1 writes it down
	@$(BIN)/python -m pytest tests/chaos -m "chaos or flow" $(PYTEST)

mutations: .venv/dev.stamp ## Send 10,000 spoiled requests to the doors and write down the answers
	@MUTATIONS=$(or $(MUTATIONS),10000) RECORD=1 $(BIN)/python -m pytest tests/web/test_mutations.py $(PYTEST)

fuzz: .venv/dev.stamp ## Send 20,000 spoiled events through doors and workers and write down how they end
	@FUZZ=$(or $(FUZZ),20000) RECORD=1 $(BIN)/python -m pytest tests/flow/test_fuzz.py $(PYTEST)

screenshots: .venv/dev.stamp ## Take the pictures of Flower that docs/operations.md shows (needs Chromium)
	@$(BIN)/python .ci/screenshots.py

sbom: .venv/dev.stamp ## Write the bill of materials of the image, sbom.json, as CycloneDX
	@$(BIN)/python .ci/sbom.py sbom.json && echo "sbom.json"

explanations: .venv/embedded.stamp ## Write docs/explanations.md anew from the example school
	@PYTHONPATH=. $(BIN)/python -m workers.explanations

compiled: .venv/dev.stamp ## Compile the decision: the same decisions in .6 of the time (needs gcc)
	@$(BIN)/python .ci/compiled.py .compiled && echo "bin/souschef decides by machine code from now on; rm -r .compiled undoes it"

lock: ## Pin all dependencies anew (needs uv)
	@for file in embedded:embedded,text production:text dev:embedded,text,dev; do \
		$(UV) pip compile pyproject.toml $$(echo "$${file#*:}" | sed 's/[^,]*/--extra &/g; s/,/ /g') --universal \
		--python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
		--output-file "requirements/$${file%%:*}.txt" || exit 1; done

clean: ## Remove the virtual environment and all caches; the data folder stays
	@rm -rf .venv .compiled .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/%.stamp: requirements/%.txt | .venv/bin/python
	@echo "Installing from $< into .venv (the first time takes a minute)"
	@$(PIP) --requirement $<
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "souschef: No Python 3.11 or newer with venv was found." \
		"Install one (such as python3.13 and python3.13-venv), or name it: make demo PYTHON=/path/to/python." >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "souschef: $(PYTHON) is no Python, or older than 3.11. Name another: make demo PYTHON=/path/to/python." >&2; \
		exit 2; }
	@"$(PYTHON)" -m venv .venv
	@printf '#!/bin/sh\nexec "%s/bin/souschef" "$$@"\n' '$(CURDIR)' > .venv/bin/souschef && chmod +x .venv/bin/souschef
