# Souschef: `make demo` and `make test` need Python 3.11 or newer, and nothing else.

# The newest Python that is there and can make virtual environments; or PYTHON=/path/to/python.
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$name"; break; }; done)
BIN := .venv/bin
UV ?= uv
# How many processes run tests, each with servers of its own: one more than there are cores, as tests often wait; at
# most 8. 0 (one after the other, in one process) where all share a RabbitMQ.
JOBS ?= $(if $(filter amqp%,$(SOUSCHEF_BROKER_URL)),0,$(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); \
	echo $$((cores < 7 ? cores + 1 : 8))))
CHAOS_JOBS ?= 2
RUN_TESTS := $(BIN)/python -m pytest --dist worksteal
# By file: what a file's tests share is then made once, and a worker begins its next file, the longest first.
COVERED_TESTS := $(BIN)/python -m slipcover --json --out .coverage/test-all.json -m pytest --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all coverage check up bench chaos hosts mutations fuzz cases screenshots sbom compiled fast lock pin-images docs lti-consumer clean reference explanations

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/embedded.stamp ## Install what `make demo` and `bin/souschef` need into .venv, and start nothing

demo: .venv/embedded.stamp ## Ten weeks of a real class turned into assignments, real servers included
	@bin/souschef demo $(if $(filter true,$(CI)),--exit)

test: .venv/dev.stamp ## Run the tests against real servers; PYTEST="-k door -x" passes options on
	@SUITE="make test" $(RUN_TESTS) --numprocesses $(JOBS) -m "not full and not chaos" $(PYTEST)

test-all: .venv/dev.stamp ## Run what `make test` leaves out, and every chaos test in its short form
	@mkdir -p .coverage
	@SUITE="make test-all, part 1" $(COVERED_TESTS) --numprocesses $(JOBS) -m "full and not chaos" $(PYTEST)
	@$(BIN)/python .ci/reached_lines.py .coverage/test-all.json
	@SUITE="make test-all, part 2" $(RUN_TESTS) --numprocesses $(CHAOS_JOBS) -m chaos $(PYTEST)

coverage: .venv/dev.stamp ## Run all tests but chaos under coverage, started processes too: twice as long as without
	@rm -rf .coverage && mkdir .coverage
	@SUITE="make coverage" $(BIN)/coverage run -m pytest --dist worksteal --numprocesses $(JOBS) -m "not chaos" $(PYTEST); \
		$(BIN)/coverage combine --quiet && $(BIN)/coverage report

check: .venv/dev.stamp ## Lint, format, types, the arrows between folders, migrations, the bill of materials, bandit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -c "from models import admin; admin.head()"
	@$(BIN)/python .ci/sbom.py /dev/null
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml config models learning lms tasks web workers

up: .venv/embedded.stamp ## Start everything and keep it running until Ctrl-C
	@bin/souschef up

