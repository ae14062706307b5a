// SPDX-License-Identifier: MIT
// The verdicts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "experiments/trajectory/trajectory_accuracy_estimates.h"
#include "experiments/trajectory/trajectory_accuracy_report.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

using Tasks = std::vector<const AccuracyResult*>;

struct Class {
  const char* name;
  double from, to;
};
constexpr Class kClasses[] = {
    {"x below 1", 0, 1}, {"x from 1 to 10", 1, 10}, {"x above 10", 10, HUGE_VAL}};

struct Rival {
  const char *name, *title;
};
constexpr const char* kInfluence = "influence_function";
constexpr Rival kRivals[] = {
    {"tracin_checkpoints", "TracIn-CP"}, {kInfluence, "IF"}, {"source_gauss_newton", "SOURCE"}};

/// How a claim on closeness is measured. `ratio`: errors, by their quotient.
struct Closeness {
  const char *subject, *metric, *claim;
  bool ratio;
};
constexpr Closeness kCloseness[] = {
    {kPaper,
     "relative_error",
     "paper (abstract): lower error than existing estimators; as published, 1/m",
     true},
    {kPaperSum, "relative_error", "the same claim, with T/m", true},
    {kPaper, "scaled_error", "the same claim, each after its best scalar", true},
    {kPaper, "spearman", "the same claim, by Spearman", false},
    {kConsistent, "relative_error", "ours: the consistent double sum has a lower error", true}};

/// In each seed the mean of a number of its trainings, over the tasks' regimes of the class; a
/// training without the number is left out.
template <class Number>
VectorXd seed_means(const Tasks& done, const Class& c, const Number& number) {
  std::map<std::uint64_t, std::pair<double, double>> sums;
  for (const AccuracyResult* r : done)
    for (const Regime& g : regimes(*r)) {
      if (g.x < c.from || g.x >= c.to) continue;
      for (const AccuracyPoint& p : r->points) {
        if (p.rate != g.rate || p.epochs != g.epochs) continue;
        const std::optional<double> value = number(p);
        if (!value) continue;
        sums[p.seed].first += *value;
        ++sums[p.seed].second;
      }
    }
  VectorXd means(static_cast<Index>(sums.size()));
  Index k = 0;
  for (const auto& [seed, sum] : sums) means(k++) = sum.first / sum.second;
  return means;
}

/// Subject against rival, mean over seeds. Of ratios the factor: below 1 the subject is nearer.
Estimate paired(const Tasks& done, const Class& c, const Closeness& how, const char* rival) {
  const auto gap = [&](const AccuracyPoint& p) -> std::optional<double> {
    const auto a = p.value(kAccuracy, how.subject, kRemoval, kMean, how.metric);
    const auto b = p.value(kAccuracy, rival, kRemoval, kMean, how.metric);
    if (!a || !b || (how.ratio && !(*a > 0 && *b > 0))) return {};
    return how.ratio ? std::log(*a / *b) : *a - *b;
  };
  const VectorXd means = seed_means(done, c, gap);
  return how.ratio ? geometric_interval(means.array().exp()) : mean_interval(means);
}

Verdict closer(const Tasks& done, const std::string& task, const Class& c, const Closeness& how) {
  std::vector<std::string> parts, better;
  bool all = true, tested = false, seeds = true;
  for (const Rival& rival : kRivals) {
    const Estimate e = paired(done, c, how, rival.name);
    if (!e.value) continue;
    tested = true;
    seeds = seeds && e.n > 1;
    const bool nearer = how.ratio ? e.high < 1 : e.low > 0;
    if (how.ratio ? e.low > 1 : e.high < 0) better.emplace_back(rival.title);
    all = all && nearer;
    parts.push_back(
        how.ratio ? fmt::format("{} {:.2g} [{:.2g}, {:.2g}]", rival.title, *e.value, e.low, e.high)
                  : fmt::format("{} {:+.2f} [{:+.2f}, {:+.2f}]",
                                rival.title,
                                *e.value,
                                std::max(e.low, -2.0),  // no two rank correlations differ by more
                                std::min(e.high, 2.0)));
  }
  std::string verdict = "open: an interval holds both";
  if (!tested)
    verdict = "not testable: no such regime";
  else if (!seeds)
    verdict = "not testable: one seed has no interval";
  else if (!better.empty())
    verdict = fmt::format("disagrees: {} nearer", fmt::join(better, ", "));
  else if (all)
    verdict = "agrees";
  return {task, c.name, how.claim, fmt::format("{}", fmt::join(parts, ", ")), verdict};
}

/// In each seed the share of the class's trainings in which the formula's sign is right.
Verdict sign_of_formula(const Tasks& done, const std::string& task, const Class& c) {
  const auto right = [](const AccuracyPoint& p) -> std::optional<double> {
    const auto v = p.value(kAccuracy, kPaperSum, kRemoval, kMean, "best_scale");
    if (!v) return {};
    return *v > 0 ? 1 : 0;
  };
  Estimate e = mean_interval(seed_means(done, c, right));
  e.low = std::max(e.low, 0.0);
  e.high = std::min(e.high, 1.0);
  return {task,
          c.name,
          "ours: -I(z, V) has the sign of removals in most trainings (best scalar above 0)",
          "share " + to_string(e),
          e.n < 2 ? "not testable: no such regime, or one seed" : above(interval(e), 0.5)};
}

