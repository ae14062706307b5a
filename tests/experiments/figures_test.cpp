// SPDX-License-Identifier: MIT
#include "experiments/figures.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "datasets/files.h"
#include "experiments/cli.h"
#include "experiments/decomposition/sweep.h"
#include "experiments/session.h"
#include "experiments/support/preset.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;

namespace {

/// Two experiments with presets of their own that count how often they run.
struct Counted {
  int width = 0, depth = 0;
  bool depth_fails = false;

  std::vector<Experiment> experiments() {
    const auto finish = [](const Invocation& how, const std::string& name) {
      std::filesystem::create_directories(how.out / name / how.preset);
      write_file((how.out / name / how.preset / "run.json").string(),
                 R"({"fingerprint": ")" + fingerprint(how, name, sweep_settings()) +
                     R"(", "seconds": 61})");
    };
    return {{"width",
             "",
             sweep_settings(),
             [=, this](const Invocation& how) {
               ++width;
               finish(how, "width");
             }},
            {"depth", "", sweep_settings(), [=, this](const Invocation& how) {
               ++depth;
               if (depth_fails) throw std::runtime_error("[depth] the disk is full");
               finish(how, "depth");
             }}};
  }
};

}  // namespace

TEST_CASE("what is done already is left as it is, and its state is told") {
  const TemporaryFolder folder;
  Counted counted;
  const std::vector<Experiment> experiments = counted.experiments();
  const Invocation how{.preset = "quick", .out = folder.path()};
  std::ostringstream out;
  run_figures(experiments, how, out);
  CHECK(counted.width == 1);
  CHECK(counted.depth == 1);
  run_figures(experiments, how, out);
  CHECK(counted.width == 1);
  CHECK(counted.depth == 1);
  CHECK(plan_figures(experiments, how)[0].done);
  CHECK(plan_table(plan_figures(experiments, how)).find("nothing to do") != std::string::npos);
}

TEST_CASE("the sum of what remains is of what is known, and says so") {
  const Experiment e{"width", "", {}, {}};
  const auto remaining = [&](std::optional<double> a, std::optional<double> b) {
    const std::string text = plan_table({{&e, false, a}, {&e, false, b}, {&e, true, 1000.0}});
    return text.substr(text.find("to do: "));  // the cells have no colon
  };
  const std::string tail = "; what was interrupted goes on where it stopped\n";
  CHECK(remaining(20.0, 30.0) == "to do: about 50s on two cores" + tail);
  CHECK(remaining(20.0, {}) == "to do: about 20s on two cores, and 1 unknown" + tail);
  CHECK(remaining({}, {}) == "to do: no preset and no earlier run here says how long" + tail);
}

TEST_CASE("every quick and standard preset says how long it takes") {
  for (const std::string preset : {"quick", "standard"})
    for (const Experiment& e : experiment_registry()) {
      const std::vector<std::string> presets = preset_names(e.name);
      if (std::find(presets.begin(), presets.end(), preset) == presets.end()) continue;
      CAPTURE(e.name);
      CHECK(load_preset(e.name, preset, e.settings).common.has("estimated_seconds"));
    }
}

TEST_CASE("other settings make it anew, an interrupted experiment runs again") {
  const TemporaryFolder folder;
  Counted counted;
  const std::vector<Experiment> experiments = counted.experiments();
  Invocation how{.preset = "quick", .out = folder.path()};
  std::ostringstream out;
  run_figures(experiments, how, out);
  std::filesystem::remove_all(folder.path() / "depth");
  run_figures(experiments, how, out);
  CHECK(counted.width == 1);
  CHECK(counted.depth == 2);
  how.overrides = {"damping=0.5"};
  run_figures(experiments, how, out);
  CHECK(counted.width == 2);
}

TEST_CASE("an experiment that fails does not stop the others, and is named at the end") {
  const TemporaryFolder folder;
  Counted counted;
  counted.depth_fails = true;
  std::vector<Experiment> experiments = counted.experiments();
  std::swap(experiments[0], experiments[1]);
  std::ostringstream out;
  CHECK_THROWS_WITH_AS(run_figures(experiments, {.preset = "quick", .out = folder.path()}, out),
                       "[figures] 1 of 2 failed: depth ([depth] the disk is full)",
                       std::runtime_error);
  CHECK(counted.width == 1);
}

TEST_CASE("a preset that no experiment has is refused") {
  const TemporaryFolder folder;
  Counted counted;
  CHECK_THROWS_AS(plan_figures(counted.experiments(), {.preset = "qiuck", .out = folder.path()}),
                  std::invalid_argument);
}
