// SPDX-License-Identifier: MIT
#include "influence/memorization/early_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autodiff/per_example.h"
#include "influence/harmonic/query_output.h"
#include "models/retraining_pool.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[early scores] " + what);
}

}  // namespace

VectorXd el2n(const Model& model, const Dataset& data, const VectorXd& theta) {
  const MatrixXd e = output_residuals(model, data, outputs(model, data.inputs, theta));
  return e.colwise().norm().transpose();
}

VectorXd grand(const Model& model, const Dataset& data, const VectorXd& theta) {
  constexpr Index kBlock = 256;  // examples whose factors, or gradients, are held at a time
  const Program<double>& program = model.program(Term::loss);
  Workspace<double> ws(program, std::min({default_tile(program), kBlock, data.size()}));
  const VectorXd weights = VectorXd::Ones(std::min(kBlock, data.size()));  // do not matter
  VectorXd norms(data.size());
  for (Index first = 0; first < data.size(); first += kBlock) {
    const Index count = std::min(kBlock, data.size() - first);
    const Batch<double> batch{
        {data.inputs.col(first).data(), data.targets.col(first).data(), weights.data()}, count};
    norms.segment(first, count) = squared_norms(per_example_gradients(ws, batch, theta));
  }
  return norms.cwiseSqrt();
}

VectorXd last_layer_grand(const MatrixXd& features, const MatrixXd& residuals) {
  require(features.cols() == residuals.cols(),
          fmt::format("residuals, expected {} columns, one for each column of features, got {}",
                      features.cols(),
                      residuals.cols()));
  const VectorXd lengths = (1 + features.colwise().squaredNorm().array()).sqrt();
  return residuals.colwise().norm().transpose().cwiseProduct(lengths);
}

EarlyScores early_scores(const Model& model, const Dataset& data, const MatrixXd& thetas) {
  require(thetas.cols() >= 1, "runs, expected at least one, got none");
  const bool classes = allows(data.task, QueryOutput::margin);
  MatrixXd errors(data.size(), thetas.cols()), gradients = errors, margins = errors;
  for (Index r = 0; r < thetas.cols(); ++r) {
    const VectorXd theta = thetas.col(r);
    errors.col(r) = el2n(model, data, theta);
    gradients.col(r) = grand(model, data, theta);
    if (!classes) continue;
    const MatrixXd logits = outputs(model, data.inputs, theta);
    margins.col(r) = output_values(QueryOutput::margin, logits, data.targets, data.task);
  }
  return {repeat_means(errors),
          repeat_means(gradients),
          classes ? repeat_means(margins) : RepeatMeans{}};
}

MatrixXd early_thetas(const SubsetProblem& problem, Index epochs, const PoolOptions& options) {
  require(epochs >= 0 && epochs <= problem.protocol.epochs,
          fmt::format("epochs, expected 0 to {}, as many as the protocol has, got {}",
                      problem.protocol.epochs,
                      epochs));
  SubsetProblem cut = problem;
  cut.protocol.epochs = epochs;
  std::vector<RetrainingTask> tasks;
  for (Index r = 0; r < problem.seeds; ++r)
    tasks.push_back({seeded_key(cut, r, "early"),
                     [&cut, r] { return train_seeded(cut, full_weights(cut), r); }});
  MatrixXd thetas(problem.model->parameter_count(), problem.seeds);
  Index column = 0;
  for (const Run& run : retrain(tasks, options)) thetas.col(column++) = run.theta;
  return thetas;
}

}  // namespace leaveout
