// SPDX-License-Identifier: MIT
#include "influence/curvature/linear_operator.h"

#include <fmt/format.h>

#include <stdexcept>

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;

MatrixXd LinearOperator::dense() const {
  MatrixXd result(size(), size());
  const MatrixXd unit = MatrixXd::Identity(size(), size());
  apply(unit, result);
  return result;
}

SumOperator::SumOperator(std::vector<Part> parts, double shift)
    : parts_(std::move(parts)), shift_(shift) {
  if (parts_.empty())
    throw std::invalid_argument("[operator] sum, expected at least one operator, got none");
  for (const Part& part : parts_)
    if (part.op->size() != size())
      throw std::invalid_argument(
          fmt::format("[operator] sum, expected size {}, got {}", size(), part.op->size()));
}

void SumOperator::apply(const Eigen::Ref<const MatrixXd>& v, Eigen::Ref<MatrixXd> out) const {
  MatrixXd part(v.rows(), v.cols());
  out = shift_ * v;
  for (const Part& p : parts_) {
    p.op->apply(v, part);
    out += p.factor * part;
  }
}

MatrixXd SumOperator::dense() const {
  MatrixXd result = MatrixXd::Zero(size(), size());
  for (const Part& p : parts_) result += p.factor * p.op->dense();
  result.diagonal().array() += shift_;
  return result;
}

SumOperator damp(const LinearOperator& a, double damping) {
  return SumOperator({{1, &a}}, damping);
}

SumOperator scale(const LinearOperator& a, double factor) {
  return SumOperator({{factor, &a}});
}

SumOperator sum(const LinearOperator& a, const LinearOperator& b) {
  return SumOperator({{1, &a}, {1, &b}});
}

}  // namespace leaveout
