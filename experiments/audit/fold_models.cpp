// SPDX-License-Identifier: MIT
#include "experiments/audit/fold_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "datasets/random.h"
#include "models/objective.h"
#include "models/retraining_pool.h"
#include "models/trust_region.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

constexpr std::uint64_t kDeal = 0x6465616c;  // "deal"
constexpr std::uint64_t kInit = 0x696e6974;  // "init"

std::uint64_t deal_seed(const TaskSettings& s, Index repeat) {
  return Random(s.seed, {kDeal, static_cast<std::uint64_t>(repeat)}).bits();
}

/// The models of one deal, not trained yet.
std::vector<FoldModel> fold_models(const AuditData& data, Index folds, std::uint64_t seed) {
  const std::vector<Index> fold_of = deal_rows(data, folds, seed);
  const Index count = *std::max_element(fold_of.begin(), fold_of.end()) + 1;
  std::vector<FoldModel> models(static_cast<std::size_t>(count));
  for (Index f = 0; f < count; ++f) {
    FoldModel& m = models[static_cast<std::size_t>(f)];
    for (Index i = 0; i < data.size(); ++i) {
      const bool held = fold_of[static_cast<std::size_t>(i)] == f;
      m.is_held.push_back(held);
      if (!held) m.train.push_back(i);
    }
  }
  return models;
}

Run fit(const AuditData& data,
        const TaskSettings& s,
        const Candidate& candidate,
        const FoldModel& fold,
        std::uint64_t seed) {
  const Dataset train_rows = take(data.scaled, fold.train);
  const Objective objective =
      training_objective(*candidate.model, train_rows, candidate.weight_decay);
  const ModelSpec& spec = candidate.model->spec();
  if (candidate.convex())
    return minimise(objective, VectorXd::Zero(spec.parameter_count()), s.newton);
  Protocol protocol = s.base;
  protocol.seed = seed;
  const Initialisation how = s.initialisation.value_or(default_initialisation(spec));
  return train(objective, initialise(spec, how, seed), protocol);
}

/// One training as a task of the pool.
RetrainingTask fit_task(const AuditData& data,
                        const TaskSettings& s,
                        const Candidate& candidate,
                        const FoldModel& fold,
                        Index repeat,
                        const TaskOptions& options) {
  const std::uint64_t seed = Random(s.seed, {kInit, static_cast<std::uint64_t>(repeat)}).bits();
  const ModelSpec& spec = candidate.model->spec();
  std::string key = fmt::format("audit fit\n{}\n{}\n{}\nweight_decay={}\n",
                                options.provenance,
                                data.key,
                                describe(spec),
                                candidate.weight_decay);
  key += candidate.convex()
             ? describe(s.newton, spec.parameter_count())
             : fmt::format(
                   "{}\ninitialisation={} seed={}",
                   describe(s.base),
                   initialisation_name(s.initialisation.value_or(default_initialisation(spec))),
                   seed);
  std::string rows(fold.is_held.size(), '0');
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (fold.is_held[i]) rows[i] = '1';
  key += "\nheld " + rows;
  return {std::move(key),
          [&data, &s, &candidate, &fold, seed] { return fit(data, s, candidate, fold, seed); }};
}

double mean_held_loss(const AuditData& data,
                      const Candidate& candidate,
                      const std::vector<FoldModel>& models) {
  double sum = 0;
  for (const FoldModel& m : models) {
    const VectorXd l = losses(*candidate.model, data.scaled, m.theta);
    for (Index i = 0; i < data.size(); ++i)
      if (m.held(i)) sum += l(i);
  }
  return sum / static_cast<double>(data.size());
}

void accept(const Candidate& candidate, const Run& run, FoldModel& model) {
  model.theta = run.theta;
  model.converged = !candidate.convex() || run.converged;
}

}  // namespace

bool Candidate::convex() const {
  return model->spec().hidden.empty();
}

std::string Candidate::name() const {
  return fmt::format("{}, weight decay {:g}", model->spec().name, weight_decay);
}

std::vector<Index> deal_rows(const AuditData& data, Index folds, std::uint64_t seed) {
  const Index n = data.size();
  const bool alone = data.kinds.are_few();
  std::map<Index, std::vector<Index>> by_class;  // the first of each group, in random order
  std::vector<Index> first(static_cast<std::size_t>(alone ? n : data.kinds.count), -1);
  const auto group = [&](Index i) -> Index& {
    return first[static_cast<std::size_t>(alone ? i : data.kinds.of[static_cast<std::size_t>(i)])];
  };
  for (const Index i : Random(seed).permutation(n)) {
    if (group(i) >= 0) continue;
    group(i) = i;
    by_class[data.classes() ? data.table.label(i) : 0].push_back(i);
  }
  std::vector<Index> fold(static_cast<std::size_t>(n), 0);
  Index next = 0;
  for (const auto& [label, members] : by_class)
    for (const Index i : members) fold[static_cast<std::size_t>(i)] = next++ % folds;
  for (Index i = 0; i < n; ++i)
    fold[static_cast<std::size_t>(i)] = fold[static_cast<std::size_t>(group(i))];
  return fold;
}

