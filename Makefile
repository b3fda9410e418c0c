# SPDX-License-Identifier: Apache-2.0 OR MIT
# The front door: a line or two per target; the work is in CMakePresets.json, tools/ and bench/.
#
#   make demo    the main job, end to end, from a bare Debian 12; no token, no network but for packages
#   make check   every test: what CI runs (TIDY=0 leaves clang-tidy out)
#
#   make setup   install what building and testing need        make build       the dev build: ASan and UBSan
#   make test    unit tests and replayed fuzz corpora          make e2e         real clients against a real daemon
#   make python  the Python module, and its tests              make wheel   the same, as pip installs it
#   make lint    the map, the style, the format                make tidy TIDY_ROOMS='cache|sim'  clang-tidy
#   make format  format every C++ file                         make fuzz T=etag S=60
#   make run     a daemon (ARGS="--log-level debug")           make sim         a model of GitHub (ARGS=...)
#   make bench   all benchmarks                                make bench-hits  cached answers over HTTP, against nginx
#   make tsan    unit tests under ThreadSanitizer              make bench-p2p   peers, against js-libp2p and plain TCP
#                                                              make bench-mesh  a swarm, against gossip of js-libp2p
#   make install PREFIX=/usr/local                             make bench-library  C++ and Python, against the predecessor
#   make sim-trace   what a newcomer to a swarm pays in its first hour
#   make sim-day     what a day of agents costs, with ghmesh and without (ARGS="--hours 1 --changes 0 --seed 7")
#   make bench-graphql  what it costs to key a request, and a fresh hit of GraphQL beside one of REST
#   make sim-gossip  swarms of 1,000 gossipsub routers, with attackers among them (ARGS="--seeds 7 --only churn-30")
#   make interop ghmesh with js-, go-, rust- and py-libp2p     (SUBJECT=js: those with each other); docs/interop.md

.SILENT:
.NOTPARALLEL:
.PHONY: help setup configure build release lint tidy format test e2e python wheel interop-js interop mutants check demo run sim \
        fuzz tsan bench bench-hits bench-library bench-graphql sim-trace sim-day bench-p2p bench-mesh sim-gossip install clean

JOBS   ?= $(shell nproc)
PYTHON ?= /usr/bin/python3# Debian's own, for which tools/setup installs pytest and PyGithub
NINJA   = --parallel $(JOBS) -- --quiet
T      ?= etag
S      ?= 60
TIDY   ?= 1
# Ten seconds a file: `make check` takes these. Not for rooms with coroutines, which clang 14's analyser misreads.
TIDY_ROOMS ?= base|crypto|http|github
TIDIED  = src/($(TIDY_ROOMS))/[a-z0-9_]+(?<!_test)(?<!_fuzz)(?<!_bench)\.cc$$
FIXTURES = build/fixtures.json
FOUND   = build/fuzz/found/$(T)

help:            ; sed -n 's/^#   //p' Makefile

setup:           ; tools/setup
configure: setup ; cmake --preset dev >/dev/null
build: configure ; cmake --build --preset dev $(NINJA)
release: setup   ; cmake --preset release >/dev/null && cmake --build --preset release $(NINJA)

lint: setup      ; $(PYTHON) tools/check_test.py -q && $(PYTHON) tools/check.py --headers && tools/format --check
tidy: configure  ; run-clang-tidy-14 -quiet -p build/dev -j $(JOBS) '$(TIDIED)' >build/dev/tidy.log 2>&1 \
                     || { grep -A4 'error:' build/dev/tidy.log; exit 1; }
format:          ; tools/format

$(FIXTURES): tests/e2e/package-lock.json tools/make_fixtures | setup
		   $(PYTHON) tools/make_fixtures >/dev/null && touch $@

test: build      ; ctest --preset dev --parallel $(JOBS)
e2e: build $(FIXTURES)
		   GHMESH_BUILD=$(CURDIR)/build/dev $(PYTHON) -m pytest -q -p no:cacheprovider tests/e2e
