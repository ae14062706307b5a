// SPDX-License-Identifier: MIT
#include "tests/influence/solvers/matrices.h"

#include <Eigen/QR>
#include <cmath>

namespace leaveout {

using Eigen::MatrixXd, Eigen::VectorXd;

MatrixXd random_rotation(Eigen::Index n, std::uint64_t seed) {
  const Eigen::HouseholderQR<MatrixXd> qr(Random(seed).normal_matrix(n, n));
  return qr.householderQ();
}

MatrixXd with_spectrum(const VectorXd& values, std::uint64_t seed) {
  const MatrixXd q = random_rotation(values.size(), seed);
  const MatrixXd a = q * values.asDiagonal() * q.transpose();
  return 0.5 * (a + a.transpose());
}

VectorXd powers_of_ten(Eigen::Index n, double low, double high) {
  return VectorXd::LinSpaced(n, low, high).unaryExpr([](double x) { return std::pow(10.0, x); });
}

double relative_error(const MatrixXd& x, const MatrixXd& y) {
  return (x - y).norm() / y.norm();
}

MatrixXd Sines::hessian() const {
  return (-x.array().sin()).matrix().asDiagonal();
}

MatrixXd Sines::inverse_times(const MatrixXd& v) const {
  return (-x.array().sin().inverse()).matrix().asDiagonal() * v;
}

}  // namespace leaveout
