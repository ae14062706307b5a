// SPDX-License-Identifier: MIT
#include "influence/harmonic/datamodel.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "influence/harmonic/mask_pool.h"

namespace leaveout {

using Eigen::Index;
using Eigen::LLT;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Reciprocal condition below which a Gram matrix counts as singular.
constexpr double kSingular = 1e-12;

VectorXd normalised_weights(const VectorXd& given, Index m) {
  if (given.size() == 0) return VectorXd::Constant(m, 1.0 / static_cast<double>(m));
  if (given.size() != m || !given.allFinite() || given.minCoeff() < 0.0 || given.sum() <= 0.0)
    throw std::invalid_argument(fmt::format(
        "[datamodel] {} sample weights for {} subsets, expected one each, none negative, with a "
        "positive sum",
        given.size(),
        m));
  return given / given.sum();
}

void check_varies(const MatrixXd& masks, const VectorXd& q) {
  const VectorXd in = (masks * q);  // (N)
  const VectorXd out = (1.0 - masks.array()).matrix() * q;
  for (Index i = 0; i < masks.rows(); ++i)
    if (in[i] == 0.0 || out[i] == 0.0)
      throw std::invalid_argument(fmt::format(
          "[datamodel] example {} is in {} of the {} subsets, expected some with it and some "
          "without; draw more subsets or leave it out",
          i,
          in[i] == 0.0 ? "none" : "all",
          masks.cols()));
}

/// Solves gram w = cross; where the only null vector is that of subsets of one size, (1, ..., 1),
/// by the solution orthogonal to it.
MatrixXd least_squares(const SubsetMoments& moments) {
  const MatrixXd& gram = moments.gram;
  const LLT<MatrixXd> plain(gram);
  if (plain.info() == Eigen::Success && plain.rcond() > kSingular)
    return plain.solve(moments.cross);
  const double n = static_cast<double>(gram.rows());
  const double scale = gram.trace() / n;
  const bool one_size = gram.rowwise().sum().cwiseAbs().maxCoeff() < kSingular * scale * n;
  const LLT<MatrixXd> filled(gram + MatrixXd::Constant(gram.rows(), gram.cols(), scale / n));
  if (!one_size || filled.info() != Eigen::Success || filled.rcond() <= kSingular)
    throw std::invalid_argument(
        "[datamodel] least squares has no unique solution, expected examples that vary "
        "independently; draw more subsets, merge examples that are always together, or use ridge");
  // Cross-covariances sum to zero over examples, so the filled direction stays empty.
  return filled.solve(moments.cross);
}

}  // namespace

MatrixXd Datamodel::predict(const MatrixXd& masks) const {
  if (masks.rows() != weights.rows())
    throw std::invalid_argument(fmt::format(
        "[datamodel] subsets of {} examples, expected {}", masks.rows(), weights.rows()));
  return (masks.transpose() * weights).rowwise() + intercepts.transpose();
}

std::vector<std::optional<double>> held_out_r2(const Datamodel& model,
                                               const MatrixXd& masks,
                                               const MatrixXd& outputs) {
  check_pool(masks, outputs);
  const MatrixXd predicted = model.predict(masks);  // (m x K)
  if (predicted.cols() != outputs.cols())
    throw std::invalid_argument(fmt::format(
        "[datamodel] {} targets in the model, {} outputs", predicted.cols(), outputs.cols()));
  std::vector<std::optional<double>> r2(static_cast<std::size_t>(outputs.cols()));
  for (Index k = 0; k < outputs.cols(); ++k) {
    const VectorXd y = outputs.col(k);
    if (y.minCoeff() == y.maxCoeff()) continue;
    r2[static_cast<std::size_t>(k)] =
        1.0 - (y - predicted.col(k)).squaredNorm() / (y.array() - y.mean()).matrix().squaredNorm();
  }
  return r2;
}

Datamodel SubsetMoments::with_intercepts(MatrixXd weights) const {
  const VectorXd intercepts = output_mean - weights.transpose() * mask_mean;
  return {std::move(weights), intercepts};
}

SubsetMoments subset_moments(const MatrixXd& masks, const MatrixXd& outputs, const VectorXd& q) {
  SubsetMoments moments;
  moments.mask_mean = masks * q;
  moments.output_mean = outputs.transpose() * q;
  // Centred before they are multiplied: nothing cancels behind a large mean.
  MatrixXd centred = masks.colwise() - moments.mask_mean;                  // (N x m)
  const MatrixXd y = outputs.rowwise() - moments.output_mean.transpose();  // (m x K)
  moments.cross.noalias() = centred * q.asDiagonal() * y;
  centred *= q.cwiseSqrt().asDiagonal();
  moments.gram = MatrixXd::Zero(masks.rows(), masks.rows());
  moments.gram.selfadjointView<Eigen::Lower>().rankUpdate(centred);
  moments.gram.triangularView<Eigen::StrictlyUpper>() = moments.gram.transpose();
  return moments;
}

