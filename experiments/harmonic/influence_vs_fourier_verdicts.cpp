// SPDX-License-Identifier: MIT
// What theory and the paper say of derivatives as predictors, our figures, and whether it holds.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "experiments/harmonic/influence_vs_fourier_report.h"

namespace leaveout {

namespace {

/// "Near 1" in a number.
constexpr double kNear = 0.1;

/// "agrees" where the whole interval is within kNear of 1.
std::string near_one(const Estimate& e) {
  const std::string low = above(interval(e), 1 - kNear), high = below(interval(e), 1 + kNear);
  return low == "agrees" || high == "disagrees" ? high : low;
}

class Judge {
 public:
  Judge(const FourierResult& result, std::vector<Verdict>& rows) : r_(result), rows_(rows) {}

  void rate(double p) {
    const FourierComparison& weight = *r_.find("weight", p);
    const Estimate full = agreement_of(weight, "w1").slope;
    say(p,
        "paper: a_i is not F_i(1); theory: slope above 1, towards 1/p",
        full,
        above(interval(full), 1));
    const Estimate there = agreement_of(weight, "wp").slope;
    say(p,
        "theory, to leading order: a_i on F_i(p) has slope 1 (0.9 to 1.1)",
        there,
        near_one(there));
    better(p, weight, "theory: F_i(p) is nearer to a_i than F_i(1) is", "wp", "w1");
    if (p != 0.5)
      better(p, weight, "of the next order, F_ii alone makes it nearer still", "wp_second", "wp");
  }

  void spectrum() {
    const double p = r_.p;
    const FourierComparison &pair = *r_.find("pair", p), &b1 = *r_.find("b1", p);
    const Estimate slope = agreement_of(pair, "full").slope;
    say(p,
        "theory, to leading order: pairs on F_ij(p) have slope 1 (0.9 to 1.1)",
        slope,
        near_one(slope));
    third(p,
          pair,
          "theory, to leading order: the third derivative improves pairs",
          "full",
          "without_third");
    better(p, pair, "theory: the output's curvature alone is worse", "full", "output");
    const Estimate total = total_ratio(b1, "wp");
    say(p,
        "theory, to leading order: B_1 is v sum_i F_i(p)^2 (ratio 0.9 to 1.1)",
        total,
        near_one(total));
    better(p, *r_.find("mean", p), "theory: F_ii makes E f nearer", "wp_second", "wp");
  }

  /// One example, and half of all, leave.
  void groups() {
    const Index half = r_.examples / 2;
    for (const Index k : half > 1 ? std::vector<Index>{1, half} : std::vector<Index>{1})
      removal(*r_.find("removal", 0, k));
    if (!r_.larger.empty()) removal(*r_.find("removal", 0, 1, r_.larger.back()));
    if (const FourierComparison* c = r_.find("renormalised", 0, std::max<Index>(half, 1)))
      better(leaving(*c),
             *c,
             "Basu, You, Feizi: second order beats first, weights renormalised",
             "second_without_third",
             "first");
  }

  void sizes() {
    if (r_.sizes.size() > 1)
      falls(r_.sizes.back(), "theory: error of F_i(p) as a_i", "weight", "wp");
    if (r_.sizes.size() + r_.larger.size() < 2) return;
    const Index most = r_.larger.empty() ? r_.sizes.back() : r_.larger.back();
    falls(most, "theory: error of F_i(1) as leave-one-out", "removal", "first");
    falls(most, "theory: its error to second order", "removal", "second");
  }

 private:
  void say(const std::string& about,
           const std::string& claim,
           const Estimate& e,
           const std::string& verdict) {
    Verdict v = {r_.settings.name, about, claim, to_string(e), verdict};
    if (r_.unconverged > 0)
      v.verdict = fmt::format("not testable: {} trainings did not converge", r_.unconverged);
    else if (r_.minima_one == 0 || r_.minima_rate == 0)
      v.verdict = "not testable: no minimum, no derivatives";
    rows_.push_back(v);
  }
  void say(double p, const std::string& claim, const Estimate& e, const std::string& verdict) {
    say(fmt::format("p = {:g}", p), claim, e, verdict);
  }

  static std::string leaving(const FourierComparison& c) {
    return fmt::format("{} of {} removed", c.size, c.examples);
  }

  void removal(const FourierComparison& c) {
    better(leaving(c), c, "theory: second order beats first", "second", "first");
    third(leaving(c),
          c,
          "theory, to leading order: the third derivative improves it",
          "second",
          "second_without_third");
  }

  void falls(Index most, const std::string& error, const char* quantity, const char* method) {
    const Estimate e = size_exponent(r_, quantity, method);
    say(fmt::format("N = {} to {}", r_.sizes.front(), most),
        error + " falls with N (exponent below 0)",
        e,
        below(interval(e), 0));
  }

  void better(const std::string& about,
              const FourierComparison& c,
              const std::string& claim,
              const char* method,
              const char* other) {
    const Estimate e = error_ratio(c, method, other);
    say(about, claim + " (ratio of errors below 1)", e, below(interval(e), 1));
  }
  void better(
      double p, const FourierComparison& c, const char* claim, const char* a, const char* b) {
    better(fmt::format("p = {:g}", p), c, claim, a, b);
  }
  /// As better(), where the objective is not quadratic.
  template <typename About>
  void third(
      About about, const FourierComparison& c, const char* claim, const char* a, const char* b) {
    better(about, c, claim, a, b);
    if (!r_.third) rows_.back().verdict = "not testable: the third derivative is zero";
  }

  const FourierResult& r_;
  std::vector<Verdict>& rows_;
};

}  // namespace

std::vector<Verdict> judge(const std::vector<FourierResult>& done) {
  std::vector<Verdict> rows;
  for (const FourierResult& r : done) {
    Judge of(r, rows);
    for (const double p : r.rates) of.rate(p);
    of.spectrum();
    of.groups();
    of.sizes();
  }
  return rows;
}

}  // namespace leaveout
