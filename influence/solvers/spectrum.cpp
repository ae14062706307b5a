// SPDX-License-Identifier: MIT
#include "influence/solvers/spectrum.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/solvers/solution.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

class Lanczos {
 public:
  Lanczos(const LinearOperator& a, std::uint64_t seed);
  /// One product. Not to be called when `complete`.
  void step();
  bool complete() const { return steps_ == a_.size(); }
  Index steps() const { return steps_; }
  Index restarts() const { return restarts_; }
  Eigen::Ref<const MatrixXd> basis() const { return q_.leftCols(steps_); }
  /// Ritz values (m), the eigenvectors of T (m x m) and the residuals (m).
  void solve(VectorXd& values, MatrixXd& coordinates, VectorXd& residual) const;

 private:
  void reserve(Index columns);
  VectorXd fresh_direction();

  const LinearOperator& a_;
  Random random_;
  MatrixXd q_;                // (n x capacity) basis, and the next vector after it
  VectorXd diagonal_, beta_;  // (capacity) T; beta_(i) couples i and i + 1
  double scale_ = 0;          // largest entry of T: what rounding is relative to
  Index steps_ = 0;
  Index restarts_ = 0;
};

Lanczos::Lanczos(const LinearOperator& a, std::uint64_t seed) : a_(a), random_(seed) {
  if (a.size() == 0)
    throw std::invalid_argument("[spectrum] operator, expected at least one row, got 0");
  reserve(std::min<Index>(a.size(), 16));
  q_.col(0) = fresh_direction();
}

void Lanczos::reserve(Index columns) {
  q_.conservativeResize(a_.size(), columns);
  diagonal_.conservativeResize(columns);
  beta_.conservativeResize(columns);
}

/// Removes the parts along the columns of `q`. Twice is enough (Kahan; Parlett 1980, 6.9).
VectorXd orthogonalise(const Eigen::Ref<const MatrixXd>& q, VectorXd w) {
  for (int pass = 0; pass < 2; ++pass) {
    const VectorXd parts = q.transpose() * w;  // (m)
    w.noalias() -= q * parts;
  }
  return w;
}

/// A random unit vector orthogonal to the basis.
VectorXd Lanczos::fresh_direction() {
  const VectorXd start = random_.normal_matrix(a_.size(), 1).col(0).normalized();
  return orthogonalise(basis(), start).normalized();
}

void Lanczos::step() {
  const Index m = steps_;
  VectorXd w(a_.size());
  a_.apply(q_.col(m), w);
  if (!w.allFinite())
    throw std::invalid_argument("[spectrum] product is not finite: check the parameters");
  diagonal_(m) = q_.col(m).dot(w);
  ++steps_;
  w = orthogonalise(basis(), w);
  const double beta = w.norm();
  scale_ = std::max({scale_, std::abs(diagonal_(m)), beta});
  beta_(m) = beta;
  if (complete()) return;
  if (steps_ == q_.cols()) reserve(std::min(a_.size(), 2 * steps_));
  if (beta > rounding_level(a_.size()) * scale_) {
    q_.col(steps_) = w / beta;
  } else {
    beta_(m) = 0;
    ++restarts_;
    q_.col(steps_) = fresh_direction();
  }
}

void Lanczos::solve(VectorXd& values, MatrixXd& coordinates, VectorXd& residual) const {
  const Index m = steps_;
  const VectorXd diagonal = diagonal_.head(m);
  const VectorXd couplings = beta_.head(m - 1);
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal, couplings, Eigen::ComputeEigenvectors);
  values = solver.eigenvalues();
  coordinates = solver.eigenvectors();
  // Rounding puts a floor under what |beta s_m| can promise.
  const double floor = rounding_level(a_.size()) * scale_;
  residual = (beta_(m - 1) * coordinates.row(m - 1)).cwiseAbs().transpose();
  residual = residual.cwiseMax(floor);
}

/// Both ends' residuals against a tolerance relative to each end.
bool ends_settled(const VectorXd& values, const VectorXd& residual, double tolerance, Index n) {
  const Index last = values.size() - 1;
  const double scale = std::max(std::abs(values(0)), std::abs(values(last)));
  const auto settled = [&](Index i) {
    return residual(i) <= std::max(tolerance * std::abs(values(i)), 4 * rounding_level(n) * scale);
  };
  return settled(0) && settled(last);
}

}  // namespace

RitzPairs lanczos(const LinearOperator& a, Index steps, std::uint64_t seed) {
  if (steps < 1)
    throw std::invalid_argument(
        fmt::format("[spectrum] steps, expected at least 1, got {}", steps));
  Lanczos process(a, seed);
  while (process.steps() < steps && !process.complete()) process.step();
  RitzPairs pairs;
  MatrixXd coordinates;
  process.solve(pairs.values, coordinates, pairs.residual);
  pairs.vectors.noalias() = process.basis() * coordinates;
  pairs.restarts = process.restarts();
  return pairs;
}

Spectrum extreme_eigenvalues(const LinearOperator& a, const SpectrumOptions& options) {
  constexpr Index kCheckEvery = 4;  // T is small, but its eigenvalues still cost m^3
  if (options.max_steps < 1)
    throw std::invalid_argument(
        fmt::format("[spectrum] max_steps, expected at least 1, got {}", options.max_steps));
  Lanczos process(a, options.seed);
  VectorXd values, residual;
  MatrixXd coordinates;
  bool done = false;
  while (!done) {
    process.step();
    const bool last = process.complete() || process.steps() >= options.max_steps;
    if (!last && process.steps() % kCheckEvery != 0) continue;
    process.solve(values, coordinates, residual);
    done = last || ends_settled(values, residual, options.tolerance, a.size());
  }
  const Index top = values.size() - 1;
  return {values(0), values(top), residual(0), residual(top), process.steps()};
}

}  // namespace leaveout
