// SPDX-License-Identifier: MIT
// What the paper and theory say of groups, our figures, and whether it holds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/harmonic/group_influence_report.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

/// What rounding may leave of a sum over a group's subsets, relative to the largest |f|.
constexpr double kIdentity = 1e-10;

/// A verdict on a mean over queries, unless there is a reason to withhold it.
Verdict judged(const GroupResult& r,
               const std::string& claim,
               const Estimate& e,
               const std::string& verdict) {
  Verdict v{r.settings.name, fmt::format("p = {:g}", r.p), claim, to_string(e), verdict};
  if (r.unconverged > 0)
    v.verdict = fmt::format("not testable: {} trainings did not converge", r.unconverged);
  else if (e.n < 2)
    v.verdict = "not testable: fewer than two queries have a number";
  return v;
}

VectorXd relative(const GroupResult& r, QueryOutput output, GroupKind kind, Index size) {
  return by_query(r, {output, r.p, kind, size}, &GroupEffects::relative);
}

void judge_outputs(const GroupResult& r, std::vector<Verdict>& rows) {
  if (r.outputs.size() < 2 || r.outputs[1] != QueryOutput::probability) return;
  const Index size = sizes_of(r, GroupKind::random).back();
  const VectorXd probability = relative(r, r.outputs[1], GroupKind::random, size);
  for (const QueryOutput output : r.outputs) {
    if (output != QueryOutput::margin && output != QueryOutput::logodds) continue;
    const Estimate e = over_queries(relative(r, output, GroupKind::random, size) - probability);
    rows.push_back(judged(r,
                          fmt::format("{}: {} adds up better than the probability (difference of "
                                      "the defect of {} below 0)",
                                      output == QueryOutput::margin ? "paper" : "expected",
                                      output_name(output),
                                      size),
                          e,
                          below(interval(e), 0)));
  }
}

void judge_sizes(const GroupResult& r, std::vector<Verdict>& rows) {
  const std::vector<Index> sizes = sizes_of(r, GroupKind::random);
  const Estimate e = over_queries(relative(r, r.outputs[0], GroupKind::random, sizes.back()) -
                                  relative(r, r.outputs[0], GroupKind::random, sizes.front()));
  rows.push_back(
      judged(r,
             fmt::format("expected: larger groups add up less (defect of {} less that of "
                         "{} above 0)",
                         sizes.back(),
                         sizes.front()),
             e,
             above(interval(e), 0)));
}

void judge_duplicates(const GroupResult& r, std::vector<Verdict>& rows) {
  const std::vector<Index> copies = sizes_of(r, GroupKind::duplicates),
                           random = sizes_of(r, GroupKind::random);
  if (copies.empty()) return;
  const Index size = std::min(copies.back(), random.back());
  const Estimate e = over_queries(relative(r, r.outputs[0], GroupKind::duplicates, size) -
                                  relative(r, r.outputs[0], GroupKind::random, size));
  rows.push_back(
      judged(r,
             fmt::format("expected: duplicates add up less than random examples (difference "
                         "for {} above 0)",
                         size),
             e,
             above(interval(e), 0)));
}

/// Statements that hold for every group, to rounding.
void judge_identities(const GroupResult& r, std::vector<Verdict>& rows) {
  double parity = 0, one_sided = 0, elsewhere = 0, excess = 0;
  bool half = false;
  for (const GroupEffects& e : r.groups) {
    if (!(e.scale > 0)) continue;
    excess = std::max(excess, (std::abs(e.defect) - e.bound) / e.scale);
    if (e.p != 0.5) {
      elsewhere = std::max(elsewhere, std::abs(e.degree_two) / e.scale);
      continue;
    }
    half = true;
    parity = std::max(parity, std::abs(e.degree_two) / e.scale);
    one_sided = std::max(one_sided, std::abs(e.addition_pairs) / e.scale);
  }
  const auto row = [&](const char* p, const char* claim, const std::string& measured, bool holds) {
    rows.push_back({r.settings.name, p, claim, measured, holds ? "agrees" : "disagrees"});
  };
  if (half && one_sided > kIdentity)  // else there are no pairs to cancel
    row("p = 0.5",
        "theory: pairs cancel in the in-versus-out effect, not in the one-sided one",
        fmt::format("largest {:.1e} and {:.1e} of the largest output", parity, one_sided),
        parity < kIdentity);
  if (half && one_sided > kIdentity && elsewhere > 0)  // rates beside 1/2 were asked for
    row("other p",
        "theory: pairs do not cancel in the in-versus-out effect away from p = 1/2",
        fmt::format("largest {:.1e} of the largest output", elsewhere),
        elsewhere > kIdentity);
  row("all p",
      "theory: no defect exceeds its Cauchy-Schwarz bound",
      fmt::format("largest excess {:.1e} of the largest output", std::max(0.0, excess)),
      excess < kIdentity);
}

void judge_toys(const std::vector<ToyCluster>& toys, std::vector<Verdict>& rows) {
  for (const ToyCluster& toy : toys) {
    if (toy.size != 10) continue;
    const auto row = [&](const char* claim, bool holds) {
      rows.push_back({"toy, 10 duplicates",
                      "p = 0.5",
                      claim,
                      fmt::format("{:.8g} for {:.8g}", toy.sum, toy.effect),
                      holds ? "agrees" : "disagrees"});
    };
    const auto is = [](double x, double y) { return std::abs(x - y) < 1e-12; };
    if (toy.name == "one")
      row("theory: one suffices: weights sum to 10 / 2^9 for an effect of 1",
          is(toy.sum, 10.0 / 512) && is(toy.effect, 1));
    else if (toy.name == "half")
      row("theory: half are needed: weights sum to 10 C(9, 4) / 2^9 for an effect of 1",
          is(toy.sum, 1260.0 / 512) && is(toy.effect, 1));
    else if (toy.name == "log_odds")
      row("theory: log-odds linear in the members add up exactly", is(toy.sum, toy.effect));
    else
      row("theory: their probability does not", !is(toy.sum, toy.effect));
  }
}

}  // namespace

std::vector<Verdict> judge(const std::vector<GroupResult>& done,
                           const std::vector<ToyCluster>& toys) {
  std::vector<Verdict> rows;
  for (const GroupResult& r : done) {
    judge_outputs(r, rows);
    judge_sizes(r, rows);
    judge_duplicates(r, rows);
    judge_identities(r, rows);
  }
  judge_toys(toys, rows);
  return rows;
}

}  // namespace leaveout
