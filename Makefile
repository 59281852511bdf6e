PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DEMO := demo

.PHONY: demo install lint test test-all clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: install
	rm -rf $(DEMO)
	$(BIN)/scrapy crawl webpages -a out=$(DEMO)/crawl
	$(BIN)/beam run pipelines/build_lait.py --input $(DEMO)/crawl --output $(DEMO)/lait.parquet
	$(BIN)/python -m training.pretrain --corpus $(DEMO)/lait.parquet --out $(DEMO)/checkpoint
	$(BIN)/python examples/demo_summary.py $(DEMO)

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -m "not slow"

test-all: lint
	$(BIN)/pytest

clean:
	rm -rf .venv $(DEMO)
