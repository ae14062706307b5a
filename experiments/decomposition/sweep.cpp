// SPDX-License-Identifier: MIT
#include "experiments/decomposition/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "datasets/random.h"
#include "experiments/decomposition/decomposition_task.h"
#include "experiments/decomposition/sweep_report.h"

namespace leaveout {

namespace {

double grid_number(const std::string& text) {
  std::size_t used = 0;
  double value = NAN;
  try {
    value = std::stod(text, &used);
  } catch (const std::logic_error&) {
  }
  if (used != text.size() || !std::isfinite(value) || value < 0)
    throw std::invalid_argument(
        fmt::format("[sweep] grid, expected numbers from 0 up, got '{}'", text));
  return value;
}

/// The grid as numbers; 'one' is 1/N, known only with the data, and stands as 0 until then.
std::vector<double> read_grid(const SweepKind& kind, const Settings& s) {
  const bool removal = kind.set == nullptr;
  std::vector<double> grid;
  for (const std::string& text : s.list("grid")) {
    grid.push_back(removal && text == "one" ? 0.0 : grid_number(text));
    if (removal && grid.back() >= 1)
      throw std::invalid_argument(
          fmt::format("[removal] grid, expected shares below 1, got {}", text));
    if (grid.size() > 1 && !(grid.back() > grid[grid.size() - 2]))
      throw std::invalid_argument(fmt::format("[{}] grid, expected rising values, got {} after {}",
                                              kind.name,
                                              text,
                                              grid[grid.size() - 2]));
  }
  if (grid.size() < 2)
    throw std::invalid_argument(
        fmt::format("[{}] grid, expected two values or more: --set grid=1,2,3", kind.name));
  return grid;
}

/// Groups of `size` examples. The group with number j is a prefix of the larger ones with that
/// number, so that a curve along the grid is about one growing group.
std::vector<Group> growing_groups(const TrainedTask& task, Index count, Index size) {
  std::vector<Group> groups;
  const std::vector<Index> first = draw_removed(task, count);
  for (Index j = 0; j < count; ++j) {
    std::vector<Index> order =
        Random(task.settings.seed, {0x67726f7570 /* "group" */, static_cast<std::uint64_t>(j)})
            .permutation(task.train->size());
    // The single examples of the other sweeps come first.
    std::iter_swap(order.begin(),
                   std::find(order.begin(), order.end(), first[static_cast<std::size_t>(j)]));
    order.resize(static_cast<std::size_t>(size));
    groups.push_back(std::move(order));
  }
  return groups;
}

class Sweep {
 public:
  Sweep(const SweepKind& kind, const Job& job, const Session& session)
      : kind_(kind), job_(job), options_(session.options()) {
    curves_.task = job.task.name;
    curves_.grid = read_grid(kind, job.settings);
    const auto seeds = static_cast<std::uint64_t>(job.settings.whole("seeds"));
    for (std::uint64_t s = 0; s < seeds; ++s) seeds_.push_back(job.task.seed + s);
    // One bar for the sweep: a task within it is seconds of work.
    if (options_.progress)
      report_ = options_.progress(fmt::format("{} ({})", job.task.name, kind.name));
    options_.progress = {};
  }

  SweepCurves run() {
    const Index total = static_cast<Index>(curves_.grid.size() * seeds_.size());
    Index done = 0;
    if (report_) report_(done, total);
    for (std::size_t v = 0; v < curves_.grid.size(); ++v)
      for (const std::uint64_t seed : seeds_) {
        add(v, seed, kind_.set ? at_value(v, seed) : at_share(v, seed));
        if (report_) report_(++done, total);
      }
    return std::move(curves_);
  }

 private:
  TaskSettings seeded(std::uint64_t seed) const {
    TaskSettings task = job_.task;
    task.seed = seed;
    return task;
  }

  TaskResult at_value(std::size_t v, std::uint64_t seed) const {
    TaskSettings task = seeded(seed);
    kind_.set(task, curves_.grid[v], job_.settings);
    return run_task(task, options_);
  }

  TaskResult at_share(std::size_t v, std::uint64_t seed) {
    TrainedTask task = train_task(seeded(seed), options_);
    const double n = static_cast<double>(task.train->size());
    if (v == 0 && curves_.grid[0] == 0) curves_.grid[0] = 1 / n;
    const Index size = std::max<Index>(1, std::lround(curves_.grid[v] * n));
    const std::vector<Group> groups = growing_groups(task, job_.task.removed, size);
    return decompose_task(std::move(task), groups, options_);
  }

  void add(std::size_t v, std::uint64_t seed, const TaskResult& r) {
    for (const Decomposition& d : r.decompositions)
      for (Index j = 0; j < d.gaps.cols(); ++j)
        curves_.points.push_back({.protocol = d.protocol,
                                  .value = v,
                                  .seed = seed,
                                  .removed = j,
                                  .gaps = d.gaps.col(j),
                                  .gaps_in_means = d.gaps_in_means.col(j)});
    for (const Decomposition& d : r.decompositions) curves_.unconverged += unconverged(d);
  }

  const SweepKind& kind_;
  const Job& job_;
  TaskOptions options_;
  std::vector<std::uint64_t> seeds_;
  std::function<void(Index, Index)> report_;
  SweepCurves curves_;
};

}  // namespace

void run_sweep(const SweepKind& kind, const Invocation& invocation) {
  Session session(invocation, kind.name, sweep_settings(), sweep_layout());
  std::vector<SweepCurves> done;
  for (const Job& job : session.jobs()) {
    done.push_back(Sweep(kind, job, session).run());
    write_sweep_rows(done.back(), session.results());
    session.print(sweep_table(kind, done.back()));
  }
  const std::vector<Verdict> verdicts = judge_sweep(kind, done);
  write_verdicts(verdicts, session.results());
  write_trends(done, session.results());
  session.print(verdict_table(
      verdicts,
      "rank correlation with the grid, mean over seeds and removed examples; intervals: 95 % "
      "bootstrap, seeds first, then examples of each",
      of_the_paper()));
  draw_sweep(kind, done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
