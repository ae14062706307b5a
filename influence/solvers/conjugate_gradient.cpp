// SPDX-License-Identifier: MIT
#include "influence/solvers/conjugate_gradient.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace leaveout {

using Eigen::all;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The k systems on their way. Right-hand sides are scaled to length 1, so that tolerances are
/// relative and no square underflows.
class Process {
 public:
  Process(const LinearOperator& a, const Eigen::Ref<const MatrixXd>& b, const CgOptions& options);
  bool active() const { return !columns_.empty(); }
  void step();
  Solution result(Index iterations) const;

 private:
  void advance();
  void retire_converged();
  void turn();
  void precondition(const MatrixXd& r, MatrixXd& z) const;
  void check_preconditioner(double rz) const;

  const LinearOperator& a_;
  const CgOptions& options_;
  const Eigen::Ref<const MatrixXd>& b_;
  VectorXd size_;               // (k) |b|
  MatrixXd unit_;               // (n x k) b / |b|
  MatrixXd x_, r_, p_;          // (n x k) iterate, residual, direction
  VectorXd rz_;                 // (k) r'z
  std::vector<Index> columns_;  // still running
  double curvature_ = 0;        // the most negative p'Ap / p'p met, or 0
  double largest_ = 0;          // the largest one
  Index indefinite_ = 0;        // columns ended by p'Ap <= 0
};

Process::Process(const LinearOperator& a,
                 const Eigen::Ref<const MatrixXd>& b,
                 const CgOptions& options)
    : a_(a), options_(options), b_(b), size_(b.cols()), unit_(b) {
  for (Index j = 0; j < b.cols(); ++j) {
    size_(j) = b.col(j).stableNorm();
    if (size_(j) == 0) continue;  // x = 0 solves it
    unit_.col(j) = b.col(j) / size_(j);
    columns_.push_back(j);
  }
  x_ = MatrixXd::Zero(b.rows(), b.cols());
  r_ = unit_;
  p_.resize(b.rows(), b.cols());
  precondition(r_, p_);
  rz_ = r_.cwiseProduct(p_).colwise().sum();
  for (const Index j : columns_) check_preconditioner(rz_(j));
}

void Process::precondition(const MatrixXd& r, MatrixXd& z) const {
  if (options_.preconditioner)
    options_.preconditioner(r, z);
  else
    z = r;
}

void Process::check_preconditioner(double rz) const {
  if (rz > 0) return;
  throw std::invalid_argument(fmt::format(
      "[cg] preconditioner, expected r'Mr > 0, got {:.3g}: it must be positive definite", rz));
}

void Process::step() {
  advance();
  retire_converged();
  if (active()) turn();
}

/// One product, then each column's step along its direction.
void Process::advance() {
  const MatrixXd p = p_(all, columns_);  // (n x active)
  MatrixXd ap(p.rows(), p.cols());       // (n x active)
  a_.apply(p, ap);
  std::vector<Index> going;
  for (Index c = 0; c < p.cols(); ++c) {
    const Index j = columns_[c];
    const double curvature = p.col(c).dot(ap.col(c));
    if (!std::isfinite(curvature))
      throw std::invalid_argument(
          fmt::format("[cg] product with column {} is not finite: check the parameters", j));
    const double quotient = curvature / p.col(c).squaredNorm();
    largest_ = std::max(largest_, std::abs(quotient));
    if (curvature <= 0) {
      curvature_ = std::min(curvature_, quotient);
      ++indefinite_;
      continue;
    }
    const double length = rz_(j) / curvature;
    x_.col(j) += length * p.col(c);
    r_.col(j) -= length * ap.col(c);
    going.push_back(j);
  }
  columns_ = going;
}

/// A column whose recursive residual is small enough has its true one computed, and ends if that is
/// within the tolerance. Rounding parts the two; a column whose recursive residual is far below the
/// tolerance has got all that it can.
void Process::retire_converged() {
  constexpr double kFloor = 1e-30;  // of |b|: far below any rounding, far above underflow
  const double enough = std::max(options_.tolerance, kFloor);
  const double far_below = std::max(0.1 * options_.tolerance, kFloor);
  std::vector<Index> small, going;
  for (const Index j : columns_) (r_.col(j).norm() <= enough ? small : going).push_back(j);
  if (small.empty()) return;
  // Of what will be reported, in its own units: there rounding is that of the report.
  const MatrixXd x = x_(all, small) * size_(small).asDiagonal();       // (n x small)
  const VectorXd residual = relative_residual(a_, x, b_(all, small));  // (small)
  for (Index c = 0; c < residual.size(); ++c)
    if (residual(c) > options_.tolerance && r_.col(small[c]).norm() > far_below)
      going.push_back(small[c]);
  columns_ = going;
}

/// The next conjugate directions.
void Process::turn() {
  const MatrixXd r = r_(all, columns_);  // (n x active)
  MatrixXd z(r.rows(), r.cols());        // (n x active)
  precondition(r, z);
  for (Index c = 0; c < r.cols(); ++c) {
    const Index j = columns_[c];
    const double rz = r.col(c).dot(z.col(c));
    check_preconditioner(rz);
    p_.col(j) = z.col(c) + (rz / rz_(j)) * p_.col(j);
    rz_(j) = rz;
  }
}

Solution Process::result(Index iterations) const {
  Solution solution;
  solution.x = x_ * size_.asDiagonal();
  solution.iterations = iterations;
  report_residual(a_, b_, options_.tolerance, solution);
  if (indefinite_ > 0) {
    solution.converged = false;
    solution.smallest_eigenvalue = curvature_;
    solution.message = fmt::format("[cg] {} of {} columns met a direction with p'Ap / p'p = {}",
                                   indefinite_,
                                   b_.cols(),
                                   not_positive(curvature_, rounding_level(b_.rows()) * largest_));
  } else if (!solution.converged) {
    solution.message =
        fmt::format("[cg] largest residual {:.3g} is above {:.3g} after {} iterations: {}",
                    solution.residual.maxCoeff(),
                    options_.tolerance,
                    iterations,
                    active() ? "raise max_iterations, add damping, or give a preconditioner"
                             : "rounding allows no better, so add damping or raise the tolerance");
  }
  return solution;
}

}  // namespace

Solution conjugate_gradient(const LinearOperator& a,
                            const Eigen::Ref<const MatrixXd>& b,
                            const CgOptions& options) {
  check_right_hand_side("cg", a.size(), b);
  if (!(options.tolerance > 0))
    throw std::invalid_argument(
        fmt::format("[cg] tolerance, expected more than 0, got {}", options.tolerance));
  const Index limit = options.max_iterations > 0 ? options.max_iterations : 10 * a.size();
  Process process(a, b, options);
  Index iterations = 0;
  for (; process.active() && iterations < limit; ++iterations) process.step();
  return process.result(iterations);
}

}  // namespace leaveout
