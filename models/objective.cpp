// SPDX-License-Identifier: MIT
#include "models/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "autodiff/dense_curvature.h"
#include "autodiff/ops/mean_functions.h"
#include "autodiff/per_example.h"
#include "models/loss_slopes.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[objective] " + what);
}

/// What would otherwise be read out of bounds, or silently ignored.
void check(const Objective& q) {
  const ModelSpec& spec = q.model->spec();
  require(q.data->features() == spec.inputs,
          fmt::format("inputs, expected {} features, got {}", spec.inputs, q.data->features()));
  require(q.data->outputs() == spec.outputs,
          fmt::format("targets, expected {} rows, got {}", spec.outputs, q.data->outputs()));
  require(q.weights.size() == q.size(),
          fmt::format("weights, expected {}, got {}", q.size(), q.weights.size()));
  const bool needs_centre = q.damping != 0 || q.term != ObjectiveTerm::loss;
  require(!needs_centre || q.centre.size() == q.parameter_count(),
          fmt::format("centre, expected {} numbers, got {}", q.parameter_count(), q.centre.size()));
  require(q.term != ObjectiveTerm::bregman ||
              (q.centre_outputs.cols() == q.size() && q.centre_outputs.rows() == spec.outputs),
          fmt::format("centre outputs, expected {} x {}", spec.outputs, q.size()));
  require(q.tilted.empty() || q.term == ObjectiveTerm::bregman,
          "tilt, expected only with Bregman terms");
  require(q.tilted.empty() || (q.tilt.rows() == spec.outputs &&
                               q.tilt.cols() == static_cast<Index>(q.tilted.size())),
          "tilt, expected one column of outputs per tilted example");
  for (const Index k : q.tilted)
    require(k >= 0 && k < q.size(),
            fmt::format("tilted example, expected 0 to {}, got {}", q.size() - 1, k));
  require(q.linear.size() == 0 || q.term == ObjectiveTerm::quadratic,
          "linear term, expected only with quadratic terms");
}

MatrixXd scattered_tilt(const Objective& q) {
  MatrixXd tilt = MatrixXd::Zero(q.model->outputs(), q.size());
  for (std::size_t j = 0; j < q.tilted.size(); ++j)
    tilt.col(q.tilted[j]) += q.tilt.col(static_cast<Index>(j));
  return tilt;
}

/// A batch over borrowed columns with weights that do not matter.
struct Borrowed {
  VectorXd weights;  // (N)
  Batch<double> batch;
  Borrowed(const MatrixXd& inputs, const MatrixXd& targets)
      : weights(VectorXd::Ones(inputs.cols())),
        batch{{inputs.data(), targets.data(), weights.data()}, inputs.cols()} {}
};

Workspace<double> loss_workspace(const Model& model, Index columns) {
  const Program<double>& program = model.program(Term::loss);
  return {program, std::min(default_tile(program), columns)};
}

}  // namespace

Objective training_objective(const Model& model, const Dataset& data, double weight_decay) {
  Objective q;
  q.model = &model;
  q.data = &data;
  q.weights = VectorXd::Constant(data.size(), 1.0 / static_cast<double>(data.size()));
  q.weight_decay = weight_decay;
  return q;
}

const Program<double>& Evaluator::program() const {
  return objective_.model->program(objective_.term == ObjectiveTerm::bregman ? Term::bregman
                                                                             : Term::loss);
}

Evaluator::Evaluator(const Objective& objective, Index tile, Index directions)
    : objective_((check(objective), objective)),
      tile_(std::min(tile > 0 ? tile : default_tile(program()), objective.size())),
      ws_(program(), tile_, std::min(directions, Workspace<double>::kMaxDirections)) {
  const Dataset& data = *objective_.data;
  const bool bregman = objective_.term == ObjectiveTerm::bregman;
  const MatrixXd& reference = bregman ? objective_.centre_outputs : data.targets;
  whole_ = {{data.inputs.data(), reference.data(), objective_.weights.data()}, data.size()};
  if (bregman) {
    tilt_ = scattered_tilt(objective_);
    whole_.data.push_back(tilt_.data());
  }
  if (objective_.term == ObjectiveTerm::quadratic) {
    at_centre_ = std::make_unique<CurvatureProduct<double>>(
        program(), whole_, objective_.centre, Curvature::gauss_newton, tile_, 1);
    step_.resize(objective_.parameter_count(), 1);
    product_.resize(objective_.parameter_count(), 1);
  }
}

