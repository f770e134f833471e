# make demo    word vectors of the documentation inside your Python, and neighbours of a few words
# make test    all tests, against the installed package
# make wheel   dist/, the package as it is built here; its tests use wheelhouse/, fit for other machines
# make browser  a browser for the tests of the page, if there is none; make test does that itself
# make gallery  docs/gallery/, pictures of MODELS="a.safetensors b.safetensors", or of one that learns
#                from Python's documentation
# make docs    the documentation site, in build/site
# make picture  docs/pictures/map.svg from CORPUS=text.txt.xz, or from Python's documentation
# make lint    style and types of Python and of the page, and the workflows
# make test-torch  the tests of what runs on PyTorch, which is large; make torch installs it
# make sanitize  the tests of the native core under AddressSanitizer and UndefinedBehaviorSanitizer,
#                and those of threads under ThreadSanitizer
# make fuzz    feeds the native readers with damaged files, SECONDS=60 each
# make mutations  reads fifty times as many damaged files of each format as make test
# make clean   removes what the others made
#
# Each sets up all it needs in .venv: a C++ compiler, Python 3.10 or later and make are enough.
# WORDKIN_PAGE=ON fails where the explorer's page cannot be built, OFF leaves it out and needs no
# Node.js, AUTO leaves it out where npm's registry cannot be reached.

PYTHON ?= python3
export WORDKIN_PAGE ?= AUTO
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALLED := .venv/.installed
TESTS := .venv/.test
LINT := .venv/.lint
WHEEL := dist/.page-$(WORDKIN_PAGE)
SOURCES := pyproject.toml CMakeLists.txt README.md $(shell find src page cmake -type f \
  -not -path '*/__pycache__/*' -not -path '*/node_modules/*')

.PHONY: demo test wheel browser gallery docs picture lint lint-python lint-types lint-page lint-workflows torch \
  test-torch format sanitize fuzz mutations clean

demo: $(INSTALLED)
	$(BIN)/wordkin demo

# On all cores, the tests of a file together, and the slow files not all at the end.
test: $(TESTS) browser
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

mutations: $(TESTS)
	WORDKIN_MUTATIONS=100000 $(BIN)/python -m pytest --numprocesses auto tests/vectors/test_hostile_models.py \
	  tests/vectors/test_hostile_vector_files.py

wheel: $(WHEEL)

browser: $(TESTS)
	tests/browser.sh $(BIN)/python

gallery: $(TESTS) browser
	PYTHONPATH=tests $(BIN)/python docs/gallery.py docs/gallery $(MODELS)

lint: lint-python lint-types lint-page lint-workflows

lint-python: $(LINT)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

lint-types: $(LINT)
	$(BIN)/mypy -p wordkin
	$(BIN)/mypy tests benchmarks docs

lint-page: $(LINT)
	cd page && export PATH="$(CURDIR)/$(BIN):$$PATH" NODE_OPTIONS=--use-system-ca \
	  && npm ci --loglevel=error && npm run --silent lint

docs: $(INSTALLED)
	$(PIP) install "$$(echo dist/*.whl)[docs]"
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs build/site

picture: $(TESTS)
	$(BIN)/python docs/picture.py $(CORPUS)

lint-workflows: $(LINT)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --offline --quiet .github

torch: $(TESTS)
	$(PIP) install "$$(echo dist/*.whl)[gpu]"

test-torch: torch
	$(BIN)/python -m pytest tests/engines/test_tiles_torch.py

format: $(LINT)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# One build serves all: the demo installs it alone; the tests add their requirements, and run against
# the wheel that other machines would get.
.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

