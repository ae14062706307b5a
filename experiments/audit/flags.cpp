// SPDX-License-Identifier: MIT
#include "experiments/audit/flags.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "influence/metrics/bootstrap.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

constexpr double kHarmfulLevel = 0.05;
constexpr double kTopShare = 0.1, kLowShare = 0.25;
constexpr double kTwoSided = 1.959963984540054;  // of the normal distribution, 95 %

double quantile_of(const VectorXd& values, double q) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return quantile(sorted, q);
}

/// One-sided p-values of "its held-out influence is not below zero".
VectorXd harm_p_values(const Evidence& e) {
  const Index dof = std::clamp<Index>(e.held_kinds - 1, 1, 1000);
  VectorXd p(e.held.size());
  for (Index i = 0; i < p.size(); ++i)
    p(i) = e.held_error(i) > 0 ? student_cdf(e.held(i) / e.held_error(i), dof) : 1;
  return p;
}

bool is_redundant(const AuditData& data, const Evidence& e, double low_self, Index i) {
  if (data.copy_of[static_cast<std::size_t>(i)] >= 0) return true;
  return e.self_influence(i) <= low_self && e.low(i) <= 0 && e.high(i) >= 0 &&
         std::abs(e.memorization(i)) <= kTwoSided * e.memorization_noise(i);
}

}  // namespace

const char* flag_name(Flag flag) {
  constexpr std::array<const char*, 5> kNames = {
      "none", "mislabelled", "harmful", "rare", "redundant"};
  return kNames[static_cast<std::size_t>(flag)];
}

std::vector<bool> rejected(const VectorXd& p, double level) {
  std::vector<Index> order(static_cast<std::size_t>(p.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return p(a) < p(b); });
  std::size_t last = 0;  // how many are rejected
  for (std::size_t k = 0; k < order.size(); ++k)
    if (p(order[k]) <= level * static_cast<double>(k + 1) / static_cast<double>(p.size()))
      last = k + 1;
  std::vector<bool> out(order.size(), false);
  for (std::size_t k = 0; k < last; ++k) out[static_cast<std::size_t>(order[k])] = true;
  return out;
}

Findings flag_rows(const AuditData& data, const Evidence& e, const Suspicion& s) {
  const Index n = data.size();
  Findings f;
  f.order.resize(static_cast<std::size_t>(n));
  std::iota(f.order.begin(), f.order.end(), Index{0});
  std::stable_sort(f.order.begin(), f.order.end(), [&](Index a, Index b) {
    return s.suspicion(a) > s.suspicion(b);
  });
  const std::vector<bool> harms = rejected(harm_p_values(e), kHarmfulLevel);
  const double memory = quantile_of(e.memorization, 1 - kTopShare);
  const double self = quantile_of(e.self_influence, 1 - kTopShare);
  const double low_self = quantile_of(e.self_influence, kLowShare);
  Index memorized = 0;
  for (Index i = 0; i < n; ++i) {
    const bool wrong = s.flagged > 0 && s.probability(i) <= s.threshold;
    const bool harmful = s.withheld.empty() && harms[static_cast<std::size_t>(i)] && e.high(i) < 0;
    const bool outlier = e.memorization(i) >= memory && e.self_influence(i) >= self;
    memorized += !wrong && !harmful && outlier ? 1 : 0;
    f.flags.push_back(wrong                                ? Flag::mislabelled
                      : harmful                            ? Flag::harmful
                      : outlier && e.low(i) > 0            ? Flag::rare
                      : is_redundant(data, e, low_self, i) ? Flag::redundant
                                                           : Flag::none);
  }
  const auto expect = [&](Flag flag, double number) {
    f.by_chance[static_cast<std::size_t>(flag)] = number;
  };
  expect(Flag::mislabelled, s.expected);
  expect(Flag::harmful,
         s.withheld.empty()
             ? kHarmfulLevel * static_cast<double>(std::count(harms.begin(), harms.end(), true))
             : 0);
  expect(Flag::rare, 0.025 * static_cast<double>(memorized));
  return f;
}

Index Findings::count(Flag flag) const {
  return std::count(flags.begin(), flags.end(), flag);
}

std::vector<Index> Findings::examples(Flag flag, const AuditData& data, const Evidence& e) const {
  std::vector<Index> found;
  for (const Index i : order)
    if (flags[static_cast<std::size_t>(i)] == flag) found.push_back(i);
  const auto by = [&](const auto& key) {
    std::stable_sort(found.begin(), found.end(), [&](Index a, Index b) { return key(a) < key(b); });
  };
  if (flag == Flag::harmful) by([&](Index i) { return e.held(i); });
  if (flag == Flag::rare) by([&](Index i) { return -e.held(i); });
  if (flag == Flag::redundant)
    by([&](Index i) { return data.copy_of[static_cast<std::size_t>(i)] < 0 ? 1 : 0; });
  return found;
}

}  // namespace leaveout
