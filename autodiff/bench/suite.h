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
};

class Suite {
 public:
  /// A benchmark: `make` checks results and sets up the race, which then runs for `seconds`.
  void add(const std::string& name,
           const std::function<Race()>& make,
           double seconds,
           std::vector<Claim> claims);

  /// Runs what the command line (Google Benchmark's flags) asks for and prints the table.
  int run(int argc, char** argv);

 private:
  struct Result {
    Claim claim;
    double ours = 0, hand = 0, measured = 0;
    Race::Ratio ratio = {0, 0, 0};
    bool done = false;
  };
  void finish(const Race& race, std::size_t first, std::size_t count);
  void print() const;

  std::vector<Result> results_;
};

}  // namespace leaveout
