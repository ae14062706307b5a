// SPDX-License-Identifier: MIT
// The experiment: its grids, its trainings, its results folder.
#include "experiments/memorization/few_parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "experiments/memorization/few_parameters_report.h"
#include "influence/estimators/influence_function.h"
#include "influence/few_parameters/parameter_subset.h"
#include "influence/few_parameters/softmax_head.h"
#include "influence/memorization/seeded_training.h"
#include "models/retraining_pool.h"

namespace leaveout {

namespace {

double grid_number(const std::string& key, const std::string& text) {
  std::size_t used = 0;
  double value = NAN;
  try {
    value = std::stod(text, &used);
  } catch (const std::logic_error&) {
  }
  if (used != text.size() || !std::isfinite(value) || value < 0)
    throw std::invalid_argument(
        fmt::format("[few-parameters] {}, expected numbers from 0 up, got '{}'", key, text));
  if (key != "weight_decays" && (value < 1 || value != std::floor(value)))
    throw std::invalid_argument(
        fmt::format("[few-parameters] {}, expected whole numbers from 1, got {:g}", key, value));
  return value;
}

/// The task with one setting at a value of its grid.
Job at_value(Job job, const std::string& sweep, double value) {
  const auto whole = static_cast<std::size_t>(value);
  const auto mlp = [](std::size_t layers, Index units) {
    return fmt::format("mlp:{}", fmt::join(std::vector<Index>(layers, units), ","));
  };
  if (sweep == "depth") job.task.model = mlp(whole, job.settings.whole("units"));
  if (sweep == "width") job.task.model = mlp(1, static_cast<Index>(value));
  if (sweep == "weight_decay") job.task.weight_decay = value;
  if (sweep == "epochs") job.task.base.epochs = static_cast<Index>(value);
  return job;
}

/// The task's own settings first, then each grid.
std::vector<FewPoint> grid_points(const Job& job) {
  std::vector<FewPoint> points = {{.sweep = kOwnSettings}};
  const std::array<std::pair<const char*, const char*>, 4> keys = {
      {{"depth", "depths"},
       {"width", "widths"},
       {"weight_decay", "weight_decays"},
       {"epochs", "epochs_grid"}}};
  for (const auto& [sweep, key] : keys) {
    double last = -1;
    for (const std::string& text : job.settings.list(key)) {
      const double value = grid_number(key, text);
      if (!(value > last))
        throw std::invalid_argument(fmt::format(
            "[few-parameters] {}, expected rising values, got {} after {:g}", key, text, last));
      points.push_back({.sweep = sweep, .value = value});
      last = value;
    }
  }
  return points;
}

FewOptions few_options(const Job& job, int threads) {
  FewOptions how;
  how.curvature = parse_curvature(job.settings.text("curvature"));
  how.damping = job.settings.number("damping");
  how.subsets = job.settings.list("subsets");
  how.threads = threads;
  if (how.subsets.empty())
    throw std::invalid_argument(
        "[few-parameters] subsets, expected at least one, got none: --set subsets=last_layer");
  return how;
}

/// A task's grid points, each at every seed: loaded, checked and not yet trained.
struct FewWork {
  Job job;
  FewOptions how;
  FewResult result;
  std::vector<GroupedTask> tasks;  // of the points, in their order
};

FewWork prepare(const Job& job, const TaskOptions& options) {
  FewWork work{job, few_options(job, options.threads), {job.task, {}}, {}};
  work.result.subsets = work.how.subsets;
  for (const FewPoint& at : grid_points(job))
    for (Index r = 0; r < job.settings.whole("seeds"); ++r) {
      FewPoint point = at;
      point.seed = job.task.seed + static_cast<std::uint64_t>(r);
      work.tasks.push_back(load_grouped_task(at_value(job, at.sweep, at.value), options, r));
      for (const std::string& form : work.how.subsets)
        parameter_subset(work.tasks.back().model->spec(), form);
      head_layer(*work.tasks.back().model);
      work.result.points.push_back(std::move(point));
    }
  return work;
}

/// Trains all points, a shard each, then measures them one after the other.
void measure(FewWork& work, const TaskOptions& options) {
  std::vector<RetrainingTask> trainings;
  for (const GroupedTask& task : work.tasks) {
    const SubsetProblem& problem = task.problem;
    trainings.push_back({seeded_key(problem, 0, "base run"),
                         [&problem] { return train_seeded(problem, full_weights(problem), 0); }});
  }
  PoolOptions pool{.threads = options.threads, .shard_folder = options.shard_folder};
  if (options.progress) pool.progress = options.progress(work.job.task.name);
  const std::vector<Run> runs = retrain(trainings, pool);
  for (std::size_t k = 0; k < runs.size(); ++k) {
    FewPoint& point = work.result.points[k];
    point.model = describe(work.tasks[k].model->spec());
    point.cell = measure_cell(work.tasks[k], runs[k].theta, work.how);
  }
  work.tasks.clear();
}

}  // namespace

std::vector<SettingSpec> few_parameters_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = plain_grouped_task_settings();
  for (SettingSpec& s : specs)
    if (s.key == "model") s.fallback = "mlp:8";  // plain models have one layer: nothing to restrict
  const std::vector<SettingSpec> own = {
      {"curvature", Type::text, "gauss_newton", "H", {"gauss_newton", "hessian"}},
      {"damping", Type::number, "0.001", "added to H, beside the weight decay", {}, 0},
      {"subsets",
       Type::list,
       "last_layer,last_layers:2,biases",
       "of the parameters; the claim is judged for the first"},
      {"units", Type::whole, "8", "width of the hidden layers along `depths`", {}, 1},
      {"depths", Type::list, "", "numbers of hidden layers; the model is an mlp then"},
      {"widths", Type::list, "", "of one hidden layer; the model is an mlp then"},
      {"weight_decays", Type::list, "", "values of weight_decay"},
      {"epochs_grid", Type::list, "", "values of epochs"}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords few_parameters_words() {
  return {"Claims, and what we measured", "influence on", "claim"};
}

void run_few_parameters(const Invocation& invocation) {
  Session session(invocation, "few-parameters", few_parameters_settings(), few_parameters_layout());
  std::vector<FewWork> work;  // what the user got wrong is said before anything is trained
  for (const Job& job : session.jobs()) work.push_back(prepare(job, session.options()));
  std::vector<FewResult> done;
  for (FewWork& w : work) {
    measure(w, session.options());
    write_rows(w.result, session.results());
    session.print(subset_table(w.result));
    session.print(grid_table(w.result));
    done.push_back(std::move(w.result));
  }
  describe(done, session.results());
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts, kFewIntervals, few_parameters_words()));
  session.print(std::string(kWhoseDefinitions) + "\n");
  draw(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
