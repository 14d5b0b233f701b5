# Mile Quest Realtime. `make` alone lists what there is. The work is done by ops, pytest and Terraform; this file names it.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
POLICY := .build/policy-venv
CLIENTS := tests/clients
NODE_PACKAGES := $(CLIENTS)/node_modules/.installed
# For what also works without Node, and says itself what it leaves out.
TRY_NODE = @if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory $(NODE_PACKAGES) || echo "Going on without pusher-js." >&2; fi
TERRAFORM_SITE := https://developer.hashicorp.com/terraform/install
NODE_SITE := https://nodejs.org
PIP := -m pip --disable-pip-version-check install -qq

.PHONY: help setup demo test up down fmt lint package policy bench lock tools node try-node clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { sub("%", "NAME", $$1); printf "  make %-10s  %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.installed ## Create .venv with ops in it, from the locks

demo: tools $(VENV)/.installed ## Bring the local AWS up and watch two teams talk through it
	$(TRY_NODE)
	@$(BIN)/ops local status >/dev/null 2>&1 || $(BIN)/ops local up --detach
	@$(BIN)/ops demo

test: tools lint policy $(NODE_PACKAGES) ## All that CI runs
	$(BIN)/pytest -n 2

up: tools $(VENV)/.installed ## Start the local AWS and deploy onto it
	@$(BIN)/ops local up --detach

down: ## End the local AWS
	@if [ -x $(BIN)/ops ]; then $(BIN)/ops local down; else echo "Nothing is installed here, so nothing runs."; fi

fmt: tools $(VENV)/.installed ## Format Python and Terraform
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .
	terraform fmt -recursive terraform

lint: tools $(VENV)/.installed ## ruff, mypy, import-linter, terraform fmt and validate
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	terraform fmt -check -recursive terraform
	@$(BIN)/ops terraform init -backend=false -input=false -lockfile=readonly >/dev/null
	@$(BIN)/ops terraform validate

package: $(VENV)/.installed ## Build the Lambdas' zips
	@$(BIN)/ops package

policy: $(POLICY)/.installed ## Scan the Terraform with checkov, offline
	$(POLICY)/bin/checkov --config-file .checkov.yaml

bench: tools $(VENV)/.installed ## Measure, side by side; tables here, JSON and plots in .build/bench
	$(TRY_NODE)
	$(BIN)/python -m bench

# Only one part runs pusher-js.
bench-connect: | try-node
bench-%: $(VENV)/.installed ## One part of it: bench-deliver, bench-faults, bench-memory, bench-last, bench-init, …
	$(BIN)/python -m bench $*

try-node:
	$(TRY_NODE)

lock: $(VENV)/.installed ## Resolve the dependencies anew into the lock files
	$(BIN)/python -m ops.packaging.lock

clean: down ## End the local AWS and remove what was built
	rm -rf .build $(VENV) $(CLIENTS)/node_modules

tools:
	@command -v terraform >/dev/null || { echo "terraform is not on PATH: install 1.9 or newer, $(TERRAFORM_SITE)" >&2; exit 1; }
	@terraform version 2>/dev/null | awk -F '[v.]' '/^Terraform v/ { exit !($$2 > 1 || ($$2 == 1 && $$3 >= 9)) }' || \
		{ echo "terraform is older than 1.9: install a newer one, $(TERRAFORM_SITE)" >&2; exit 1; }

node:
	@command -v node >/dev/null && command -v npm >/dev/null || \
		{ echo "node and npm are not on PATH: install Node 18 or newer, $(NODE_SITE)" >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || \
		{ echo "node is older than 18: install a newer one, $(NODE_SITE)" >&2; exit 1; }

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on PATH: install Python 3.11 or newer, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11: install a newer one, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.lock pyproject.toml lambdas/pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV)" >&2
	@$(BIN)/python $(PIP) --require-hashes --requirement requirements.lock
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable . --editable lambdas
	@touch $@

$(POLICY)/.installed: requirements-policy.lock | $(VENV)/bin/python
	@echo "Installing checkov into $(POLICY)" >&2
	@rm -rf $(POLICY)
	@$(BIN)/python -m venv $(POLICY)
	@$(POLICY)/bin/python $(PIP) --require-hashes --requirement requirements-policy.lock
	@touch $@

$(NODE_PACKAGES): $(CLIENTS)/package.json $(CLIENTS)/package-lock.json $(CLIENTS)/.npmrc | node
	@echo "Installing Pusher's Node libraries into $(CLIENTS)/node_modules" >&2
	@cd $(CLIENTS) && npm ci --silent
	@touch $@
