// SPDX-License-Identifier: MIT
#include "influence/memorization/representer_points.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "influence/solvers/direct.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

VectorXd importances(const MatrixXd& alpha, const Dataset& train) {
  if (train.task != Task::multiclass) return alpha.colwise().norm();
  VectorXd importance(alpha.cols());
  for (Index i = 0; i < alpha.cols(); ++i) importance(i) = std::abs(alpha(train.label(i), i));
  return importance;
}

}  // namespace

RepresenterPoints representer_points(const Model& model,
                                     const Dataset& train,
                                     const VectorXd& theta,
                                     const RepresenterOptions& options) {
  if (!(options.lambda > 0))
    throw std::invalid_argument(
        fmt::format("[representer points] lambda, expected a positive number, got {}: without it "
                    "no head is a sum over examples",
                    options.lambda));
  HeadProblem head = head_problem(model, train, theta);
  if (options.targets == RepresenterTargets::network_outputs)
    head.data.targets = head_examples(head.model, head.data, head.w).means;
  RepresenterPoints points;
  points.head = minimise(head.objective(2 * options.lambda), head.w, options.newton);
  const HeadExamples trained = head_examples(head.model, head.data, points.head.theta);
  points.alpha = -trained.residuals / (2 * options.lambda * static_cast<double>(train.size()));
  points.features = trained.features;
  points.importance = importances(points.alpha, train);
  return points;
}

std::vector<MatrixXd> RepresenterPoints::values(const MatrixXd& query_features) const {
  const MatrixXd similarity = query_features.transpose() * features;  // (query x train)
  std::vector<MatrixXd> all;
  for (Index c = 0; c < alpha.rows(); ++c) all.emplace_back(similarity * alpha.row(c).asDiagonal());
  return all;
}

MatrixXd RepresenterPoints::outputs(const MatrixXd& query_features) const {
  const MatrixXd w = alpha * features.transpose();  // (C x d')
  return w * query_features;
}

MatrixXd jacobian_expansion(const Model& model,
                            const Dataset& train,
                            const VectorXd& theta,
                            double weight_decay,
                            double damping) {
  const HeadProblem head = head_problem(model, train, theta);
  const Cholesky curvature(DenseOperator(head_curvature(head, weight_decay, damping)));
  MatrixXd gradients = head_gradients(head_examples(head.model, head.data, head.w));
  gradients.colwise() += weight_decay * head.w;
  MatrixXd parts = -curvature.solve(gradients).x;
  parts.colwise() += head.w;
  return parts / static_cast<double>(train.size());
}

std::vector<MatrixXd> expansion_values(const MatrixXd& parts, const MatrixXd& query_features) {
  const Index width = query_features.rows();
  if (width == 0 || parts.rows() % width != 0)
    throw std::invalid_argument(fmt::format(
        "[representer points] query features, expected rows that divide {}, got {}: they are the "
        "head's, with its 1",
        parts.rows(),
        width));
  const Index outputs = parts.rows() / width;
  std::vector<MatrixXd> all;
  for (Index c = 0; c < outputs; ++c) {
    const MatrixXd rows = parts(Eigen::seq(c, parts.rows() - 1, outputs), Eigen::all);
    all.emplace_back(query_features.transpose() * rows);
  }
  return all;
}

}  // namespace leaveout
