// SPDX-License-Identifier: MIT
#include "influence/harmonic/values.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/spectrum.h"

namespace leaveout {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// Numbers proportional to 1, ratio(0), ratio(0) ratio(1), .., that sum to 1.
template <class Ratio>
VectorXd normalised_products(Index n, const Ratio& ratio) {
  constexpr Index kMost = 62;  // a table over more examples has no index
  if (n < 0 || n > kMost) {
    throw std::invalid_argument(
        fmt::format("[harmonic] coefficients for {} examples, expected 0 to {}", n, kMost));
  }
  VectorXd c = VectorXd::Ones(n);  // (n)
  for (Index k = 0; k + 1 < n; ++k) c[k + 1] = c[k] * ratio(static_cast<double>(k));
  if (n > 0) c /= c.sum();
  return c;
}

/// P(x) and P'(x) of Legendre's polynomial of this degree, |x| < 1.
struct Legendre {
  double value;
  double slope;
};

Legendre legendre(Index degree, double x) {
  double previous = 0, p = 1;  // P_{k-1}, P_k
  for (Index k = 0; k < degree; ++k) {
    const double order = static_cast<double>(k);
    const double next = ((2 * order + 1) * x * p - order * previous) / (order + 1);
    previous = p;
    p = next;
  }
  return {p, static_cast<double>(degree) * (previous - x * p) / (1 - x * x)};
}

}  // namespace

MatrixXd contributions_by_size(const Ref<const VectorXd>& table) {
  const Index n = cube_dimension(table.size());
  MatrixXd sums = MatrixXd::Zero(n, n);  // (size x example)
  VectorXd coalitions = VectorXd::Zero(n);
  for (Index i = 0; i < n; ++i) {
    const Index bit = Index{1} << i;
    for (Index block = 0; block < table.size(); block += 2 * bit)
      for (Index s = block; s < block + bit; ++s)
        sums(subset_size(s), i) += table[s + bit] - table[s];
  }
  for (Index s = 0; s < table.size() / 2; ++s) coalitions[subset_size(s)] += 1;  // C(n-1, size)
  return coalitions.cwiseInverse().asDiagonal() * sums;
}

VectorXd semivalue(const Ref<const VectorXd>& table, const VectorXd& coefficients) {
  const Index n = cube_dimension(table.size());
  if (coefficients.size() != n || (n > 0 && !(std::abs(coefficients.sum() - 1) <= 1e-10))) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] {} coefficients of a semivalue with sum {}, expected {} (one for each size "
        "of a coalition) with sum 1",
        coefficients.size(),
        coefficients.sum(),
        n));
  }
  return contributions_by_size(table).transpose() * coefficients;
}

VectorXd shapley_coefficients(Index n) {
  return normalised_products(n, [](double) { return 1.0; });
}

VectorXd banzhaf_coefficients(Index n, double p) {
  check_rate(p);
  const double last = static_cast<double>(n - 1);
  return normalised_products(n, [=](double k) { return (last - k) / (k + 1) * (p / (1 - p)); });
}

VectorXd beta_shapley_coefficients(Index n, double alpha, double beta) {
  if (!(alpha > 0 && beta > 0 && std::isfinite(alpha + beta))) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] Beta-Shapley with alpha = {}, beta = {}, expected positive finite numbers",
        alpha,
        beta));
  }
  const double last = static_cast<double>(n - 1);
  return normalised_products(
      n, [=](double k) { return (last - k) / (k + 1) * ((k + beta) / (last - k - 1 + alpha)); });
}

VectorXd datamodel_weights(const Ref<const VectorXd>& table, double p) {
  VectorXd spectrum = table;  // (2^N)
  to_spectrum(spectrum, p);
  return degree_one(spectrum) / std::sqrt(p * (1 - p));
}

VectorXd banzhaf_values(const Ref<const VectorXd>& table) {
  return datamodel_weights(table, 0.5);
}

VectorXd shapley_values(const Ref<const VectorXd>& table) {
  return semivalue(table, shapley_coefficients(cube_dimension(table.size())));
}

VectorXd leave_one_out_values(const Ref<const VectorXd>& table) {
  VectorXd values(cube_dimension(table.size()));  // (N)
  const Index all = table.size() - 1;
  for (Index i = 0; i < values.size(); ++i) values[i] = table[all] - table[all ^ (Index{1} << i)];
  return values;
}

VectorXd add_one_values(const Ref<const VectorXd>& table) {
  return (degree_one(table).array() - table[0]).matrix();
}

VectorXd leave_one_out_from_spectrum(const Ref<const VectorXd>& spectrum, double p) {
  const Index n = cube_dimension(spectrum.size());
  check_rate(p);
  const double s = std::sqrt(p * (1 - p)), u = std::sqrt((1 - p) / p);
  VectorXd values = VectorXd::Zero(n), scale = VectorXd::Constant(n, 1 / s);  // (N)
  for (Index k = 1; k < n; ++k) scale[k] = scale[k - 1] * u;                  // u^k / s
  for (Index i = 0; i < n; ++i)
    for (Index set = 0; set < spectrum.size(); ++set)
      if ((set >> i & 1) != 0) values[i] += spectrum[set] * scale[subset_size(set) - 1];
  return values;
}

MatrixXd pair_interactions(const Ref<const VectorXd>& table, double p) {
  VectorXd spectrum = table;  // (2^N)
  to_spectrum(spectrum, p);
  const Index n = cube_dimension(table.size());
  MatrixXd pairs = MatrixXd::Zero(n, n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < i; ++j)
      pairs(i, j) = pairs(j, i) = spectrum[Index{1} << i | Index{1} << j] / (p * (1 - p));
  return pairs;
}

Quadrature gauss_legendre(Index points) {
  if (points < 1) {
    throw std::invalid_argument(
        fmt::format("[harmonic] quadrature with {} points, expected at least 1", points));
  }
  Quadrature rule{VectorXd(points), VectorXd(points)};
  const double order = static_cast<double>(points);
  for (Index k = 0; k < points; ++k) {
    // Newton from Tricomi's estimate, which is close enough for it to converge quadratically.
    const double rank = static_cast<double>(k) + 0.75;
    double x = -std::cos(std::numbers::pi * rank / (order + 0.5));
    for (int step = 0; step < 6; ++step) {
      const Legendre p = legendre(points, x);
      x -= p.value / p.slope;
    }
    const double slope = legendre(points, x).slope;
    rule.nodes[k] = (1 + x) / 2;
    rule.weights[k] = 1 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

VectorXd datamodel_weights_over_rates(const Ref<const VectorXd>& table, const Quadrature& rates) {
  VectorXd spectrum(table.size());  // (2^N)
  VectorXd sum = VectorXd::Zero(cube_dimension(table.size()));
  for (Index k = 0; k < rates.nodes.size(); ++k) {
    const double p = rates.nodes[k];
    spectrum = table;
    to_spectrum(spectrum, p);
    sum += rates.weights[k] / std::sqrt(p * (1 - p)) * degree_one(spectrum);
  }
  return sum;
}

}  // namespace leaveout
