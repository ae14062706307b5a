// SPDX-License-Identifier: MIT
#include "influence/harmonic/cross_validation.h"

#include <fmt/format.h>

#include <stdexcept>

#include "datasets/random.h"
#include "influence/harmonic/lasso.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Penalties of all targets, (count x K).
MatrixXd penalty_paths(const SubsetMoments& moments, Penalty kind, const CrossValidation& s) {
  const Index targets = moments.cross.cols();
  // A ridge weight is a / (1 + lambda / v): shrunk to about 1 / 100 at lambda = 100 v.
  const VectorXd highest =
      kind == Penalty::lasso ? lasso_max_penalties(moments)
                             : VectorXd::Constant(targets, 100.0 * moments.gram.diagonal().mean());
  MatrixXd paths(s.count, targets);
  for (Index k = 0; k < targets; ++k) paths.col(k) = geometric_path(highest[k], s.count, s.ratio);
  return paths;
}

/// The models along the path, each the start of the next where that helps.
std::vector<Datamodel> path_models(const SubsetMoments& moments,
                                   const MatrixXd& paths,
                                   Penalty kind) {
  std::vector<Datamodel> models;
  MatrixXd start;
  for (Index l = 0; l < paths.rows(); ++l) {
    const VectorXd penalties = paths.row(l).transpose();
    models.push_back(kind == Penalty::ridge ? ridge_datamodel(moments, penalties)
                                            : lasso_datamodel(moments, penalties, start).model);
    start = models.back().weights;
  }
  return models;
}

/// Adds each path model's squared errors on a fold that it has not seen to errors (count x K).
void add_fold(const MatrixXd& masks,
              const MatrixXd& outputs,
              const std::vector<Index>& held,
              const MatrixXd& paths,
              Penalty kind,
              MatrixXd& errors) {
  VectorXd kept = VectorXd::Ones(masks.cols());  // (m)
  kept(held).setZero();
  const SubsetMoments moments = subset_moments(masks, outputs, kept / kept.sum());
  const std::vector<Datamodel> models = path_models(moments, paths, kind);
  const MatrixXd unseen = masks(Eigen::all, held);   // (N x held)
  const MatrixXd truth = outputs(held, Eigen::all);  // (held x K)
  for (Index l = 0; l < paths.rows(); ++l) {
    const MatrixXd gaps = truth - models[static_cast<std::size_t>(l)].predict(unseen);
    errors.row(l) += gaps.cwiseAbs2().colwise().sum();
  }
}

}  // namespace

std::vector<Index> deal_folds(Index m, Index folds, std::uint64_t seed) {
  if (folds < 2 || folds > m)
    throw std::invalid_argument(
        fmt::format("[datamodel] {} folds of {} subsets, expected from 2 to {}", folds, m, m));
  Random random(seed, {0x666f6c64 /* "fold" */});
  const std::vector<Index> order = random.permutation(m);
  std::vector<Index> fold(static_cast<std::size_t>(m));
  for (Index j = 0; j < m; ++j) fold[order[static_cast<std::size_t>(j)]] = j % folds;
  return fold;
}

CrossValidated cross_validate(const MatrixXd& masks,
                              const MatrixXd& outputs,
                              Penalty kind,
                              const CrossValidation& settings) {
  const DatamodelRegression all(masks, outputs);
  for (Index k = 0; k < outputs.cols(); ++k)
    if (outputs.col(k).minCoeff() == outputs.col(k).maxCoeff())
      throw std::invalid_argument(fmt::format(
          "[datamodel] output {} is the same for all subsets, expected one that varies", k));
  const Index m = masks.cols();
  const std::vector<Index> fold = deal_folds(m, settings.folds, settings.seed);
  CrossValidated result;
  result.path = penalty_paths(all.moments(), kind, settings);
  result.errors = MatrixXd::Zero(settings.count, outputs.cols());
  for (Index f = 0; f < settings.folds; ++f) {
    std::vector<Index> held;
    for (Index k = 0; k < m; ++k)
      if (fold[static_cast<std::size_t>(k)] == f) held.push_back(k);
    add_fold(masks, outputs, held, result.path, kind, result.errors);
  }
  result.errors /= static_cast<double>(m);
  result.penalties = VectorXd(outputs.cols());
  for (Index k = 0; k < outputs.cols(); ++k) {
    Index best = 0;
    result.errors.col(k).minCoeff(&best);
    result.penalties[k] = result.path(best, k);
  }
  result.model = kind == Penalty::ridge ? ridge_datamodel(all.moments(), result.penalties)
                                        : lasso_datamodel(all.moments(), result.penalties).model;
  return result;
}

}  // namespace leaveout
