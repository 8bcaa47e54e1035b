# Everything a developer runs; `make` alone lists it. Nothing here asks a question.

.DEFAULT_GOAL := help
.PHONY: help setup demo run test cover plugin cli-api test-heroku-cli test-pages pages-tried page-screens check fix bench crash chaos slow fuzz lock clean need-node out-of-place

BIN := .venv/bin
STAMP := .venv/installed
CODE := listener cli emulator demo bench reliability tests
UV_COMPILE := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --no-header $(UPGRADE)

# One worker a core, for some tests stand on facts that must be two seconds old at most. Those of
# whole processes mostly wait, some of them for a minute of looks, and so they may be many.
WORKERS ?= 2
WAITING ?= 6
PROCESSES := tests/acceptance
# Tests are compiled once, not by each worker in each run.
unexport PYTHONDONTWRITEBYTECODE

# A name may be a version manager's shim with nothing behind it, so each is tried by running it.
PYTHONS := python3 python3.13 python3.12 python3.11 /usr/bin/python3
IS_USABLE := import sys, ssl, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

setup: $(STAMP) ## make .venv with everything; seconds when it is up to date

demo: setup ## a living week on this machine, with its page, against an emulated Heroku; ONCE=1 ends by itself
	@$(BIN)/python -m demo

run: setup ## the listener on this machine, with a PostgreSQL of its own where DATABASE_URL is unset
	@$(BIN)/python -m listener run

PYTEST := $(BIN)/python -m pytest

test: setup ## every test; ARGS=tests/core those of a folder, ARGS=-x until one fails
ifeq ($(filter tests%,$(ARGS)),)
	@$(PYTEST) -q -n $(WAITING) --dist worksteal $(PROCESSES) $(ARGS) || [ $$? -eq 5 ] # 5: none
	@$(PYTEST) -q -n $(WORKERS) --dist worksteal --ignore $(PROCESSES) $(ARGS) || [ $$? -eq 5 ]
else
	@$(PYTEST) -q -n $(WORKERS) --dist worksteal $(ARGS)
endif

cover: ## every test, and what of listener and cli they did not reach; it takes longer
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory test PYTEST='$(BIN)/coverage run -m pytest'
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# The plugin of the Heroku CLI, and that CLI itself, installed once a checkout as its lock says; from
# which registry, npm's own settings say.
PLUGIN := cli/heroku-plugin
OFFICIAL := .heroku-cli
OFFICIAL_LOCK := $(addprefix tests/heroku_cli/,package.json package-lock.json .npmrc)
IS_NODE_USABLE := process.exit(+(parseInt(process.versions.node) < 20))
NEED_NODE := node -e '$(IS_NODE_USABLE)' 2>/dev/null && npm --version >/dev/null 2>&1 || \
	{ echo 'This needs Node.js 20 or newer, with npm, on the PATH: https://nodejs.org' >&2; exit 1; }

need-node:
	@$(NEED_NODE)

plugin: setup ## pack the plugin that makes it `heroku autopromote:...`, and say how to install it
	@$(NEED_NODE)
	@$(BIN)/python $(PLUGIN)/table.py
	@mkdir -p dist
	@cd $(PLUGIN) && tarball=$$(npm pack --silent --no-update-notifier --pack-destination $(CURDIR)/dist) && \
	  echo "heroku plugins:install file:$(CURDIR)/dist/$$tarball"

cli-api: setup ## write the flags of rules and the types of answers into the command line, from the API
	@$(BIN)/python -m listener describe | $(BIN)/python -m autopromote.generate