# With js-libp2p, and over redis as in the public matrix. `interop` adds the peers that are heavy to build, and reports.
SUBJECT ?= ghmesh
INTEROP  = GHMESH_BUILD=$(CURDIR)/build/dev $(PYTHON) -m pytest -q -p no:cacheprovider tests/interop --subject $(SUBJECT)
interop-js: build ; $(INTEROP)
interop: build   ; tools/setup-interop && $(INTEROP) --with built --report docs/interop.md
		   cmake --preset release >/dev/null && cmake --build --preset release --target python_module $(NINJA)
		   PYTHON_MODULE_DIR=$(CURDIR)/build/release/python $(PYTHON) -m pytest -q -p no:cacheprovider tests/legacy
# Without sanitizers, whose run time would have to come before Python's own.
python: setup    ; cmake --preset release >/dev/null && cmake --build --preset release --target python_module $(NINJA)
		   PYTHON_MODULE_DIR=$(CURDIR)/build/release/python $(PYTHON) -m pytest -q -p no:cacheprovider tests/python
# As `pip install .` builds it, from PyPI's scikit-build-core; a quarter of an hour. And the tests on what it installed.
wheel: setup     ; $(PYTHON) -m venv --clear build/venv && build/venv/bin/pip install --quiet .
		   PYTHON_MODULE_DIR=$$(echo $(CURDIR)/build/venv/lib/python3.*/site-packages) \
                     $(PYTHON) -m pytest -q -p no:cacheprovider tests/python
mutants: build $(FIXTURES) ; $(PYTHON) tools/mutants build/dev
check: lint $(if $(filter 1,$(TIDY)),tidy) build test mutants e2e python interop-js

demo: $(FIXTURES) ; cmake --preset release >/dev/null
		   cmake --build --preset release --target ghmesh github-model $(NINJA) && tools/demo
run: build       ; build/dev/apps/ghmesh serve $(ARGS)
sim: build $(FIXTURES) ; build/dev/apps/github-model --fixtures $(FIXTURES) $(ARGS)

fuzz: setup      ; cmake --preset fuzz >/dev/null && cmake --build --preset fuzz --target fuzz_$(T) $(NINJA)
		   mkdir -p $(FOUND) && build/fuzz/src/fuzz_$(T) -max_total_time=$(S) -artifact_prefix=$(FOUND)/ \
                     $(FOUND) fuzz/corpus/$(T)
tsan: setup      ; cmake --preset tsan >/dev/null && cmake --build --preset tsan $(NINJA)
		   ctest --preset tsan --parallel $(JOBS)
bench: release $(FIXTURES) ; tools/setup-bench && bench/run
bench-p2p: release ; bench/run --p2p
bench-mesh: release $(FIXTURES) ; bench/run --mesh
bench-library: setup
		   cmake --preset release >/dev/null && cmake --build --preset release --target python_module api_bench $(NINJA)
		   build/release/src/api_bench && $(PYTHON) bench/library.py
bench-hits: release $(FIXTURES) ; tools/setup-bench && bench/run --hits

sim-gossip: setup; cmake --preset release >/dev/null && cmake --build --preset release --target gossip_swarm $(NINJA)
		   build/release/bench/gossip_swarm $(ARGS)
# A working day of agents against the model, with ghmesh and without; the clock is libfaketime's. 15 minutes.
sim-day: setup $(FIXTURES) ; cmake --preset release >/dev/null
		   cmake --build --preset release --target ghmesh github-model $(NINJA)
		   $(PYTHON) bench/agent_day.py --by-tool $(or $(ARGS),--hours 3)
bench-graphql: setup $(FIXTURES) ; tools/setup-bench && cmake --preset release >/dev/null
		   cmake --build --preset release --target ghmesh github-model github_bench $(NINJA)
		   build/release/src/github_bench --benchmark_filter='classify|key_of' && $(PYTHON) bench/graphql_hits.py
sim-trace: setup ; cmake --preset release >/dev/null && cmake --build --preset release --target sim_mesh_test $(NINJA)
		   GHMESH_SIM_HOUR=1 build/release/src/sim_mesh_test --gtest_filter='MeshTrace.*'

install: release ; cmake --install build/release --prefix $(or $(PREFIX),/usr/local)
clean:           ; rm -rf build
