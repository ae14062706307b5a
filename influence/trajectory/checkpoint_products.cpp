// SPDX-License-Identifier: MIT
#include "influence/trajectory/checkpoint_products.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "models/third_derivative.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kZero = 1e-12;  // directions shorter than this are none, as in the authors' code

Objective batch_objective(const Trajectory& path, const ProductOptions& options) {
  Objective q = training_objective(path.model(), path.train(), 0);
  q.weights = path.objective->weights;
  if (options.with_weight_decay) q.weight_decay = path.objective->weight_decay;
  return q;
}

}  // namespace

CheckpointProducts::CheckpointProducts(const Trajectory& path,
                                       const ProductOptions& options,
                                       Index directions,
                                       Cost* cost)
    : path_(&path),
      options_(options),
      evaluate_(batch_objective(path, options), 0, directions),
      slopes_(path.model(), path.train(), directions),
      cost_(cost ? cost : &none_) {
  if (!(options.epsilon > 0))
    throw std::invalid_argument(
        fmt::format("[diff-in] epsilon, expected above 0, got {}", options.epsilon));
}

void CheckpointProducts::gradient_at(const VectorXd& theta, VectorXd& g) {
  step_gradient(evaluate_, theta, batch_, g);
  cost_->differentiated += static_cast<double>(batch_.size());
}

void CheckpointProducts::move_to(const VectorXd& theta, std::span<const Index> batch) {
  theta_ = theta;
  batch_ = batch;
  gradient_at(theta_, gradient_);
}

template <class F>
auto CheckpointProducts::difference(const F& f, const VectorXd& v, const MatrixXd& base) const {
  const double length = v.norm();
  if (length < kZero) return MatrixXd(MatrixXd::Zero(base.rows(), base.cols()));
  const VectorXd step = options_.epsilon / length * v;
  const MatrixXd ahead = f(VectorXd(theta_ + step));
  if (options_.products == HessianProducts::forward_difference)
    return MatrixXd((ahead - base) * (length / options_.epsilon));
  const MatrixXd behind = f(VectorXd(theta_ - step));
  return MatrixXd((ahead - behind) * (length / (2 * options_.epsilon)));
}

MatrixXd CheckpointProducts::batch_products(const MatrixXd& v) {
  MatrixXd hv(v.rows(), v.cols());
  if (options_.products != HessianProducts::exact) {
    VectorXd g;
    const auto f = [&](const VectorXd& at) -> const VectorXd& {
      gradient_at(at, g);
      return g;
    };
    for (Index j = 0; j < v.cols(); ++j) hv.col(j) = difference(f, v.col(j), gradient_);
    return hv;
  }
  if (static_cast<Index>(batch_.size()) == path_->examples())
    evaluate_.curvature_product(theta_, v, hv, Curvature::full);
  else
    evaluate_.batch_curvature_product(theta_, batch_, v, hv, Curvature::full);
  cost_->products += static_cast<double>(batch_.size()) * static_cast<double>(v.cols());
  return hv;
}

MatrixXd CheckpointProducts::example_gradients(std::span<const Index> examples) {
  cost_->differentiated += static_cast<double>(examples.size());
  return batch_loss_gradients(*path_, theta_, examples);
}

MatrixXd CheckpointProducts::example_products(std::span<const Index> examples,
                                              const MatrixXd& gradients,
                                              const VectorXd& u) {
  const auto count = static_cast<double>(examples.size());
  const Dataset part = take(path_->train(), {examples.begin(), examples.end()});
  if (options_.products == HessianProducts::exact) {
    cost_->products += count;
    return loss_hessian_products(path_->model(), part, theta_, u);
  }
  const auto f = [&](const VectorXd& at) {
    cost_->differentiated += count;
    return loss_gradients(path_->model(), part, at);
  };
  return difference(f, u, gradients);
}

MatrixXd CheckpointProducts::all_slopes(const MatrixXd& v) {
  cost_->add_slopes(path_->examples(), v.cols());
  return slopes_.along(theta_, v);
}

MatrixXd CheckpointProducts::brackets(const VectorXd& u, const MatrixXd& v, const MatrixXd& w) {
  if (options_.products == HessianProducts::exact) {
    cost_->add_slope_derivatives(path_->examples(), v.cols());
    return slopes_.derivatives(theta_, u, v, w);
  }
  const double length = u.norm();
  if (length < kZero) return all_slopes(w);
  const double h = options_.epsilon / length;
  const auto at = [&](double step) {
    const VectorXd theta = theta_ + step * u;  // (P)
    const MatrixXd directions = v + step * w;  // (P x k)
    cost_->add_slopes(path_->examples(), v.cols());
    return slopes_.along(theta, directions);
  };
  const bool forward = options_.products == HessianProducts::forward_difference;
  const MatrixXd ahead = at(h), behind = at(forward ? 0 : -h);
  return (ahead - behind) / (forward ? h : 2 * h);
}

}  // namespace leaveout