test-heroku-cli: plugin $(OFFICIAL)/installed ## our plugin, our emulator and the official Heroku CLI together
	@for file in $(PLUGIN)/*.js; do node --check "$$file" || exit; done
	@HEROKU_CLI=$(CURDIR)/$(OFFICIAL)/node_modules/.bin/heroku \
	  $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/heroku_cli $(ARGS)

$(OFFICIAL)/installed: $(OFFICIAL_LOCK)
	@$(NEED_NODE)
	@echo 'Installing the official Heroku CLI into $(OFFICIAL); it takes half a minute...'
	@mkdir -p $(OFFICIAL)
	@cp $^ $(OFFICIAL)
	@cd $(OFFICIAL) && npm ci --prefer-offline --loglevel=error
	@touch $@

# The pages in a real browser. Its driver and axe-core are installed once a checkout as their locks
# say, beside what all other tests need. The browser is the machine's own.
PAGES := .pages
PAGES_LOCK := $(addprefix tests/browser/,package.json package-lock.json .npmrc)

test-pages: setup ## the pages in this machine's Chromium, else skipped; CHROMIUM= names another; needs Node.js 20
	@$(BIN)/python -m tests.browser.chromium && $(MAKE) --no-print-directory pages-tried || [ $$? -eq 3 ] # 3: none

pages-tried: $(PAGES)/installed
	@PYTHONPATH=$(PAGES)/driver $(PYTEST) -q -n $(WORKERS) --dist loadfile tests/browser $(ARGS)

page-screens: setup $(PAGES)/installed ## take the pictures in docs/pages anew; pngquant makes them small
	@PYTHONPATH=$(PAGES)/driver $(BIN)/python -m tests.browser.pictures

$(PAGES)/installed: requirements-pages.txt $(PAGES_LOCK) $(STAMP)
	@$(NEED_NODE)
	@echo 'Installing what drives a browser into $(PAGES); it takes some seconds...'
	@rm -rf $(PAGES)/driver && mkdir -p $(PAGES)
	@$(PIP) install --require-hashes --no-deps -r requirements-pages.txt --target $(PAGES)/driver
	@cp $(PAGES_LOCK) $(PAGES)
	@cd $(PAGES) && npm ci --prefer-offline --loglevel=error
	@touch $@

check: setup ## format, lint, types, import contracts, and what is known of the pinned versions
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/mypy $(CODE)
	@PYTHONPATH=cli $(BIN)/lint-imports
	@$(BIN)/python -m tests.pins

fix: setup ## format, and mend what can be mended by itself
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

bench: setup ## how fast it is on this machine, beside peers; ARGS=door measures a part
	@$(BIN)/python -m bench $(ARGS)

crash: setup ## kill processes, the database and COMMITs while people work; N=1000 is long, SEED= again
	@$(BIN)/python -m reliability crash

chaos: setup ## have Heroku refuse, die, lie and lag while people work; N=1000 is long, SEED= again
	@$(BIN)/python -m reliability chaos

slow: setup ## crowds of silent, slow and half done clients, while true deliveries come
	@$(BIN)/python -m reliability slow

fuzz: setup ## deliveries and requests of any shape, by everybody; N=100000 is long, SEED= again
	@$(BIN)/python -m reliability fuzz

lock: setup ## compile the requirement files anew; UPGRADE=--upgrade takes newer versions
	@$(UV_COMPILE) pyproject.toml --extra listener -o requirements.txt
	@$(UV_COMPILE) pyproject.toml --extra listener --extra local --extra dev -c requirements.txt -o requirements-dev.txt
	@$(UV_COMPILE) --group pages -c requirements-dev.txt -o requirements-pages.txt

clean: ## remove all that was made here, but a developer's database
	@rm -rf .venv $(OFFICIAL) $(PAGES) .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# Scripts in a virtual environment know its place by the full name, so one that was moved is made anew;
# so is one whose Python was removed. Any other is brought up to date where it is.
IS_IN_PLACE := $(BIN)/python -c '' 2>/dev/null && [ "$$(cat $(STAMP) 2>/dev/null)" = '$(CURDIR)' ]
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# uv takes half of pip's time, but knows nothing of pip's settings: where those name an index of one's
# own, or uv cannot do it, pip does.
HAS_OWN_INDEX := $(BIN)/python -m pip config list | grep -q '[.]index-url\|no-index'
UV_INSTALL := $(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --compile-bytecode

$(STAMP): requirements-dev.txt pyproject.toml
	@[ ! -L .venv ] || { echo '.venv is a link: remove it, or set up where it leads to.' >&2; exit 1; }
	@$(IS_IN_PLACE) && exit; for python in $(PYTHONS); do \
	  $$python -c '$(IS_USABLE)' 2>/dev/null || continue; \
	  echo "Installing into .venv with $$($$python --version); it takes some seconds..."; \
	  $$python -m venv --clear .venv; exit; \
	done; \
	echo 'No Python from 3.11 to 3.14, with its venv, has one of these names: $(PYTHONS)' >&2; exit 1
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > .venv/uv.txt
	@$(PIP) install --require-hashes -r .venv/uv.txt
	@! $(HAS_OWN_INDEX) && $(UV_INSTALL) --require-hashes -r requirements-dev.txt 2>/dev/null || \
	  $(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@echo '$(CURDIR)' > $@

ifneq ($(shell $(IS_IN_PLACE) && echo yes),yes)
$(STAMP): out-of-place
endif
