// SPDX-License-Identifier: MIT
#include "influence/harmonic/group_effects.h"

#include <cmath>

#include "influence/harmonic/cube.h"

namespace leaveout {
namespace {

using Eigen::Index;
using Eigen::Ref;
using Eigen::VectorXd;

/// The basis function of one example: u where it is included, -t where it is not.
struct Basis {
  double in;   // u
  double out;  // -t
  explicit Basis(double p) : in(std::sqrt((1 - p) / p)), out(-std::sqrt(p / (1 - p))) {}
  /// phi_T with all of T in, minus phi_T with all of T out.
  double gap(int size) const { return std::pow(in, size) - std::pow(out, size); }
};

void check(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  const Index n = cube_dimension(spectrum.size());
  check_rate(p);
  check_group(group, n);
}

/// sum over the subsets T of the group with at least `smallest` members of term(f^(T), |T|).
template <class Term>
double sum_within(const Ref<const VectorXd>& spectrum,
                  std::uint64_t group,
                  int smallest,
                  const Term& term) {
  double sum = 0;
  // t = (t - 1) & group walks down through all subsets of the group.
  for (std::uint64_t t = group; t != 0; t = (t - 1) & group)
    if (subset_size(t) >= smallest) sum += term(spectrum[static_cast<Index>(t)], subset_size(t));
  return sum;
}

}  // namespace

double group_effect(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  check(spectrum, p, group);
  const Basis phi(p);
  return sum_within(spectrum, group, 1, [&](double c, int k) { return c * phi.gap(k); });
}

double addition_effect(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  check(spectrum, p, group);
  const Basis phi(p);
  return sum_within(spectrum, group, 1, [&](double c, int k) { return c * std::pow(phi.in, k); });
}

double deletion_effect(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  check(spectrum, p, group);
  const Basis phi(p);
  return sum_within(spectrum, group, 1, [&](double c, int k) { return c * std::pow(phi.out, k); });
}

double leave_group_out(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  check(spectrum, p, group);
  const Basis phi(p);
  double sum = 0;
  for (Index s = 0; s < spectrum.size(); ++s) {
    const auto set = static_cast<std::uint64_t>(s);
    const int inside = subset_size(set & group), outside = subset_size(set & ~group);
    if (inside > 0) sum += spectrum[s] * std::pow(phi.in, outside) * phi.gap(inside);
  }
  return sum;
}

double sum_of_weights(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  check(spectrum, p, group);
  double sum = 0;
  for (std::uint64_t rest = group; rest != 0; rest &= rest - 1)
    sum += spectrum[static_cast<Index>(rest & ~(rest - 1))];
  return sum / std::sqrt(p * (1 - p));
}

double additivity_defect(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  check(spectrum, p, group);
  const Basis phi(p);
  return sum_within(spectrum, group, 2, [&](double c, int k) { return c * phi.gap(k); });
}

double additivity_bound(const Ref<const VectorXd>& spectrum, double p, std::uint64_t group) {
  check(spectrum, p, group);
  const Basis phi(p);
  const double weight = sum_within(spectrum, group, 2, [](double c, int) { return c * c; });
  const int members = subset_size(group);
  double factor = 0, choices = members;  // C(members, j)
  for (int j = 2; j <= members; ++j) {
    choices *= static_cast<double>(members - j + 1) / j;
    factor += choices * phi.gap(j) * phi.gap(j);
  }
  return std::sqrt(weight * factor);
}

}  // namespace leaveout
