// SPDX-License-Identifier: MIT
// What theory says of the values, our figures, and whether it holds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/harmonic/values_report.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

/// "Alike" in a number.
constexpr double kAlike = 0.9;
/// What rounding may leave of an identity, in units of the largest |f|.
constexpr double kIdentity = 1e-12;

/// A verdict on a mean over queries, unless there is a reason to withhold it.
Verdict judged(const ValuesResult& r,
               const std::string& about,
               const std::string& claim,
               const Estimate& e,
               const std::string& verdict) {
  Verdict v = {r.settings.name, about, claim, to_string(e, 3), verdict};
  if (r.unconverged > 0)
    v.verdict = fmt::format("not testable: {} trainings did not converge", r.unconverged);
  else if (e.n < 2)
    v.verdict = e.n == 0 ? "not testable: undefined for every query"
                         : "not testable: one query has no interval";
  return v;
}

/// `errors` (queries) are to be rounding.
Verdict identity(const ValuesResult& r,
                 const std::string& about,
                 const std::string& claim,
                 const VectorXd& errors) {
  double largest = 0;
  for (Index q = 0; q < errors.size(); ++q)
    if (r.largest(q) > 0) largest = std::max(largest, errors(q) / r.largest(q));
  return {r.settings.name,
          about,
          "theory: " + claim + " (to 1e-12)",
          fmt::format("off by {:.0e} of the largest |f|", largest),
          largest <= kIdentity ? "agrees" : "disagrees"};
}

void judge_identities(const ValuesResult& r, std::vector<Verdict>& rows) {
  const VectorXd sums = r.of(ValueKind::shapley).rowwise().sum();
  rows.push_back(identity(r, "Banzhaf", "the datamodel's weights at p = 1/2", r.banzhaf_error));
  rows.push_back(
      identity(r, "Shapley", "the integral of the datamodel's weights over p", r.integral_error));
  rows.push_back(
      identity(r, "Shapley", "adds up to f(all) - f(none)", (sums - r.total).cwiseAbs()));
  rows.push_back(identity(r, "Shapley", "Beta-Shapley of (1, 1)", r.beta_error));
}

void judge_agreement(const ValuesResult& r, std::vector<Verdict>& rows) {
  for (const ValueKind kind : r.known()) {
    if (kind == ValueKind::shapley) continue;
    const Estimate e = agreement_of(r, ValueKind::shapley, kind);
    rows.push_back(judged(
        r,
        kind == ValueKind::datamodel ? fmt::format("datamodel, p = {:g}", r.p) : value_title(kind),
        "theory: ranks as Shapley, as all do of a linear f (Spearman above 0.9)",
        e,
        above(interval(e), kAlike)));
  }
}

/// The datamodel turns into leave-one-out as p nears 1, and into add-one as p nears 0.
void judge_limit(const ValuesResult& r, std::vector<Verdict>& rows) {
  if (r.p == 0.5) return;
  const ValueKind limit = r.p > 0.5 ? ValueKind::loo : ValueKind::add_one;
  const Estimate e = nearness(r, limit, ValueKind::datamodel, ValueKind::banzhaf);
  rows.push_back(judged(
      r,
      value_title(limit),
      fmt::format("theory: nearer to the datamodel at {:g} than at 0.5 (difference of Spearman)",
                  r.p),
      e,
      above(interval(e), 0)));
}

/// With equal noise in all outputs no semivalue has less of it than Banzhaf's.
void judge_noise(const ValuesResult& r, std::vector<Verdict>& rows) {
  if (r.repeats < 2) return;
  for (const ValueKind kind : {ValueKind::shapley, ValueKind::loo}) {
    const Estimate e = noise_ratio(r, ValueKind::banzhaf, kind);
    rows.push_back(judged(
        r,
        "Banzhaf",
        fmt::format("theory: less noisy than {} (ratio of variances below 1)", value_title(kind)),
        e,
        below(interval(e), 1)));
  }
}

}  // namespace

std::vector<Verdict> judge(const std::vector<ValuesResult>& done) {
  std::vector<Verdict> rows;
  for (const ValuesResult& r : done) {
    judge_identities(r, rows);
    judge_agreement(r, rows);
    judge_limit(r, rows);
    judge_noise(r, rows);
  }
  return rows;
}

}  // namespace leaveout
