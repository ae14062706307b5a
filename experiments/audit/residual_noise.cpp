// SPDX-License-Identifier: MIT
// Residuals about the predictions of a regression: a two-piece Student's t and wrong targets.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "experiments/audit/noise_model.h"
#include "influence/metrics/bootstrap.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr double kLeastDensity = 1e-300;
constexpr double kMostWrong =
    0.5;  // more wrong targets than right ones: the roles would be swapped
constexpr double kWrongStart = 0.05;
constexpr double kLeastScale = 1e-12;
constexpr int kMostSteps = 200;
constexpr std::array<Index, 5> kDegrees = {2, 3, 5, 10, 50};

double median(const VectorXd& values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return quantile(sorted, 0.5);
}

/// Sums over the rows of one step of expectation-maximisation.
struct Sums {
  double right = 0;                          // expected number of right targets
  double pull = 0, weight = 0;               // of the mode: weighted residuals and weights
  double left_square = 0, right_square = 0;  // weighted squares about the mode, by side
};

/// Weights: P(the target is right) times the expected precision of a Student's t as a scale mixture
/// of normal distributions, (dof + 1) / (dof + z^2).
void weigh(const VectorXd& r, const ResidualNoise& m, double uniform, VectorXd& weight, Sums& s) {
  const double height = 1 / (m.left.area() + m.right.area());
  s = {};
  for (Index i = 0; i < r.size(); ++i) {
    const double d = r(i) - m.mode;
    const HalfStudent& side = d < 0 ? m.left : m.right;
    const auto nu = static_cast<double>(side.dof);
    const double good = (1 - m.wrong_share) * height * std::exp(-side.fall(std::abs(d)));
    const double right =
        m.wrong_share > 0 ? good / std::max(good + m.wrong_share * uniform, kLeastDensity) : 1;
    const double square = d * d / (side.scale * side.scale);
    weight(i) = right * (nu + 1) / (nu + square);
    s.right += right;
    s.weight += weight(i) / (side.scale * side.scale);
    s.pull += weight(i) * r(i) / (side.scale * side.scale);
  }
}

/// Scales that maximise -right log(a_L s_L + a_R s_R) - S_L / 2 s_L^2 - S_R / 2 s_R^2, where a s is
/// a side's area: s_L / s_R = (S_L a_R / (S_R a_L))^(1/3).
void fit_scales(const Sums& s, double least, ResidualNoise& m) {
  const double a_left = m.left.area() / m.left.scale, a_right = m.right.area() / m.right.scale;
  const double left = std::cbrt(s.left_square / a_left),
               right = std::cbrt(s.right_square / a_right);
  const double both = std::sqrt(std::max((a_left * left + a_right * right) / s.right, 0.0));
  m.left.scale = std::max(left * both, least);
  m.right.scale = std::max(right * both, least);
}

double log_likelihood(const VectorXd& r, const ResidualNoise& m, double uniform) {
  const double height = 1 / (m.left.area() + m.right.area());
  double sum = 0;
  for (Index i = 0; i < r.size(); ++i) {
    const double d = r(i) - m.mode;
    const double density = height * std::exp(-(d < 0 ? m.left : m.right).fall(std::abs(d)));
    sum +=
        std::log(std::max((1 - m.wrong_share) * density + m.wrong_share * uniform, kLeastDensity));
  }
  return sum;
}

/// From `m` on, by expectation-maximisation; m.wrong_share = 0 stays so.
void fit(const VectorXd& r, double uniform, double least, VectorXd& weight, ResidualNoise& m) {
  for (int step = 0; step < kMostSteps; ++step) {
    const ResidualNoise before = m;
    Sums s;
    weigh(r, m, uniform, weight, s);
    s.right = std::max(s.right, 1e-12);
    m.mode = s.weight > 0 ? s.pull / s.weight : m.mode;
    for (Index i = 0; i < r.size(); ++i) {
      const double d = r(i) - m.mode;
      (d < 0 ? s.left_square : s.right_square) += weight(i) * d * d;
    }
    fit_scales(s, least, m);
    if (m.wrong_share > 0)
      m.wrong_share = std::min(1 - s.right / static_cast<double>(r.size()), kMostWrong);
    const double moved = std::abs(m.mode - before.mode) +
                         std::abs(m.left.scale - before.left.scale) +
                         std::abs(m.right.scale - before.right.scale);
    if (moved < 1e-7 * (m.left.scale + m.right.scale) &&
        std::abs(m.wrong_share - before.wrong_share) < 1e-7)
      break;
  }
  m.log_likelihood = log_likelihood(r, m, uniform);
}

}  // namespace