std::vector<Candidate> candidates(const TaskSettings& s,
                                  const AuditData& data,
                                  const AuditHow& how) {
  const std::vector<std::string> names =
      s.model.empty() ? how.candidates : std::vector<std::string>{s.model};
  std::vector<Candidate> all;
  for (const std::string& name : names) {
    TaskSettings one = s;
    one.model = name == "plain" ? std::string() : name;
    const ModelSpec spec = task_model(one, data.scaled);
    const bool plain = spec.hidden.empty();
    if (s.model.empty() && !plain &&
        (data.size() > kManyRows || spec.parameter_count() > kMostParameters))
      continue;
    const auto model = std::make_shared<const Model>(spec);
    for (const double decay : how.weight_decays) all.push_back({model, decay});
  }
  if (all.empty())
    throw std::invalid_argument(
        "[audit] candidates, expected one that is affordable, got none: --set candidates=plain");
  return all;
}

double predicted_seconds(const std::vector<Candidate>& all,
                         const TaskSettings& s,
                         const AuditData& data,
                         const AuditHow& how) {
  constexpr double kNewtonSteps = 10;
  constexpr double kProducts = 2e10, kSweeps = 2e9, kEntries = 2e8;  // a second, as measured
  const auto n = static_cast<double>(data.size());
  const double u = std::min(n, static_cast<double>(how.reference_rows));
  const auto models = static_cast<double>(how.folds);
  const auto repeats = static_cast<double>(data.size() > kManyRows ? 1 : how.repeats);
  double seconds = 2 * n * u * static_cast<double>(how.resamples) / kProducts, dearest = 0;
  for (const Candidate& c : all) {
    const auto p = static_cast<double>(c.model->parameter_count());
    const double sweep = 8 * n * p / kSweeps;  // values and gradient
    const double fit = c.convex() ? kNewtonSteps * ((n * p * p + p * p * p) / kProducts + 2 * sweep)
                                  : static_cast<double>(s.base.epochs) * sweep;
    const double pairs = 0.32 * n * u;  // one held out, the other not
    const double influence = (2 * pairs * p + 3 * n * p * p) / kProducts + pairs / kEntries;
    seconds += models * fit;
    dearest = std::max(dearest, models * ((repeats - 1) * fit + repeats * influence));
  }
  return seconds + dearest;
}

Chosen choose_model(const AuditData& data,
                    const TaskSettings& s,
                    std::vector<Candidate> all,
                    const AuditHow& how,
                    const TaskOptions& options) {
  Chosen chosen;
  chosen.tried = std::move(all);
  chosen.repeats = data.size() > kManyRows ? 1 : how.repeats;
  const auto pool = [&](const char* what) {
    PoolOptions p{.threads = options.threads, .shard_folder = options.shard_folder};
    if (options.progress) p.progress = options.progress(fmt::format("{} {}", s.name, what));
    return p;
  };
  const std::vector<FoldModel> first = fold_models(data, how.folds, deal_seed(s, 0));
  std::vector<RetrainingTask> tasks;
  for (const Candidate& c : chosen.tried)
    for (const FoldModel& fold : first) tasks.push_back(fit_task(data, s, c, fold, 0, options));
  std::vector<Run> runs = retrain(tasks, pool("models"));
  for (std::size_t c = 0; c < chosen.tried.size(); ++c) {
    std::vector<FoldModel> models = first;
    for (std::size_t f = 0; f < models.size(); ++f)
      accept(chosen.tried[c], runs[c * models.size() + f], models[f]);
    chosen.tried[c].loss = mean_held_loss(data, chosen.tried[c], models);
    if (c == 0 || chosen.tried[c].loss < chosen.tried[chosen.best].loss) {
      chosen.best = c;
      chosen.models = std::move(models);
    }
  }
  if (chosen.repeats == 1) return chosen;
  std::vector<FoldModel> more;
  std::vector<Index> repeat_of;
  for (Index r = 1; r < chosen.repeats; ++r)
    for (FoldModel& m : fold_models(data, how.folds, deal_seed(s, r))) {
      more.push_back(std::move(m));
      repeat_of.push_back(r);
    }
  tasks.clear();
  for (std::size_t m = 0; m < more.size(); ++m)
    tasks.push_back(fit_task(data, s, chosen.candidate(), more[m], repeat_of[m], options));
  runs = retrain(tasks, pool("more folds"));
  for (std::size_t m = 0; m < more.size(); ++m) {
    accept(chosen.candidate(), runs[m], more[m]);
    chosen.models.push_back(std::move(more[m]));
  }
  return chosen;
}

}  // namespace leaveout
