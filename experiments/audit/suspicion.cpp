// SPDX-License-Identifier: MIT
#include "experiments/audit/suspicion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "influence/metrics/bootstrap.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kLeastProbability = 1e-300;
constexpr double kMostWrong =
    0.5;  // more wrong targets than right ones: the roles would be swapped
constexpr double kWrongStart = 0.05;

/// log of (1 - w) density + w uniform, summed.
double log_likelihood(const VectorXd& density, double wrong, double uniform) {
  return ((1 - wrong) * density.array() + wrong * uniform).max(kLeastProbability).log().sum();
}

/// The share of wrong targets that is likeliest for these densities, by expectation-maximisation.
double fit_wrong_share(const VectorXd& density, double uniform) {
  double wrong = kWrongStart;
  for (int step = 0; step < 40; ++step) {
    const double next =
        (wrong * uniform / ((1 - wrong) * density.array() + wrong * uniform).max(kLeastProbability))
            .mean();
    wrong = std::min(next, kMostWrong);
  }
  return wrong;
}

/// The likelihood ratio test at 5 %. epsilon = 0 is the end of its range, so that twice the gain is
/// half a chi-squared of one degree of freedom (Self and Liang 1987).
bool is_significant(double gain) {
  return 2 * gain > 2.705543454095404;
}

VectorXd label_probabilities(const MatrixXd& p, const std::vector<Index>& labels) {
  VectorXd of_label(p.cols());
  for (Index i = 0; i < p.cols(); ++i) of_label(i) = p(labels[static_cast<std::size_t>(i)], i);
  return of_label;
}

/// The x that is best, on a grid and then by golden sections around the grid's best.
template <class F>
double maximise(const F& value, double low, double high) {
  constexpr int kGrid = 40;
  const double step = (high - low) / kGrid;
  int best = 0;
  double best_value = value(low);
  for (int i = 1; i <= kGrid; ++i)
    if (const double v = value(low + i * step); v > best_value) {
      best_value = v;
      best = i;
    }
  double a = low + std::max(best - 1, 0) * step, b = low + std::min(best + 1, kGrid) * step;
  constexpr double kGolden = std::numbers::phi - 1;
  for (int i = 0; i < 20; ++i) {
    const double left = b - kGolden * (b - a), right = a + kGolden * (b - a);
    (value(left) < value(right) ? a : b) = value(left) < value(right) ? left : right;
  }
  return 0.5 * (a + b);
}

VectorXd student_density(const VectorXd& r, double scale, Index dof) {
  const auto nu = static_cast<double>(dof);
  const double head = std::lgamma(0.5 * (nu + 1)) - std::lgamma(0.5 * nu) -
                      0.5 * std::log(nu * std::numbers::pi) - std::log(scale);
  return (head - 0.5 * (nu + 1) * (1 + (r.array() / scale).square() / nu).log()).exp();
}

/// Scale and share of wrong targets for fixed degrees of freedom, by expectation-maximisation.
NoiseModel fit_scale(const VectorXd& r, Index dof, double start, double uniform, bool mixture) {
  NoiseModel m{.wrong_share = mixture ? kWrongStart : 0, .scale = start, .dof = dof};
  const auto nu = static_cast<double>(dof);
  for (int step = 0; step < 100; ++step) {
    const Eigen::ArrayXd good = (1 - m.wrong_share) * student_density(r, m.scale, dof).array();
    const Eigen::ArrayXd right =
        good / (good + m.wrong_share * uniform).max(kLeastProbability);  // P(target is right)
    const Eigen::ArrayXd weight = right * (nu + 1) / (nu + (r.array() / m.scale).square());
    const double sum = std::max(right.sum(), 1e-12);
    m.scale = std::max(std::sqrt((weight * r.array().square()).sum() / sum), 1e-12);
    if (mixture) m.wrong_share = std::min(1 - right.mean(), kMostWrong);
  }
  return m;
}

double median(const VectorXd& values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return quantile(sorted, 0.5);
}

void suspect_classes(const MatrixXd& outputs,
                     const MatrixXd& targets,
                     const std::vector<bool>& judged,
                     double false_share,
                     Suspicion& s) {
  std::vector<Index> labels, judged_labels, kept;
  for (Index i = 0; i < targets.cols(); ++i) {
    Index label = targets(0, i) > 0.5 ? 1 : 0;
    if (targets.rows() > 1) targets.col(i).maxCoeff(&label);
    labels.push_back(label);
    if (!judged[static_cast<std::size_t>(i)]) continue;
    kept.push_back(i);
    judged_labels.push_back(label);
  }
  if (kept.empty())
    throw std::invalid_argument(
        "[audit] rows, expected some of each class that differ in their features, got a copy of "
        "each other in every class: no model can be asked about a class that it has not seen");
  s.noise = fit_temperature(outputs(Eigen::all, kept), judged_labels);
  s.classes = class_probabilities(outputs, s.noise.temperature);
  s.probability = label_probabilities(s.classes, labels);
  for (Index i = 0; i < targets.cols(); ++i)
    if (!judged[static_cast<std::size_t>(i)]) s.probability(i) = 1;
  const MatrixXd drawn = s.classes(Eigen::all, kept);
  choose_threshold(drawn.reshaped(), false_share, s);
}

