// SPDX-License-Identifier: MIT
#include "experiments/memorization/grouped_task.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

namespace leaveout {

namespace {

constexpr Index kPlantedTrain = 600, kPlantedQuery = 600;  // without max_train and max_query

PlantedShares read_shares(const Settings& s) {
  PlantedShares shares;
  shares.mislabelled = s.number("mislabelled");
  shares.rare = s.number("rare");
  shares.duplicate = s.number("duplicate");
  return shares;
}

PlantedGroups made_from_formula(const Job& job,
                                const TaskSettings& s,
                                const PlantedShares& shares) {
  return make_planted_groups(s.max_train == kNoLimit ? kPlantedTrain : s.max_train,
                             s.max_query == kNoLimit ? kPlantedQuery : s.max_query,
                             job.settings.whole("features"),
                             job.settings.number("separation"),
                             shares,
                             s.seed);
}

PlantedGroups unplanted(Split parts) {
  PlantedGroups d{std::move(parts.train), std::move(parts.query), {}, {}};
  d.groups.assign(static_cast<std::size_t>(d.train.size()), PlantedGroup::typical);
  d.query_groups.assign(static_cast<std::size_t>(d.query.size()), PlantedGroup::typical);
  return d;
}

/// The data with their groups; `rows` says where the training examples come from.
PlantedGroups load_groups(const Job& job, const TaskSettings& s, std::vector<Index>& rows) {
  const PlantedShares shares = read_shares(job.settings);
  if (s.data == "planted") {
    PlantedGroups d = made_from_formula(job, s, shares);
    rows.resize(static_cast<std::size_t>(d.train.size()));
    std::iota(rows.begin(), rows.end(), Index{0});
    return d;
  }
  Split parts = load_split(s);
  rows = parts.train_rows;
  if (shares.mislabelled == 0 && shares.rare == 0 && shares.duplicate == 0)
    return unplanted(std::move(parts));
  return plant_groups(parts.train, parts.query, shares, s.seed);
}

/// The queries' first part validates, the rest tests. They are in random order already.
void cut_queries(const Dataset& query, double share, GroupedTask& task) {
  const auto validation =
      static_cast<Index>(std::lround(share * static_cast<double>(query.size())));
  if (query.size() < 4)
    throw std::invalid_argument(fmt::format(
        "[groups] held-out rows, expected at least 4 to validate and to test on, got {}: give a "
        "query file of more rows, or none",
        query.size()));
  if (validation < 2 || validation > query.size() - 2)
    throw std::invalid_argument(fmt::format(
        "[groups] validation, expected a share that leaves at least 2 of the {} held-out "
        "examples on both sides, got {}: --set validation=0.5",
        query.size(),
        share));
  std::vector<Index> all(static_cast<std::size_t>(query.size()));
  std::iota(all.begin(), all.end(), Index{0});
  task.validation = std::make_unique<Dataset>(take(query, {all.begin(), all.begin() + validation}));
  task.test = std::make_unique<Dataset>(take(query, {all.begin() + validation, all.end()}));
  task.test_groups.erase(task.test_groups.begin(), task.test_groups.begin() + validation);
}

SubsetProblem problem_of(const GroupedTask& task, const TaskOptions& options) {
  const TaskSettings& s = task.settings;
  SubsetProblem p{task.model.get(), task.train.get(), task.test.get(), s.weight_decay};
  p.newton = s.newton;
  p.protocol = s.base;
  p.protocol.seed = s.seed;
  p.initialisation = s.initialisation.value_or(default_initialisation(task.model->spec()));
  p.seed = s.seed;
  p.provenance = options.provenance;
  return p;
}

}  // namespace

std::vector<SettingSpec> grouped_task_settings() {
  std::vector<SettingSpec> specs = training_task_settings();
  for (SettingSpec& s : specs) {
    if (s.key == "data")
      s.help = "a data set of `leaveout list`, or planted: three classes made from a formula";
    if (s.key == "seed")
      s.help = "the first of the seeds, each with its own split, groups and trainings";
  }
  using Type = SettingType;
  const std::vector<SettingSpec> own = {
      {"mislabelled",
       Type::number,
       "0.1",
       "share of the training examples with a wrong label",
       {},
       0},
      {"rare", Type::number, "0.02", "share of a rare style of one class, rightly labelled", {}, 0},
      {"duplicate", Type::number, "0.1", "share that are one of two equal rows", {}, 0},
      {"features", Type::whole, "2", "data=planted: how many", {}, 2},
      {"separation",
       Type::number,
       "3",
       "data=planted: of the classes' means, in deviations",
       {},
       0},
      {"validation",
       Type::number,
       "0.5",
       "share of the held-out examples that scores may see",
       {},
       0},
      {"seeds", Type::whole, "5", "how many, from `seed` on", {}, 1}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

std::vector<SettingSpec> plain_grouped_task_settings() {
  std::vector<SettingSpec> specs = grouped_task_settings();
  for (SettingSpec& s : specs)
    if (s.key == "mislabelled" || s.key == "rare" || s.key == "duplicate")
      s.fallback = std::string("0");
  return specs;
}

GroupedTask load_grouped_task(const Job& job, const TaskOptions& options, Index seed) {
  GroupedTask task;
  task.settings = job.task;
  task.settings.seed += static_cast<std::uint64_t>(seed);
  PlantedGroups data = load_groups(job, task.settings, task.rows);
  if (task.settings.standardize) standardize(data.train, data.query);
  task.groups = std::move(data.groups);
  task.test_groups = std::move(data.query_groups);
  if (job.settings.declares("validation"))
    cut_queries(data.query, job.settings.number("validation"), task);
  else  // no score sees any of them
    task.test = std::make_unique<Dataset>(std::move(data.query));
  task.train = std::make_unique<Dataset>(std::move(data.train));
  task.model = std::make_unique<Model>(task_model(task.settings, *task.train));
  task.problem = problem_of(task, options);
  return task;
}

std::vector<double> read_shares(const Settings& settings,
                                const std::string& key,
                                const std::string& area) {
  std::vector<double> shares;
  for (const std::string& text : settings.list(key)) {
    std::size_t used = 0;
    double value = NAN;
    try {
      value = std::stod(text, &used);
    } catch (const std::logic_error&) {
    }
    const double last = shares.empty() ? 0 : shares.back();
    if (used != text.size() || !(value > last && value < 1))
      throw std::invalid_argument(fmt::format(
          "[{}] {}, expected rising numbers between 0 and 1, got '{}'", area, key, text));
    shares.push_back(value);
  }
  if (shares.empty())
    throw std::invalid_argument(
        fmt::format("[{}] {}, expected at least one, got none: --set {}=0.1", area, key, key));
  return shares;
}

}  // namespace leaveout
