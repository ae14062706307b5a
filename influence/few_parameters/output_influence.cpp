// SPDX-License-Identifier: MIT
#include "influence/few_parameters/output_influence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autodiff/per_example.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// J_t steps for each query: row t O + o of (O Q x n).
MatrixXd jacobian_products(const Model& model,
                           const Dataset& query,
                           const VectorXd& theta,
                           const MatrixXd& steps) {
  const Index o_count = model.outputs(), q_count = query.size();
  const VectorXd weights = VectorXd::Ones(q_count);
  const Program<double>& program = model.program(Term::loss);
  Workspace<double> ws(program, std::min(default_tile(program), q_count));
  const Batch<double> batch{{query.inputs.data(), query.targets.data(), weights.data()}, q_count};
  MatrixXd products(o_count * q_count, steps.cols());
  for (Index o = 0; o < o_count; ++o) {
    const MatrixXd of_output = inner_products(output_gradients(ws, batch, theta, o), steps);
    for (Index t = 0; t < q_count; ++t) products.row(t * o_count + o) = of_output.row(t);
  }
  return products;
}

/// Softmax of a column, or the probability of the second class for one logit, (O).
VectorXd probabilities(const VectorXd& z) {
  if (z.size() == 1) return VectorXd::Constant(1, 1 / (1 + std::exp(-z(0))));
  const double top = z.maxCoeff();
  VectorXd p = z.unaryExpr([top](double value) { return std::exp(value - top); });
  p /= p.sum();
  return p;
}

}  // namespace

OutputInfluence output_influence(const Model& model,
                                 const Dataset& query,
                                 const VectorXd& theta,
                                 const MatrixXd& steps) {
  if (steps.rows() != model.parameter_count())
    throw std::invalid_argument(
        fmt::format("[output influence] steps, expected columns of {} parameters, got {}: scatter "
                    "the steps of a subset first",
                    model.parameter_count(),
                    steps.rows()));
  if (query.size() == 0)
    throw std::invalid_argument("[output influence] queries, expected at least one, got 0");
  OutputInfluence result;
  result.task = query.task;
  result.logits = outputs(model, query.inputs, theta);
  result.targets = query.targets;
  result.changes = jacobian_products(model, query, theta, steps);
  return result;
}

MatrixXd value_changes(const OutputInfluence& o, QueryOutput kind) {
  const MatrixXd slopes = output_gradients(kind, o.logits, o.targets, o.task);  // (O x Q)
  MatrixXd changes(o.queries(), o.removals());
  for (Index t = 0; t < o.queries(); ++t)
    changes.row(t) = slopes.col(t).transpose() * o.of_query(t);
  return changes;
}

MatrixXd linearised_differences(const OutputInfluence& o, QueryOutput kind) {
  const VectorXd now = output_values(kind, o.logits, o.targets, o.task);  // (Q)
  MatrixXd differences(o.queries(), o.removals());
  for (Index t = 0; t < o.queries(); ++t) {
    const MatrixXd after = o.of_query(t).colwise() + o.logits.col(t);      // (O x n)
    const MatrixXd targets = o.targets.col(t).replicate(1, o.removals());  // (O x n)
    const VectorXd values = output_values(kind, after, targets, o.task);   // (n)
    differences.row(t) = (values.array() - now(t)).matrix().transpose();
  }
  return differences;
}

MatrixXd probability_changes(const OutputInfluence& o) {
  if (o.task != Task::binary && o.task != Task::multiclass)
    throw std::invalid_argument(fmt::format(
        "[output influence] probabilities, expected a classification task, got {}: ask for '{}'",
        task_name(o.task),
        output_name(default_output(o.task))));
  MatrixXd changes(o.changes.rows(), o.removals());
  for (Index t = 0; t < o.queries(); ++t) {
    const VectorXd p = probabilities(o.logits.col(t));
    const MatrixXd weighted = p.asDiagonal() * o.of_query(t);  // (O x n)
    const MatrixXd mean = weighted.colwise().sum();            // (1 x n)
    changes.middleRows(t * o.outputs(), o.outputs()) = weighted - p * mean;
  }
  return changes;
}

}  // namespace leaveout
