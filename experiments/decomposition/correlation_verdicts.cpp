// SPDX-License-Identifier: MIT
// What the paper states, our figure with its interval, and whether it holds here.
#include <fmt/format.h>

#include "experiments/decomposition/correlation_report.h"
#include "influence/metrics/query_correlation.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;

/// Fewer removed examples than these say nothing about a correlation.
constexpr std::size_t kFewest = 10;

/// A task under one protocol, and the estimate that the verdicts are about.
struct Case {
  const CorrelationResult& r;
  const CorrelationPart& part;
  std::vector<Verdict>& rows;
  const ScoredEstimate& estimate = part.estimates.front();

  void add(const std::string& claim, const Estimate& measured, const std::string& verdict) const {
    rows.push_back(
        {r.settings.name, protocol_name(part.protocol), claim, to_string(measured), verdict});
  }
  const Estimate& spearman(TruthKind truth) const {
    return part.cell(truth, estimate.name).mean_loss.spearman;
  }
  /// By how much the estimate follows one truth better than the other: of the mean query loss, or
  /// pooled over all pairs.
  Estimate gain(TruthKind better, TruthKind worse, bool pooled) const {
    const auto values = [&](const MatrixXd& m) -> MatrixXd {
      return pooled ? m : MatrixXd(m.colwise().mean());
    };
    const MatrixXd scores = values(estimate.scores);
    return spearman_difference(scores,
                               values(part.truth(better).change),
                               scores,
                               values(part.truth(worse).change),
                               {.resamples = 1000, .seed = r.settings.seed});
  }
};

void judge_convex(const Case& c) {
  for (const Truth& t : c.part.truths)
    c.add(fmt::format("{} follows {}: Spearman above 0.9", c.estimate.name, truth_title(t.kind)),
          c.spearman(t.kind),
          above(interval(c.spearman(t.kind)), 0.9));
}

void judge_network(const Case& c) {
  const std::string& name = c.estimate.name;
  const auto greater = [&](const std::string& claim, const Estimate& e) {
    c.add(claim, e, above(interval(e), 0));
  };
  c.add(name + " against the PBRF: Spearman above 0.5",
        c.spearman(TruthKind::pbrf),
        above(interval(c.spearman(TruthKind::pbrf)), 0.5));
  c.add(name + " against cold start: Spearman near 0 (-0.08 to 0.12)",
        c.spearman(TruthKind::cold_start),
        near(interval(c.spearman(TruthKind::cold_start)), 0, kStrongCorrelation));
  greater("two-stage above warm start: pooled Spearman, difference",
          c.gain(TruthKind::two_stage, TruthKind::warm_start, true));
  greater("PBRF above two-stage: Spearman, difference",
          c.gain(TruthKind::pbrf, TruthKind::two_stage, false));
  if (c.part.seeds.rows() > 1)
    greater("seeds averaged above two-stage (Wei et al. 2025): Spearman, difference",
            c.gain(TruthKind::further_training, TruthKind::two_stage, false));
}

/// A verdict needs enough examples for its interval, and responses that are what they are called.
void withhold(const Case& c, std::size_t first) {
  for (std::size_t i = first; i < c.rows.size(); ++i) {
    if (c.part.unconverged > 0)
      c.rows[i].verdict =
          fmt::format("not testable: {} responses did not converge", c.part.unconverged);
    else if (c.r.removed.size() < kFewest)
      c.rows[i].verdict = fmt::format("not testable: fewer than {} removed examples", kFewest);
  }
}

}  // namespace

std::vector<Verdict> judge(const std::vector<CorrelationResult>& done) {
  std::vector<Verdict> rows;
  for (const CorrelationResult& r : done)
    for (const CorrelationPart& part : r.parts) {
      const Case c{r, part, rows};
      const std::size_t first = rows.size();
      if (r.model->spec().hidden.empty())
        judge_convex(c);
      else
        judge_network(c);
      withhold(c, first);
    }
  return rows;
}

}  // namespace leaveout
