# Lantian 蓝天. `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
# Tests wait for browsers and servers: one worker more than a small machine has cores.
WORKERS ?= 3
# What a second server can answer otherwise: the rooms' tables and questions, not pages, commands, the story or kills.
EXTERNAL := --external-postgres -m 'database and not browser' --ignore tests/web --ignore tests/cli --ignore tests/test_story.py \
	--ignore tests/forecast --ignore tests/observations/test_kill.py --ignore tests/observations/gateway/test_gateway_kill.py

.DEFAULT_GOAL := help
.PHONY: help run test check bench docs lock setup setup-dev clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: setup ## set up, load the Beijing example and open it at http://127.0.0.1:8000
	@$(BIN)/lantian up --example examples/beijing

test: export OMP_NUM_THREADS = 1
test: setup-dev check ## set up and run every check and every test
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
	@echo "The tests of rooms that use the database once more, on a second, separately started PostgreSQL:"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(EXTERNAL)

check: ## style, types, floors, docstrings, generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/interrogate src/lantian
	@$(BIN)/python tools/requirements_page.py --check

bench: setup-dev ## measure; prints ratios to named references
	@$(BIN)/python -m benchmarks

docs: setup-dev ## the generated pages, and the documentation as a site under site/
	@$(BIN)/python tools/requirements_page.py
	@$(BIN)/zensical build

lock: ## lock the requirements again (one universal lock, hashes, no addresses)
	@$(PYTHON) tools/lock.py

setup:
	@$(PYTHON) tools/setup.py run

setup-dev:
	@$(PYTHON) tools/setup.py dev

clean: ## remove what set-up made; your data in var/ stays
	rm -rf .venv node_modules site src/lantian/web/static/vendor
