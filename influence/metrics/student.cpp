// SPDX-License-Identifier: MIT
#include "influence/metrics/student.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;

namespace {

constexpr double kFar = 2;  // beyond, one less a probability would lose digits

/// P(|T| > |t|) = I_x(a, 1/2) with a = dof / 2 and x = dof / (dof + t^2): the incomplete beta
/// function's series in x, whose terms are all positive, so that the smallest tails are right too.
double far_tails(double t, Index dof) {
  const double a = 0.5 * static_cast<double>(dof);
  const double x = 2 * a / (2 * a + t * t);
  double term = 1, sum = 1;
  for (double n = 0; term > 1e-17 * sum; ++n) {
    term *= x * (a + 0.5 + n) / (a + 1 + n);
    sum += term;
  }
  const double log_head = a * std::log(x) + 0.5 * std::log1p(-x) + std::lgamma(a + 0.5) -
                          std::lgamma(a + 1) - 0.5 * std::log(std::numbers::pi);
  return std::exp(log_head) * sum;
}

}  // namespace

/// P(|T| <= |t|) with t = sqrt(dof) tan(angle), a sum of powers of cos(angle).
double student_cdf(double t, Index dof) {
  if (dof < 1)
    throw std::invalid_argument(
        fmt::format("[student] degrees of freedom, expected at least 1, got {}", dof));
  if (std::abs(t) > kFar) {
    const double tail = 0.5 * far_tails(t, dof);
    return t < 0 ? tail : 1 - tail;
  }
  const double angle = std::atan(std::abs(t) / std::sqrt(static_cast<double>(dof)));
  const double c = std::cos(angle), s = std::sin(angle);
  const bool odd = dof % 2 == 1;
  double term = odd ? c : 1, sum = dof > 1 ? term : 0;
  for (Index k = odd ? 3 : 2; k <= dof - 2; k += 2) {
    term *= c * c * static_cast<double>(k - 1) / static_cast<double>(k);
    sum += term;
  }
  const double both = odd ? 2 / std::numbers::pi * (angle + s * sum) : s * sum;
  return t < 0 ? 0.5 - 0.5 * both : 0.5 + 0.5 * both;
}

double student_quantile(double p, Index dof) {
  if (!(p > 0 && p < 1))
    throw std::invalid_argument(
        fmt::format("[student] probability, expected more than 0 and less than 1, got {}", p));
  if (p < 0.5) return -student_quantile(1 - p, dof);
  double low = 0, high = 1;
  while (student_cdf(high, dof) < p && high < 1e300) high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-13 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (student_cdf(middle, dof) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Estimate mean_interval(const Eigen::VectorXd& values, double level) {
  const MeanError m = mean_error(values);
  Estimate e;
  e.value = m.mean;
  e.n = m.n;
  if (!m.mean) return e;
  e.low = e.high = *m.mean;
  if (!m.standard_error) return e;
  const double half = student_quantile(0.5 + 0.5 * level, m.n - 1) * *m.standard_error;
  e.low -= half;
  e.high += half;
  e.resamples = m.n;
  return e;
}

}  // namespace leaveout
