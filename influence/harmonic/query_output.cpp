// SPDX-License-Identifier: MIT
#include "influence/harmonic/query_output.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "models/names.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Names<QueryOutput, 6> kOutputs = {{{QueryOutput::margin, "margin"},
                                             {QueryOutput::logodds, "logodds"},
                                             {QueryOutput::probability, "probability"},
                                             {QueryOutput::loss, "loss"},
                                             {QueryOutput::correct, "correct"},
                                             {QueryOutput::prediction, "prediction"}}};

/// Margins below it, in units of the largest logit, are ties up to what solvers leave: classes of
/// which a subset has no example have the same logits.
constexpr double kTie = 1e-6;

using Columns = Eigen::Ref<const MatrixXd>;  // of one query each
using Column = Columns::ConstColXpr;

double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

Index label_of(const Column& target) {
  Index y = 0;
  target.maxCoeff(&y);
  return y;
}

/// The strongest of the other classes.
Index rival_of(const Column& z, Index y) {
  Index rival = y == 0 ? 1 : 0;
  for (Index j = 0; j < z.size(); ++j)
    if (j != y && z(j) > z(rival)) rival = j;
  return rival;
}

/// +1 or -1 for the class of a binary query.
double side(const Column& target) {
  return target(0) > 0.5 ? 1 : -1;
}

double margin(const Column& z, const Column& target) {
  if (z.size() == 1) return side(target) * z(0);
  const Index y = label_of(target);
  return z(y) - z(rival_of(z, y));
}

double logodds(const Column& z, const Column& target) {
  if (z.size() == 1) return side(target) * z(0);
  const Index y = label_of(target);
  const double top = z(rival_of(z, y));
  double sum = 0;
  for (Index j = 0; j < z.size(); ++j)
    if (j != y) sum += std::exp(z(j) - top);
  return z(y) - top - std::log(sum);
}

/// e_y minus the softmax of the other classes, (O).
VectorXd logodds_gradient(const Column& z, const Column& target) {
  if (z.size() == 1) return VectorXd::Constant(1, side(target));
  const Index y = label_of(target);
  VectorXd e = (z.array() - z(rival_of(z, y))).exp();
  e(y) = 0;
  VectorXd g = -e / e.sum();
  g(y) = 1;
  return g;
}

/// Minus the covariance of the softmax of the other classes, (O x O); zero for one logit.
MatrixXd logodds_hessian(const Column& z, const Column& target) {
  if (z.size() == 1) return MatrixXd::Zero(1, 1);
  VectorXd r = -logodds_gradient(z, target);
  r(label_of(target)) = 0;
  return r * r.transpose() - MatrixXd(r.asDiagonal());
}

/// e_y - e_rival, (O).
VectorXd margin_gradient(const Column& z, const Column& target) {
  if (z.size() == 1) return VectorXd::Constant(1, side(target));
  const Index y = label_of(target);
  VectorXd g = VectorXd::Unit(z.size(), y);
  g(rival_of(z, y)) = -1;
  return g;
}

double reconstruction_loss(const Column& z, const Column& target) {
  double sum = 0;
  for (Index j = 0; j < z.size(); ++j)
    sum += target(j) * softplus(-z(j)) + (1 - target(j)) * softplus(z(j));
  return sum;
}

double value_of(QueryOutput kind, const Column& z, const Column& target, Task task) {
  switch (kind) {
    case QueryOutput::margin:
      return margin(z, target);
    case QueryOutput::logodds:
      return logodds(z, target);
    case QueryOutput::probability:
      return sigmoid(logodds(z, target));
    case QueryOutput::correct:
      return margin(z, target) > kTie * z.cwiseAbs().maxCoeff() ? 1 : 0;
    case QueryOutput::prediction:
      return z.size() == 1 ? z(0) : z(label_of(target));
    default:
      if (task == Task::regression) return 0.5 * (z - target).squaredNorm();
      if (task == Task::reconstruction) return reconstruction_loss(z, target);
      return softplus(-logodds(z, target));
  }
}

VectorXd gradient_of(QueryOutput kind, const Column& z, const Column& target, Task task) {
  switch (kind) {
    case QueryOutput::margin:
      return margin_gradient(z, target);
    case QueryOutput::logodds:
      return logodds_gradient(z, target);
    case QueryOutput::probability: {
      const double m = logodds(z, target);
      return sigmoid(m) * sigmoid(-m) * logodds_gradient(z, target);
    }
    case QueryOutput::prediction:
      return VectorXd::Unit(z.size(), z.size() == 1 ? 0 : label_of(target));
    default:
      if (task == Task::regression) return z - target;
      if (task == Task::reconstruction) return z.unaryExpr(&sigmoid) - target;
      return -sigmoid(-logodds(z, target)) * logodds_gradient(z, target);
  }
}

