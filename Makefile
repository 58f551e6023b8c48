# make run · make test · make bench · make lint · make types
# Everything happens in .venv; what is installed there is locked, with hashes.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PY     := .venv/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check install --quiet --require-hashes
JOBS   ?= auto
NODE   := $(addprefix tests/embedded/,cli js postgrest)

.PHONY: run test test-tools bench lint format types lock clean

run: .venv/.run
	@exec $(PY) main.py

# In several processes; JOBS=0 runs one test after the other. The programs that tests start are compiled once.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/.dev test-tools
	$(PY) -m pytest -n $(JOBS) $(PYTEST_ARGS)

bench: .venv/.dev
	$(PY) -m tests.bench

lint: .venv/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright

format: .venv/.dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# Row types of all tables, by the official CLI from a database that has just been migrated.
types: .venv/.dev test-tools
	$(PY) -m tests.state.generate_rows

# The browser and the node packages that some tests need. Where there is no npm, those tests are skipped.
test-tools:
	@if [ -n "$$CI" ] && ! command -v chromium-headless-shell >/dev/null && ! command -v chromium >/dev/null; then \
		export DEBIAN_FRONTEND=noninteractive; get="apt-get install -y -qq --no-install-recommends fonts-liberation"; \
		apt-get update -qq && { $$get chromium-headless-shell || $$get chromium; } >/dev/null; fi
	@if command -v npm >/dev/null; then for folder in $(NODE); do [ -d $$folder/node_modules ] || \
		(cd $$folder && npm install --no-package-lock --silent --no-audit --no-fund) || exit 1; done; fi

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--group embedded pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--group pyproject.toml:dev --constraint requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

.venv/.run: requirements.lock
	@test -n "$(PYTHON)" || { echo "Starling needs Python 3.11 or newer."; exit 1; }
	@test -x $(PY) || { echo "Setting up (once)..."; "$(PYTHON)" -m venv .venv; }
	@$(PIP) -r requirements.lock
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@$(PIP) -r requirements-dev.lock
	@touch $@
