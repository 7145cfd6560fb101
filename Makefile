# make demo   the whole pipeline on a drawn web
# make test   the tests
# make test-all  the tests, and those that take minutes
# make check  format, lint, types, tests
# make docs   the site, into site/; make docs-serve shows it while it is written
# make pictures  docs/review.png anew, from the drawn sample; takes minutes, and less the next time
# the newest that runs here (a shim of pyenv's may be found and not run) and that the lock fits
PYTHON ?= $(firstword $(foreach minor,14 13 12 11,$(shell python3.$(minor) -c \
	'import ensurepip, sys; print(sys.executable)' 2> /dev/null)) python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# what a shell may forbid: else each of the tests' many processes compiles all modules for itself
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-all check docs docs-serve pictures lock clean

demo: $(STAMP)
	$(BIN)/foodcls demo

test: $(STAMP)
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-all: $(STAMP)
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m "long or not long"

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# mkdocs-material announces its successor on each build
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-serve: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

pictures: $(STAMP)
	FOODCLS_PICTURES=docs FOODCLS_PICTURES_WORKSPACE=workspace/pictures \
		$(BIN)/pytest -n0 -m long tests/foodcls/review/test_page_picture.py

# by pip and not by uv, which is faster and reads nothing that pip is configured by: where that names
# torch's build for processors, uv takes the one for graphics cards from PyPI
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

# What pyproject.toml allows, resolved once for everyone, with markers for Pythons and systems;
# lock.sed adds the reasons of odd pins and cuts off build tags (torch's +cpu), so that the file
# fits machines with any build.
lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--extra offline --extra ddgs --extra onnx --extra team --extra dev \
		--custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	sed -i -f lock.sed requirements.lock

clean:
	rm -rf $(VENV) workspace site
