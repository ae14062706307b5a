// SPDX-License-Identifier: MIT
#pragma once
// The benchmarks and the claims they decide. Each benchmark is one race; each claim is one row of
// the table, read off a race:
//
//   id   workload            ours      hand      ours/hand [quartiles]   target          measured
//   B1   gradient ...        1.90 ms   1.88 ms   1.01 [0.99, 1.03]       <= 1.10 hand    1.01   met
//
// Times and ratios also go to Google Benchmark's counters, and so to its JSON.
//
//   Suite suite;
//   suite.add("mlp", [] { return Race({...}); }, 2.0, {{"B1", "gradient", "ours", "hand", ...}});
//   suite.run(argc, argv);

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/bench/race.h"

namespace leaveout {

/// One row. Empty names mean "none".
struct Claim {
  std::string id, workload;
  std::string ours, hand;  // contenders shown, and their ratio
  std::string target;      // as printed; empty: shown without a verdict
  std::string over = {};   // measured = ours / over, or seconds of ours if empty
  double bound = 0;        // of what is measured
  bool at_least = false;   // measured >= bound, otherwise <= bound
  Clock clock = Clock::cpu;
  std::function<double(const Race&)> measure = {};  // instead of ours / over
};

class Suite {
 public:
  /// A benchmark: `make` checks results and sets up the race, which then runs for `seconds`. What
  /// `remark` says of the race is printed below the table.
  void add(const std::string& name,
           const std::function<Race()>& make,
           double seconds,
           std::vector<Claim> claims,
           const std::function<std::string(const Race&)>& remark = {});

  /// Runs what the command line (Google Benchmark's flags) asks for and prints the table.
  int run(int argc, char** argv);

 private:
  struct Result {
    Claim claim;
    double ours = 0, hand = 0, measured = 0;
    Race::Ratio ratio = {0, 0, 0};
    bool done = false;
  };
  Race& race_of(const std::string& name, const std::function<Race()>& make);
  void finish(const Race& race, std::size_t first, std::size_t count);
  void print() const;
  void print_row(const Result& result) const;

  std::vector<Result> results_;
  std::string running_;                         // the benchmark whose race this is:
  std::optional<Race> race_;                    // Google Benchmark calls a body more than once
  std::map<std::string, std::string> remarks_;  // by benchmark
};

}  // namespace leaveout
