// SPDX-License-Identifier: MIT
// What theory and the paper say of derivatives as predictors, our figures, and whether it holds.
#include <fmt/format.h>

#include <algorithm>

#include "experiments/harmonic/influence_vs_fourier_report.h"

namespace leaveout {

namespace {

/// "Near 1" in a number.
constexpr double kNear = 0.1;

Interval interval(const Estimate& e) {
  return {e.value, e.low, e.high};
}

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
        "theory: a_i on F_i(1) has a slope above 1, towards 1/p",
        full,
        above(interval(full), 1));
    const Estimate there = agreement_of(weight, "wp").slope;
    say(p, "theory: a_i on F_i(p) has a slope near 1 (0.9 to 1.1)", there, near_one(there));
    better(p, weight, "theory: F_i(p) is nearer to a_i than F_i(1) is", "wp", "w1");
    if (p != 0.5) better(p, weight, "theory: F_ii makes it nearer still", "wp_second", "wp");
  }

  void spectrum() {
    const double p = r_.p;
    const FourierComparison &pair = *r_.find("pair", p), &b1 = *r_.find("b1", p);
    const Estimate slope = agreement_of(pair, "full").slope;
    say(p, "theory: pairs on F_ij(p) have a slope near 1", slope, near_one(slope));
    third(p, pair, "theory: the third derivative improves pairs", "full", "without_third");
    better(p, pair, "theory: the output's curvature alone is worse", "full", "output");
    const Estimate total = total_ratio(b1, "wp");
    say(p, "theory: sum_i v F_i(p)^2 is near B_1 (ratio 0.9 to 1.1)", total, near_one(total));
    better(p, *r_.find("mean", p), "theory: F_ii makes E f nearer", "wp_second", "wp");
  }

  /// Groups of one example, of a quarter and of half of them.
  void groups() {
    std::vector<Index> sizes = {1, r_.examples / 4, r_.examples / 2};
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    for (const Index k : sizes) {
      const FourierComparison* c = r_.find("removal", 0, k);
      if (!c) continue;
      better(k, *c, "theory: second order beats first", "second", "first");
      third(k, *c, "theory: the third derivative improves it", "second", "second_without_third");
    }
    if (const FourierComparison* c = r_.find("renormalised", 0, sizes.back()))
      better(sizes.back(),
             *c,
             "Basu, You, Feizi: second order beats first, weights renormalised",
             "second_without_third",
             "first");
  }

  void sizes() {
    if (r_.sizes.size() < 2) return;
    const Estimate weight = size_exponent(r_, "weight", "wp"),
                   loo = size_exponent(r_, "removal", "first");
    const std::string about = fmt::format("N = {} to {}", r_.sizes.front(), r_.sizes.back());
    say(about,
        "theory: error of F_i(p) falls with N (exponent below 0)",
        weight,
        below(interval(weight), 0));
    say(about,
        "theory: error of F_i(1) as leave-one-out falls with N",
        loo,
        below(interval(loo), 0));
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
  void better(
      Index k, const FourierComparison& c, const char* claim, const char* a, const char* b) {
    better(fmt::format("groups of {}", k), c, claim, a, b);
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
