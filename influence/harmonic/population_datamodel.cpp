// SPDX-License-Identifier: MIT
#include "influence/harmonic/population_datamodel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/spectrum.h"

namespace leaveout {
namespace {

using Eigen::Index;
using Eigen::Ref;
using Eigen::VectorXd;

/// Mean and standard deviation of a feature.
struct Moments {
  double mean;
  double deviation;
};

Moments moments(double p, Coordinates coordinates) {
  check_rate(p);
  const double s = std::sqrt(p * (1 - p));
  switch (coordinates) {
    case Coordinates::zero_one:
      return {p, s};
    case Coordinates::plus_minus:
      return {2 * p - 1, 2 * s};
    case Coordinates::standardised:
      break;
  }
  return {0, 1};
}

void check_penalty(double penalty) {
  if (!(penalty >= 0 && std::isfinite(penalty))) {
    throw std::invalid_argument(
        fmt::format("[harmonic] penalty {}, expected a finite number >= 0", penalty));
  }
}

double soft(double x, double threshold) {
  return std::copysign(std::max(std::abs(x) - threshold, 0.0), x);
}

/// The datamodel whose slope times deviation is shrunk(f^_i): what a separable penalty leads to.
template <class Shrunk>
LinearDatamodel shrunk_datamodel(const Ref<const VectorXd>& spectrum,
                                 const Moments& feature,
                                 const Shrunk& shrunk) {
  const VectorXd linear = degree_one(spectrum);                // (N)
  const VectorXd kept = linear.unaryExpr(shrunk);              // (N)
  const VectorXd weights = degree_weights(spectrum);           // (N + 1)
  const Index above = std::max<Index>(weights.size() - 2, 0);  // degrees above one
  LinearDatamodel g;
  g.slopes = kept / feature.deviation;
  g.intercept = spectrum[0] - feature.mean * g.slopes.sum();
  g.risk = weights.tail(above).sum() + (linear - kept).squaredNorm();
  return g;
}

}  // namespace

std::vector<Index> LinearDatamodel::support() const {
  std::vector<Index> examples;
  for (Index i = 0; i < slopes.size(); ++i)
    if (slopes[i] != 0) examples.push_back(i);
  return examples;
}

LinearDatamodel population_least_squares(const Ref<const VectorXd>& spectrum,
                                         double p,
                                         Coordinates coordinates) {
  return shrunk_datamodel(spectrum, moments(p, coordinates), [](double c) { return c; });
}

LinearDatamodel population_ridge(const Ref<const VectorXd>& spectrum,
                                 double p,
                                 double penalty,
                                 Coordinates coordinates) {
  check_penalty(penalty);
  const Moments feature = moments(p, coordinates);
  const double variance = feature.deviation * feature.deviation;
  const double kept = variance / (variance + penalty);
  return shrunk_datamodel(spectrum, feature, [kept](double c) { return kept * c; });
}

LinearDatamodel population_lasso(const Ref<const VectorXd>& spectrum,
                                 double p,
                                 double penalty,
                                 Coordinates coordinates) {
  check_penalty(penalty);
  const Moments feature = moments(p, coordinates);
  const double threshold = penalty / (2 * feature.deviation);
  return shrunk_datamodel(spectrum, feature, [=](double c) { return soft(c, threshold); });
}

LinearDatamodel population_standardised_lasso(const Ref<const VectorXd>& spectrum,
                                              double p,
                                              double penalty) {
  return population_lasso(spectrum, p, 2 * penalty, Coordinates::standardised);
}

LinearDatamodel fixed_size_datamodel(const Ref<const VectorXd>& table, Index size) {
  const Index n = cube_dimension(table.size());
  if (size <= 0 || size >= n) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] subsets of {} of {} examples, expected 0 < size < N; with none or all there "
        "is one subset only",
        size,
        n));
  }
  VectorXd with = VectorXd::Zero(n);  // (N) sums of f over the subsets with i
  double total = 0, subsets = 0;
  for (Index b = 0; b < table.size(); ++b) {
    if (subset_size(b) != size) continue;
    total += table[b];
    subsets += 1;
    for (Index i = 0; i < n; ++i)
      if ((b >> i & 1) != 0) with[i] += table[b];
  }
  const double examples = static_cast<double>(n), share = static_cast<double>(size) / examples;
  LinearDatamodel g;
  g.intercept = total / subsets;
  g.slopes = (examples - 1) / examples *
             (with.array() / (share * subsets) - (total - with.array()) / ((1 - share) * subsets));
  for (Index b = 0; b < table.size(); ++b) {
    if (subset_size(b) != size) continue;
    double residual = table[b] - g.intercept;
    for (Index i = 0; i < n; ++i)
      if ((b >> i & 1) != 0) residual -= g.slopes[i];
    g.risk += residual * residual / subsets;
  }
  return g;
}

}  // namespace leaveout
