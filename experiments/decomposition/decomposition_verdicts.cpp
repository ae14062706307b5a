// SPDX-License-Identifier: MIT
// What the paper states, our figure with its interval, and whether it holds here.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "datasets/random.h"
#include "experiments/decomposition/decomposition_report.h"

namespace leaveout {

namespace {

/// Mean of gaps 1-3 over mean of gaps 4-5, with a 95 % bootstrap interval over removed examples.
Estimate dominance(const Decomposition& d, std::uint64_t seed) {
  const Eigen::VectorXd question = d.gaps.topRows(3).colwise().sum().transpose();
  const Eigen::VectorXd answer = d.gaps.bottomRows(2).colwise().sum().transpose();
  const Index n = question.size();
  std::vector<double> ratios;
  for (std::uint64_t b = 0; b < 1000; ++b) {
    Random random(seed, {0x726174696f /* "ratio" */, b});
    double above = 0, below = 0;
    for (Index i = 0; i < n; ++i) {
      const auto j = static_cast<Index>(random.below(static_cast<std::uint64_t>(n)));
      above += question(j);
      below += answer(j);
    }
    if (below > 0) ratios.push_back(above / below);
  }
  Estimate e;
  e.n = n;
  if (answer.sum() > 0) e.value = question.sum() / answer.sum();
  if (ratios.empty()) return e;
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double p) {
    return ratios[static_cast<std::size_t>(p * static_cast<double>(ratios.size() - 1))];
  };
  e.resamples = static_cast<Index>(ratios.size());
  e.low = at(0.025);
  e.high = at(0.975);
  return e;
}

/// The largest of the five mean gaps beside the outputs themselves.
double relative_gap(const TaskResult& r, const Decomposition& d) {
  return d.gaps.rowwise().mean().maxCoeff() / r.loo->outputs_s().colwise().norm().mean();
}

void judge_convex(const TaskResult& r,
                  const Decomposition& d,
                  const Estimate& cold,
                  std::vector<Verdict>& rows) {
  const double relative = relative_gap(r, d);
  const std::string protocol = protocol_name(d.protocol);
  rows.push_back({r.settings.name,
                  protocol,
                  "all five gaps small (below 5 % of the outputs)",
                  fmt::format("largest {:.2f} %", 100 * relative),
                  relative < 0.05 ? "agrees" : "disagrees"});
  rows.push_back({r.settings.name,
                  protocol,
                  "influence follows retraining: Spearman above 0.9",
                  to_string(cold),
                  above(interval(cold), 0.9)});
}

void judge_network(const TaskResult& r,
                   const Decomposition& d,
                   const Estimate& cold,
                   std::vector<Verdict>& rows) {
  const std::string protocol = protocol_name(d.protocol);
  const Estimate ratio = dominance(d, r.settings.seed);
  rows.push_back({r.settings.name,
                  protocol,
                  "gaps 1-3 at least 10 times gaps 4-5",
                  to_string(ratio, 1),
                  above(interval(ratio), 10)});
  rows.push_back({r.settings.name,
                  protocol,
                  "influence against retraining: Spearman near 0",
                  to_string(cold),
                  near(interval(cold), 0, kStrongCorrelation)});
}

/// A verdict needs enough examples for its interval, and responses that are what they are called.
void withhold(const Decomposition& d, std::size_t first, std::vector<Verdict>& rows) {
  const Index missed = unconverged(d);
  for (std::size_t i = first; i < rows.size(); ++i) {
    if (missed > 0)
      rows[i].verdict = fmt::format("not testable: {} responses did not converge", missed);
    else if (d.removed.size() < 10)
      rows[i].verdict = "not testable: fewer than 10 removed examples";
  }
}

}  // namespace

std::vector<Verdict> judge(const std::vector<TaskResult>& done) {
  std::vector<Verdict> rows;
  for (const TaskResult& r : done)
    for (std::size_t i = 0; i < r.decompositions.size(); ++i) {
      const Decomposition& d = r.decompositions[i];
      const std::size_t first = rows.size();
      const Estimate& cold = r.predictions[2 * i].agreement.spearman;
      const Estimate& pbrf = r.predictions[2 * i + 1].agreement.spearman;
      if (r.model->spec().hidden.empty())
        judge_convex(r, d, cold, rows);
      else
        judge_network(r, d, cold, rows);
      rows.push_back({r.settings.name,
                      protocol_name(d.protocol),
                      "influence against the PBRF: Spearman above 0.5",
                      to_string(pbrf),
                      above(interval(pbrf), 0.5)});
      withhold(d, first, rows);
    }
  return rows;
}

}  // namespace leaveout
