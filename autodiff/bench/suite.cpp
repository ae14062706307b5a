// SPDX-License-Identifier: MIT
#include "autodiff/bench/suite.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <Eigen/Core>
#include <fstream>
#include <string_view>
#include <thread>

namespace leaveout {

namespace {

constexpr const char* kRow = "{:<4} {:<54} {:>10} {:>10} {:>19}  {:<24} {:>10}  {}\n";

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

std::string eigen_version() {
  return fmt::format("{}.{}.{}, {}",
                     EIGEN_WORLD_VERSION,
                     EIGEN_MAJOR_VERSION,
                     EIGEN_MINOR_VERSION,
                     Eigen::SimdInstructionSetsInUse());
}

/// As the kernel calls it.
std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown processor";
}

/// What `make bench` says of the commit, on the command line.
std::string commit(int argc, char** argv) {
  constexpr std::string_view kFlag = "--benchmark_context=commit=";
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]).starts_with(kFlag)) return argv[i] + kFlag.size();
  return "unknown";
}

}  // namespace

/// Rounds add up over the calls of one benchmark's body, so that setting up, which may take longer
/// than a round, is done once.
Race& Suite::race_of(const std::string& name, const std::function<Race()>& make) {
  if (running_ != name) {
    race_.reset();  // its memory first
    race_.emplace(make());
    running_ = name;
  }
  return *race_;
}

void Suite::add(const std::string& name,
                const std::function<Race()>& make,
                double seconds,
                std::vector<Claim> claims,
                const std::function<std::string(const Race&)>& remark) {
  const std::size_t first = results_.size(), count = claims.size();
  for (Claim& claim : claims) {
    results_.emplace_back();
    results_.back().claim = std::move(claim);
  }
  const auto body = [this, name, make, first, count, remark](benchmark::State& state) {
    Race& race = race_of(name, make);
    for (auto _ : state) race.round();
    for (std::size_t i = 0; i < race.size(); ++i) {
      state.counters[race.name(i) + "_us"] = 1e6 * race.best(i, Clock::cpu);
      state.counters[race.name(i) + "_wall_us"] = 1e6 * race.best(i, Clock::wall);
    }
    finish(race, first, count);
    if (remark) remarks_[name] = remark(race);
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
    if (c.measure)
      r.measured = c.measure(race);
    else
      r.measured = c.over.empty() ? r.ours : r.ours / race.best(race.find(c.over), c.clock);
    r.done = true;
  }
}

void Suite::print_row(const Result& r) const {
  const Claim& c = r.claim;
  const bool met = c.at_least ? r.measured >= c.bound : r.measured <= c.bound;
  const bool seconds = c.over.empty() && !c.measure;
  fmt::print(kRow,
             c.id,
             c.workload,
             time_text(r.ours),
             c.hand.empty() ? "" : time_text(r.hand),
             c.hand.empty()
                 ? ""
                 : fmt::format("{:.2f} [{:.2f}, {:.2f}]", r.ratio.best, r.ratio.low, r.ratio.high),
             c.target,
             seconds ? time_text(r.measured) : fmt::format("{:.2f}", r.measured),
             c.target.empty() ? ""
             : met            ? "met"
                              : "missed");
}

void Suite::print() const {
  double load = 0;
  if (getloadavg(&load, 1) == 1)
    fmt::print("load average {:.1f} (above 1, trust the ratios to hand, not times or threads)\n",
               load);
  fmt::print(kRow, "id", "workload", "ours", "hand", "ours/hand", "target", "measured", "");
  for (const Result& r : results_)
    if (r.done) print_row(r);
  fmt::print(
      "ours/hand: smallest times' ratio; brackets: quartiles of the ratios, round by round\n");
  for (const auto& [name, remark] : remarks_) fmt::print("\n{}", remark);
}

int Suite::run(int argc, char** argv) {
  const std::string machine = fmt::format("{}, {} cores; g++ {}; Eigen {}; commit {}",
                                          processor(),
                                          std::thread::hardware_concurrency(),
                                          __VERSION__,
                                          eigen_version(),
                                          commit(argc, argv));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("machine", machine);
  Progress progress;
  benchmark::RunSpecifiedBenchmarks(&progress);
  fmt::print("{}\n", machine);
  print();
  return 0;
}

}  // namespace leaveout
