// SPDX-License-Identifier: MIT
#include "experiments/cli.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

#include "datasets/registry.h"
#include "experiments/catalogue.h"
#include "influence/estimators/influence_function.h"

using namespace leaveout;

namespace {

struct Outcome {
  int status = -1;
  std::string out, err;
  std::vector<Invocation> runs;  // what reached the experiment
};

/// Runs a command line over one experiment, which notes its invocation and then does `act`.
Outcome call(
    const std::vector<std::string>& args, const std::function<void()>& act = [] {}) {
  Outcome outcome;
  const std::vector<Experiment> experiments = {
      {"shapes",
       "an experiment for tests",
       {{"damping", SettingType::number, "0.5", "how much"}},
       [&](const Invocation& invocation) {
         outcome.runs.push_back(invocation);
         act();
       }}};
  std::ostringstream out, err;
  outcome.status = run_cli(args, out, err, experiments);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// One line on stderr that opens with the program's name, nothing on stdout.
bool is_refusal(const Outcome& outcome, int status, const std::string& part) {
  return outcome.status == status && outcome.out.empty() && outcome.err.starts_with("leaveout: ") &&
         mentions(outcome.err, part) &&
         std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1 &&
         outcome.err.ends_with('\n');
}

const std::vector<std::string> kRun = {"run", "shapes"};

std::vector<std::string> run_with(const std::vector<std::string>& more) {
  std::vector<std::string> args = kRun;
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

}  // namespace

TEST_CASE("a bare run takes the standard preset, the folder results and at least one thread") {
  const Outcome outcome = call(kRun);
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  REQUIRE(outcome.runs.size() == 1);
  CHECK(outcome.runs[0].preset == "standard");
  CHECK(outcome.runs[0].out == "results");
  CHECK(outcome.runs[0].threads >= 1);
  CHECK(outcome.runs[0].overrides.empty());
  CHECK(outcome.runs[0].data.empty());
  CHECK_FALSE(outcome.runs[0].quiet);
}

TEST_CASE("every option reaches the experiment") {
  const Outcome outcome = call(run_with({"--preset",
                                         "quick",
                                         "--out",
                                         "/somewhere/x y",
                                         "--threads",
                                         "3",
                                         "--data",
                                         "a.csv",
                                         "--target",
                                         "price",
                                         "--query",
                                         "b.csv",
                                         "--quiet"}));
  REQUIRE(outcome.runs.size() == 1);
  const Invocation& run = outcome.runs[0];
  CHECK(run.preset == "quick");
  CHECK(run.out == "/somewhere/x y");
  CHECK(run.threads == 3);
  CHECK(run.data == "a.csv");
  CHECK(run.target == "price");
  CHECK(run.query == "b.csv");
  CHECK(run.quiet);
}

TEST_CASE("a quick run says in one line that it is a smoke test and what answers, others do not") {
  const auto lines = [](const std::vector<std::string>& more) {
    const Outcome outcome = call(run_with(more));
    CHECK(outcome.runs.size() == 1);
    return outcome.out;
  };
  const std::string said = lines({"--preset", "quick"});
  CHECK(mentions(said, "smoke test"));
  CHECK(mentions(said, "standard"));
  CHECK(std::count(said.begin(), said.end(), '\n') == 1);
  CHECK(lines({}).empty());
  CHECK(lines({"--preset", "paper"}).empty());
  CHECK(lines({"--preset", "quick", "--quiet"}).empty());
}

TEST_CASE("--set takes one or several assignments, again and again, in order, before or after") {
  const std::vector<std::string> expected = {"a=1", "model=mlp:32,32", "b=-2"};
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"run", "shapes", "--set", "a=1", "model=mlp:32,32", "b=-2"},
           {"run", "shapes", "--set", "a=1", "--set", "model=mlp:32,32", "--set", "b=-2"},
           {"run", "shapes", "--set=a=1", "--set=model=mlp:32,32", "b=-2", "--quiet"},
           {"run", "--set", "a=1", "model=mlp:32,32", "b=-2", "--quiet", "shapes"},
           {"run", "--set", "a=1", "model=mlp:32,32", "b=-2", "shapes"}}) {
    const Outcome outcome = call(args);
    CAPTURE(outcome.err);
    REQUIRE(outcome.runs.size() == 1);
    CHECK(outcome.runs[0].overrides == expected);
  }
}

