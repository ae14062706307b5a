// SPDX-License-Identifier: MIT
#include "influence/few_parameters/softmax_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autodiff/sweeps.h"
#include "influence/solvers/eigen.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kPseudoCutoff = 1e-12;  // of the largest eigenvalue

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[head] " + what);
}

void check(const Model& model, const Dataset& data, const VectorXd& theta) {
  const ModelSpec& spec = model.spec();
  require(
      theta.size() == model.parameter_count(),
      fmt::format("theta, expected {} parameters, got {}", model.parameter_count(), theta.size()));
  require(data.features() == spec.inputs && data.outputs() == spec.outputs,
          fmt::format("data, expected {} features and {} outputs, got {} and {}",
                      spec.inputs,
                      spec.outputs,
                      data.features(),
                      data.outputs()));
  require(data.size() > 0, "data, expected one example or more, got none");
}

/// a' F^+ b for symmetric F, (columns of a x columns of b).
MatrixXd through_inverse(const MatrixXd& f, const MatrixXd& a, const MatrixXd& b) {
  const MatrixXd solved = Eigendecomposition(DenseOperator(f)).solve_pseudo(b, kPseudoCutoff).x;
  return a.transpose() * solved;
}

}  // namespace

const AffineLayer& head_layer(const Model& model) {
  const Program<double>& program = model.program(Term::loss);
  const std::vector<AffineLayer>& layers = program.affine_layers();
  const bool dense = !layers.empty() && layers.back().output == program.roles().outputs &&
                     layers.back().positions == 1;
  require(dense,
          fmt::format("model, expected one whose last layer is dense, got {}: take another family",
                      model.spec().name));
  return layers.back();
}

HeadExamples head_examples(const Model& model, const Dataset& data, const VectorXd& theta) {
  const AffineLayer& head = head_layer(model);
  check(model, data, theta);
  const Program<double>& program = model.program(Term::loss);
  const VectorXd weights = VectorXd::Ones(data.size());
  const Batch<double> batch{{data.inputs.data(), data.targets.data(), weights.data()}, data.size()};
  Workspace<double> ws(program, std::min(default_tile(program), data.size()));
  HeadExamples examples;
  examples.loss = model.spec().loss;
  examples.features.setOnes(head.columns(), data.size());
  examples.outputs.resize(head.out, data.size());
  ws.bind_parameters(theta.data());
  for (Index begin = 0; begin < data.size(); begin += ws.capacity()) {
    const Index count = std::min(ws.capacity(), data.size() - begin);
    ws.bind_batch(batch, begin, count);
    forward(ws);
    examples.features.block(0, begin, head.in, count) = ws.x(head.input);
    examples.outputs.middleCols(begin, count) = ws.x(head.output);
  }
  examples.residuals = output_residuals(model, data, examples.outputs);
  examples.means = examples.residuals + data.targets;
  return examples;
}

MatrixXd head_gradients(const HeadExamples& examples) {
  const Index c = examples.residuals.rows();
  MatrixXd gradients(c * examples.features.rows(), examples.size());
  for (Index a = 0; a < examples.features.rows(); ++a)
    gradients.middleRows(a * c, c) = examples.residuals * examples.features.row(a).asDiagonal();
  return gradients;
}

MatrixXd output_curvature(const HeadExamples& examples, Index i) {
  const auto mu = examples.means.col(i);
  switch (examples.loss) {
    case LossKind::binary_cross_entropy:
      return mu.cwiseProduct(VectorXd::Ones(mu.size()) - mu).asDiagonal();
    case LossKind::cross_entropy: {
      MatrixXd v = -mu * mu.transpose();
      v.diagonal() += mu;
      return v;
    }
    default:
      return MatrixXd::Identity(mu.size(), mu.size());
  }
}

Objective HeadProblem::objective(double weight_decay, double damping) const {
  Objective q = training_objective(model, data, weight_decay);
  q.damping = damping;
  q.centre = w;
  return q;
}

HeadProblem head_problem(const Model& model, const Dataset& train, const VectorXd& theta) {
  const AffineLayer& head = head_layer(model);
  ModelSpec spec;
  spec.name = "head of " + model.spec().name;
  spec.inputs = head.in;
  spec.outputs = head.out;
  spec.loss = model.spec().loss;
  spec.bias = head.has_bias;
  Dataset data;
  data.name = train.name;
  data.task = train.task;
  data.inputs = head_examples(model, train, theta).features.topRows(head.in);
  data.targets = train.targets;
  data.class_names = train.class_names;
  return {Model(std::move(spec)), std::move(data), theta.segment(head.offset, head.size())};
}

MatrixXd head_curvature(const HeadProblem& head, double weight_decay, double damping, int threads) {
  Evaluator evaluate(head.objective(weight_decay, damping));
  return evaluate.curvature(head.w, Curvature::full, threads);
}

MatrixXd HeadFactors::influence() const {
  return label_agreement.cwiseProduct(feature_similarity) / static_cast<double>(train_size);
}

KroneckerHead::KroneckerHead(const HeadExamples& train, double weight_decay, double damping)
    : train_size_(train.size()) {
  const double shift = weight_decay + damping, n = static_cast<double>(train.size());
  require(shift >= 0, fmt::format("weight_decay + damping, expected zero or more, got {}", shift));
  const Index classes = train.means.rows();
  k_ = train.features * train.features.transpose() / n;
  q_ = MatrixXd::Zero(classes, classes);
  for (Index i = 0; i < train.size(); ++i) q_ += output_curvature(train, i) / n;
  if (train.loss == LossKind::half_squared_error) {
    k_.diagonal().array() += shift;
    return;
  }
  const double k_mean = k_.trace() / static_cast<double>(k_.rows());
  const double q_mean = q_.trace() / static_cast<double>(classes);
  const double pi = q_mean > 0 && k_mean > 0 ? std::sqrt(k_mean / q_mean) : 1;
  k_.diagonal().array() += pi * std::sqrt(shift);
  q_.diagonal().array() += std::sqrt(shift) / pi;
}

HeadFactors KroneckerHead::factors(const HeadExamples& query, const HeadExamples& train) const {
  require(query.means.rows() == q_.rows() && train.means.rows() == q_.rows() &&
              query.features.rows() == k_.rows() && train.features.rows() == k_.rows(),
          fmt::format("examples, expected {} outputs and {} features, got another network's",
                      q_.rows(),
                      k_.rows()));
  return {through_inverse(q_, query.residuals, train.residuals),
          through_inverse(k_, query.features, train.features),
          train_size_};
}

}  // namespace leaveout