double HalfStudent::area() const {
  const auto nu = static_cast<double>(dof);
  const double log_peak =
      std::lgamma(0.5 * (nu + 1)) - std::lgamma(0.5 * nu) - 0.5 * std::log(nu * std::numbers::pi);
  return 0.5 * scale * std::exp(-log_peak);
}

double HalfStudent::fall(double d) const {
  const auto nu = static_cast<double>(dof);
  const double z = d / scale;
  return 0.5 * (nu + 1) * std::log1p(z * z / nu);
}

double HalfStudent::distance(double fall) const {
  const auto nu = static_cast<double>(dof);
  return scale * std::sqrt(nu * std::expm1(std::min(2 * fall / (nu + 1), 600.0)));
}

double ResidualNoise::as_bad(double r) const {
  const double d = r - mode, area = left.area() + right.area();
  const HalfStudent &own = d < 0 ? left : right, &other = d < 0 ? right : left;
  const auto beyond = [&](const HalfStudent& side, double distance) {
    return 2 * student_cdf(-distance / side.scale, side.dof) * side.area() / area;
  };
  return beyond(own, std::abs(d)) + beyond(other, other.distance(own.fall(std::abs(d))));
}

std::vector<ResidualNoise> fit_residual_noise(const VectorXd& residuals,
                                              double range,
                                              double grain) {
  const double least = std::max(0.5 * grain, kLeastScale);
  const double uniform = 1 / std::max(range, kLeastScale);
  const double center = median(residuals);
  const VectorXd distances = (residuals.array() - center).abs();
  const double start = std::max({1.4826 * median(distances), 1e-9, least});
  VectorXd weight(residuals.size());
  std::vector<ResidualNoise> fits;
  for (const double wrong : {0.0, kWrongStart})
    for (const Index left : kDegrees)
      for (const Index right : kDegrees) {
        ResidualNoise m{center, {start, left}, {start, right}, wrong, 0};
        fit(residuals, uniform, least, weight, m);
        fits.push_back(m);
      }
  return fits;
}

ResidualNoise likeliest(const std::vector<ResidualNoise>& fits, double* gain) {
  std::array<const ResidualNoise*, 2> best = {nullptr, nullptr};  // without and with wrong targets
  for (const ResidualNoise& m : fits) {
    const ResidualNoise*& of_kind = best[m.wrong_share > 0 ? 1 : 0];
    if (!of_kind || m.log_likelihood > of_kind->log_likelihood) of_kind = &m;
  }
  if (!best[1]) best[1] = best[0];
  const double gained = best[1]->log_likelihood - best[0]->log_likelihood;
  if (gain) *gain = gained;
  return *best[gained > kSignificantGain ? 1 : 0];
}

std::vector<ResidualNoise> compatible(const std::vector<ResidualNoise>& fits) {
  double best = fits.front().log_likelihood;
  for (const ResidualNoise& m : fits) best = std::max(best, m.log_likelihood);
  std::vector<ResidualNoise> kept;
  for (const ResidualNoise& m : fits)
    if (m.log_likelihood >= best - kLenientNumbers) kept.push_back(m);
  return kept;
}

double most_as_bad(const std::vector<ResidualNoise>& fits, double r) {
  double most = 0;
  for (const ResidualNoise& m : fits) most = std::max(most, m.as_bad(r));
  return most;
}

}  // namespace leaveout
