// SPDX-License-Identifier: MIT
#include "autodiff/bench/suite.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <Eigen/Core>

namespace leaveout {

namespace {

std::string time_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.2f} us", 1e6 * seconds);
  return seconds < 1 ? fmt::format("{:.2f} ms", 1e3 * seconds) : fmt::format("{:.2f} s", seconds);
}

/// A line per benchmark when it is done: the table at the end says the rest.
class Progress : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      fmt::print(stderr, "{}: {} rounds\n", run.benchmark_name(), run.iterations);
  }
};

void add_environment() {
  benchmark::AddCustomContext("compiler", fmt::format("g++ {}", __VERSION__));
  benchmark::AddCustomContext("eigen",
                              fmt::format("{}.{}.{}, {}",
                                          EIGEN_WORLD_VERSION,
                                          EIGEN_MAJOR_VERSION,
                                          EIGEN_MINOR_VERSION,
                                          Eigen::SimdInstructionSetsInUse()));
}

}  // namespace

void Suite::add(const std::string& name,
                const std::function<Race()>& make,
                double seconds,
                std::vector<Claim> claims) {
  const std::size_t first = results_.size(), count = claims.size();
  for (Claim& claim : claims) {
    results_.emplace_back();
    results_.back().claim = std::move(claim);
  }
  const auto body = [this, make, first, count](benchmark::State& state) {
    Race race = make();
    for (auto _ : state) race.round();
    for (std::size_t i = 0; i < race.size(); ++i) {
      state.counters[race.name(i) + "_us"] = 1e6 * race.best(i, Clock::cpu);
      state.counters[race.name(i) + "_wall_us"] = 1e6 * race.best(i, Clock::wall);
    }
    finish(race, first, count);
    for (std::size_t i = first; i < first + count; ++i) {
      const Result& r = results_[i];
      const std::string key = fmt::format("{} {}", r.claim.id, r.claim.workload);
      if (!r.claim.hand.empty()) {
        state.counters[key + ": ours/hand"] = r.ratio.best;
        state.counters[key + ": lower quartile"] = r.ratio.low;
        state.counters[key + ": upper quartile"] = r.ratio.high;
      }
      if (!r.claim.target.empty()) state.counters[key + ": " + r.claim.target] = r.measured;
    }
  };
  benchmark::RegisterBenchmark(name.c_str(), body)
      ->UseRealTime()
      ->MinTime(seconds)
      ->Unit(benchmark::kMillisecond);
}

void Suite::finish(const Race& race, std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) {
    Result& r = results_[i];
    const Claim& c = r.claim;
    const std::size_t ours = race.find(c.ours);
    r.ours = race.best(ours, c.clock);
    if (!c.hand.empty()) {
      r.hand = race.best(race.find(c.hand), c.clock);
      r.ratio = race.ratio(ours, race.find(c.hand), c.clock);
    }
    r.measured = c.over.empty() ? r.ours : r.ours / race.best(race.find(c.over), c.clock);
    r.done = true;
  }
}

void Suite::print() const {
  const auto line = [](const std::string& id,
                       const std::string& workload,
                       const std::string& ours,
                       const std::string& hand,
                       const std::string& ratio,
                       const std::string& target,
                       const std::string& measured,
                       const std::string& verdict) {
    fmt::print("{:<4} {:<50} {:>10} {:>10} {:>19}  {:<22} {:>10}  {}\n",
               id,
               workload,
               ours,
               hand,
               ratio,
               target,
               measured,
               verdict);
  };
  double load = 0;
  if (getloadavg(&load, 1) == 1)
    fmt::print("load average {:.1f} (above 1, trust the ratios to hand, not times or threads)\n",
               load);
  line("id", "workload", "ours", "hand", "ours/hand", "target", "measured", "");
  for (const Result& r : results_) {
    if (!r.done) continue;
    const Claim& c = r.claim;
    const bool met = c.at_least ? r.measured >= c.bound : r.measured <= c.bound;
    line(c.id,
         c.workload,
         time_text(r.ours),
         c.hand.empty() ? "" : time_text(r.hand),
         c.hand.empty()
             ? ""
             : fmt::format("{:.2f} [{:.2f}, {:.2f}]", r.ratio.best, r.ratio.low, r.ratio.high),
         c.target,
         c.over.empty() ? time_text(r.measured) : fmt::format("{:.2f}", r.measured),
         c.target.empty() ? ""
         : met            ? "met"
                          : "missed");
  }
}

int Suite::run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  add_environment();
  Progress progress;
  benchmark::RunSpecifiedBenchmarks(&progress);
  print();
  return 0;
}

}  // namespace leaveout
