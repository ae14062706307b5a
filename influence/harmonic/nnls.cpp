// SPDX-License-Identifier: MIT
#include "influence/harmonic/nnls.h"

#include <fmt/format.h>

#include <Eigen/QR>
#include <algorithm>
#include <limits>
#include <stdexcept>
#include <vector>

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void check_problem(const MatrixXd& a, const VectorXd& y) {
  if (a.rows() != y.size() || a.size() == 0 || !a.allFinite() || !y.allFinite())
    throw std::invalid_argument(fmt::format(
        "[nnls] a matrix of {} x {} and {} values, expected a finite value for each row",
        a.rows(),
        a.cols(),
        y.size()));
}

/// Least squares over the unknowns of `free` alone, zeros elsewhere, (unknowns).
VectorXd solve_free(const MatrixXd& a, const VectorXd& y, const std::vector<Index>& free) {
  VectorXd z = VectorXd::Zero(a.cols());
  if (free.empty()) return z;
  const MatrixXd columns = a(Eigen::all, free);
  z(free) = columns.colPivHouseholderQr().solve(y);
  return z;
}

/// Rounding of a gradient entry: all terms of A' (y - A z) at their largest.
double gradient_scale(const MatrixXd& a, const VectorXd& y) {
  return std::max((a.cwiseAbs().transpose() * y.cwiseAbs()).maxCoeff(),
                  std::numeric_limits<double>::min());
}

/// How far from z_i towards target_i zero lies, as a fraction of the way.
double way_to_zero(double z, double target) {
  return z > 0.0 ? z / (z - target) : 0.0;
}

/// Moves z to the least-squares solution over `free`; where that is negative, only as far as the
/// first unknowns that reach zero, which leave `free` before it tries again.
void move_inside(const MatrixXd& a, const VectorXd& y, std::vector<Index>& free, VectorXd& z) {
  for (;;) {
    const VectorXd target = solve_free(a, y, free);
    double step = 1.0;
    for (const Index i : free)
      if (target[i] <= 0.0) step = std::min(step, way_to_zero(z[i], target[i]));
    const auto leaves = [&](Index i) {
      return target[i] <= 0.0 && way_to_zero(z[i], target[i]) <= step;
    };
    if (std::none_of(free.begin(), free.end(), leaves)) {
      z = target;
      return;
    }
    VectorXd moved = z + step * (target - z);
    std::erase_if(free, [&](Index i) {
      if (leaves(i)) moved[i] = 0.0;
      return leaves(i);
    });
    z = moved;
  }
}

}  // namespace

VectorXd nnls(const MatrixXd& a, const VectorXd& y) {
  constexpr Index kEnumerated = 5;
  return a.cols() <= kEnumerated ? nnls_by_enumeration(a, y) : nnls_lawson_hanson(a, y);
}

VectorXd nnls_by_enumeration(const MatrixXd& a, const VectorXd& y) {
  check_problem(a, y);
  const Index unknowns = a.cols();
  if (unknowns > 16)
    throw std::invalid_argument(fmt::format(
        "[nnls] {} unknowns to enumerate, expected at most 16; use nnls_lawson_hanson", unknowns));
  VectorXd best = VectorXd::Zero(unknowns);
  double smallest = y.squaredNorm();
  for (unsigned set = 1; set < (1U << unknowns); ++set) {
    std::vector<Index> free;
    for (Index i = 0; i < unknowns; ++i)
      if ((set >> i) & 1U) free.push_back(i);
    const VectorXd z = solve_free(a, y, free);
    if (z.minCoeff() < 0.0) continue;
    const double error = (a * z - y).squaredNorm();
    if (error < smallest) {
      smallest = error;
      best = z;
    }
  }
  return best;
}

VectorXd nnls_lawson_hanson(const MatrixXd& a, const VectorXd& y) {
  check_problem(a, y);
  const double tolerance = 1e-13 * gradient_scale(a, y);
  VectorXd z = VectorXd::Zero(a.cols());
  std::vector<Index> free;
  // Each round lowers the error, so no set of free unknowns comes back; 3 n rounds are plenty.
  for (Index round = 0; round < 3 * a.cols() + 10; ++round) {
    const VectorXd gradient = a.transpose() * (y - a * z);
    Index entering = -1;
    for (Index i = 0; i < a.cols(); ++i) {
      const bool is_free = std::find(free.begin(), free.end(), i) != free.end();
      if (!is_free && gradient[i] > tolerance && (entering < 0 || gradient[i] > gradient[entering]))
        entering = i;
    }
    if (entering < 0) break;
    free.push_back(entering);
    move_inside(a, y, free, z);
  }
  return z;
}

double nnls_kkt_residual(const MatrixXd& a, const VectorXd& y, const VectorXd& z) {
  check_problem(a, y);
  const VectorXd gradient = a.transpose() * (y - a * z);
  double worst = 0.0;
  for (Index i = 0; i < z.size(); ++i) {
    if (z[i] < 0.0) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, z[i] > 0.0 ? std::abs(gradient[i]) : gradient[i]);
  }
  return worst / gradient_scale(a, y);
}

}  // namespace leaveout