/// Spearman of the influence function with further training minus that with removal.
Verdict question_of_influence(const Tasks& done, const std::string& task, const Class& c) {
  const auto gain = [](const AccuracyPoint& p) -> std::optional<double> {
    const auto warm = p.value(kAccuracy, kInfluence, kWarmStart, kMean, "spearman");
    const auto removal = p.value(kAccuracy, kInfluence, kRemoval, kMean, "spearman");
    if (!warm || !removal) return {};
    return *warm - *removal;
  };
  Estimate e = mean_interval(seed_means(done, c, gain));
  e.low = std::max(e.low, -2.0);  // no two rank correlations differ by more
  e.high = std::min(e.high, 2.0);
  return {task,
          c.name,
          "ours: the influence function ranks further training without an example better than "
          "removal from the start",
          fmt::format("Spearman {}", to_string(e)),
          e.n < 2 ? "not testable: no such regime, or one seed" : above(interval(e), 0)};
}

/// A power law or an exponential one: which fits better is our reading of "polynomially".
Verdict growth_verdict(const AccuracyResult& r, const char* estimator, const char* title) {
  const Growth g = growth_in_steps(r, estimator, kRemoval);
  return {r.settings.name,
          "along lengths",
          fmt::format("paper (abstract): error grows polynomially in the steps ({})", title),
          fmt::format("power {}, misfit {}", to_string(g.slope), to_string(g.misfit)),
          g.misfit.n < 2 ? "not testable: fewer than four lengths, or one seed"
                         : below(interval(g.misfit), 1)};
}

Verdict order_verdict(const AccuracyResult& r, const char* estimator, double order) {
  const Growth g = growth_in_x(r, estimator);
  return {r.settings.name,
          fmt::format("x below {:g}", kSmallX),
          fmt::format("theory: full batch, relative error of {} like x^{:g}", estimator, order),
          fmt::format("slope {}", to_string(g.slope)),
          g.slope.n < 2 ? "not testable: fewer than two rates, or one seed"
                        : near(interval(g.slope), order, 0.2)};
}

void add_identity(const AccuracyResult& r,
                  const std::string& metric,
                  const std::string& claim,
                  std::vector<Verdict>& verdicts) {
  double largest = -1;
  bool asked = false;
  for (const AccuracyPoint& p : r.points)
    for (const AccuracyRow& row : p.rows)
      if (row.part == kIdentity && row.metric == metric) {
        asked = true;
        if (row.value) largest = std::max(largest, *row.value);
      }
  if (!asked) return;
  if (largest < 0) {
    verdicts.push_back({r.settings.name, "all", claim, "undefined", "not testable: undefined"});
    return;
  }
  const bool holds = largest <= kAccuracyTolerance;
  verdicts.push_back({r.settings.name,
                      "all",
                      claim,
                      fmt::format("largest relative deviation {}",
                                  holds ? "<= 1e-9" : fmt::format("{:.1e}", largest)),
                      holds ? "agrees" : "disagrees"});
}

void judge_theory(const AccuracyResult& r, std::vector<Verdict>& verdicts) {
  add_identity(r, "forward_backward", "theory: unrolled derivative, forward = backward", verdicts);
  add_identity(r, "hydra_unrolled", "theory: HyDRA = SGD-influence = unrolled", verdicts);
  add_identity(r,
               "accumulated_linear",
               "theory: linear regression, accumulated influence = exact removal",
               verdicts);
  if (!r.points.empty() && r.settings.base.batch_size >= r.settings.max_train) {
    verdicts.push_back(order_verdict(r, "first_order", 1));
    verdicts.push_back(order_verdict(r, kConsistent, 2));
  }
}

void judge_closeness(const Tasks& done, const std::string& task, std::vector<Verdict>& verdicts) {
  for (const Closeness& how : kCloseness)
    for (const Class& c : kClasses) verdicts.push_back(closer(done, task, c, how));
  for (const Class& c : kClasses) verdicts.push_back(sign_of_formula(done, task, c));
  for (const Class& c : kClasses) verdicts.push_back(question_of_influence(done, task, c));
}

}  // namespace

std::vector<Verdict> judge_accuracy(const std::vector<AccuracyResult>& done, bool every) {
  std::vector<Verdict> verdicts;
  Tasks all;
  for (const AccuracyResult& r : done) all.push_back(&r);
  judge_closeness(all, "all", verdicts);
  if (every)
    for (const AccuracyResult& r : done) judge_closeness({&r}, r.settings.name, verdicts);
  for (const AccuracyResult& r : done)
    if (along_lengths(r).size() > 1) {
      verdicts.push_back(growth_verdict(r, kPaperSum, "T/m"));
      verdicts.push_back(growth_verdict(r, kConsistent, "consistent double sum"));
    }
  for (const AccuracyResult& r : done) judge_theory(r, verdicts);
  return verdicts;
}

}  // namespace leaveout
