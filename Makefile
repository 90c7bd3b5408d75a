# Every target does its own set-up; see CONTRIBUTING.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find cpp -type f) CMakeLists.txt pyproject.toml
JOBS ?= 2
CUDA ?= OFF# ON: build the CUDA module too, for tests on a device

.PHONY: demo metrics mnist test test-cpp test-compilers test-python test-random test-slow test-clock test-asan test-tsan test-cuda test-cuda-asan test-gpu lint format types wheel-check mutate fuzz fuzz-minute \
        bench bench-quick bench-micro bench-report clean help

help:
	@echo "make demo         train, fit, sample, decode, compare: pictures and a table in demo-out/"
	@echo "make metrics      what each metric sees, misses and costs: docs/metrics.md (about five minutes)"
	@echo "make mnist DATA=PATH  PMFS against a mixture on MNIST: docs/mnist.md (under 30 minutes; goes on if stopped)"
	@echo "make test         C++ and Python tests (under 10 minutes)"
	@echo "make test-random  the laws on random examples (about a minute); SEED=N tries those of a run before"
	@echo "make test-slow    the tests that take minutes"
	@echo "make test-clock   the tests that measure time, one by one: for an idle machine"
	@echo "make test-asan    C++ tests, and Python's of files and draws, under the address and undefined-behaviour sanitizers"
	@echo "make test-tsan    C++ tests under the thread sanitizer"
	@echo "make test-compilers  C++ tests under each supported compiler of this machine (minutes for each)"
	@echo "make test-cuda    the CUDA code on an emulator of a device: compiled for the host, all its tests"
	@echo "make test-cuda-asan  the same under the address and undefined-behaviour sanitizers"
	@echo "make test-gpu     the same tests on the device of this machine (needs nvcc)"
	@echo "make lint types   ruff and clang-format; mypy --strict"
	@echo "make bench        against peers, memory and size: results, docs/performance.md (under 15 minutes)"
	@echo "make bench-quick  the main shapes and the fast peers: tables on the terminal (about a minute)"
	@echo "make bench-micro  every public call by itself, under pytest-benchmark (about a minute)"
	@echo "make mutate       plant bugs in the core and the device code, and see that the tests catch them"
	@echo "make fuzz         model files and the core against the oracle, FUZZ_SECONDS each (two hours)"
	@echo "make wheel-check  pip install . into empty environments, with CUDA (where there is an nvcc) and without"

# What the C++ part needs: enough to begin with it.
$(VENV)/build-tools: requirements/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    -c requirements/constraints.txt cmake ninja
	touch $@

# torch-fidelity asks for torchvision, and each release of that for a torch of its own. What the tests
# use of it needs no torchvision (tests/python/fidelity_oracle.py).
$(VENV)/tools: $(VENV)/build-tools requirements/constraints.txt requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    -c requirements/constraints.txt -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    -c requirements/constraints.txt --no-deps torch-fidelity
	touch $@

$(VENV)/package: $(VENV)/tools $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation \
	    -c requirements/constraints.txt --config-settings=cmake.define.ZBINS_CUDA=$(CUDA) --editable '.[torch]'
	touch $@

demo: $(VENV)/package
	$(BIN)/python examples/demo.py

metrics: $(VENV)/package
	$(BIN)/python benches/metrics.py

mnist: $(VENV)/package
	$(BIN)/python benches/mnist/run.py --data "$(DATA)"

# The C++ tests are built and run while the packages of the Python tests are fetched, and ours built.
test: $(VENV)/build-tools
	$(MAKE) -j2 test-cpp $(VENV)/package
	$(MAKE) test-python

test-cpp: $(VENV)/build-tools
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --preset release -G Ninja
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build --preset release
	PATH="$(CURDIR)/$(BIN):$$PATH" ctest --preset release

test-tsan: $(VENV)/build-tools
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --preset tsan -G Ninja
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build --preset tsan
	PATH="$(CURDIR)/$(BIN):$$PATH" ctest --preset tsan

