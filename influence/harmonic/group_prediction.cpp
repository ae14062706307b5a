// SPDX-License-Identifier: MIT
#include "influence/harmonic/group_prediction.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "models/third_derivative.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

double group_influence(const Group& group, const VectorXd& first, double weight) {
  return weight * first(group).sum();
}

double group_influence(const Group& group,
                       const VectorXd& first,
                       const MatrixXd& second,
                       double weight) {
  return group_influence(group, first, weight) - 0.5 * weight * weight * second(group, group).sum();
}

SpectrumPrediction predict_spectrum(double p, double value, const VectorXd& first) {
  return {value, std::sqrt(p * (1 - p)) * first, {}};
}

SpectrumPrediction predict_spectrum(double p,
                                    double value,
                                    const VectorXd& first,
                                    const MatrixXd& second) {
  const double v = p * (1 - p);
  const VectorXd diagonal = second.diagonal();
  SpectrumPrediction f;
  f.mean = value + 0.5 * v * diagonal.sum();
  f.first = std::sqrt(v) * (first + 0.5 * (1 - 2 * p) * diagonal);
  f.second = v * second;
  f.second.diagonal().setZero();
  return f;
}

namespace {

/// d weights / d eps, (N); zero in sum.
VectorXd normalised_direction(const Group& group, Index examples) {
  VectorXd in_group = VectorXd::Zero(examples);
  for (const Index i : group) {
    if (i < 0 || i >= examples || in_group(i) != 0)
      throw std::invalid_argument(
          fmt::format("[group prediction] group, expected each of 0 to {} once at most, got {}",
                      examples - 1,
                      i));
    in_group(i) = 1;
  }
  const double share = in_group.mean();
  if (share == 0 || share == 1)
    throw std::invalid_argument(fmt::format(
        "[group prediction] group, expected 1 to {} examples, got {}", examples - 1, group.size()));
  return (in_group.array() - share) / (1 - share);
}

}  // namespace

NormalisedRemoval normalised_removal(const WeightedResponse& at, const Group& group) {
  if (!(at.weights().array() == 1).all())
    throw std::invalid_argument("[group prediction] weights, expected 1 for every example");
  const VectorXd direction = normalised_direction(group, at.weights().size());
  Objective along = at.objective();
  along.weights = along.weights.cwiseProduct(direction);
  along.weight_decay = along.damping = 0;
  NormalisedRemoval r;
  r.theta1 = at.parameter_steps() * direction;
  MatrixXd bend;  // (P x 1)
  Evaluator(along).curvature_product(at.theta(), r.theta1, bend, Curvature::full);
  r.third =
      -0.5 * at.solve(third_derivative(at.objective(), at.theta(), r.theta1, r.theta1)).col(0);
  r.theta2 = r.third - at.solve(bend).col(0);
  return r;
}

}  // namespace leaveout
