// SPDX-License-Identifier: MIT
#include "experiments/support/preset.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "datasets/files.h"
#include "experiments/experiment.h"

using namespace leaveout;

namespace {

const std::vector<SettingSpec> kSpecs = {
    {"data", SettingType::text, "", "the data set"},
    {"task", SettingType::text, "", "forces the task", {"regression", "binary"}},
    {"damping", SettingType::number, "0.001", "lambda", {}, 0.0},
    {"removed", SettingType::whole, "20", "removed examples", {}, 1},
    {"bias", SettingType::flag, "true", "with biases"},
    {"seeds", SettingType::list, "1", "seeds"},
};

Preset parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_preset(text, "p.toml", kSpecs, overrides);
}

std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

bool mentions(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

constexpr const char* kTwoTasks = R"(
damping = 0.01
bias = false
[[task]]
data = "concrete"
[[task]]
data = "digits"
damping = 1
task = "binary"
)";

}  // namespace

TEST_CASE("defaults, then the preset's lines, then a task's own lines, then the command line") {
  const Preset preset = parse(kTwoTasks);
  REQUIRE(preset.tasks.size() == 2);
  CHECK(preset.common.number("damping") == 0.01);
  CHECK(preset.tasks[0].number("damping") == 0.01);
  CHECK(preset.tasks[1].number("damping") == 1.0);
  CHECK(preset.tasks[1].text("task") == "binary");
  CHECK_FALSE(preset.tasks[0].has("task"));
  for (const Settings& task : preset.tasks) {
    CHECK(task.whole("removed") == 20);
    CHECK_FALSE(task.flag("bias"));
  }
  const Preset over = parse(kTwoTasks, {"damping=5", "bias=true", "damping=7"});
  CHECK(over.common.number("damping") == 7.0);
  for (const Settings& task : over.tasks) {
    CHECK(task.number("damping") == 7.0);
    CHECK(task.flag("bias"));
  }
}

TEST_CASE("a preset without tasks is one task; `task` may be a setting there") {
  const Preset preset = parse("task = \"regression\"\nremoved = 3\n");
  REQUIRE(preset.tasks.size() == 1);
  CHECK(preset.tasks[0].json() == preset.common.json());
  CHECK(preset.tasks[0].text("task") == "regression");
  CHECK(parse("").tasks.size() == 1);
}

TEST_CASE("a list is an array of texts or numbers, or a text with commas") {
  const std::vector<std::string> expected = {"1", "2.5", "x"};
  CHECK(parse("seeds = [1, 2.5, \"x\"]").common.list("seeds") == expected);
  CHECK(parse("seeds = \"1, 2.5, x\"").common.list("seeds") == expected);
  CHECK(parse("seeds = []").common.list("seeds").empty());
  CHECK(mentions(refusal("seeds = [[1]]"), "p.toml:1: seeds, expected a list"));
}

TEST_CASE("numbers may be written with or without a point, texts only in quotes") {
  CHECK(parse("damping = 1").common.number("damping") == 1.0);
  CHECK(parse("removed = 30.0").common.whole("removed") == 30);
  CHECK(mentions(refusal("damping = \"1\""), "p.toml:1: damping, expected a number"));
  CHECK(mentions(refusal("data = 1"), "p.toml:1: data, expected a text, got '1'"));
  CHECK(mentions(refusal("bias = 1"), "bias, expected true or false"));
  CHECK(mentions(refusal("damping = inf"), "expected a number"));
  CHECK(mentions(refusal("damping = nan"), "expected a number"));
}

TEST_CASE("errors name file and line, also inside a task") {
  CHECK(refusal("damping = 1\nremoved = 2.5\n") ==
        "[settings] p.toml:2: removed, expected a whole number of at least 1, got '2.5'");
  CHECK(refusal("[[task]]\ndata = \"a\"\n\n[[task]]\ndampnig = 1\n") ==
        "[settings] p.toml:5: no setting is called 'dampnig'; the nearest name is 'damping'");
  CHECK(mentions(refusal("zzz = 1\naaa = 1\n"), "p.toml:1"));  // the first in the file
  CHECK(mentions(refusal("damping = 1\nbias = = true\n"), "p.toml:2: no TOML"));
  CHECK(mentions(refusal("damping = 1\ndamping = 2\n"), "p.toml:2: no TOML"));
  CHECK(mentions(refusal("damping = 1\n[=a]\nbias = true\n"), "p.toml:2: no TOML"));
  CHECK(mentions(refusal("seeds = [\n1]\n[[\n"), "p.toml:3: no TOML"));
  CHECK(mentions(refusal("[paths]\na = 1\n"), "p.toml:1: paths, expected"));
  CHECK(mentions(refusal("damping = 1979-05-27\n"), "p.toml:1: damping, expected"));
  CHECK(mentions(refusal("damping = 1\nbias = \xff\n"), "p.toml"));
  CHECK(mentions(refusal("", {"dampnig=1"}), "--set: no setting is called 'dampnig'"));
}

TEST_CASE("every malformed preset is refused in one line") {
  const std::string good = kTwoTasks;
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    for (const char insert : {'[', '"', '=', '\n', '\0'}) {
      std::string text = good;
      text.insert(cut, 1, insert);
      CHECK_FALSE(mentions(refusal(text), "\n"));  // any other exception fails the test
    }
  }
}

TEST_CASE("a preset that does not exist is refused with the names of those that do") {
  for (const std::string name :
       {"none_such", "", ".", "..", "../decomposition/quick", "/etc/passwd"}) {
    CHECK_THROWS_AS(load_preset("decomposition", name, kSpecs), std::invalid_argument);
  }
}

TEST_CASE("every preset that ships is accepted by its experiment") {
  for (const Experiment& experiment : experiment_registry()) {
    for (const std::string& name : preset_names(experiment.name)) {
      CAPTURE(name);
      const Preset preset = load_preset(experiment.name, name, experiment.settings);
      CHECK_FALSE(preset.tasks.empty());
    }
  }
}
