# `make help` lists what there is. Needs make and a Python >= 3.11 with its venv module; nothing else.
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
LAYER_LOCK := requirements-layer.lock
GATHERER_LOCK := requirements-gatherer.lock
DEPLOY_LOCK := requirements-deploy.lock
DEPLOY_VENV := build/venv-deploy
EMULATOR_LOCK := requirements-emulator.lock
EMULATOR_VENV := build/venv-emulator
CHECKS_LOCK := requirements-checks.lock
DOCS_LOCK := requirements-docs.lock
DOCS_VENV := build/venv-docs
CHECKS_VENV := build/venv-checks
READY := $(VENV)/.ready
# One more than there are processors: a part of the tests waits for browsers and for processes that start.
JOBS ?= $(shell $(BIN)/python -c "import os; print((os.cpu_count() or 1) + 1)")
ARGS ?=
export PYTHON
# uv leaves compiling to the first import, which must then be allowed to keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: audit bench browser-env build chaos checks-env clean cli-page coverage deploy-check deploy-env deploy-test \
	docs docs-env docs-links environments events format fuzz help hooks licences lint lock loopback notebooks openapi \
	other-pythons pictures pr publishable release sbom serve setup soak teardown test test-full train validate
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv from the lock (once, and again when the lock changes)

# The package itself goes in as an editable install, built with what the lock brought: nothing is looked up. A gatherer
# writes no bytecode: what it imports is compiled here.
$(READY): $(LOCK) pyproject.toml tools/find-python tools/make-venv
	@python=$$(tools/find-python) && tools/make-venv "$$python" $(VENV) $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c "import gatherer.__main__, gatherer.api.server"
	@touch $(READY)

train: $(READY) ## train on the bundled penguins through the whole workflow; the model goes to out/
	@$(BIN)/snakebatch train penguins --target species --bucket 40 --tau 100 --out out/penguins.model.json $(ARGS)

serve: $(READY) ## the whole system on this machine, with its HTTP API and live pages; ARGS="--port 8100"
	@$(BIN)/snakebatch serve $(ARGS)

environments: other-pythons deploy-env checks-env browser-env docs-env ## make what the tests need beside .venv

# Coverage costs next to nothing where Python has sys.monitoring (3.12), and would treble the time of the tests elsewhere. A
# choice of tests covers less than the floor.
test: $(READY) environments ## run all tests in parallel; ARGS="-k name" to choose
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(if $(ARGS),$(ARGS),$(COVERAGE))

COVERAGE = $(shell $(BIN)/python -c "import sys; hasattr(sys, 'monitoring') and print('--cov --cov-report=term:skip-covered')")

coverage: $(READY) environments ## run all tests and write which lines they run to build/coverage, whatever the Python
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --cov --cov-report=html:build/coverage

test-full: export SNAKEBATCH_TESTS = full
test-full: test ## the tests, the long ones at their full size: all draws, fifty jobs, twenty kills; an hour

other-pythons: $(READY)
	@tools/other-pythons $(VENV) $(LAYER_LOCK)

# SAM CLI's pins clash with ours, so it lives in an environment of its own. So does the emulator, which runs functions with
# the Python that it was started with: the runtime's own, if it is here.
deploy-env: $(READY)
	@tools/make-venv $(BIN)/python $(DEPLOY_VENV) $(DEPLOY_LOCK)
	@tools/make-node-modules tests/deploy build/asl-validators
	@python=$$(tools/find-python 3.13) || python=$(BIN)/python; tools/make-venv "$$python" $(EMULATOR_VENV) $(EMULATOR_LOCK)

# checkov's newest clashes with SAM CLI, and shellcheck's wheel has no need of anything else.
checks-env: $(READY)
	@tools/make-venv $(BIN)/python $(CHECKS_VENV) $(CHECKS_LOCK) bare

# Debian's Chromium, where there is none and we may install it; axe-core looks for what keeps people out of a page.
browser-env: $(READY)
	@tools/make-browser
	@tools/make-node-modules tests/browser build/axe

# Sphinx and Jupyter, over .venv: they document and run what is there.
docs-env: $(READY)
	@tools/make-venv $(BIN)/python $(DOCS_VENV) $(DOCS_LOCK) bare
	@tools/lay-over $(DOCS_VENV) $(VENV)

docs: docs-env ## build the site of docs/ into build/site; a warning is an error
	@tools/make-docs build/site
	@echo "open build/site/index.html"

docs-links: docs-env ## ask every external link of the site; needs a network
	@tools/make-docs build/docs-links linkcheck

notebooks: docs-env ## carry out the notebooks of examples/ anew, after a change of a script or of the engine
	@$(DOCS_VENV)/bin/python -m tools.notebooks $(ARGS)

cli-page: $(READY) ## write docs/reference/cli.md anew, after a change of the command line
	@$(BIN)/python -m tools.cli_page