$(WHEEL): $(SOURCES) | .venv/pyvenv.cfg
	rm -rf dist
	$(PIP) wheel --no-deps --wheel-dir dist .
	@$(BIN)/python -m zipfile -l dist/*.whl | grep -q '/page\.js ' || echo "The explorer's page is left" \
	  "out of this build (WORDKIN_PAGE=$(WORDKIN_PAGE)). With npm's registry within reach," \
	  "make clean and make again."
	touch $@

$(INSTALLED): $(WHEEL)
	$(PIP) install --force-reinstall --no-deps dist/*.whl
	$(PIP) install dist/*.whl
	touch $@

# Where no wheel for other machines can be made of it, the tests run against the one for this machine.
$(TESTS): $(INSTALLED)
	$(PIP) install "$$(echo dist/*.whl)[test]"
	rm -rf wheelhouse
	PATH="$(CURDIR)/$(BIN):$$PATH" auditwheel repair --wheel-dir wheelhouse dist/*.whl \
	  || { mkdir -p wheelhouse && cp dist/*.whl wheelhouse; }
	$(PIP) install --force-reinstall --no-deps wheelhouse/*.whl
	touch $@

$(LINT): $(TESTS)
	$(PIP) install "$$(echo dist/*.whl)[lint]"
	touch $@

# Builds of their own, in environments of their own. Python itself is not instrumented: the runtime is
# loaded before it, and the leaks that it leaves behind at exit are not looked for.
MEMORY := build/sanitized-memory
THREADS := build/sanitized-threads
MEMORY_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g
THREAD_FLAGS := -fsanitize=thread -fno-omit-frame-pointer -g
runtime = $$($(CXX) -print-file-name=lib$(1).so)

sanitize: $(MEMORY)/.installed $(THREADS)/.installed
	LD_PRELOAD="$(call runtime,asan) $(call runtime,ubsan)" ASAN_OPTIONS=detect_leaks=0 \
	  $(MEMORY)/bin/python -m pytest -m 'not long' tests/vectors/test_analogies.py tests/engines/test_counts.py \
	  tests/engines/test_core.py tests/vectors/test_formats_accepted.py tests/vectors/test_formats_fasttext.py \
	  tests/vectors/test_formats_fasttext_variants.py tests/vectors/test_formats_word2vec.py tests/corpus/test_sentences.py \
	  tests/vectors/test_hostile_vector_files.py tests/vectors/test_neighbours.py tests/vectors/test_search.py \
	  tests/engines/test_stochastic.py tests/vectors/test_subwords.py tests/corpus/test_reading.py \
	  tests/corpus/test_reading_threads.py tests/engines/test_threads.py tests/engines/test_tiles.py tests/engines/test_priors.py \
	  tests/engines/test_sample.py
	LD_PRELOAD="$(call runtime,tsan)" TSAN_OPTIONS=halt_on_error=1 \
	  $(THREADS)/bin/python -m pytest tests/engines/test_threads.py tests/corpus/test_reading_threads.py

define sanitized
	$(PYTHON) -m venv $(@D)
	WORDKIN_PAGE=OFF $(@D)/bin/python -m pip install --quiet --disable-pip-version-check '.[test]' \
	  --config-settings=build-dir=$(@D)-objects --config-settings=cmake.define.WORDKIN_STUB=OFF \
	  --config-settings=cmake.define.CMAKE_CXX_FLAGS='$(FLAGS)'
	touch $@
endef

$(MEMORY)/.installed: FLAGS = $(MEMORY_FLAGS)
$(MEMORY)/.installed: $(SOURCES)
	$(sanitized)

$(THREADS)/.installed: FLAGS = $(THREAD_FLAGS)
$(THREADS)/.installed: $(SOURCES)
	$(sanitized)

# Each fuzz/TARGET.cpp with the core, without its kernels and what calls them. Clang brings its own fuzzer; what other
# compilers need of one is in fuzz/driver.cpp. `build/fuzz/TARGET FILE` runs an input that crashed.
FUZZ := build/fuzz
SECONDS ?= 60
FUZZ_FLAGS := -std=c++20 -Isrc/core -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -pthread
FUZZ_TARGETS := $(patsubst fuzz/%.cpp,%,$(filter-out fuzz/driver.cpp,$(wildcard fuzz/*.cpp)))
FUZZ_CORE := $(filter-out kernels/% stochastic/% python/%, \
  $(patsubst src/core/%.cpp,%,$(wildcard src/core/*/*.cpp)))
FUZZ_OBJECTS := $(FUZZ_CORE:%=$(FUZZ)/core/%.o)
ifneq ($(findstring clang,$(shell $(CXX) --version)),)
FUZZ_COVERAGE := -fsanitize=fuzzer-no-link
FUZZ_DRIVER := -fsanitize=fuzzer
else
FUZZ_COVERAGE := -fsanitize-coverage=trace-pc
FUZZ_DRIVER := $(FUZZ)/driver.o
endif

fuzz: $(FUZZ_TARGETS:%=$(FUZZ)/%)
	$(PYTHON) fuzz/seeds.py $(FUZZ)/seeds
	set -e; for target in $(FUZZ_TARGETS); do echo $$target; mkdir -p $(FUZZ)/corpus/$$target; \
	  $(FUZZ)/$$target -max_total_time=$(SECONDS) -artifact_prefix=$(FUZZ)/$$target- \
	    $(FUZZ)/corpus/$$target $(FUZZ)/seeds/$$target; done

$(FUZZ)/driver.o: fuzz/driver.cpp
	mkdir -p $(@D)
	$(CXX) $(FUZZ_FLAGS) -c $< -o $@

$(FUZZ)/core/%.o: src/core/%.cpp $(wildcard src/core/*/*.hpp)
	mkdir -p $(@D)
	$(CXX) $(FUZZ_FLAGS) $(FUZZ_COVERAGE) -c $< -o $@

$(FUZZ_TARGETS:%=$(FUZZ)/%): $(FUZZ)/%: fuzz/%.cpp $(FUZZ_OBJECTS) $(filter %.o,$(FUZZ_DRIVER)) \
  $(wildcard fuzz/*.hpp)
	$(CXX) $(FUZZ_FLAGS) $(FUZZ_COVERAGE) $< $(FUZZ_DRIVER) $(FUZZ_OBJECTS) -o $@

clean:
	rm -rf .venv build page/node_modules screenshots docs/gallery dist wheelhouse .pytest_cache .mypy_cache .ruff_cache .hypothesis
