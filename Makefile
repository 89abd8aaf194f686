# Everything a newcomer needs: git, make, Python 3.11+. Each target builds what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

SOAK_SECONDS ?= 600
SEEDS ?= 20000
FIRST ?= 1
INPUTS ?= 50000
# Processes that test side by side, a server each: one more than there are cores, since tests mostly wait for others.
WORKERS ?= 3

.PHONY: setup demo demo-shop demo-fleet game-day docs site man sbom pictures test quick simulate simulate-mutants fuzz soak mutants lint facts bench bench-quick clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

setup: $(STAMP) ## build .venv with everything

demo: $(STAMP) ## the main job on real input: offline, backlog, drain, proof
	$(BIN)/python examples/demo.py

demo-shop: $(STAMP) ## tables of a project's own: a shop sells offline, and its rows arrive in its own schema
	$(BIN)/python examples/demo_shop.py

demo-fleet: $(STAMP) ## three hosts without a database credential forward over NATS to a centre; an outage of each, proof by hash
	$(BIN)/python examples/demo_fleet.py

game-day: $(STAMP) ## six bad days: what ops sees, what resolves it, the proof that nothing was lost; some minutes
	$(BIN)/python examples/game_day.py

docs: $(STAMP) ## write the pages that are generated from the code
	$(BIN)/python -m docs.generate
	$(BIN)/python -m benchmarks.draw
	$(BIN)/python -m benchmarks.load.draw
	$(BIN)/python examples/game_day.py --transcript > docs/game-day.md.new && mv docs/game-day.md.new docs/game-day.md

site: $(STAMP) ## docs/ as a site with search and an API reference, in build/site
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[site]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

man: $(STAMP) ## a man page for every command, in build/man; read them with `man -M build/man outbox`
	$(BIN)/python -m docs.man build/man

sbom: $(STAMP) ## what is installed with everything, as CycloneDX, in build/sbom.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[site]'
	mkdir -p build && $(BIN)/cyclonedx-py environment $(VENV) --pyproject pyproject.toml --output-reproducible --output-file build/sbom.json

pictures: $(STAMP) ## take the pictures of the console that docs/console.md shows; needs chromium and chromium-driver
	CONSOLE_PICTURES=docs/pictures $(BIN)/python -m pytest -q tests/integration/test_console_pictures.py

quick: $(STAMP) ## lint, types, layers and the unit tests, on all cores: a minute and a half, no server
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -q -n auto --dist worksteal tests/unit

test: $(STAMP) ## lint, then all tests with coverage, by WORKERS processes; WORKERS=0 for one after the other
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered

simulate: $(STAMP) ## the whole way in one process, under SEEDS seeds from FIRST on: minutes
	$(BIN)/python -m simulation --seeds $(SEEDS) --first $(FIRST)

simulate-mutants: $(STAMP) ## deliberate bugs, which the simulation has to catch
	$(BIN)/python -m simulation --mutants --seeds 6000

fuzz: $(STAMP) ## the readers of generators/ on INPUTS drawn inputs a property: hours; FUZZ="-k yaml" for one
	READER_FUZZ_EXAMPLES=$(INPUTS) nice $(BIN)/python -m pytest -q --timeout=0 --durations=0 -k "not hostile" $(FUZZ) \
		tests/unit/generators/test_brief_fuzz.py tests/unit/generators/test_course_fuzz.py

soak: $(STAMP) ## generation without pause and a fault every few seconds, for ten minutes; SOAK_SECONDS=… for longer or shorter
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/python -m pytest -q -s tests/faults/test_soak.py

mutants: $(STAMP) ## change the code in small ways, does a test notice? make mutants MODULES="outbox/log/log.py --sample 50"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutation]'
	$(BIN)/python -m tests.mutation $(MODULES)

lint: $(STAMP) ## ruff, mypy --strict, the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

facts: $(STAMP) ## write down what the migrations make of an empty database, after a change of migrations/supabase
	$(BIN)/python -m worker.migrate.record

bench: $(STAMP) ## measured ratios against ceilings and peers, five runs, about 40 minutes; kept in benchmarks/results/mine.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks --save mine

bench-quick: $(STAMP) ## fails when a ratio got more than 25 % worse than benchmarks/baseline.json; half a minute
	$(BIN)/python -m benchmarks --quick

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
