# Leaveout: what would the model have said, had this training example not been there?
# `make` runs the main experiment, `make test` the tests, `make help` lists the rest.

SHELL   := bash
BUILD   ?= build
PRESET  ?= standard
THREADS ?= $(shell nproc 2>/dev/null || echo 2)
OUT     ?= results
CXX     := $(shell command -v ccache >/dev/null 2>&1 && echo "ccache ")g++
export CCACHE_SLOPPINESS := pch_defines,time_macros,include_file_mtime,include_file_ctime
JOBS    := -j$(shell nproc 2>/dev/null || echo 2)

# -ffast-math is never used: it breaks NaN tests. Eigen's own threads are off: parallelism is over
# tasks, which keeps results bit for bit the same for any number of threads.
# -mtune=generic: tuned for the processor, g++ 12 makes Eigen's products 10 to 25 % slower on Zen.
# g++ 12 warns inside its own AVX-512 intrinsics (undefined vectors), hence the last two -Wno.
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-maybe-uninitialized \
            -Wno-uninitialized -Werror
CXXFLAGS := -std=c++20 -O3 -march=native -mtune=generic -fno-math-errno -fno-trapping-math -fopenmp -DNDEBUG
ifeq ($(MODE),asan)
  BUILD    := build/asan
  CXXFLAGS := -std=c++20 -O1 -g -march=native -fopenmp -fno-omit-frame-pointer \
              -fsanitize=address,undefined -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS
  # Instrumented, Eigen's AVX-512 code sets off false warnings: they are errors in the plain build only.
  WARN     := -w
endif
# fmt as a library and not as headers, and doctest's plainer asserts: a third of the tests' build.
CPPFLAGS := -I. -isystem /usr/include/eigen3 -DEIGEN_DONT_PARALLELIZE -DDOCTEST_CONFIG_SUPER_FAST_ASSERTS
LDLIBS   := -lfmt -lz
# The tests have an outside oracle where ADOL-C is installed.
LINK_EXTRA := $(if $(wildcard /usr/include/adolc/adolc.h),-ladolc)

