// SPDX-License-Identifier: MIT
#include "experiments/support/settings.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

using namespace leaveout;

namespace {

const std::vector<SettingSpec> kSpecs = {
    {"model", SettingType::text, "mlp:32,32", "the model"},
    {"activation", SettingType::text, "tanh", "of hidden layers", {"relu", "tanh"}},
    {"damping", SettingType::number, "0.001", "lambda", {}, 0.0},
    {"removed", SettingType::whole, "20", "removed examples", {}, 1},
    {"bias", SettingType::flag, "true", "with biases"},
    {"protocols", SettingType::list, "paper,exact", "ways to retrain", {"paper", "exact"}},
    {"max_train", SettingType::whole, "", "most training examples"},
};

/// The message of the std::invalid_argument that `set` throws; "" if it throws nothing.
std::string refusal(const std::string& assignment) {
  Settings settings(kSpecs);
  try {
    settings.set(assignment);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

bool mentions(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("settings start at their declared defaults, of their declared types") {
  const Settings settings(kSpecs);
  CHECK(settings.text("model") == "mlp:32,32");
  CHECK(settings.number("damping") == 0.001);
  CHECK(settings.whole("removed") == 20);
  CHECK(settings.flag("bias"));
  CHECK(settings.list("protocols") == std::vector<std::string>{"paper", "exact"});
  CHECK(settings.has("removed"));
  CHECK_FALSE(settings.has("max_train"));
}

TEST_CASE("the last assignment wins, blanks and further equals signs are kept out of the way") {
  Settings settings(kSpecs);
  settings.set("damping=1");
  settings.set("  damping =  2.5e-3 ");
  CHECK(settings.number("damping") == 2.5e-3);
  settings.set("model=a=b");
  CHECK(settings.text("model") == "a=b");
  settings.set("bias=no");
  CHECK_FALSE(settings.flag("bias"));
  settings.set("removed=1e3");
  CHECK(settings.whole("removed") == 1000);
  settings.set("protocols= exact , paper");
  CHECK(settings.list("protocols") == std::vector<std::string>{"exact", "paper"});
}

TEST_CASE("an empty value takes the value away") {
  Settings settings(kSpecs);
  for (const SettingSpec& spec : kSpecs) {
    settings.set(spec.key + "=");
    CHECK_FALSE(settings.has(spec.key));
  }
  CHECK(settings.text("model").empty());
  CHECK(settings.list("protocols").empty());
  CHECK_THROWS_WITH_AS(settings.whole("removed"),
                       "[settings] 'removed' has no value; give it one with --set removed=VALUE "
                       "(whole number)",
                       std::invalid_argument);
}

TEST_CASE("an unknown key is refused with the nearest known one") {
  CHECK(refusal("dampnig=1") ==
        "[settings] --set: no setting is called 'dampnig'; the nearest name is 'damping'");
  CHECK(mentions(refusal("protocol=exact"), "'protocols'"));
  CHECK(mentions(refusal("MODEL=x"), "'model'"));
  CHECK(mentions(refusal(std::string(100000, 'x') + "=1"), "no setting"));
}

TEST_CASE("a value of the wrong type is refused with key, value and what is expected") {
  CHECK(refusal("damping=small") ==
        "[settings] --set: damping, expected a number of at least 0, got 'small'");
  CHECK(mentions(refusal("damping=-1"), "at least 0, got '-1'"));
  CHECK(mentions(refusal("damping=1e999"), "expected a number"));
  CHECK(mentions(refusal("damping=nan"), "expected a number"));
  CHECK(mentions(refusal("damping=0.1x"), "got '0.1x'"));
  CHECK(mentions(refusal("removed=2.5"), "expected a whole number of at least 1, got '2.5'"));
  CHECK(mentions(refusal("removed=0"), "at least 1"));
  CHECK(mentions(refusal("max_train=1e17"), "expected a whole number"));
  CHECK(mentions(refusal("bias=maybe"), "bias, expected true or false, got 'maybe'"));
  CHECK(mentions(refusal("activation=gelu"), "expected one of relu, tanh, got 'gelu'"));
  CHECK(mentions(refusal("protocols=exact,fast"), "expected a list of paper, exact"));
  CHECK(mentions(refusal("protocols=exact,"), "got 'exact,'"));
}

TEST_CASE("what is no assignment is refused, in one line") {
  CHECK(refusal("damping") == "[settings] --set: expected key=value, got 'damping'");
  CHECK(mentions(refusal("=1"), "expected key=value"));
  CHECK(mentions(refusal(""), "expected key=value"));
  CHECK_FALSE(mentions(refusal("a\nb=1"), "\n"));
  CHECK_FALSE(mentions(refusal("damping=a\nb"), "\n"));
}

TEST_CASE("a refused assignment changes nothing") {
  Settings settings(kSpecs);
  CHECK_THROWS_AS(settings.set("damping=-1"), std::invalid_argument);
  CHECK(settings.json() == Settings(kSpecs).json());
}

TEST_CASE("a typed value must be of the declared type, a whole number without a fraction") {
  Settings settings(kSpecs);
  settings.set_value("removed", 30.0, "p.toml:1");
  CHECK(settings.whole("removed") == 30);
  CHECK_THROWS_WITH_AS(settings.set_value("damping", std::string("0.1"), "p.toml:3"),
                       "[settings] p.toml:3: damping, expected a number of at least 0, got '0.1'",
                       std::invalid_argument);
  CHECK_THROWS_AS(settings.set_value("model", 3.0, "p.toml:3"), std::invalid_argument);
  CHECK_THROWS_AS(settings.set_value("bias", 1.0, "p.toml:3"), std::invalid_argument);
}

TEST_CASE("asking for what is not declared is a fault of the program, not of the user") {
  const Settings settings(kSpecs);
  const auto is_internal = [](const auto& ask) {
    try {
      ask();
    } catch (const std::invalid_argument&) {
      return false;
    } catch (const std::logic_error&) {
      return true;
    }
    return false;
  };
  CHECK(is_internal([&] { settings.number("lambda"); }));
  CHECK(is_internal([&] { settings.number("model"); }));
  CHECK(is_internal([&] { settings.has("lambda"); }));
  CHECK(is_internal([] { Settings({{"n", SettingType::whole, "1.5", ""}}); }));
  CHECK(is_internal([] { Settings({{"n", SettingType::text}, {"n", SettingType::flag}}); }));
}

TEST_CASE("the resolved configuration keeps order and types") {
  Settings settings(kSpecs);
  settings.set("damping=2");
  CHECK(settings.json().dump() ==
        R"({"model":"mlp:32,32","activation":"tanh","damping":2.0,"removed":20,"bias":true,)"
        R"("protocols":["paper","exact"],"max_train":null})");
}

TEST_CASE("the table of settings names every key with its default and its choices") {
  const std::string table = settings_table(kSpecs);
  for (const SettingSpec& spec : kSpecs) CHECK(mentions(table, "\n" + spec.key));
  CHECK(mentions(table, "0.001"));
  CHECK(mentions(table, "of hidden layers (relu, tanh)"));
}