/// phi(m(z)) has the Hessian phi'' m' m'^T + phi' m'', with m the log-odds.
MatrixXd chained_hessian(double first, double second, const Column& z, const Column& target) {
  const VectorXd g = logodds_gradient(z, target);
  return second * g * g.transpose() + first * logodds_hessian(z, target);
}

MatrixXd hessian_of(QueryOutput kind, const Column& z, const Column& target, Task task) {
  const Index n = z.size();
  if (kind == QueryOutput::margin || kind == QueryOutput::prediction) return MatrixXd::Zero(n, n);
  if (kind == QueryOutput::logodds) return logodds_hessian(z, target);
  if (task == Task::regression) return MatrixXd::Identity(n, n);
  if (task == Task::reconstruction)
    return z.unaryExpr([](double x) { return sigmoid(x) * sigmoid(-x); }).asDiagonal();
  const double m = logodds(z, target), right = sigmoid(m), wrong = sigmoid(-m);
  if (kind == QueryOutput::probability)
    return chained_hessian(right * wrong, right * wrong * (wrong - right), z, target);
  return chained_hessian(-wrong, right * wrong, z, target);
}

void require(QueryOutput kind, const Columns& logits, const Columns& targets, Task task) {
  if (!allows(task, kind))
    throw std::invalid_argument(fmt::format("[query output] output, {} has no '{}': ask for '{}'",
                                            task_name(task),
                                            output_name(kind),
                                            output_name(default_output(task))));
  if (logits.rows() != targets.rows() || logits.cols() != targets.cols())
    throw std::invalid_argument(fmt::format(
        "[query output] targets, expected the shape of the logits, {} x {}, got {} x {}",
        logits.rows(),
        logits.cols(),
        targets.rows(),
        targets.cols()));
  const bool one =
      task == Task::binary || (task == Task::regression && kind == QueryOutput::prediction);
  if ((one && logits.rows() != 1) || (task == Task::multiclass && logits.rows() < 2))
    throw std::invalid_argument(
        fmt::format("[query output] logits, expected {} a query for '{}' of {}, got {}",
                    one ? "one" : "two or more",
                    output_name(kind),
                    task_name(task),
                    logits.rows()));
}

void require_derivative(QueryOutput kind) {
  if (!differentiable(kind))
    throw std::invalid_argument(
        fmt::format("[query output] '{}' is a step and has no derivatives: ask for '{}'",
                    output_name(kind),
                    output_name(QueryOutput::probability)));
}

}  // namespace

std::string output_name(QueryOutput kind) {
  return name_of(kOutputs, kind);
}

QueryOutput parse_output(const std::string& name) {
  return parse_name(kOutputs, name, "output");
}

bool allows(Task task, QueryOutput kind) {
  if (task == Task::binary || task == Task::multiclass || kind == QueryOutput::loss) return true;
  return task == Task::regression && kind == QueryOutput::prediction;
}

QueryOutput default_output(Task task) {
  if (task == Task::regression) return QueryOutput::prediction;
  return task == Task::reconstruction ? QueryOutput::loss : QueryOutput::margin;
}

bool differentiable(QueryOutput kind) {
  return kind != QueryOutput::correct;
}

VectorXd output_values(QueryOutput kind, const Columns& logits, const Columns& targets, Task task) {
  require(kind, logits, targets, task);
  VectorXd values(logits.cols());
  for (Index q = 0; q < values.size(); ++q)
    values(q) = value_of(kind, logits.col(q), targets.col(q), task);
  return values;
}

MatrixXd output_gradients(QueryOutput kind,
                          const Columns& logits,
                          const Columns& targets,
                          Task task) {
  require(kind, logits, targets, task);
  require_derivative(kind);
  MatrixXd gradients(logits.rows(), logits.cols());
  for (Index q = 0; q < gradients.cols(); ++q)
    gradients.col(q) = gradient_of(kind, logits.col(q), targets.col(q), task);
  return gradients;
}

MatrixXd output_hessian(QueryOutput kind,
                        const Eigen::Ref<const VectorXd>& logits,
                        const Eigen::Ref<const VectorXd>& target,
                        Task task) {
  const Columns z = logits, t = target;  // (O x 1)
  require(kind, z, t, task);
  require_derivative(kind);
  return hessian_of(kind, z.col(0), t.col(0), task);
}

}  // namespace leaveout