FOLDERS := datasets autodiff models influence experiments
sources  = $(sort $(shell find $(1) -name '*.cpp' -not -path '*/bench/*' 2>/dev/null))
objects  = $(patsubst %.cpp,$(BUILD)/%.o,$(1))
LIB_SRC  := $(filter-out experiments/main.cpp,$(call sources,$(FOLDERS)))
TEST_SRC := $(call sources,tests)
BENCH_SRC := $(sort $(wildcard */bench/*.cpp))

.DEFAULT_GOAL := all
.PHONY: all test help check format asan clean setup bench bench-peers figures app tests data publish reference

all: setup ## build, run the five-term decomposition, print its table, draw its figure
	@$(MAKE) --no-print-directory $(JOBS) app
	@$(BUILD)/leaveout run decomposition --preset $(PRESET) --threads $(THREADS) --out $(OUT)

figures: setup ## every figure of every experiment; interrupted, it goes on where it stopped
	@$(MAKE) --no-print-directory $(JOBS) app
	@$(BUILD)/leaveout figures --preset $(PRESET) --threads $(THREADS) --out $(OUT)
figure-%: setup ## one experiment's figures: make figure-decomposition PRESET=quick
	@$(MAKE) --no-print-directory $(JOBS) app
	@$(BUILD)/leaveout run $* --preset $(PRESET) --threads $(THREADS) --out $(OUT)

# The figures that the project shows are those of `standard`, copied here and nowhere else made.
publish: figures ## every figure at standard size into experiments/figures, then the page of claims
	@for svg in $(OUT)/*/$(PRESET)/*.svg; do \
	  experiment=$$(basename "$$(dirname "$$(dirname "$$svg")")"); figure=$$(basename "$$svg" .svg); \
	  name=$$experiment; [ "$$figure" = "$$experiment" ] || name=$${experiment}_$$figure; \
	  cp "$$svg" experiments/figures/$$name.svg; done
	@$(BUILD)/leaveout claims --preset $(PRESET) --out $(OUT)

# All quick presets beside the numbers that they gave before; part of CI.
QUICK := $(BUILD)/quick
reference: setup ## every experiment's quick preset, compared with its stored numbers
	@$(MAKE) --no-print-directory $(JOBS) app
	@$(BUILD)/leaveout figures --preset quick --threads $(THREADS) --out $(QUICK)
	@$(BUILD)/leaveout compare tests/experiments/reference --preset quick --out $(QUICK) $(ARGS)

test: setup ## build and run the whole test suite
	@$(MAKE) --no-print-directory $(JOBS) tests
	@$(BUILD)/leaveout_tests

app: $(BUILD)/leaveout
tests: $(BUILD)/leaveout_tests

# One folder's tests only, linked with nothing but what that folder may see: `make test-autodiff`.
sees-datasets    := datasets
sees-autodiff    := autodiff
sees-models      := datasets autodiff models
sees-influence   := datasets autodiff models influence
sees-experiments := datasets autodiff models influence experiments
support-autodiff := $(addprefix tests/support/,alloc_count.cpp check_op.cpp networks.cpp)
support-models   := $(addprefix tests/support/,alloc_count.cpp problems.cpp)
support-influence   := $(addprefix tests/support/,alloc_count.cpp networks.cpp problems.cpp)
support-experiments := $(addprefix tests/support/,problems.cpp table_runs.cpp user_task.cpp)
$(addprefix test-,$(FOLDERS)): test-%:
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/tests_$*
	@$(BUILD)/tests_$* $(ARGS)

.SECONDEXPANSION:
$(addprefix $(BUILD)/tests_,$(FOLDERS)): $(BUILD)/tests_%: $$(call objects,$$(filter-out experiments/main.cpp,$$(call sources,$$(sees-$$*))) \
    tests/main.cpp $$(call sources,tests/$$*) $$(support-$$*))
	@echo "  link  $@" && $(CXX) $(CXXFLAGS) $^ -o $@ $(LINK_EXTRA) $(LDLIBS)

$(BUILD)/leaveout: $(call objects,experiments/main.cpp $(LIB_SRC))
	@echo "  link  $@" && $(CXX) $(CXXFLAGS) $^ -o $@ $(LDLIBS)
$(BUILD)/leaveout_bench: $(call objects,$(BENCH_SRC) $(filter-out experiments/%,$(LIB_SRC)))
	@echo "  link  $@" && $(CXX) $(CXXFLAGS) $^ -o $@ $(LDLIBS) -lbenchmark
$(BUILD)/leaveout_tests: $(call objects,$(LIB_SRC) $(TEST_SRC))
	@echo "  link  $@" && $(CXX) $(CXXFLAGS) $^ -o $@ $(LINK_EXTRA) $(LDLIBS)

# Precompiled header: what every file includes anyway, and Eigen's kernels for doubles as declarations.
# Files still name their own includes. Its place depends on the flags alone, so that all build folders
# share it, and with it the compiler's cache. Tests are compiled at -O1, which takes a third less time;
# what they share with the library comes from the library, which is linked first. (At -O1 g++ 12 warns
# falsely inside std::string.)
pch        = build/pch-$(shell printf '%s' '$(1) $(CPPFLAGS)' | cksum | cut -d' ' -f1)/pch.h
TEST_FLAGS := $(patsubst -O3,-O1 -Wno-array-bounds -Wno-stringop-overflow,$(CXXFLAGS))
PCH        := $(call pch,$(CXXFLAGS))
TEST_PCH   := $(call pch,$(TEST_FLAGS))
$(PCH).gch: FLAGS = $(CXXFLAGS)
$(TEST_PCH).gch: FLAGS = $(TEST_FLAGS)
$(sort $(PCH).gch $(TEST_PCH).gch): autodiff/eigen_kernels.h
	@mkdir -p $(@D) && printf '#include <%s>\n' Eigen/Dense fmt/format.h algorithm cmath complex \
	  cstdint functional memory stdexcept string vector $< > $(@:.gch=).$$$$ && mv $(@:.gch=).$$$$ $(@:.gch=)
	@echo "  pch   $@" && $(CXX) $(CPPFLAGS) $(WARN) $(FLAGS) -x c++-header $(@:.gch=) -o $@.$$$$ && mv $@.$$$$ $@

compile = $(CXX) $(CPPFLAGS) $(WARN) $(1) -include $(2) -fpch-preprocess -MMD -MP -c $< -o $@
$(BUILD)/tests/%.o: tests/%.cpp | $(TEST_PCH).gch
	@mkdir -p $(@D)
	@echo "  c++   $<" && $(call compile,$(TEST_FLAGS),$(TEST_PCH))
$(BUILD)/%.o: %.cpp | $(PCH).gch
	@mkdir -p $(@D)
	@echo "  c++   $<" && $(call compile,$(CXXFLAGS),$(PCH))

# run.json says with which flags the program was built.
$(BUILD)/experiments/support/results.o: CPPFLAGS += -DLEAVEOUT_FLAGS='"$(CXXFLAGS)"'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

asan: setup ## the tests with assertions and the address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory $(JOBS) MODE=asan tests
	@build/asan/leaveout_tests

COMMIT = $(shell git rev-parse --short HEAD 2>/dev/null || echo none)$(shell \
  test -z "$$(git status --porcelain -uno 2>/dev/null)" || echo +changes)
bench: setup ## time the engine beside hand-written Eigen; JSON in results/bench
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/leaveout_bench
	@mkdir -p $(OUT)/bench
	@$(BUILD)/leaveout_bench --benchmark_out=$(OUT)/bench/bench.json --benchmark_out_format=json \
	  --benchmark_context=commit=$(COMMIT) $(ARGS)

# JAX and PyTorch come to lie in build/peers-venv or from the system; without them the race goes on.
bench-peers: setup ## the same beside PyTorch and JAX; JSON in results/bench (ARGS="--only B2 --quick")
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/leaveout_bench
	@pythons="$$(models/bench/peers/setup build/peers-venv)" && { read -r jax; read -r torch; } <<<"$$pythons"; \
	  exec "$${jax:-python3}" -B models/bench/peers/race.py --bench $(BUILD)/leaveout_bench \
	  --work $(BUILD)/peers-work --out $(OUT)/bench/peers.json --jax "$$jax" --torch "$$torch" $(ARGS)

data: ## fetch the data sets that do not ship (make data SETS="mnist energy")
	@datasets/fetch $(SETS)

setup: ## install missing packages (or print the one command that does)
	@.ci/setup

check: setup ## formatting, include arrows, warnings as errors, clang-tidy on what changed
	@.ci/check

format: ## format every source file in place
	@git ls-files -co --exclude-standard '*.h' '*.cpp' | xargs clang-format -i

clean: ## remove what was built (results stay)
	rm -rf build

help: ## this list
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z%-]+):.*## /  make \1\t/' | expand -t 18
