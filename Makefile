# Lantian 蓝天. `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
# Tests wait for browsers and servers: one worker more than a small machine has cores.
WORKERS ?= 3
# What tests write goes to memory where 6 GiB are free: making a test's database there takes an eighth of the processor's time.
MEMORY := $(shell df -k --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 6 * 2 ^ 20 { print "/dev/shm" }')
# What a second server can answer otherwise: migrations, the kernel (accounts, audit, clock, jobs), and of each room the file of
# its SQL: views and row-level security, sorting, JSON, locks. Pages, commands and services above them ask through these.
EXTERNAL := --external-postgres -m database tests/test_schema.py tests/kernel $(addprefix tests/, \
	places/test_store.py assessment/test_service.py disclosure/test_questions.py accountability/test_store.py \
	$(addprefix supervision/test_, service.py complaints.py rounds_register.py programme_store.py) \
	$(addprefix observations/, test_store.py test_catalogue.py test_sql_readings.py test_telemetry.py feeds/test_records.py \
	feeds/test_columns.py gateway/test_gateway_keeping.py quality/test_review.py))

.DEFAULT_GOAL := help
.PHONY: help run test check types style bench docs lock setup setup-dev clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: setup ## set up, load the Beijing example and open it at http://127.0.0.1:8000
	@$(BIN)/lantian up --example examples/beijing

test: export OMP_NUM_THREADS = 1
test: export PYTHONDONTWRITEBYTECODE =  # commands that tests start are not compiled anew each time
test: export TMPDIR := $(or $(MEMORY),$(TMPDIR),/tmp)
test: setup-dev ## set up and run every check and every test
	@$(MAKE) --no-print-directory -j2 check
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
	@echo "What another server could answer otherwise once more, on a second, separately started PostgreSQL:"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(EXTERNAL)

check: types style ## style, types, floors, docstrings, generated documents

types:
	@$(BIN)/mypy

style:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
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
