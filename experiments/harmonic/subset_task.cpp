// SPDX-License-Identifier: MIT
#include "experiments/harmonic/subset_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "datasets/text.h"
#include "influence/harmonic/cube.h"

namespace leaveout {

namespace {

/// The task's protocol is of networks; a batch size of N or more is the full batch.
SubsetProblem problem_of(const SubsetTask& task, const Job& job, const TaskOptions& options) {
  const TaskSettings& s = task.settings;
  SubsetProblem p{task.model.get(), task.train.get(), task.query.get(), s.weight_decay};
  p.newton = s.newton;
  p.protocol = s.base;
  p.initialisation = s.initialisation.value_or(default_initialisation(task.model->spec()));
  p.seeds = job.settings.whole("seeds");
  p.seed = s.seed;
  p.provenance = options.provenance;
  return p;
}

QueryOutput chosen_output(const Job& job, Task kind) {
  if (!job.settings.has("output")) return default_output(kind);
  const QueryOutput output = parse_output(job.settings.text("output"));
  if (!allows(kind, output))
    throw std::invalid_argument(
        fmt::format("[subsets] output, expected one that a {} task has, got {}; without it the "
                    "output is {}",
                    task_name(kind),
                    output_name(output),
                    output_name(default_output(kind))));
  return output;
}

}  // namespace

std::vector<SettingSpec> subset_task_settings() {
  std::vector<SettingSpec> specs = training_task_settings();
  for (SettingSpec& s : specs) {
    if (s.key == "seed") s.help = "of the split, the trainings and the subsets";
    if (s.key == "epochs") s.help = "of each training of a network";
    if (s.key == "optimiser") s.help = "of networks; convex models are solved exactly";
    if (s.key == "tolerance") s.help = "convex models: gradient norm of every argmin";
    if (s.key == "max_iterations") s.help = "convex models: Newton steps of one argmin";
  }
  SettingSpec p{"p", SettingType::number, "0.5", "probability that an example is in a subset"};
  p.minimum = 0;
  SettingSpec output{"output",
                     SettingType::text,
                     "",
                     "of the queries: margin, logodds, probability, loss, correct or (of a "
                     "regression) prediction; default: margin, or prediction"};
  output.choices = {"margin", "logodds", "probability", "loss", "correct", "prediction"};
  SettingSpec seeds{
      "seeds", SettingType::whole, "1", "networks: trainings of each subset, each with its own"};
  seeds.minimum = 1;
  for (SettingSpec& s : std::vector<SettingSpec>{p, output, seeds}) specs.push_back(s);
  return specs;
}

SettingSpec rates_setting() {
  return {
      "rates", SettingType::list, "0.2,0.5,0.8", "further probabilities of inclusion, beside p"};
}

std::vector<double> read_rates(const Settings& settings, const std::string& area) {
  std::vector<double> rates = {settings.number("p")};
  for (const std::string& text : settings.list("rates")) {
    const std::optional<double> rate = parse_number(text);
    if (!rate || !(*rate > 0 && *rate < 1))
      throw std::invalid_argument(
          fmt::format("[{}] rates, expected numbers between 0 and 1, got '{}': --set "
                      "rates=0.2,0.5,0.8",
                      area,
                      printable(text)));
    rates.push_back(*rate);
  }
  std::sort(rates.begin(), rates.end());
  rates.erase(std::unique(rates.begin(), rates.end()), rates.end());
  return rates;
}

std::vector<Index> read_counts(const Settings& settings,
                               const std::string& key,
                               Index least,
                               const std::string& area) {
  std::vector<Index> counts;
  for (const std::string& text : settings.list(key)) {
    Index n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n < least ||
        (!counts.empty() && n <= counts.back()))
      throw std::invalid_argument(
          fmt::format("[{}] {}, expected rising whole numbers from {} on, separated by commas, got "
                      "'{}'",
                      area,
                      key,
                      least,
                      printable(text)));
    counts.push_back(n);
  }
  return counts;
}

SubsetTask load_subset_task(const Job& job, const TaskOptions& options) {
  SubsetTask task;
  task.settings = job.task;
  task.p = job.settings.number("p");
  check_rate(task.p);
  TaskData data = load_task_data(job.task);
  task.train = std::make_unique<Dataset>(std::move(data.train));
  task.query = std::make_unique<Dataset>(std::move(data.query));
  task.rows = std::move(data.rows);
  task.model = std::make_unique<Model>(task_model(job.task, *task.train));
  task.output = chosen_output(job, task.train->task);
  task.problem = problem_of(task, job, options);
  return task;
}

PoolOptions subset_pool(const TaskOptions& options, const std::string& title) {
  PoolOptions pool{.threads = options.threads, .shard_folder = options.shard_folder};
  if (options.progress) pool.progress = options.progress(title);
  return pool;
}

SubsetLogits train_all_subsets(const SubsetTask& task, const TaskOptions& options) {
  require_enumerable(task.problem);
  return train_subsets(task.problem,
                       all_subsets(task.examples()),
                       subset_pool(options, task.settings.name + " subsets"));
}

}  // namespace leaveout
