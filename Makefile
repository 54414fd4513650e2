# facesite: `make run` is all it takes. Every other target is for those who work on it.
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# What a deployment behind a proxy sets; the checks run under it, on a data folder of their own.
PRODUCTION = DATA_DIR="$$folder" FACESITE_HOSTS=faces.example.org

.PHONY: install install-serving run test test-postgres test-browser test-slow test-long check soak bench \
	bench-peers lock messages openapi clean

install: .venv/installed
	@$(BIN)/python -m facesite.catalogues

# A third of the room: photos are answered, and no network is built or trained. See docs/server.md.
install-serving: .venv/installed-serving
	@$(BIN)/python -m facesite.catalogues

run: install
	@$(BIN)/python manage.py up --demo

test: .venv/installed-dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# The same tests on PostgreSQL and Redis, of which Debian's packages have to be there.
test-postgres: .venv/installed-dev
	$(BIN)/python -m pytest --servers --numprocesses 2 --dist loadfile

test-browser: .venv/installed-dev
	$(BIN)/python -m pytest -m browser

test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -m slow --numprocesses 2 --dist loadfile --no-loadscope-reorder \
		--durations 40

test-long: .venv/installed-dev
	$(BIN)/python -m pytest -m long --durations 40

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && set -ex && \
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING && \
	$(PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run

# One fault after another on a real site under load: make soak SOAK="--minutes 10 --seed 2"
soak: .venv/installed-dev
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m tests.soak $(SOAK)

# What else there is: manage.py benchmark --help; make bench BENCH="--only http --json"
bench: install
	$(BIN)/python manage.py benchmark $(BENCH)

# facesite beside other programs: make bench-peers PEERS="--people lfw --pairs lfw-pairs.txt"
bench-peers: install .cache/peers/installed
	$(BIN)/python manage.py benchmark --only peers --peers .cache/peers/bin/python $(PEERS)

# Exact versions with hashes for every platform, from the short lists that people write.
lock:
	for list in requirements-serving requirements requirements-dev requirements-peers; do \
		$(UV) pip compile $$list.in --universal --python-version 3.11 --generate-hashes \
			--no-emit-package dlib --no-header --quiet --output-file $$list.txt || exit 1; \
	done

# After a change of any sentence; what is new then waits in the catalogues for a translation.
messages: .venv/installed
	$(BIN)/python -m facesite.extraction
	$(BIN)/python -m facesite.catalogues

# After a change of the API; a test says when it was forgotten.
openapi: .venv/installed
	$(BIN)/python manage.py shell -v0 -c "from recognition.api.document import as_text; \
		print(as_text(), end='')" >docs/openapi.json

clean:
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "facesite needs Python 3.11 to 3.13, and there is no $(PYTHON)." >&2; exit 1; }
	@$(PYTHON) facesite/suitable.py
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing into .venv. This takes some minutes and 3 GB, once."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/installed-serving: requirements-serving.txt | .venv/bin/python
	@echo "Installing what answers photos into .venv. This takes a minute and 1 GB, once."
	@$(PIP) -r requirements-serving.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing the test tools into .venv."
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Without what the packages ask for beside the list: of face_recognition that is dlib's source.
.cache/peers/installed: requirements-peers.txt
	$(PYTHON) -m venv .cache/peers
	@echo "Installing other programs into .cache/peers."
	@.cache/peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r requirements-peers.txt
	@touch $@
