// SPDX-License-Identifier: MIT
#include "influence/few_parameters/head_leave_one_out.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "autodiff/ops/mean_functions.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kUndetermined = 1e-12;  // of 1 - leverage: the head's step would be rounding

/// S with S S' = V_i, (C x C).
MatrixXd curvature_root(const HeadExamples& h, Index i) {
  const VectorXd mu = h.means.col(i);
  switch (h.loss) {
    case LossKind::binary_cross_entropy:
      return mu.cwiseProduct(VectorXd::Ones(mu.size()) - mu).cwiseSqrt().asDiagonal();
    case LossKind::cross_entropy: {
      const VectorXd root = mu.cwiseSqrt();
      MatrixXd s = -mu * root.transpose();
      s.diagonal() += root;
      return s;
    }
    default:
      return MatrixXd::Identity(mu.size(), mu.size());
  }
}

double loss_at(LossKind loss, const VectorXd& y, const VectorXd& t) {
  switch (loss) {
    case LossKind::binary_cross_entropy:
      return Bernoulli<double>::loss(y, t);
    case LossKind::cross_entropy:
      return Softmax<double>::loss(y, t);
    default:
      return Identity<double>::loss(y, t);
  }
}

bool is_correct(const VectorXd& y, const VectorXd& t) {
  if (y.size() == 1) return (y(0) > 0) == (t(0) > 0.5);
  Index said = 0, truth = 0;
  y.maxCoeff(&said);
  t.maxCoeff(&truth);
  return said == truth;
}

}  // namespace

HeadLeaveOneOut::HeadLeaveOneOut(const Model& model,
                                 const Dataset& train,
                                 const VectorXd& theta,
                                 double weight_decay,
                                 double damping,
                                 int threads)
    : head_(head_problem(model, train, theta)),
      examples_(head_examples(head_.model, head_.data, head_.w)),
      weight_decay_(weight_decay),
      damping_(damping),
      factor_(DenseOperator(head_curvature(head_, weight_decay, damping, threads))),
      hats_(hat_blocks()) {}

/// (1/N) phi_i' [A^-1]_cd phi_i for each pair of classes, all examples at once.
MatrixXd HeadLeaveOneOut::hat_blocks() const {
  const Index size = head_.w.size(), classes = examples_.outputs.rows();
  const MatrixXd inverse = factor_.solve(MatrixXd::Identity(size, size)).x;
  MatrixXd hats(classes * classes, examples_.size());
  for (Index c = 0; c < classes; ++c)
    for (Index d = 0; d <= c; ++d) {
      const MatrixXd block =
          inverse(Eigen::seq(c, size - 1, classes), Eigen::seq(d, size - 1, classes));  // (d' x d')
      const MatrixXd product = block * examples_.features;
      hats.row(c + classes * d) = examples_.features.cwiseProduct(product).colwise().sum() / n();
      hats.row(d + classes * c) = hats.row(c + classes * d);
    }
  return hats;
}

void HeadLeaveOneOut::check(const std::vector<Index>& removed) const {
  for (const Index i : removed)
    if (i < 0 || i >= examples_.size())
      throw std::invalid_argument(
          fmt::format("[head leave-one-out] removed example, expected 0 to {}, got {}",
                      examples_.size() - 1,
                      i));
}

MatrixXd HeadLeaveOneOut::hat_block(Index i) const {
  const Index classes = examples_.outputs.rows();
  return hats_.col(i).reshaped(classes, classes);
}

/// (I - V M)^-1 e = e + S (I - S'M S)^-1 S'M e, where the matrix is symmetric and, if the others
/// determine the head, positive definite.
VectorXd HeadLeaveOneOut::corrected_residual(Index i) const {
  const MatrixXd root = curvature_root(examples_, i), hat = hat_block(i);
  const MatrixXd hat_root = hat * root;
  MatrixXd rest = -root.transpose() * hat_root;
  rest.diagonal().array() += 1;
  const Eigen::LLT<MatrixXd> factor(rest);
  const bool determined = factor.info() == Eigen::Success &&
                          factor.matrixLLT().diagonal().cwiseAbs2().minCoeff() > kUndetermined;
  if (!determined)
    throw std::invalid_argument(fmt::format(
        "[head leave-one-out] example {}, the others do not determine the head without it: raise "
        "weight_decay or damping",
        i));
  const VectorXd e = examples_.residuals.col(i);
  const VectorXd inner = factor.solve(hat_root.transpose() * e);
  return e + root * inner;
}

MatrixXd HeadLeaveOneOut::steps(const std::vector<Index>& removed) const {
  check(removed);
  MatrixXd gradients(head_.w.size(), static_cast<Index>(removed.size()));
  for (Index j = 0; j < gradients.cols(); ++j) {
    const Index i = removed[static_cast<std::size_t>(j)];
    const MatrixXd outer = corrected_residual(i) * examples_.features.col(i).transpose();
    gradients.col(j) = outer.reshaped() / n();
  }
  return factor_.solve(gradients).x;
}

MatrixXd HeadLeaveOneOut::outputs_without(const std::vector<Index>& removed) const {
  check(removed);
  MatrixXd y(examples_.outputs.rows(), static_cast<Index>(removed.size()));
  for (Index j = 0; j < y.cols(); ++j) {
    const Index i = removed[static_cast<std::size_t>(j)];
    y.col(j) = examples_.outputs.col(i) + hat_block(i) * corrected_residual(i);
  }
  return y;
}

HeadSelfEffects HeadLeaveOneOut::self_effects() const {
  const Index size = examples_.size();
  const Task task = head_.data.task;
  const bool classes = task == Task::binary || task == Task::multiclass;
  HeadSelfEffects self;
  for (VectorXd* v :
       {&self.loss, &self.loss_without, &self.self_influence, &self.self_influence_without})
    v->resize(size);
  if (classes) {
    self.correct.resize(size);
    self.correct_without.resize(size);
  }
  for (Index i = 0; i < size; ++i) {
    const VectorXd t = head_.data.targets.col(i), y = examples_.outputs.col(i);
    const VectorXd e = examples_.residuals.col(i);
    const VectorXd pull = hat_block(i) * e;  // M e
    const VectorXd r = corrected_residual(i);
    const VectorXd without = y + hat_block(i) * r;
    self.loss(i) = loss_at(examples_.loss, y, t);
    self.loss_without(i) = loss_at(examples_.loss, without, t);
    self.self_influence(i) = pull.dot(e);
    self.self_influence_without(i) = pull.dot(r);
    if (!classes) continue;
    self.correct(i) = is_correct(y, t) ? 1 : 0;
    self.correct_without(i) = is_correct(without, t) ? 1 : 0;
  }
  return self;
}

Run HeadLeaveOneOut::retrain(Index i, const NewtonOptions& options) const {
  Objective q = head_.objective(weight_decay_, damping_);
  const VectorXd start = head_.w + steps({i}).col(0);
  q.weights(i) = 0;
  return minimise(q, start, options);
}

}  // namespace leaveout
