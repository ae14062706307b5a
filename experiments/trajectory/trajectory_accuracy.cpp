// SPDX-License-Identifier: MIT
// The experiment: its grids, its trainings, its results folder.
#include "experiments/trajectory/trajectory_accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "datasets/text.h"
#include "experiments/trajectory/seed_table.h"
#include "experiments/trajectory/trajectory_accuracy_report.h"
#include "influence/memorization/seeded_training.h"
#include "models/shard_pool.h"

namespace leaveout {

namespace {

constexpr double kMostEpochs = 1000000;

std::vector<double> grid_of(const Settings& s, const std::string& key) {
  std::vector<double> grid;
  for (const std::string& text : s.list(key)) {
    const double value = parse_number(text).value_or(NAN);
    const bool lengths = key == "lengths";
    const bool fits = !lengths || (value == std::floor(value) && value <= kMostEpochs);
    if (!(value > 0) || !fits)
      throw std::invalid_argument(
          fmt::format("[trajectory-accuracy] {}, expected {}, got '{}'",
                      key,
                      lengths ? fmt::format("whole numbers of epochs from 1 to {}", kMostEpochs)
                              : "numbers above 0",
                      text));
    grid.push_back(value);
  }
  return grid;
}

/// The task's own rate and length, and both grids, each once.
std::set<std::pair<double, Index>> points_of(const Job& job) {
  const double rate = job.task.base.learning_rate;
  const Index epochs = job.task.base.epochs;
  std::set<std::pair<double, Index>> points = {{rate, epochs}};
  for (const double r : grid_of(job.settings, "rates")) points.emplace(r, epochs);
  for (const double l : grid_of(job.settings, "lengths"))
    points.emplace(rate, static_cast<Index>(l));
  return points;
}

AccuracyOptions accuracy_options(const Settings& s) {
  AccuracyOptions how;
  how.removed = s.whole("removals");
  how.top = s.whole("top");
  how.single_queries = s.whole("queries");
  how.damping = s.number("damping");
  return how;
}

struct AccuracyWork {
  Job job;
  std::vector<ShardTask> tasks;
};

/// Loads and checks every training's data: nothing is trained yet.
AccuracyWork prepare(const Job& job, const TaskOptions& options) {
  AccuracyWork work{job, {}};
  const AccuracyOptions how = accuracy_options(job.settings);
  check_plain_sgd(job, "trajectory-accuracy");
  for (const auto& [rate, epochs] : points_of(job)) {
    Job at = job;
    at.task.base.learning_rate = rate;
    at.task.base.epochs = epochs;
    for (Index r = 0; r < job.settings.whole("seeds"); ++r) {
      const GroupedTask data = load_grouped_task(at, options, r);
      check_recorded_task(at, data, "trajectory-accuracy");
      const std::string what = fmt::format("trajectory accuracy {} {} {} {}\n{}",
                                           how.removed,
                                           how.top,
                                           how.single_queries,
                                           how.damping,
                                           describe(data.problem));
      work.tasks.push_back({seeded_key(data.problem, 0, what), [at, options, r, how] {
                              return to_text(measure_accuracy(RecordedTask(at, options, r), how));
                            }});
    }
  }
  return work;
}

AccuracyResult measure(const AccuracyWork& work, const TaskOptions& options) {
  PoolOptions pool{.threads = options.threads, .shard_folder = options.shard_folder};
  if (options.progress) pool.progress = options.progress(work.job.task.name);
  AccuracyResult r{work.job.task, {}};
  for (const std::string& text : make_shards(work.tasks, pool)) r.points.push_back(from_text(text));
  return r;
}

}  // namespace

std::vector<SettingSpec> trajectory_accuracy_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = recorded_task_settings();
  const std::vector<SettingSpec> own = {
      {"rates", Type::list, "", "learning rates, beside `learning_rate`, at `epochs`"},
      {"lengths", Type::list, "", "numbers of epochs, beside `epochs`, at `learning_rate`"},
      {"removals", Type::whole, "100", "training examples left out, one at a time", {}, 4},
      {"top", Type::whole, "30", "of top_overlap; at most half of the removed", {}, 1},
      {"queries", Type::whole, "5", "single test examples beside the mean test loss", {}, 1},
      {"damping", Type::number, "0.01", "of the influence function, on top of the Hessian", {}, 0}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords trajectory_accuracy_words() {
  return {"Claims, and what we measured", "regime", "claim"};
}

void run_trajectory_accuracy(const Invocation& invocation) {
  Session session(invocation,
                  "trajectory-accuracy",
                  trajectory_accuracy_settings(),
                  trajectory_accuracy_layout());
  std::vector<AccuracyWork> work;  // what the user got wrong is said before anything is trained
  for (const Job& job : session.jobs()) work.push_back(prepare(job, session.options()));
  std::vector<AccuracyResult> done;
  for (const AccuracyWork& w : work) {
    done.push_back(measure(w, session.options()));
    write_rows(done.back(), session.results());
    session.print(accuracy_table(done.back()));
  }
  describe(done, session.results());
  write_scores(done, session.results());
  write_growth(done, session.results());
  write_verdicts(judge_accuracy(done, true), session.results());
  session.print(
      verdict_table(judge_accuracy(done, false), kAccuracyReading, trajectory_accuracy_words()));
  for (const char* line : {kWhosePaper, kWhoseEstimators, kAccuracyChoices})
    session.print(std::string(line) + "\n");
  draw_accuracy(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
