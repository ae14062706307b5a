// SPDX-License-Identifier: MIT
// What the paper and theory say of spectra, our figures, and whether it holds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/harmonic/spectrum_report.h"

namespace leaveout {

namespace {

/// "Most of an output is linear" in a number: less than half is not.
constexpr double kMostLinear = 0.5;
/// What rounding may leave of a sum over all pairs, relative to E f^2.
constexpr double kIdentity = 1e-10;

/// Why nothing can be said of the task's residuals, or nothing.
std::string withheld(const SpectrumResult& r) {
  if (r.unconverged > 0)
    return fmt::format("not testable: {} trainings did not converge", r.unconverged);
  if (!r.convex && r.repeats == 1)
    return "not testable: one training of each subset; --set seeds=8";
  return "";
}

/// A verdict on a mean over queries, unless there is a reason to withhold it.
Verdict judged(const SpectrumResult& r,
               const std::string& about,
               const std::string& claim,
               const Estimate& e,
               const std::string& verdict) {
  Verdict v = {r.settings.name, about, claim, to_string(e, 3), verdict};
  const std::string reason = withheld(r);
  if (!reason.empty())
    v.verdict = reason;
  else if (e.n < 2)
    v.verdict = e.n == 0 ? "not testable: undefined for every query"
                         : "not testable: one query has no interval";
  return v;
}

void judge_linearity(const SpectrumResult& r, std::vector<Verdict>& rows) {
  for (const QueryOutput output : r.outputs()) {
    const Estimate e = over_queries(r.at(output, r.p), residual_of);
    rows.push_back(judged(r,
                          fmt::format("{}, p = {:g}", output_name(output), r.p),
                          "paper: a linear datamodel explains most of the output (r below 0.5)",
                          e,
                          below(interval(e), kMostLinear)));
  }
}

void judge_margins(const SpectrumResult& r, std::vector<Verdict>& rows) {
  const std::vector<QueryOutput> outputs = r.outputs();
  const auto has = [&](QueryOutput o) {
    return std::find(outputs.begin(), outputs.end(), o) != outputs.end();
  };
  if (!has(QueryOutput::probability)) return;
  for (const QueryOutput output : {QueryOutput::margin, QueryOutput::logodds}) {
    if (!has(output)) continue;
    const Estimate e =
        paired_over_queries(r.at(output, r.p), r.at(QueryOutput::probability, r.p), residual_of);
    rows.push_back(judged(r,
                          fmt::format("{}, p = {:g}", output_name(output), r.p),
                          "paper: more linear than the probability (difference of r below 0)",
                          e,
                          below(interval(e), 0)));
  }
}

void judge_rate(const SpectrumResult& r, std::vector<Verdict>& rows) {
  const double high = r.rates.back();
  const double middle = *std::min_element(r.rates.begin(), r.rates.end(), [](double a, double b) {
    return std::abs(a - 0.5) < std::abs(b - 0.5);
  });
  if (!(high > middle)) return;
  const Estimate e = paired_over_queries(r.at(r.output, high), r.at(r.output, middle), residual_of);
  rows.push_back(judged(
      r,
      output_name(r.output),
      fmt::format("theory: more linear near p = 1 (r at {:g} less that at {:g})", high, middle),
      e,
      below(interval(e), 0)));
}

Verdict judge_bracket(const SpectrumResult& r) {
  Index varying = 0, held = 0;
  for (const OutputSpectra& s : r.spectra)
    for (const QuerySpectrum& q : s.queries) {
      if (!q.bracket(r.rho)) continue;
      ++varying;
      held += q.bracket_holds(r.rho) ? 1 : 0;
    }
  return {r.settings.name,
          "all outputs and p",
          fmt::format("theory: h({:g}) brackets r of every query", r.rho),
          fmt::format("{} of {}", held, varying),
          varying == 0      ? "not testable: nothing varies"
          : held == varying ? "agrees"
                            : "disagrees"};
}

Verdict judge_stability(const SpectrumResult& r) {
  Verdict v = {r.settings.name,
               fmt::format("{}, p = {:g}", output_name(r.output), r.p),
               "theory: sum of rho^d B_d is E f(b) f(b') over all pairs (to 1e-10)",
               "",
               fmt::format("not testable: 4^{} pairs", r.examples)};
  if (r.checks.empty()) return v;
  double largest = 0;
  std::vector<std::string> rhos;
  const std::vector<QuerySpectrum>& queries = r.at(r.output, r.p).queries;
  const double scale = queries.front().weights.sum();  // E f^2
  for (const StabilityCheck& c : r.checks) {
    largest = std::max(largest, std::abs(c.polynomial - c.enumerated));
    rhos.push_back(fmt::format("{:g}", c.rho));
  }
  v.measured = fmt::format(
      "off by {:.0e} of E f^2 at rho = {}", scale > 0 ? largest / scale : 0, fmt::join(rhos, ", "));
  v.verdict = largest <= kIdentity * scale ? "agrees" : "disagrees";
  return v;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<SpectrumResult>& done) {
  std::vector<Verdict> rows;
  for (const SpectrumResult& r : done) {
    judge_linearity(r, rows);
    judge_margins(r, rows);
    judge_rate(r, rows);
    rows.push_back(judge_bracket(r));
    rows.push_back(judge_stability(r));
  }
  return rows;
}

}  // namespace leaveout
