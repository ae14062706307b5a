// SPDX-License-Identifier: MIT
// Labels about the class probabilities of a model: one temperature, and a share of wrong labels.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "experiments/audit/noise_model.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kLeastProbability = 1e-300;
constexpr double kMostWrong = 0.5;  // more wrong labels than right ones: the roles would be swapped
constexpr double kWrongStart = 0.05;

double log_likelihood(const VectorXd& density, double wrong, double uniform) {
  return ((1 - wrong) * density.array() + wrong * uniform).max(kLeastProbability).log().sum();
}

/// The share of wrong labels that is likeliest for these densities, by expectation-maximisation.
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

/// The largest x up to which value stays above `least`, given that it is so at `inside`.
template <class F>
double last_above(const F& value, double least, double inside, double high) {
  if (value(high) >= least) return high;
  for (int i = 0; i < 30; ++i) {
    const double middle = 0.5 * (inside + high);
    (value(middle) >= least ? inside : high) = middle;
  }
  return inside;
}

}  // namespace

VectorXd class_shares(const std::vector<Index>& labels, Index classes) {
  VectorXd count = VectorXd::Ones(classes);
  for (const Index label : labels) count(label) += 1;
  return count / count.sum();
}

MatrixXd class_probabilities(const MatrixXd& outputs, double temperature, const VectorXd& shares) {
  const VectorXd base = shares.array().log();
  MatrixXd z(shares.size(), outputs.cols());
  if (outputs.rows() == 1)
    z << Eigen::RowVectorXd::Zero(outputs.cols()), outputs;
  else
    z = outputs;
  z = ((z.colwise() - base) / temperature).colwise() + base;
  const Eigen::RowVectorXd largest = z.colwise().maxCoeff();
  z.rowwise() -= largest;
  MatrixXd p = z.array().exp();
  const Eigen::RowVectorXd sums = p.colwise().sum();
  p.array().rowwise() /= sums.array();
  return p;
}

ClassNoise fit_class_noise(const MatrixXd& outputs, const std::vector<Index>& labels) {
  const double uniform = 1.0 / static_cast<double>(std::max<Index>(outputs.rows(), 2));
  const VectorXd shares = class_shares(labels, std::max<Index>(outputs.rows(), 2));
  const auto density = [&](double log_t) {
    const MatrixXd p = class_probabilities(outputs, std::exp(log_t), shares);
    VectorXd of_label(p.cols());
    for (Index i = 0; i < p.cols(); ++i) of_label(i) = p(labels[static_cast<std::size_t>(i)], i);
    return of_label;
  };
  const auto pure = [&](double log_t) { return log_likelihood(density(log_t), 0, uniform); };
  const auto mixed = [&](double log_t) {
    const VectorXd p = density(log_t);
    const double without = log_likelihood(p, 0, uniform);
    return std::max(without, log_likelihood(p, fit_wrong_share(p, uniform), uniform));
  };
  const double low = std::log(0.1), high = std::log(20.0);
  const double log_pure = maximise(pure, low, high), log_mixed = maximise(mixed, low, high);
  const double best = mixed(log_mixed);
  ClassNoise m;
  m.gain = best - pure(log_pure);
  double log_best = log_pure, log_lenient = 0;
  if (m.gain > kSignificantGain) {
    log_best = log_mixed;
    log_lenient = last_above(mixed, best - kLenientClasses, log_mixed, high);
    m.wrong_share = (1 - uniform) * fit_wrong_share(density(log_mixed), uniform);
  } else {
    log_lenient = last_above(pure, pure(log_pure) - kLenientClasses, log_pure, high);
  }
  m.temperature = std::exp(log_best);
  m.lenient = std::exp(log_lenient);
  return m;
}

}  // namespace leaveout
