# Two commands do everything: `make run` and `make test`. Each makes what it needs first.
PYTHON ?= python3
VENV := .venv
# Crawls spend their time waiting for their own delays, so more processes than cores pay off.
WORKERS ?= 3
BIN := $(VENV)/bin
APT := $(shell [ "$$(id -u)" = 0 ] && echo "env DEBIAN_FRONTEND=noninteractive apt-get" || echo "sudo env DEBIAN_FRONTEND=noninteractive apt-get")

# Files of requirements/ hold every version with its hashes; pip takes nothing else.
INSTALL := $(BIN)/pip install --quiet --require-hashes --no-build-isolation

.PHONY: run test test-quick check format train evaluate bench lock dist sbom docs clean

run: $(VENV)/installed
	$(BIN)/tingzhen demo

test: $(VENV)/dev chromium java postgres strace promtool
	$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal

# Without the tests that need a browser or an Elasticsearch, or take long; says so itself.
test-quick: $(VENV)/dev
	$(BIN)/pytest -m "not slow and not browser and not elastic"
	@echo "test-quick: tests marked slow, browser or elastic were left out; make test runs all."

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python -m tests.support.safety

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train: $(VENV)/installed
	$(BIN)/tingzhen train

evaluate: $(VENV)/installed
	$(BIN)/tingzhen evaluate

bench: $(VENV)/dev
	$(INSTALL) --requirement requirements/bench.lock
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.compared

# Debian and Ubuntu ship venv in a package of its own.
$(VENV)/bin/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "需要 Python 3.11 或更新的版本。"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { $(APT) update -qq && $(APT) install -y -qq python3-venv && $(PYTHON) -m venv --clear $(VENV); }

$(VENV)/installed: pyproject.toml requirements/build.lock requirements/run.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/build.lock
	$(INSTALL) --requirement requirements/run.lock
	$(BIN)/pip install --quiet --no-build-isolation --no-deps --editable .
	touch $@

$(VENV)/dev: $(VENV)/installed requirements/dev.lock
	$(INSTALL) --requirement requirements/dev.lock
	touch $@

# The pages of docs/ as a site in build/site.
docs: $(VENV)/dev
	$(BIN)/mkdocs build --quiet

# After a change of pyproject.toml. Keeps the versions that still fit; `make lock UPGRADE=--upgrade` takes the newest.
# One version for all supported Pythons and systems; no file names an index, so that each machine asks its own.
COMPILE = $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
lock: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/build.lock
	$(BIN)/pip install --quiet --group lock
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file requirements/dev.lock
	$(COMPILE) --group build --constraint requirements/dev.lock --output-file requirements/build.lock
	$(COMPILE) pyproject.toml --constraint requirements/dev.lock --output-file requirements/run.lock
	$(COMPILE) pyproject.toml --extra elastic --extra postgres --extra oidc --extra traces --constraint requirements/dev.lock \
	 --output-file requirements/server.lock
	$(COMPILE) pyproject.toml --extra elastic --extra postgres --extra oidc --extra traces --extra browser \
	 --constraint requirements/dev.lock --output-file requirements/browser.lock
	$(COMPILE) --group bench --constraint requirements/dev.lock --output-file requirements/bench.lock
	$(BIN)/uv lock --quiet $(UPGRADE) $$(sed -nE 's/^([A-Za-z0-9_.-]+)(\[[^]]*\])?==([^ ;]+).*/-P \1==\3/p' requirements/dev.lock)

# What a release consists of, in dist/: sdist, the wheel made from it, and what is in the image as CycloneDX.
dist: $(VENV)/dev
	rm -rf dist
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist

sbom: $(VENV)/dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/image
	$(BIN)/uv pip install --quiet --python build/image/bin/python --require-hashes --requirement requirements/server.lock
	mkdir -p dist
	$(BIN)/cyclonedx-py environment build/image/bin/python --pyproject pyproject.toml --mc-type application \
	 --output-reproducible --spec-version 1.6 --output-format JSON --output-file dist/tingzhen.cdx.json

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	 || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends chromium; }

# For the Elasticsearch that tests run against: a JRE to run it, Maven to fetch it. Not needed where Docker
# answers or TINGZHEN_TEST_ES_URL names a server.
.PHONY: java
java:
	@[ -n "$$TINGZHEN_TEST_ES_URL" ] || docker info >/dev/null 2>&1 || { command -v java >/dev/null && command -v mvn >/dev/null; } \
	 || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends openjdk-17-jre-headless maven \
	 || $(APT) install -y -qq --no-install-recommends default-jre-headless maven; }

# For the PostgreSQL that tests run against; not needed where TINGZHEN_TEST_POSTGRES_URL names a server.
.PHONY: postgres
postgres:
	@[ -n "$$TINGZHEN_TEST_POSTGRES_URL" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
	 || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends postgresql; }

# What the tests of power cuts watch a program with.
.PHONY: strace
strace:
	@command -v strace >/dev/null || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends strace; }

# What checks the alert rules of docs/monitoring. It comes with Prometheus itself.
.PHONY: promtool
promtool:
	@command -v promtool >/dev/null || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends prometheus; }

clean:
	rm -rf $(VENV) demo-data
