// SPDX-License-Identifier: MIT
#include "influence/harmonic/ridge_removal.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

RidgeRemoval::RidgeRemoval(MatrixXd inputs, const VectorXd& targets, double lambda)
    : inputs_(std::move(inputs)) {
  if (inputs_.cols() != targets.size())
    throw std::invalid_argument(fmt::format(
        "[ridge removal] targets, expected {}, got {}", inputs_.cols(), targets.size()));
  MatrixXd a = inputs_ * inputs_.transpose();
  a.diagonal().array() += lambda;
  factor_.compute(a);
  if (factor_.info() != Eigen::Success)
    throw std::invalid_argument(fmt::format(
        "[ridge removal] lambda, expected one that makes X X' + lambda I positive definite, got {}",
        lambda));
  theta_ = factor_.solve(inputs_ * targets);
  residual_ = inputs_.transpose() * theta_ - targets;
}

VectorXd RidgeRemoval::leverages() const {
  return inputs_.cwiseProduct(factor_.solve(inputs_)).colwise().sum();
}

RidgeRemoval::Part RidgeRemoval::part(const Group& removed) const {
  std::set<Index> seen;
  for (const Index i : removed)
    if (i < 0 || i >= inputs_.cols() || !seen.insert(i).second)
      throw std::invalid_argument(fmt::format(
          "[ridge removal] removed examples, expected each of 0 to {} once at most, got {}",
          inputs_.cols() - 1,
          i));
  Part s;
  s.inputs = inputs_(Eigen::all, removed);
  // Eigen's triangular solver takes the address of the first entry, and nobody has none.
  s.solved = removed.empty() ? s.inputs : MatrixXd(factor_.solve(s.inputs));
  s.hat = s.inputs.transpose() * s.solved;
  s.residual = residual_(removed);
  return s;
}

VectorXd RidgeRemoval::change(const Group& removed) const {
  const Part s = part(removed);
  if (removed.empty()) return VectorXd::Zero(theta_.size());
  const Index k = s.hat.rows();
  const Eigen::LLT<MatrixXd> rest(MatrixXd::Identity(k, k) - s.hat);
  if (rest.info() != Eigen::Success)
    throw std::invalid_argument(
        "[ridge removal] the examples that are left do not determine theta: raise lambda or remove "
        "fewer");
  return s.solved * rest.solve(s.residual);
}

VectorXd RidgeRemoval::change(const Group& removed, int order) const {
  const Part s = part(removed);
  VectorXd power = s.residual, sum = VectorXd::Zero(s.residual.size());
  for (int k = 0; k < order; ++k) {
    sum += power;
    power = s.hat * power;
  }
  return s.solved * sum;
}

}  // namespace leaveout