Datamodel ridge_datamodel(const SubsetMoments& moments, const VectorXd& penalties) {
  const Index targets = moments.cross.cols();
  if (penalties.size() != targets || !(penalties.array() > 0.0).all() || !penalties.allFinite())
    throw std::invalid_argument(fmt::format(
        "[datamodel] {} ridge penalties for {} targets, expected a positive one each; use ols() "
        "for none",
        penalties.size(),
        targets));
  MatrixXd weights(moments.gram.rows(), targets);  // (N x K)
  LLT<MatrixXd> factor;
  for (Index k = 0; k < targets; ++k) {
    if (k == 0 || penalties[k] != penalties[k - 1]) {
      MatrixXd shifted = moments.gram;
      shifted.diagonal().array() += penalties[k];
      factor.compute(shifted);
    }
    weights.col(k) = factor.solve(moments.cross.col(k));
  }
  return moments.with_intercepts(std::move(weights));
}

DatamodelRegression::DatamodelRegression(const MatrixXd& masks,
                                         const MatrixXd& outputs,
                                         const VectorXd& sample_weights)
    : masks_(masks), outputs_(outputs), weighted_(sample_weights.size() > 0) {
  check_pool(masks, outputs);
  sample_weights_ = normalised_weights(sample_weights, masks.cols());
  check_varies(masks, sample_weights_);
  moments_ = subset_moments(masks, outputs, sample_weights_);
}

Datamodel DatamodelRegression::ols() const {
  const Index used = (sample_weights_.array() > 0.0).count();
  if (used <= masks_.rows() + 1)
    throw std::invalid_argument(fmt::format(
        "[datamodel] least squares of {} subsets for {} examples, expected more than {} subsets; "
        "train more, or use ridge or lasso",
        used,
        masks_.rows(),
        masks_.rows() + 1));
  return moments_.with_intercepts(least_squares(moments_));
}

Datamodel DatamodelRegression::ridge(double penalty) const {
  return ridge(VectorXd::Constant(outputs_.cols(), penalty));
}

Datamodel DatamodelRegression::ridge(const VectorXd& penalties) const {
  return ridge_datamodel(moments_, penalties);
}

DatamodelRegression::Smoother DatamodelRegression::smoother(double penalty) const {
  const Index n = masks_.rows();
  const double m = static_cast<double>(masks_.cols());
  MatrixXd shifted = moments_.gram;
  shifted.diagonal().array() += penalty;
  const LLT<MatrixXd> factor(shifted);
  if (weighted_ || (penalty == 0.0 && masks_.cols() <= n + 1) || factor.info() != Eigen::Success ||
      factor.rcond() <= kSingular)
    throw std::invalid_argument(
        "[datamodel] standard errors need more subsets than examples + 1, drawn with equal "
        "weights and independent examples");
  const MatrixXd centred = masks_.colwise() - moments_.mask_mean;  // (N x m)
  Smoother s{factor.solve(centred) / m, {}};
  const VectorXd leverage =  // diagonal of H, the intercept's included
      (centred.cwiseProduct(s.influence).colwise().sum().array() + 1.0 / m).transpose();
  const VectorXd shrunk =  // diagonal of H - H^2
      penalty * m * s.influence.colwise().squaredNorm().transpose();
  s.kept = 1.0 - leverage.array() - shrunk.array();
  if (s.kept.minCoeff() < 1e-10)
    throw std::invalid_argument(
        "[datamodel] one subset alone decides a weight, expected each example in and out of "
        "several; draw more subsets");
  return s;
}

OlsErrors DatamodelRegression::ols_errors(const Datamodel& model) const {
  const Smoother s = smoother(0.0);
  const MatrixXd squares = (outputs_ - model.predict(masks_)).array().square();  // (m x K)
  OlsErrors errors;
  errors.residual_variance =
      squares.colwise().sum().transpose() / static_cast<double>(masks_.cols() - masks_.rows() - 1);
  errors.classical =
      s.influence.rowwise().norm() * errors.residual_variance.cwiseSqrt().transpose();
  errors.robust =
      (s.influence.cwiseAbs2() * (s.kept.cwiseInverse().asDiagonal() * squares)).cwiseSqrt();
  return errors;
}

MatrixXd DatamodelRegression::ridge_errors(const Datamodel& model,
                                           const VectorXd& penalties) const {
  const MatrixXd residuals = outputs_ - model.predict(masks_);  // (m x K)
  if (penalties.size() != outputs_.cols() || !(penalties.array() >= 0.0).all())
    throw std::invalid_argument(fmt::format(
        "[datamodel] {} ridge penalties for {} targets, expected one each, none negative",
        penalties.size(),
        outputs_.cols()));
  MatrixXd errors(masks_.rows(), outputs_.cols());
  Smoother s;
  for (Index k = 0; k < outputs_.cols(); ++k) {
    if (k == 0 || penalties[k] != penalties[k - 1]) s = smoother(penalties[k]);
    const VectorXd e = residuals.col(k);
    const VectorXd noise = e.cwiseAbs2().cwiseQuotient(s.kept);
    const VectorXd balanced = s.influence * e;  // (gram + lambda)^-1 lambda w
    const VectorXd sandwich = s.influence.cwiseAbs2() * noise;
    const VectorXd variance = sandwich - balanced.cwiseAbs2() / static_cast<double>(masks_.cols());
    errors.col(k) = variance.cwiseMax(0.0).cwiseSqrt();
  }
  return errors;
}

}  // namespace leaveout
