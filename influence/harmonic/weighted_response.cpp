// SPDX-License-Identifier: MIT
#include "influence/harmonic/weighted_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/per_example.h"
#include "models/third_derivative.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

Objective weighted(const Objective& training, const VectorXd& weights) {
  if (training.term != ObjectiveTerm::loss)
    throw std::invalid_argument(
        "[weighted response] objective, expected losses, got Bregman or quadratic terms");
  if (weights.size() != training.size() || !(weights.array() >= 0).all())
    throw std::invalid_argument(fmt::format(
        "[weighted response] weights, expected {} that are not negative, got {} from {}",
        training.size(),
        weights.size(),
        weights.size() > 0 ? weights.minCoeff() : 0.0));
  Objective q = training;
  q.weights = training.weights.cwiseProduct(weights);
  return q;
}

Run minimum(const Objective& q, const VectorXd& start, const NewtonOptions& options) {
  Run run = minimise(q, start, options);
  if (!run.converged || run.kind == Stationarity::saddle)
    throw std::invalid_argument(fmt::format(
        "[weighted response] training, expected a minimum with a gradient below {:g}, got {:g} at "
        "a point of kind '{}': raise weight_decay or start elsewhere",
        options.tolerance,
        run.gradient_norm,
        stationarity_name(run.kind)));
  return run;
}

/// Gradients of all outputs of the inputs (features x Q), (P x O Q).
MatrixXd output_jacobian(const Model& model, const MatrixXd& inputs, const VectorXd& theta) {
  const MatrixXd targets = MatrixXd::Zero(model.outputs(), inputs.cols());  // reach no output
  const VectorXd weights = VectorXd::Ones(inputs.cols());
  const Program<double>& program = model.program(Term::loss);
  Workspace<double> ws(program, std::min(default_tile(program), inputs.cols()));
  const Batch<double> batch{{inputs.data(), targets.data(), weights.data()}, inputs.cols()};
  return jacobian<double>(ws, batch, theta);
}

}  // namespace

WeightedResponse::WeightedResponse(const Objective& training,
                                   const VectorXd& weights,
                                   const VectorXd& start,
                                   const NewtonOptions& options)
    : scale_(training.weights),
      weights_(weights),
      objective_(weighted(training, weights)),
      run_(minimum(objective_, start, options)),
      hessian_(DenseOperator(
          Evaluator(objective_).curvature(run_.theta, Curvature::full, options.threads))) {
  const MatrixXd g = loss_gradients(*objective_.model, *objective_.data, run_.theta);  // (P x N)
  steps_ = -solve(g * scale_.asDiagonal());
}

MatrixXd WeightedResponse::solve(const MatrixXd& b) const {
  Solution solution = hessian_.solve(b);
  if (!solution.converged)
    throw std::invalid_argument("[weighted response] Hessian: " + solution.message);
  return std::move(solution.x);
}

VectorXd WeightedResponse::values(const Dataset& query, QueryOutput kind) const {
  const MatrixXd z = outputs(*objective_.model, query.inputs, theta());
  return output_values(kind, z, query.targets, query.task);
}

MatrixXd WeightedResponse::gradients(const Dataset& query, QueryOutput kind) const {
  const Model& model = *objective_.model;
  const MatrixXd z = outputs(model, query.inputs, theta());                      // (O x Q)
  const MatrixXd slopes = output_gradients(kind, z, query.targets, query.task);  // (O x Q)
  const MatrixXd jacobians = output_jacobian(model, query.inputs, theta());      // (P x O Q)
  MatrixXd g(theta().size(), query.size());
  for (Index q = 0; q < query.size(); ++q)
    g.col(q) = jacobians.middleCols(q * model.outputs(), model.outputs()) * slopes.col(q);
  return g;
}

MatrixXd WeightedResponse::first(const Dataset& query, QueryOutput kind) const {
  return gradients(query, kind).transpose() * steps_;
}

PairTerms WeightedResponse::second(const Dataset& query, Index row, QueryOutput kind) const {
  const Model& model = *objective_.model;
  const Dataset one = take(query, {row});
  const VectorXd z = outputs(model, one.inputs, theta()).col(0);                   // (O)
  const VectorXd slope = output_gradients(kind, z, one.targets, one.task);         // (O)
  const MatrixXd jacobian = output_jacobian(model, one.inputs, theta());           // (P x O)
  const VectorXd q = solve(jacobian * slope).col(0);                               // (P)
  const MatrixXd hq = loss_hessian_products(model, *objective_.data, theta(), q);  // (P x N)
  PairTerms terms;
  terms.example = -(scale_.asDiagonal() * (hq.transpose() * steps_));
  terms.third = third_term(q);
  terms.output = output_term(one, jacobian, z, kind);
  return terms;
}

/// -T[q, theta_i, theta_j]: T along q and the fewer of parameters and steps.
MatrixXd WeightedResponse::third_term(const VectorXd& q) const {
  const Index n = steps_.cols(), p = steps_.rows();
  if (n < p) return -steps_.transpose() * third_derivatives(objective_, theta(), q, steps_);
  const MatrixXd t =
      third_derivatives(objective_, theta(), q, MatrixXd::Identity(p, p));  // (P x P)
  return -steps_.transpose() * (t * steps_);
}

/// theta_i' (J' M J + sum_c slope_c Hess z_c) theta_j with M the Hessian of m in the logits. The
/// second is the Hessian of slope' f(theta, x): an objective of a tilt and nothing else.
MatrixXd WeightedResponse::output_term(const Dataset& one,
                                       const MatrixXd& jacobian,
                                       const VectorXd& logits,
                                       QueryOutput kind) const {
  const VectorXd target = one.targets.col(0);
  const MatrixXd moves = jacobian.transpose() * steps_;  // (O x N)
  Objective tilt = training_objective(*objective_.model, one, 0);
  tilt.term = ObjectiveTerm::bregman;
  tilt.weights.setZero();
  tilt.centre = theta();
  tilt.centre_outputs = logits;
  tilt.tilted = {0};
  tilt.tilt = output_gradients(kind, logits, target, one.task);
  MatrixXd bend;  // (P x N)
  Evaluator(tilt).curvature_product(theta(), steps_, bend, Curvature::full);
  return moves.transpose() * output_hessian(kind, logits, target, one.task) * moves +
         steps_.transpose() * bend;
}

}  // namespace leaveout