TEST_CASE("what the user got wrong is one line and exit status 2, and nothing runs") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"run"}, "required"},
      {{"run", "shaeps"}, "no experiment 'shaeps'; the nearest is 'shapes'"},
      {{"runn", "shapes"}, "runn"},
      {{"list", "shapes"}, "shapes"},
      {{"list", "--settings", "shaeps"}, "the nearest is 'shapes'"},
      {{"list", "--settings"}, "--settings"},
      {{"--verbose"}, "--verbose"},
      {run_with({"--thread", "2"}), "--thread"},
      {run_with({"--threads", "0"}), "--threads"},
      {run_with({"--threads", "-1"}), "--threads"},
      {run_with({"--threads", "two"}), "--threads"},
      {run_with({"--threads", "99999999999999999999"}), "--threads"},
      {run_with({"--threads"}), "--threads"},
      {run_with({"--preset"}), "--preset"},
      {run_with({"--set"}), "--set"},
      {run_with({"more"}), "more"},
      {run_with({"a\nb"}), "\\n"},
      {run_with({"--data", "a.csv"}), "--data a.csv needs --target"},
      {run_with({"--data", "", "--target", "y"}), "--data names no file"},
      {run_with({"--target", "y"}), "--target needs --data"},
      {run_with({"--query", "q.csv"}), "--query needs --data"},
  };
  for (const auto& example : cases) {
    const Outcome outcome = call(example.first);
    CAPTURE(example.second);
    CAPTURE(outcome.err);
    CHECK(is_refusal(outcome, 2, example.second));
    CHECK(outcome.runs.empty());
  }
}

TEST_CASE("what an experiment throws decides the exit status") {
  const auto thrown = [](const auto& error) { return call(kRun, [&] { throw error; }); };
  CHECK(is_refusal(thrown(std::invalid_argument("[csv] no such column")), 2, "no such column"));
  CHECK(is_refusal(thrown(std::runtime_error("the disk is full")), 2, "the disk is full"));
  CHECK(is_refusal(thrown(std::runtime_error("two\nlines")), 2, "two\\nlines"));
  CHECK(is_refusal(thrown(std::bad_alloc()), 2, "out of memory"));
  CHECK(is_refusal(thrown(std::logic_error("no such setting")), 1, "internal error"));
  CHECK(is_refusal(thrown(std::out_of_range("vector")), 1, "internal error"));
  CHECK(is_refusal(thrown(42), 1, "internal error"));
}

TEST_CASE("help goes to the standard output with exit status 0 and shows examples") {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {}, {"--help"}, {"-h"}, {"run", "--help"}, {"run", "shapes", "--help"}}) {
    const Outcome outcome = call(args);
    CHECK(outcome.status == 0);
    CHECK(outcome.err.empty());
    CHECK(outcome.runs.empty());
    CHECK(mentions(outcome.out, "leaveout run decomposition --preset quick"));
    CHECK(mentions(outcome.out, "--data cars.csv --target price"));
  }
  CHECK(mentions(call({"run", "shapes", "--help"}).out, "how much"));
  CHECK_FALSE(mentions(call({"run", "--help"}).out, "how much"));
}

TEST_CASE("the settings of an experiment can be listed") {
  const Outcome outcome = call({"list", "--settings", "shapes"});
  CHECK(outcome.status == 0);
  CHECK(mentions(outcome.out, "damping"));
  CHECK(mentions(outcome.out, "0.5"));
  CHECK_FALSE(mentions(outcome.out, "relu"));
}

TEST_CASE("list shows every experiment and data set in a line of its own") {
  const Outcome outcome = call({"list"});
  CHECK(outcome.status == 0);
  CHECK(mentions(outcome.out, "\n  shapes "));
  for (const DatasetInfo& info : dataset_registry()) {
    CHECK(mentions(outcome.out, "\n  " + info.name + " "));
  }
}

TEST_CASE("names in the catalogue are names that work") {
  std::size_t parsed = 0;
  for (const CatalogueSection& section : catalogue({})) {
    for (const CatalogueEntry& entry : section.entries) {
      CAPTURE(entry.name);
      CHECK_FALSE(entry.summary.empty());
      CHECK_FALSE(mentions(entry.summary, "\n"));
      ++parsed;
      if (section.title == "activations") {
        CHECK_NOTHROW(parse_activation(entry.name));
      } else if (section.title == "curvatures of an influence estimate") {
        CHECK_NOTHROW(parse_curvature(entry.name));
      } else if (section.title == "solvers of an influence estimate") {
        CHECK_NOTHROW(parse_solver(entry.name));
      } else {
        --parsed;
      }
    }
  }
  CHECK(parsed == 5 + 2 + 6);
  CHECK_NOTHROW(parse_model("linear", Task::regression, 3, 1));
  CHECK_NOTHROW(parse_model("logistic", Task::binary, 3, 1));
  CHECK_NOTHROW(parse_model("softmax", Task::multiclass, 3, 4));
}

TEST_CASE("output that cannot be written is an error") {
  std::ostringstream out, err;
  out.setstate(std::ios::badbit);
  CHECK(run_cli({"list"}, out, err) == 2);
  CHECK(err.str() == "leaveout: [run] cannot write to the standard output\n");
}

TEST_CASE("the registry has decomposition, and no name twice") {
  const std::vector<Experiment>& all = experiment_registry();
  CHECK(find_experiment(all, "decomposition").name == "decomposition");
  for (const Experiment& experiment : all) {
    CHECK(static_cast<bool>(experiment.run));
    CHECK_NOTHROW(Settings(experiment.settings));
    CHECK(std::count_if(all.begin(), all.end(), [&](const Experiment& other) {
            return other.name == experiment.name;
          }) == 1);
  }
}