# The C++ tests do not run the bindings: the Python tests of files and draws do, once, with an
# instrumented core in a Python that is not.
test-asan: PRELOAD = $(foreach name,asan ubsan,$(shell $(CXX) -print-file-name=lib$(name).so))
test-asan: $(VENV)/package
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --preset asan -G Ninja $(FOR_PYTHON)
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build --preset asan
	PATH="$(CURDIR)/$(BIN):$$PATH" ctest --preset asan
	ZBINS_INSTRUMENTED_CORE="$$(ls $(CURDIR)/build/asan/cpp/_core.*.so)" LD_PRELOAD="$(PRELOAD)" \
	    ASAN_OPTIONS=detect_leaks=0 ZBINS_HYPOTHESIS=quick $(BIN)/python -m pytest -m "not slow" -q \
	    $(wildcard tests/python/test_files*.py) tests/python/test_laws_draws.py \
	    tests/python/test_bad_input_sample.py tests/python/test_known_answers.py

# What cpp/cmake/platform.cmake accepts.
COMPILERS ?= g++-11 g++-12 g++-13 g++-14 g++-15 clang++-14 clang++-15 clang++-16 clang++-17 \
             clang++-18 clang++-19 clang++-20 clang++-21

test-compilers: $(VENV)/build-tools
	PATH="$(CURDIR)/$(BIN):$$PATH" bash tests/compilers.sh $(COMPILERS)

test-python: $(VENV)/package
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow" -q

FOR_PYTHON = -Dpybind11_DIR="$$($(BIN)/python -m pybind11 --cmakedir)" \
    -DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python"

# The emulated module takes the place of the real one; see tests/cuda.
test-cuda test-cuda-asan: test-cuda%: $(VENV)/package
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --preset emulated$* -G Ninja $(FOR_PYTHON)
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build --preset emulated$*
	PATH="$(CURDIR)/$(BIN):$$PATH" ctest --preset emulated$*
	LD_PRELOAD="$(PRELOAD)" ASAN_OPTIONS=detect_leaks=0 ZBINS_EMULATED_CUDA=build/emulated$*/emulated \
	    $(BIN)/python -m pytest tests/gpu $(if $(PRELOAD),,-n $(JOBS)) -q

# Python itself is not instrumented.
test-cuda-asan: PRELOAD = $(foreach name,asan ubsan,$(shell $(CXX) -print-file-name=lib$(name).so))

test-gpu:
	rm -f $(VENV)/package
	$(MAKE) CUDA=ON $(VENV)/package
	$(BIN)/python -m pytest -m gpu tests/gpu tests/python -q

ifndef SEED
SEED := $(strip $(shell od -An -N4 -tu4 /dev/urandom))
endif

test-random: $(VENV)/package
	@echo "random examples: make test-random SEED=$(SEED) tries the same again"
	ZBINS_HYPOTHESIS=random $(BIN)/python -m pytest -n $(JOBS) --hypothesis-seed=$(SEED) -q \
	    $(wildcard tests/python/test_laws_*.py)
	@echo "passed with SEED=$(SEED)"

test-slow: $(VENV)/package
	$(BIN)/python -m pytest -n $(JOBS) -m "slow and not clock" -q

test-clock: $(VENV)/package
	$(BIN)/python -m pytest -m clock -q

mutate: $(VENV)/package
	$(BIN)/python tests/mutate.py

FUZZ_SECONDS ?= 7200

fuzz: $(VENV)/package
	$(BIN)/python tests/fuzz/load_file.py $(FUZZ_SECONDS)
	$(BIN)/python tests/fuzz/differential.py $(FUZZ_SECONDS)

fuzz-minute: FUZZ_SECONDS = 60
fuzz-minute: fuzz

bench: $(VENV)/package
	$(BIN)/python benches/head_to_head.py

bench-quick: $(VENV)/package
	$(BIN)/python benches/head_to_head.py --quick

bench-micro: $(VENV)/package
	$(BIN)/python -m pytest benches -q --benchmark-max-time=0.3 --benchmark-min-rounds=3 \
	    --benchmark-disable-gc --benchmark-group-by=func --benchmark-columns=min,median,iqr,rounds

bench-report: $(VENV)/tools
	$(BIN)/python benches/report.py

lint: $(VENV)/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files '*.cpp' '*.hpp' '*.cu' '*.cuh' | xargs $(BIN)/clang-format --dry-run --Werror

format: $(VENV)/tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files '*.cpp' '*.hpp' '*.cu' '*.cuh' | xargs $(BIN)/clang-format -i

types: $(VENV)/package
	$(BIN)/mypy --strict

wheel-check:
	bash tests/wheel_check.sh $(PYTHON)

clean:
	rm -rf build $(VENV) demo-out .hypothesis