bench: .venv/dev.stamp ## Measure every figure that the README quotes; BENCH=name runs one
	@for file in $(or $(BENCH:%=benchmarks/%.py),$(filter-out %/__init__.py,$(wildcard benchmarks/*.py))); do \
		echo "== $$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; done

chaos: .venv/dev.stamp ## Kill, freeze and fill things for an hour, and count what was lost; RECORD=1 writes it down
	@CHAOS=long SUITE="make chaos" $(BIN)/python -m pytest -m chaos $(PYTEST)

hosts: .venv/dev.stamp ## Break hosts in network namespaces, one part after the other (root, haproxy, RabbitMQ)
	@$(BIN)/python -m tests.hosts $(HOSTS)

mutations: .venv/dev.stamp ## Send 10,000 spoiled requests to the doors and write down the answers
	@MUTATIONS=$(or $(MUTATIONS),10000) RECORD=1 $(BIN)/python -m pytest tests/web/test_mutations.py $(PYTEST)

fuzz: .venv/dev.stamp ## Send 20,000 spoiled events through doors and workers and write down how they end
	@FUZZ=$(or $(FUZZ),20000) RECORD=1 $(BIN)/python -m pytest tests/flow/test_fuzz.py $(PYTEST)

cases: .venv/dev.stamp ## Decide 200,000 random cases and check rules, replay and refresh; CASES=n for another number
	@PYTHONPATH=. $(BIN)/python benchmarks/hard_rules.py --laws L2 L3 L13 L16 L17 L18 --decisions $(or $(CASES),200000)

screenshots: .venv/dev.stamp ## Take the pictures of Flower and of every page that the docs show (needs Chromium)
	@$(BIN)/python .ci/screenshots.py

sbom: .venv/dev.stamp ## Write the bill of materials of the image, sbom.json, as CycloneDX
	@$(BIN)/python .ci/sbom.py sbom.json && echo "sbom.json"

reference: .venv/dev.stamp ## Write again what is made from the code: docs/commands.md, docs/events.md, the list of decisions, the dashboard, the recording rules
	@PYTHONPATH=. $(BIN)/python -m workers.cli.views.commands_page > docs/commands.md
	@PYTHONPATH=. $(BIN)/python -m workers.cli.views.events_page > docs/events.md
	@$(BIN)/python .ci/dashboards.py
	@$(BIN)/python .ci/docs.py --index

explanations: .venv/embedded.stamp ## Write docs/explanations.md again from the example school
	@PYTHONPATH=. $(BIN)/python -m workers.cli.views.explanations

compiled: .venv/dev.stamp ## Compile the decision and the learner model: the same bytes in about .65 of the time (needs gcc)
	@$(BIN)/python .ci/compiled.py .compiled && echo "bin/souschef runs machine code from now on; rm -r .compiled undoes it"

fast: .venv/fast.stamp ## Install Numba too: `souschef fit` and `evaluate` give the same figures in a fraction of the time

lock: ## Pin all dependencies again (needs uv); slim prefers the versions of production
	@for file in embedded:embedded,text production:text,otel slim: fast:embedded,text,fast dev:embedded,text,otel,docs,dev; do \
		test "$$file" != slim: || cp requirements/production.txt requirements/slim.txt; \
		$(UV) pip compile pyproject.toml $$(echo "$${file#*:}" | tr ',' '\n' | sed -n 's/./--extra &/p') --universal \
		--python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --quiet \
		--output-file "requirements/$${file%%:*}.txt" || exit 1; done

docs: .venv/dev.stamp ## Build the site of docs/ into the folder site, and check its links
	@$(BIN)/python .ci/docs.py

pin-images: .venv/dev.stamp ## Add the digest of every base image to the files that name it (needs an image registry)
	@$(BIN)/python .ci/pin_images.py

lti-consumer: .lti-consumer/stamp ## Install Open edX's LTI signer and another platform, both apart, for the tests that launch with them

.lti-consumer/stamp: Makefile
	$(PYTHON) -m venv .lti-consumer
	.lti-consumer/bin/pip install --quiet lti-consumer-xblock==11.4.4 lti-provider-mock==0.2.3 cryptography uvicorn
	@touch $@

clean: ## Remove the virtual environment and all caches; the data folder stays
	@rm -rf .venv .compiled .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/%.stamp: requirements/%.txt | .venv/bin/python
	@echo "Installing from $< into .venv; the first time takes a minute or two."
	@$(BIN)/python .ci/install.py $<
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "souschef: No Python 3.11 or newer with venv was found." \
		"Install one (such as python3.13 and python3.13-venv), or name it: make demo PYTHON=/path/to/python." >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "souschef: $(PYTHON) is no Python, or older than 3.11. Name another: make demo PYTHON=/path/to/python." >&2; \
		exit 2; }
	@echo "Making the virtual environment .venv with $(PYTHON)."
	@mkdir -p .venv && touch .venv/installing && "$(PYTHON)" -m venv .venv
	@printf '#!/bin/sh\nexec "%s/bin/souschef" "$$@"\n' '$(CURDIR)' > .venv/bin/souschef && chmod +x .venv/bin/souschef
