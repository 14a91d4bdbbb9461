# What a machine needs: git, make and Python 3.11 or newer. Everything else comes into .venv and node_modules.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# Of several Pythons the usual one, if it is new enough. `make PYTHON=/path/to/python` chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$python && break; done)
# Progress is for people.
QUIET := $(shell [ -t 2 ] || echo --quiet)
# Many tests wait for another process, so even a small machine takes several at a time.
PYTEST_ARGS ?= --numprocesses auto --dist worksteal
# What `make bench` runs: all, or the names that begin like this.
ONLY ?=

# What `make lint` runs. make 4 keeps the lines of each together; the 3.81 of macOS mixes them, and checks the same.
LINTS := lint-types lint-django lint-code lint-dead lint-imports lint-templates lint-shell lint-browser lint-containers
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: help demo up test test-days prove bench lint $(LINTS) fmt lock install install-demo frontend clean

help:
	@echo "make demo      start Mantik with a site to try it at, and run one training"
	@echo "make test      the whole test suite"
	@echo "make test-days what looks at the calendar, on days on which that is odd"
	@echo "make prove     the proofs, of which make test tries a sample, whole; takes hours"
	@echo "make lint      formatting, types, imports, dead code, templates, scripts, styles, migrations, settings"
	@echo "make fmt       put the code into shape"
	@echo "make bench     the benchmarks; ONLY=<prefix> runs a part of them"
	@echo "make up        start Mantik without a site"
	@echo "make lock      compile the lock files anew"

demo: install-demo
	@$(BIN)/python manage.py demo

up: install-demo
	@$(BIN)/python manage.py up

# pytest names each test that was left out, and why; this says it where it is read first.
test: install frontend
	@command -v chromium-headless-shell chromium chromium-browser > /dev/null || [ -n "$$MANTIK_TEST_CHROMIUM" ] || \
		echo "Chromium is not installed: the tests that look at pages in a browser are left out."
	@{ command -v java && command -v mvn; } > /dev/null || \
		echo "Java or Maven is not installed: the tests on the real UNICORE/X server are left out."
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin" command -v sshd > /dev/null || \
		echo "OpenSSH's server is not installed: the tests of git over ssh are left out."
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# What looks at the calendar, on the days of tests/support/days.py: each test on a third of them, in a proof on all.
ON_ODD_DAYS := tests/schedules/pages/test_calendar.py tests/schedules/pages/test_pages.py tests/connections/views/test_pages.py \
	tests/connections/views/test_testing.py \
	tests/projects/services/test_invitations.py tests/mantik/tokens

test-days: install frontend
	@$(BIN)/python -m pytest $(PYTEST_ARGS) --days $(ON_ODD_DAYS)

# What is proved by trying many times; tests/support/proofs.py says how it is told.
prove: install frontend
	@$(BIN)/python -m pytest $(PYTEST_ARGS) --prove --days $(ON_ODD_DAYS)
	@$(BIN)/python -m pytest $(PYTEST_ARGS) --prove

bench: install frontend
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

TYPED := mantik connections projects runs schedules tests $(wildcard bench) manage.py
TEMPLATES = $(shell find templates -name '*.html')
# Nothing of a real place: enough for Django to look at the settings as they are in production.
PRODUCTION = env MANTIK_DEBUG=0 \
	MANTIK_SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	MANTIK_ENCRYPTION_KEYS="$$($(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
	MANTIK_ALLOWED_HOSTS=mantik.example.org MANTIK_BASE_URL=https://mantik.example.org \
	MANTIK_DATABASE_URL=postgresql://mantik@localhost/mantik MANTIK_BROKER_URL=redis://localhost \
	MANTIK_MLFLOW_URI=http://localhost:5000 \
	MANTIK_MLFLOW_TOKEN="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')"

# Side by side, the longest first. `make -k lint` goes on after a check that fails.
lint: install frontend
	@$(MAKE) --no-print-directory --jobs=$$(getconf _NPROCESSORS_ONLN) $(TOGETHER) $(LINTS)

lint-code: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.lint.repeated_keys

lint-dead: install
	$(BIN)/python -m tests.lint.dead_code

lint-types: install
	MANTIK_DEBUG=1 $(BIN)/mypy $(TYPED)

lint-imports: install
	$(BIN)/lint-imports --no-logo

lint-templates: install
	$(BIN)/djlint --lint --quiet templates
	@echo "djade --check" && $(BIN)/djade --check --target-version 5.2 $(TEMPLATES)

lint-django: install frontend
	MANTIK_DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy" && $(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

lint-shell: install
	MANTIK_DEBUG=1 DJANGO_SETTINGS_MODULE=mantik.settings $(BIN)/python -m tests.lint.shell

lint-browser: install frontend
	$(BIN)/python -m tests.lint.browser

lint-containers:
	@if command -v docker-compose > /dev/null; then echo "docker-compose config" && docker-compose config --quiet; \
	else echo "docker-compose.yml was not checked, because docker-compose is not installed."; fi

fmt: install
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	-@$(BIN)/djade --target-version 5.2 $(TEMPLATES)

# Packages: exactly those of the lock files, whose hashes are checked.

install: $(VENV)/.dev-installed

install-demo: $(VENV)/.demo-installed

# What prepares a command speaks on standard error: standard output belongs to the command.
frontend: install
	@$(BIN)/python -m mantik.frontend --dev >&2

$(VENV)/.dev-installed: requirements-dev.lock | $(BIN)/uv
	@echo "Installing the packages of $<; the first time they have to be downloaded" >&2
	@$(BIN)/uv pip install $(QUIET) --python $(BIN)/python --require-hashes --requirement $<
	@touch $@ $(VENV)/.demo-installed

$(VENV)/.demo-installed: requirements-demo.lock | $(BIN)/uv
	@echo "Installing the packages of $<; the first time they have to be downloaded" >&2
	@$(BIN)/uv pip install $(QUIET) --python $(BIN)/python --require-hashes --requirement $<
	@touch $@

# uv installs in seconds what takes pip more than a minute. Its version and hashes are those of the lock file.
$(BIN)/uv: | $(BIN)/python
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Mantik needs Python 3.11 or newer, and there is none on PATH. Install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) cannot make virtual environments. Install what is missing (Debian and Ubuntu: apt-get install python3-venv) and try again." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-header pyproject.toml

# Keeps what is locked already; LOCK_ARGS=--upgrade takes the newest of everything.
lock: | $(BIN)/uv
	$(LOCK) $(LOCK_ARGS) --extra dev --output-file requirements-dev.lock
	$(LOCK) $(LOCK_ARGS) --extra demo --constraint requirements-dev.lock --output-file requirements-demo.lock
	$(LOCK) $(LOCK_ARGS) --constraint requirements-dev.lock --output-file requirements.lock

clean:
	rm -rf $(VENV) node_modules static/vendor static/bundle staticfiles .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