void suspect_numbers(const VectorXd& residuals, double range, double false_share, Suspicion& s) {
  s.noise = fit_student(residuals, range);
  s.probability.resize(residuals.size());
  for (Index i = 0; i < residuals.size(); ++i)
    s.probability(i) = 2 * student_cdf(-std::abs(residuals(i)) / s.noise.scale, s.noise.dof);
  choose_threshold({}, false_share, s);
}

}  // namespace

MatrixXd class_probabilities(const MatrixXd& outputs, double temperature) {
  MatrixXd z = outputs / temperature;
  if (outputs.rows() == 1) {
    z.resize(2, outputs.cols());
    z << Eigen::RowVectorXd::Zero(outputs.cols()), outputs / temperature;
  }
  const Eigen::RowVectorXd largest = z.colwise().maxCoeff();
  z.rowwise() -= largest;
  MatrixXd p = z.array().exp();
  const Eigen::RowVectorXd sums = p.colwise().sum();
  p.array().rowwise() /= sums.array();
  return p;
}

NoiseModel fit_temperature(const MatrixXd& outputs, const std::vector<Index>& labels) {
  const double uniform = 1.0 / static_cast<double>(std::max<Index>(outputs.rows(), 2));
  const auto density = [&](double log_t) {
    return label_probabilities(class_probabilities(outputs, std::exp(log_t)), labels);
  };
  const auto pure = [&](double log_t) { return log_likelihood(density(log_t), 0, uniform); };
  const auto mixed = [&](double log_t) {
    const VectorXd p = density(log_t);
    return log_likelihood(p, fit_wrong_share(p, uniform), uniform);
  };
  const double low = std::log(0.1), high = std::log(20.0);
  const double log_pure = maximise(pure, low, high), log_mixed = maximise(mixed, low, high);
  NoiseModel m;
  m.temperature = std::exp(log_pure);
  m.gain = mixed(log_mixed) - pure(log_pure);
  if (is_significant(m.gain)) {
    m.temperature = std::exp(log_mixed);
    m.wrong_share = (1 - uniform) * fit_wrong_share(density(log_mixed), uniform);
  }
  return m;
}

NoiseModel fit_student(const VectorXd& residuals, double range) {
  constexpr std::array<Index, 7> kDegrees = {2, 3, 4, 6, 10, 20, 50};
  const double uniform = 1 / std::max(range, 1e-12);
  const double start = std::max(1.4826 * median(residuals.cwiseAbs()), 1e-9);
  std::array<std::pair<NoiseModel, double>, 2> best;  // without and with wrong targets
  for (std::size_t mixture = 0; mixture < 2; ++mixture)
    for (std::size_t d = 0; d < kDegrees.size(); ++d) {
      const NoiseModel m = fit_scale(residuals, kDegrees[d], start, uniform, mixture == 1);
      const double value =
          log_likelihood(student_density(residuals, m.scale, m.dof), m.wrong_share, uniform);
      if (d == 0 || value > best[mixture].second) best[mixture] = {m, value};
    }
  const double gain = best[1].second - best[0].second;
  NoiseModel m = best[is_significant(gain) ? 1 : 0].first;
  m.gain = gain;
  return m;
}

void choose_threshold(VectorXd chance, double false_share, Suspicion& s) {
  std::sort(chance.begin(), chance.end());
  VectorXd sorted = s.probability;
  std::sort(sorted.begin(), sorted.end());
  const Index n = sorted.size();
  double expected = 0;
  Index drawn = 0;
  for (Index k = 0; k < n; ++k) {
    const double t = sorted(k);
    if (t >= 1) break;  // rows that cannot be judged
    while (drawn < chance.size() && chance(drawn) <= t) expected += chance(drawn++);
    if (k + 1 < n && sorted(k + 1) == t) continue;
    const double by_chance = chance.size() > 0 ? expected : static_cast<double>(n) * t;
    if (by_chance <= false_share * static_cast<double>(k + 1)) {
      s.threshold = t;
      s.flagged = k + 1;
      s.expected = by_chance;
    }
  }
}

Suspicion suspect(const MatrixXd& outputs,
                  const MatrixXd& targets,
                  Task task,
                  const std::vector<bool>& judged,
                  double false_share) {
  Suspicion s;
  if (task == Task::regression) {
    const VectorXd residuals = (targets - outputs).row(0).transpose();
    suspect_numbers(residuals, targets.maxCoeff() - targets.minCoeff(), false_share, s);
  } else {
    suspect_classes(outputs, targets, judged, false_share, s);
  }
  s.suspicion = -s.probability.cwiseMax(kLeastProbability).array().log10();
  s.suspicion = s.suspicion.cwiseMax(0.0);
  return s;
}

}  // namespace leaveout
