# The front door. `make help` lists what there is.
#   make run [PORT=3306] [BACKEND=host:port]     make demo [ATTACK=silent]
SHELL := /bin/bash
.DEFAULT_GOAL := build
.PHONY: help build package run test check bench bench-micro bench-alternatives bench-capacity bench-replay demo docs fuzz trust clean sbom

PYTHON := /usr/bin/python3
JOBS ?= $(shell nproc)
ATTACK ?= silent
FUZZ_SECONDS ?= 60
RELEASE := build/release
BENCH_TOOLS := floor_relay load_client engine_growth
BENCH_MICRO := headgate_bench capture_bench replay_bench
CPPCHECK = mkdir -p build/check/cppcheck && cppcheck -I . --std=c++20 --suppressions-list=.cppcheck --quiet --error-exitcode=1 \
  --enable=warning,performance,portability --cppcheck-build-dir=build/check/cppcheck \
  --template='{file}:{line}: {id}: {message}'
# Our C++ sources, as git knows them.
SOURCES = $(shell git ls-files -- '*.cc' '*.h')
UNITS = $(shell git ls-files -- 'policies/*.cc' 'net/*.cc' 'guard/*.cc')
export PYTHONDONTWRITEBYTECODE := 1
export PORT BACKEND

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

build: ## build/headgate, the release binary (installs what compiling needs)
	@bash .ci/install build
	@cmake --preset release -DHEADGATE_TESTS=OFF -DHEADGATE_BENCH=OFF >/dev/null
	cmake --build --preset release --target headgate -j $(JOBS)
	@test -x build/headgate

package: ## build/package/headgate_*.deb, the Debian package (installs what packing needs)
	@bash .ci/install package
	@cmake --preset release -DHEADGATE_TESTS=OFF -DHEADGATE_BENCH=OFF >/dev/null
	cmake --build --preset release --target headgate -j $(JOBS)
	@debian/pack $(RELEASE) build/package

run: build ## headgate in front of a private MariaDB, or of BACKEND=host:port; Ctrl-C ends it
	@[ -n "$(BACKEND)" ] || bash .ci/install run
	@$(PYTHON) tests/support/front_door.py

test: ## builds and runs every test: unit, property, simulation, protocol, system; sanitizers, fuzzers
	@bash .ci/install test
	@cmake --preset release -DHEADGATE_TESTS=ON -DHEADGATE_BENCH=ON >/dev/null
	cmake --build --preset release --target headgate system_tools -j $(JOBS)
	@$(PYTHON) tests/support/run_tests.py $(RELEASE) $(JOBS)

check: ## formats (dry), checks layers, lengths and headers, and lints what changed
	@bash .ci/install check
	@cmake --preset check >/dev/null
	@echo "format: $(words $(SOURCES)) files"
	@clang-format --dry-run -Werror $(SOURCES)
	@tests/support/check_layers.py .
	@tests/support/check_files.py $(SOURCES) $(shell git ls-files -- '*.py')
	@echo "cppcheck: $(words $(UNITS)) units"
	@$(CPPCHECK) -j $(JOBS) $(UNITS)
	@tests/support/lint.py build/check $(JOBS) $(UNITS)
	@echo "check: all fine"

bench: build ## headgate beside HAProxy, nginx, a bare relay, no gate: ROUNDS=5 ONLY=query; whole parts go into docs/benchmarks.md
	@bash .ci/install bench
	@cmake --preset release -DHEADGATE_BENCH=ON >/dev/null
	cmake --build --preset release --target $(BENCH_TOOLS) -j $(JOBS)
	@$(PYTHON) bench/beside.py --rounds $(or $(ROUNDS),5) $(if $(ONLY),--only $(ONLY)) --page docs/benchmarks.md

bench-micro: ## ns per admission decision, statement, digest, and bytes per source
	@bash .ci/install test
	@cmake --preset release -DHEADGATE_BENCH=ON >/dev/null
	cmake --build --preset release --target $(BENCH_MICRO) -j $(JOBS)
	@for bench in $(BENCH_MICRO); do "$(RELEASE)/bench/$$bench" || exit 1; done

bench-alternatives: build ## the same attacks on no gate, HAProxy, nginx and headgate: ROUNDS=3, into docs/benchmarks.md
	@bash .ci/install bench
	@$(PYTHON) bench/alternatives.py --rounds $(or $(ROUNDS),3) --page docs/benchmarks.md

bench-capacity: build ## what a session, a waiting client, a source, a query and a login cost, into docs/guides/capacity.md
	@bash .ci/install bench
	@$(PYTHON) bench/capacity.py --page docs/guides/capacity.md

bench-replay: build ## how fast `headgate replay` reads a capture of sysbench, beside tshark
	@bash .ci/install bench
	@$(PYTHON) bench/replay_speed.py

demo: build ## an attack and an application side by side: ATTACK=silent drip stalled-login ...
	@bash .ci/install run
	@$(PYTHON) bench/demo.py $(ATTACK)

sbom: build ## build/headgate.spdx.json: the libraries in it, with versions and licences
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
	  $(PYTHON) debian/sbom/sbom.py $(RELEASE) > build/headgate.spdx.json
	@echo build/headgate.spdx.json

docs: build ## brings the tables of docs/ up to date that the binary makes
	@$(PYTHON) tests/support/make_docs.py build/headgate .

fuzz: ## each fuzzer for FUZZ_SECONDS=60, or ONLY="engine dialogue"; a table of what they did
	@bash .ci/install test
	@cmake --preset asan >/dev/null
	cmake --build --preset asan -j $(JOBS) --target $(if $(ONLY),$(addsuffix _fuzzer,$(ONLY)),fuzzers)
	@JOBS=$(JOBS) $(PYTHON) tests/trust/fuzz.py $(FUZZ_SECONDS) $(ONLY)

trust: ## what takes hours: PARTS="tsan asan tsan-system asan-system coverage valgrind seeds fuzz mutants soak", into build/trust.txt
	@bash .ci/install trust
	@cmake --preset release -DHEADGATE_TESTS=ON -DHEADGATE_BENCH=ON >/dev/null
	cmake --build --preset release -j $(JOBS)
	@JOBS=$(JOBS) $(PYTHON) -W ignore tests/trust/trust.py $(PARTS)

clean: ## removes build/
	rm -rf build