void Evaluator::set_weights(const VectorXd& weights) {
  assert(objective_.term != ObjectiveTerm::quadratic && weights.size() == objective_.size());
  objective_.weights = weights;
  whole_.data[2] = objective_.weights.data();
}

double Evaluator::penalty(const VectorXd& theta) const {
  double value = 0.5 * objective_.weight_decay * theta.squaredNorm();
  if (objective_.damping != 0)
    value += 0.5 * objective_.damping * (theta - objective_.centre).squaredNorm();
  return value;
}

void Evaluator::add_penalty_gradient(const VectorXd& theta, VectorXd& g) const {
  if (objective_.weight_decay != 0) g += objective_.weight_decay * theta;
  if (objective_.damping != 0) g += objective_.damping * (theta - objective_.centre);
  if (objective_.linear.size() > 0) g += objective_.linear;
}

/// Gradient G (theta - centre) of the quadratic terms; returns their value, linear term included.
double Evaluator::quadratic_gradient(const VectorXd& theta, VectorXd& g) {
  step_ = theta - objective_.centre;
  at_centre_->apply(step_, product_);
  g = product_.col(0);
  double value = 0.5 * step_.col(0).dot(g);
  if (objective_.linear.size() > 0) value += objective_.linear.dot(step_.col(0));
  return value;
}

double Evaluator::value(const VectorXd& theta) {
  if (objective_.term == ObjectiveTerm::quadratic) {
    VectorXd g(theta.size());
    return quadratic_gradient(theta, g) + penalty(theta);
  }
  return loss(ws_, whole_, theta) + penalty(theta);
}

double Evaluator::gradient(const VectorXd& theta, VectorXd& g) {
  g.resize(theta.size());
  const double value = objective_.term == ObjectiveTerm::quadratic
                           ? quadratic_gradient(theta, g)
                           : leaveout::gradient<double>(ws_, whole_, theta, g);
  add_penalty_gradient(theta, g);
  return value + penalty(theta);
}

/// Copies a mini-batch's columns, and behind them the tilted examples with weight zero.
void Evaluator::gather(std::span<const Index> batch) {
  const Index b = static_cast<Index>(batch.size());
  const Index extra = static_cast<Index>(objective_.tilted.size());
  const Index columns = b + extra;
  if (columns > x_.cols()) {
    const MatrixXd& inputs = objective_.data->inputs;
    x_.resize(inputs.rows(), columns);
    t_.resize(objective_.model->outputs(), columns);
    a_ = MatrixXd::Zero(objective_.model->outputs(), columns);
    w_.resize(columns);
  }
  const bool bregman = objective_.term == ObjectiveTerm::bregman;
  const MatrixXd& reference = bregman ? objective_.centre_outputs : objective_.data->targets;
  // (1/B) sum_batch N w_i: with w_i = 1/N the mean over the batch.
  const double scale = static_cast<double>(objective_.size()) / static_cast<double>(b);
  for (Index j = 0; j < columns; ++j) {
    const bool tilted = j >= b;
    const Index i = tilted ? objective_.tilted[static_cast<std::size_t>(j - b)]
                           : batch[static_cast<std::size_t>(j)];
    x_.col(j) = objective_.data->inputs.col(i);
    t_.col(j) = reference.col(i);
    w_(j) = tilted ? 0 : scale * objective_.weights(i);
    if (bregman) {
      if (tilted)
        a_.col(j) = objective_.tilt.col(j - b);
      else
        a_.col(j).setZero();
    }
  }
  part_.data = {x_.data(), t_.data(), w_.data()};
  if (bregman) part_.data.push_back(a_.data());
  part_.columns = columns;
}

