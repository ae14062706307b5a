// SPDX-License-Identifier: MIT
#include "influence/few_parameters/relative_influence.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("[relative influence] " + what);
}

void check_size(const char* name, Index expected, Index got) {
  if (expected != got) refuse(fmt::format("{}, expected {}, got {}", name, expected, got));
}

template <class A>
void check_finite(const char* name, const Eigen::MatrixBase<A>& a) {
  if (!a.allFinite()) refuse(fmt::format("{} have a number that is not finite", name));
}

/// Roots of self-influences; none is negative where H is positive definite.
VectorXd roots(const char* name, const VectorXd& self) {
  check_finite(name, self);
  Index worst = 0;
  if (self.size() > 0 && self.minCoeff(&worst) < 0)
    refuse(
        fmt::format("{}, number {} is {:.4g}: the curvature is not positive definite, so raise "
                    "damping or set curvature=gauss_newton",
                    name,
                    worst,
                    self(worst)));
  return self.cwiseSqrt();
}

/// Column i over divisor i; zero over zero is zero. `noun` is what the columns are.
MatrixXd columns_over(const MatrixXd& scores, const VectorXd& divisors, const char* noun) {
  check_finite("scores", scores);
  check_finite("divisors", divisors);
  check_size(noun, scores.cols(), divisors.size());
  MatrixXd result = MatrixXd::Zero(scores.rows(), scores.cols());
  for (Index i = 0; i < scores.cols(); ++i) {
    if (divisors(i) != 0)
      result.col(i) = scores.col(i) / divisors(i);
    else if (!scores.col(i).isZero(0))
      refuse(fmt::format(
          "{} number {} has scores and a divisor of zero: take both from one curvature", noun, i));
  }
  return result;
}

}  // namespace

VectorXd self_influence(const MatrixXd& steps, const MatrixXd& gradients) {
  check_size("parameters", gradients.rows(), steps.rows());
  check_size("examples", gradients.cols(), steps.cols());
  const MatrixXd products = steps.cwiseProduct(gradients);
  return products.colwise().sum().transpose();
}

MatrixXd theta_relatif(const MatrixXd& scores, const MatrixXd& steps) {
  return columns_over(scores, steps.colwise().norm().transpose(), "examples");
}

MatrixXd loss_relatif(const MatrixXd& scores, const VectorXd& self, Index train_size) {
  if (train_size < 1)
    refuse(fmt::format("train_size, expected the number of training examples, got {}", train_size));
  // Scores and self-influences carry 1/N each, of which the root takes half away.
  return std::sqrt(static_cast<double>(train_size)) *
         columns_over(scores, roots("self-influences", self), "examples");
}

MatrixXd influence_cosine(const MatrixXd& scores,
                          const VectorXd& query_self,
                          const VectorXd& train_self) {
  const MatrixXd by_train =
      columns_over(scores, roots("self-influences of examples", train_self), "examples");
  const VectorXd query = roots("self-influences of queries", query_self);
  return columns_over(by_train.transpose(), query, "queries").transpose();
}

MatrixXd influence_shares(const MatrixXd& scores) {
  const VectorXd totals = scores.cwiseAbs().rowwise().sum();
  return columns_over(scores.transpose(), totals, "queries").transpose();
}

MatrixXd influence_ratios(const MatrixXd& scores, Index reference) {
  if (reference < 0 || reference >= scores.cols())
    refuse(fmt::format(
        "reference, expected an example from 0 to {}, got {}", scores.cols() - 1, reference));
  for (Index t = 0; t < scores.rows(); ++t)
    if (scores(t, reference) == 0)
      refuse(fmt::format(
          "reference, example {} has no influence on query {}: take another", reference, t));
  return columns_over(scores.transpose(), scores.col(reference), "queries").transpose();
}

VectorXd mean_influence(const MatrixXd& scores) {
  if (scores.rows() == 0) refuse("queries, expected at least one, got 0");
  const MatrixXd sums = scores.colwise().sum();
  return sums.transpose() / static_cast<double>(scores.rows());
}

VectorXd benefit_ratios(const VectorXd& on_others, const VectorXd& self) {
  return columns_over(on_others.transpose(), self, "examples").transpose();
}

}  // namespace leaveout
