# make run | build | test | lint | fmt | e2e | bench | fuzz. Each installs what it needs first (dev/bootstrap).
SHELL := /bin/bash
PRESET ?= dev
BUILD := build/$(PRESET)
export PATH := $(CURDIR)/.deps/node/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: run build web test lint fmt e2e bench fuzz bootstrap build-report api clean

run: build
	@exec bin/velo studio $(ARGS)

build: bootstrap web
	@dev/build $(PRESET)

bootstrap:
	@dev/bootstrap

web: bootstrap
	@dev/build_web

test: bootstrap
	@dev/test

lint: bootstrap
	@dev/lint

fmt: bootstrap
	@dev/lint --fix

e2e: build
	@dev/test e2e

bench: bootstrap
	@dev/bootstrap --bench
	@dev/build release velo velo_engine_bench velo_limit_columns velo_limit_text
	@.deps/venv/bin/python bench/run.py --build build/release $(ARGS)

api: build
	@bin/velo openapi > api/openapi.json && cd web && npm run --silent generate

# Longer than what is part of `make test`, and with a new seed each time: ten minutes of queries, then of each fuzz target.
fuzz: build
	@dev/build dev velo_sql_tests
	@.deps/venv/bin/python tests/oracle/random_queries.py --minutes 10 --seed $$(od -An -N4 -tu4 /dev/urandom)
	@dev/suites/fuzz 600 sql csv json value_text transcoder binder

build-report:
	@dev/build_report $(BUILD)

clean:
	rm -rf build bin web/dist