void Evaluator::batch_gradient(const VectorXd& theta, std::span<const Index> batch, VectorXd& g) {
  g.resize(theta.size());
  gather(batch);
  if (objective_.term == ObjectiveTerm::quadratic) {
    step_ = theta - objective_.centre;
    leaveout::curvature_product<double>(
        ws_, part_, objective_.centre, step_, product_, Curvature::gauss_newton);
    g = product_.col(0);
  } else {
    leaveout::gradient<double>(ws_, part_, theta, g);
  }
  add_penalty_gradient(theta, g);
}

void Evaluator::batch_curvature_product(const VectorXd& theta,
                                        std::span<const Index> batch,
                                        const MatrixXd& v,
                                        MatrixXd& hv,
                                        Curvature curvature,
                                        MatrixXd* slopes) {
  require(objective_.term != ObjectiveTerm::quadratic,
          "mini-batch curvature, expected terms that are no quadratic models");
  hv.resize(v.rows(), v.cols());
  gather(batch);
  leaveout::curvature_product<double>(ws_, part_, theta, v, hv, curvature, slopes);
  hv += shift() * v;
  if (slopes) slopes->conservativeResize(static_cast<Index>(batch.size()), v.cols());
}

void Evaluator::curvature_product(const VectorXd& theta,
                                  const MatrixXd& v,
                                  MatrixXd& hv,
                                  Curvature curvature) {
  hv.resize(v.rows(), v.cols());
  if (at_centre_)
    at_centre_->apply(v, hv);
  else
    leaveout::curvature_product<double>(ws_, whole_, theta, v, hv, curvature);
  hv += shift() * v;
}

MatrixXd Evaluator::curvature(const VectorXd& theta, Curvature curvature, int threads) {
  DenseOptions options;
  options.threads = threads;
  const bool quadratic = objective_.term == ObjectiveTerm::quadratic;
  MatrixXd c = dense_curvature(program(),
                               whole_,
                               quadratic ? objective_.centre : theta,
                               quadratic ? Curvature::gauss_newton : curvature,
                               options);
  c.diagonal().array() += shift();
  return c;
}

MatrixXd outputs(const Model& model, const MatrixXd& inputs, const VectorXd& theta) {
  const MatrixXd targets = MatrixXd::Zero(model.outputs(), inputs.cols());  // reach no output
  const Borrowed borrowed(inputs, targets);
  Workspace<double> ws = loss_workspace(model, inputs.cols());
  MatrixXd result(model.outputs(), inputs.cols());
  outputs<double>(ws, borrowed.batch, theta, result);
  return result;
}

VectorXd losses(const Model& model, const Dataset& data, const VectorXd& theta) {
  const Borrowed borrowed(data.inputs, data.targets);
  Workspace<double> ws = loss_workspace(model, data.size());
  MatrixXd result(1, data.size());
  losses<double>(ws, borrowed.batch, theta, result);
  return result.transpose();
}

MatrixXd loss_gradients(const Model& model, const Dataset& data, const VectorXd& theta) {
  const Borrowed borrowed(data.inputs, data.targets);
  Workspace<double> ws = loss_workspace(model, data.size());
  return materialise(per_example_gradients(ws, borrowed.batch, Vector<double>(theta)));
}

MatrixXd loss_slopes(const Model& model,
                     const Dataset& data,
                     const VectorXd& theta,
                     const MatrixXd& v) {
  return LossSlopes(model, data, v.cols()).along(theta, v);
}

MatrixXd output_residuals(const Model& model, const Dataset& data, const MatrixXd& outputs) {
  MatrixXd mean(outputs.rows(), outputs.cols());
  const ConstMatrixMap<double> y(outputs.data(), outputs.rows(), outputs.cols());
  MatrixMap<double> mu(mean.data(), mean.rows(), mean.cols());
  switch (model.spec().loss) {
    case LossKind::binary_cross_entropy:
      Bernoulli<double>::mean(y, mu);
      break;
    case LossKind::cross_entropy:
      Softmax<double>::mean(y, mu);
      break;
    default:
      Identity<double>::mean(y, mu);
  }
  return mean - data.targets;
}

}  // namespace leaveout
