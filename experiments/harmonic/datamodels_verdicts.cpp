// SPDX-License-Identifier: MIT
// What theory and the papers say of datamodels, and what was measured.
#include <fmt/format.h>

#include <algorithm>

#include "experiments/harmonic/datamodels_report.h"
#include "influence/metrics/bootstrap.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const ShareEstimate* find_share(const DatamodelFits& fits, const std::string& name) {
  for (const ShareEstimate& e : fits.shares)
    if (e.name == name) return &e;
  return nullptr;
}

/// Share without a fit less 1 - R^2 of the fit; margins of the two add up.
Verdict share_verdict(const DatamodelsResult& r, const char* name, const char* claim) {
  Verdict v{r.settings.name, r.output, claim, "-", "not testable: too few subsets"};
  const ShareEstimate* e = find_share(r.fits, name);
  const Estimate& held = r.fits.held_share;
  if (e == nullptr || !held.value || r.fits.held_by != "least squares") return v;
  const double margin = 1.96 * e->standard_error();
  const double difference = e->mean() - *held.value;
  const Interval gap{difference,
                     difference - margin - (held.high - *held.value),
                     difference + margin + (*held.value - held.low)};
  v.measured = fmt::format("{:.3f} less {:.3f}: {:.3f} [{:.3f}, {:.3f}]",
                           e->mean(),
                           *held.value,
                           *gap.value,
                           gap.low,
                           gap.high);
  v.verdict = near(gap, 0, 0.1);
  return v;
}

/// Mean over queries of Spearman's LDS of a less that of b, on the same resamples of subsets.
Estimate lds_difference(const DatamodelsResult& r, const MatrixXd& a, const MatrixXd& b) {
  const MatrixXd truth = r.pools.held_mean();
  const MatrixXd first = (a * r.pools.held_masks).transpose();   // (h x Q)
  const MatrixXd second = (b * r.pools.held_masks).transpose();  // (h x Q)
  return bootstrap_interval(truth.rows(),
                            [&](const std::vector<Index>& picks) -> std::optional<double> {
                              double sum = 0;
                              for (Index q = 0; q < truth.cols(); ++q) {
                                const VectorXd t = truth.col(q)(picks);
                                sum += spearman(first.col(q)(picks), t).value_or(0) -
                                       spearman(second.col(q)(picks), t).value_or(0);
                              }
                              return sum / static_cast<double>(truth.cols());
                            },
                            {.resamples = 200, .seed = r.settings.seed});
}

Verdict lds_verdict(const DatamodelsResult& r) {
  Verdict v{r.settings.name,
            r.output,
            "expected (score of Park et al. 2023): datamodels score higher than influence "
            "functions in LDS",
            "-",
            "not testable: no influence"};
  if (r.fits.influence.full.size() == 0) return v;
  const Estimate e = lds_difference(
      r, r.fits.models[r.fits.chosen].model.weights.transpose(), r.fits.influence.full);
  v.measured = fmt::format("by {}", to_string(e, 3));
  v.verdict = above(interval(e), 0);
  return v;
}

const RemovalOrder* find_order(const Removals& removals, const std::string& name) {
  for (const RemovalOrder& order : removals.orders)
    if (order.name == name) return &order;
  return nullptr;
}

/// How much further the output falls by the datamodel's removals, at the size nearest to a tenth.
Verdict removal_verdict(const DatamodelsResult& r, const std::string& other) {
  const Removals& removals = r.removals;
  const RemovalOrder* against = find_order(removals, other);
  Verdict v{r.settings.name, r.output, "", "-", "not testable: no " + other};
  v.claim = fmt::format(
      "expected (test of Ilyas et al. 2022): removing by the datamodel lowers the {} more than {} "
      "removal",
      r.output,
      other == "random" ? "random" : "the influence function's");
  if (against == nullptr || removals.sizes.empty()) return v;
  const Index tenth = r.pools.masks.rows() / 10;
  std::size_t c = 0;
  for (std::size_t i = 0; i < removals.sizes.size(); ++i)
    if (std::abs(removals.sizes[i] - tenth) <= std::abs(removals.sizes[c] - tenth)) c = i;
  const auto column = static_cast<Index>(c);
  const Estimate e = mean_interval(against->actual.col(column) -
                                   find_order(removals, "datamodel")->actual.col(column));
  v.measured = fmt::format("{} removed: further by {}", removals.sizes[c], to_string(e, 3));
  v.verdict = e.resamples > 0 ? above(interval(e), 0) : "not testable: one query";
  return v;
}

/// Slope of actual on predicted change over queries and sizes; bootstrap over queries.
Verdict slope_verdict(const DatamodelsResult& r) {
  const RemovalOrder* order = find_order(r.removals, "datamodel");
  Verdict v{r.settings.name,
            r.output,
            "theory: where f is linear, removals change it as the datamodel predicts (slope 1)",
            "-",
            "not testable: no removals"};
  if (r.removals.sizes.empty()) return v;
  const Index queries = order->actual.rows();
  const Estimate e = bootstrap_interval(queries,
                                        [&](const std::vector<Index>& picks) {
                                          const MatrixXd x = order->predicted(picks, Eigen::all),
                                                         y = order->actual(picks, Eigen::all);
                                          return slope(x.reshaped(), y.reshaped());
                                        },
                                        {.resamples = 1000, .seed = r.settings.seed});
  v.measured = fmt::format("slope {}", to_string(e));
  v.verdict = queries > 1 ? near(interval(e), 1, 0.1) : "not testable: one query";
  return v;
}

Verdict flip_verdict(const DatamodelsResult& r) {
  Verdict v{r.settings.name,
            r.output,
            "expected (test of Ilyas et al. 2022): most removals that a datamodel predicts to flip "
            "a query do so",
            "-",
            "not testable: the output is no margin"};
  if (r.removals.flips.empty()) return v;
  const Flips& f = r.removals.flips.front();
  const Estimate e = flipped_share(r, f, false);
  v.measured = fmt::format("{} of {} queries", to_string(e), predicted_flips(r, f).size());
  v.verdict = e.value ? above(interval(e), 0.5) : "not testable: no flip is predicted";
  return v;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<DatamodelsResult>& done) {
  std::vector<Verdict> verdicts;
  for (const DatamodelsResult& r : done) {
    verdicts.push_back(share_verdict(
        r, "U-statistic", "theory: the U-statistic's share is 1 - R2 of the fitted datamodel"));
    verdicts.push_back(
        share_verdict(r, "symmetric", "theory: noise stability at -rho, rho gives 1 - R2"));
    verdicts.push_back(share_verdict(
        r, "paper, rho = 0.45", "paper: RESIDUALESTIMATION gives 1 - R2 without a fit"));
    verdicts.push_back(lds_verdict(r));
    verdicts.push_back(removal_verdict(r, "influence"));
    verdicts.push_back(removal_verdict(r, "random"));
    verdicts.push_back(slope_verdict(r));
    verdicts.push_back(flip_verdict(r));
  }
  return verdicts;
}

}  // namespace leaveout
