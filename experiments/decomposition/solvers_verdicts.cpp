// SPDX-License-Identifier: MIT
// What theory says of the solvers, our figure, and whether it holds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/decomposition/solvers_report.h"
#include "experiments/support/table.h"
#include "influence/metrics/student.h"

namespace leaveout {

namespace {

/// What rounding may leave of an identity after thousands of products.
constexpr double kIdentity = 1e-10;
/// Below this a bound is nearer to rounding than to the error that it bounds.
constexpr double kLowestBound = 1e-10;

const char* agrees(bool holds) {
  return holds ? "agrees" : "disagrees";
}

/// The largest ratio of CG's A-norm error to its bound.
double largest_of_bound(const SolverStudy& study) {
  double largest = 0;
  for (std::size_t i = 0; i < study.cg.steps.size(); ++i) {
    const double bound = chebyshev_bound(study.largest / study.smallest, study.cg.steps[i]);
    if (bound < kLowestBound) break;
    const double error = study.cg.a_norm_error.col(static_cast<Index>(i)).maxCoeff();
    largest = std::max(largest, error / bound);
  }
  return largest;
}

/// Agrees where the interval is within a factor of two of 1.
Verdict truncation_verdict(Verdict v, const SolverStudy& study, double multiple) {
  const TruncationRatio t = truncation_ratio(study, multiple);
  const double reached = static_cast<double>(t.depth) * study.smallest / study.lissa.scale;
  if (!t.ratio.allFinite()) {
    v.verdict = "not testable: no right-hand side has a part in such directions";
  } else if (std::abs(std::log(reached / multiple)) > 0.3) {
    v.verdict = "not testable: depth ends before";
  } else {
    const Estimate e = mean_interval(t.ratio);
    v.measured = fmt::format("ratio {} at T = {}", to_string(e, 3), t.depth);
    if (t.ratio.size() < 2)
      v.verdict = "not testable: one removed example";
    else if (e.low >= 0.5 && e.high <= 2)
      v.verdict = "agrees";
    else
      v.verdict = e.high < 0.5 || e.low > 2 ? "disagrees" : "open: the interval holds both";
  }
  return v;
}

void judge_study(const SolversResult& r, const SolverStudy& study, std::vector<Verdict>& rows) {
  const std::string task = r.settings.name;
  const std::string damping = fmt::format("damping {:g}", study.damping);
  rows.push_back(
      {task,
       damping,
       "LiSSA is its closed form (difference below 1e-10)",
       fmt::format(
           "largest {:.1e}, T to {}", study.closed_form_difference, study.lissa.steps.back()),
       agrees(study.closed_form_difference < kIdentity)});
  const double ratio = largest_of_bound(study);
  rows.push_back({task,
                  damping,
                  "CG's A-norm error is within its Chebyshev bound",
                  fmt::format("largest ratio {:.3f}", ratio),
                  agrees(ratio <= 1)});
  const Divergence& d = study.divergence;
  const double off = (d.growth.array() / d.rate - 1).abs().maxCoeff();
  rows.push_back(
      {task,
       damping,
       fmt::format("scale {:.3g} diverges by {:.5f} a product (to 1e-3)", d.measured.scale, d.rate),
       fmt::format("{:.5f}, off by {:.0e} at most", d.growth.mean(), off),
       agrees(off < 1e-3)});
  const char* claim = "truncation adds damping scale / T (within 2), T = {:g} scale / e_min";
  for (const double multiple : {0.1, 3.0})
    rows.push_back(truncation_verdict(
        {task, damping, fmt::format(fmt::runtime(claim), multiple), "-", ""}, study, multiple));
}

}  // namespace

std::vector<Verdict> judge(const std::vector<SolversResult>& done) {
  std::vector<Verdict> rows;
  for (const SolversResult& r : done)
    for (const SolverStudy& study : r.studies) judge_study(r, study, rows);
  return rows;
}

}  // namespace leaveout
