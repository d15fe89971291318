# What a person types: make demo, make test. A developer besides: make quick, check, bench.
PYTHON ?= python3
DEMO   ?= demo
VENV   := .venv
DEV    := .venv-dev
PEERS  := .venv-peers
PIP     = -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test quick check bench format clean

demo: $(VENV)/installed
	$(VENV)/bin/backbone demo $(DEMO)

test: $(DEV)/installed
	$(DEV)/bin/python -m pytest -n 2 --dist loadgroup

quick: $(DEV)/installed # no Java: Sail stands for Spark
	$(DEV)/bin/python -m pytest -n 2 --dist loadgroup -m "not spark and not slow and not example"

check: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports --no-cache

bench: $(DEV)/installed $(PEERS)/installed
	$(DEV)/bin/python -m bench --verifier $(PEERS)/bin/python

format: $(DEV)/installed
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .

clean:
	rm -rf $(VENV) $(DEV) $(PEERS)

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP) ".[demo]"
	touch $@

$(DEV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python $(PIP) -e ".[demo,notebook,dev]"
	$(DEV)/bin/python $(PIP) --no-deps --upgrade --target $(DEV)/sail pyspark-client==4.2.0
	.ci/java
	touch $@

$(PEERS)/installed: constraints.txt # for the benchmark alone: its licence is the AGPL
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP) desbordante
	touch $@