validate: deploy-env ## sam validate --lint, without an account
	@SAM_CLI_TELEMETRY=0 $(DEPLOY_VENV)/bin/sam validate --region eu-west-3

build: deploy-env ## sam build, and the size of the layer that it makes (250 MB is the limit)
	@SAM_CLI_TELEMETRY=0 $(DEPLOY_VENV)/bin/sam build
	@du -sm .aws-sam/build/DependencyLayer

deploy-test: deploy-env ## deploy to an emulator, train there, update, delete; no account needed
	@$(BIN)/python -m pytest -m deploy tests/deploy $(ARGS)

audit: checks-env ## ask for advisories about every locked package; passes, and says so, where nobody answers
	@$(BIN)/python -m tools.audit

licences: checks-env deploy-env docs-env ## write docs/licences.md anew, after a change of a lock file
	@$(BIN)/python -m tools.licences

sbom: $(READY) ## a bill of materials of all that is locked (CycloneDX): build/sbom.cdx.json
	@$(BIN)/python -m tools.sbom

fuzz: checks-env ## look for inputs that break a promise; ARGS="table --seconds 600" (table, model or message)
	@$(BIN)/python -m tests.fuzz $(ARGS)

loopback: $(READY) ## serve AWS for sam local invoke, with what events/ speak of; ARGS="--port 5001"
	@$(BIN)/python -m snakebatch.local.loopback $(ARGS)

events: $(READY) ## name the packets of events/ anew, after a change of the engine
	@$(BIN)/python -m tests.support.example_events

chaos: $(READY) ## 200 trainings while everything fails, by a seed; ARGS="--seed 2 --runs 20"
	@$(BIN)/snakebatch chaos $(ARGS)

pictures: $(READY) browser-env ## draw docs/pictures anew: workflows, a run, a terminal, a page; ARGS="terminal" for one
	@$(BIN)/python -m tools.pictures $(ARGS)

deploy-check: $(READY) ## will the deployment fit into your AWS account; ARGS="--region R --reserved N"
	@$(BIN)/snakebatch deploy-check $(ARGS)

teardown: $(READY) ## take a deployment down, after asking; ARGS="--stack NAME --region R"
	@$(BIN)/snakebatch teardown $(ARGS)

openapi: $(READY) ## write docs/openapi.json anew, after a change of the HTTP API
	@$(BIN)/python -m gatherer.api.openapi > docs/openapi.json

lint: $(READY) ## ruff (rules and format) and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY) ## let ruff format and sort
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

pr: lint test ## what CI runs

bench: $(READY) ## measure: map throughput, make train, the three 5k sets (writes tests/bench/results_3x5k.json)
	@$(BIN)/python -m tests.bench $(ARGS)

soak: $(READY) ## 200 mixed jobs through one embedded cloud: what it holds after each 25 (docs/soak.md)
	@$(BIN)/python -m tests.bench soak --runs 1

# One version of each package for all Pythons: checks and bytes are then the same on all of them.
UV_COMPILE = $(BIN)/uv pip compile --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --quiet --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(READY) ## pin the newest versions again (ARGS=--upgrade), for Python 3.11 to 3.13, Linux and macOS
	@$(UV_COMPILE) pyproject.toml --all-extras $(ARGS) -o $(LOCK)
	@$(UV_COMPILE) pyproject.toml --extra aws -c $(LOCK) --upgrade -o $(LAYER_LOCK)
	@$(UV_COMPILE) pyproject.toml --extra http -c $(LOCK) --upgrade -o $(GATHERER_LOCK) \
		$$(sed -n 's/^\([^ =]*\)==.*/--no-emit-package \1/p' $(LAYER_LOCK))
	@$(UV_COMPILE) --group pyproject.toml:deploy $(ARGS) -o $(DEPLOY_LOCK)
	@$(UV_COMPILE) --group pyproject.toml:emulator $(ARGS) -o $(EMULATOR_LOCK)
	@$(UV_COMPILE) --group pyproject.toml:checks $(ARGS) -o $(CHECKS_LOCK)
	@$(UV_COMPILE) --group pyproject.toml:docs -c $(LOCK) --upgrade -o $(DOCS_LOCK) \
		$$(sed -n 's/^\([^ =]*\)==.*/--no-emit-package \1/p' $(LOCK))
	@$(MAKE) --no-print-directory licences

hooks: $(READY) ## let git run ruff and mypy before each commit
	@$(BIN)/pre-commit install

release: $(READY) ## dist/: wheel, source, layers, bill of materials, checksums; the same bytes wherever it is made
	@$(BIN)/python -m tools.release

publishable: build ## the built template as the Serverless Application Repository takes it (docs/releases.md)
	@$(DEPLOY_VENV)/bin/python -m tools.publishable .aws-sam/build/template.yaml

clean: ## remove the environment, caches and everything built
	rm -rf $(VENV) .aws-sam build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
