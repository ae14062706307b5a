// SPDX-License-Identifier: MIT
#include "influence/response_path.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>

#include "influence/solvers/conjugate_gradient.h"
#include "influence/solvers/direct.h"
#include "models/third_derivative.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Why a curve goes no further; never leaves this file.
struct PathEnd {
  std::string why;
};

/// The Hessian of an objective of any kind at a point, by products.
class HessianProducts final : public LinearOperator {
 public:
  HessianProducts(const Objective& q, const VectorXd& theta) : evaluate_(q), theta_(theta) {}
  Index size() const override { return theta_.size(); }
  void apply(const Eigen::Ref<const MatrixXd>& v, Eigen::Ref<MatrixXd> out) const override {
    MatrixXd hv(v.rows(), v.cols());
    evaluate_.curvature_product(theta_, v, hv, Curvature::full);
    out = hv;
  }

 private:
  mutable Evaluator evaluate_;  // its sweeps write to workspaces, not to its meaning
  VectorXd theta_;              // (P)
};

/// Solves with the Hessian at one point: dense or by products, as minimise() would.
class PointSolver {
 public:
  PointSolver(const Objective& q, const VectorXd& theta, const NewtonOptions& options) {
    if (newton_method(options, theta.size()) == NewtonMethod::matrix_free) {
      products_.emplace(q, theta);
      return;
    }
    const DenseOperator h(Evaluator(q).curvature(theta, Curvature::full, options.threads));
    try {
      factor_.emplace(h);
    } catch (const std::invalid_argument& not_definite) {
      throw PathEnd{not_definite.what()};
    }
  }
  VectorXd solve(const VectorXd& b) const {
    const Solution s =
        factor_ ? factor_->solve(b) : conjugate_gradient(*products_, b, {.tolerance = 1e-12});
    if (!s.converged) throw PathEnd{s.message};
    return s.x.col(0);
  }

 private:
  std::optional<Cholesky> factor_;
  std::optional<HessianProducts> products_;
};

class Follower {
 public:
  Follower(const LeaveOneOut& loo, Response response, Index k, const PathOptions& options)
      : loo_(loo),
        options_(options),
        example_(take(loo.train(), {k})),
        loss_(training_objective(loo.model(), example_, 0)) {
    path_.response = response;
    path_.removed = k;
  }

  ResponsePath follow(const VectorXd& grid) {
    path_.theta.resize(loo_.theta_s().size(), grid.size());
    path_.gradient_norm.resize(grid.size());
    Index reached = 0;
    try {
      begin();
      differentiate();
      keep(reached++, path_.start.gradient_norm, 0);
      for (; reached < grid.size(); ++reached) advance(grid(reached - 1), grid(reached), reached);
      path_.complete = true;
    } catch (const PathEnd& end) {
      path_.message = fmt::format(
          "[response path] {} without example {} ends {}: {}",
          response_name(path_.response),
          path_.removed,
          reached == 0 ? std::string("before it starts") : fmt::format("after eps = {:.6g}", at_),
          end.why);
    }
    path_.epsilon = grid.head(reached);
    path_.gradient_norm.conservativeResize(reached);
    path_.theta.conservativeResize(Eigen::NoChange, reached);
    return std::move(path_);
  }

 private:
  Objective objective(double epsilon) const {
    return loo_.objective(path_.response, {path_.removed}, epsilon);
  }
  VectorXd loss_gradient() {
    VectorXd g;
    loss_.gradient(theta_, g);
    return g;
  }
  void keep(Index column, double gradient_norm, Index iterations) {
    path_.theta.col(column) = theta_;
    path_.gradient_norm(column) = gradient_norm;
    path_.iterations.push_back(iterations);
  }

  /// theta(0).
  void begin() {
    Run& start = path_.start;
    if (path_.response == Response::pbrf) {  // stationary by construction: nothing to solve
      VectorXd g;
      start.theta = loo_.theta_s();
      start.objective = Evaluator(objective(0)).gradient(start.theta, g);
      start.gradient_norm = g.norm();
      start.converged = start.gradient_norm < options_.newton.tolerance;
    } else {
      start = minimise(objective(0), loo_.theta_s(), options_.newton);
    }
    theta_ = start.theta;
    if (!start.converged)
      throw PathEnd{fmt::format("no stationary point was reached from theta_s, |gradient| = {:.3g}",
                                start.gradient_norm)};
  }

  /// theta' and theta'' at eps = 0.
  void differentiate() {
    const Objective q = objective(0);
    const PointSolver hessian(q, theta_, options_.newton);
    path_.theta1 = hessian.solve(loss_gradient());
    MatrixXd bend;  // (P x 1)
    loss_.curvature_product(theta_, path_.theta1, bend, Curvature::full);
    const VectorXd third = third_derivative(q, theta_, path_.theta1, path_.theta1);
    path_.theta2 = hessian.solve(2 * bend.col(0) - third);
    slope_ = path_.theta1;
  }

  /// From one grid point to the next, in as many substeps as it takes.
  void advance(double from, double to, Index column) {
    at_ = from;
    double step = to - from;
    Index iterations = 0;
    int halvings = 0;
    for (;;) {
      const bool last = at_ + step >= to - 1e-9 * step;
      const double next = last ? to : at_ + step;
      const Run run = correct(next);
      iterations += run.iterations;
      if (stays_on(run, next)) {
        theta_ = run.theta;
        at_ = next;
        slope_.resize(0);
        if (last) return keep(column, run.gradient_norm, iterations);
        continue;
      }
      if (++halvings > options_.max_halvings)
        throw PathEnd{fmt::format(
            "{} steps of {:.3g} find no minimum within reach of the tangent ({}, |gradient| = "
            "{:.3g}): the curve folds or runs away",
            halvings,
            step,
            stationarity_name(run.kind),
            run.gradient_norm)};
      step *= 0.5;
    }
  }

  VectorXd predicted(double next) const { return theta_ + (next - at_) * slope_; }

  /// minimise() from the predicted point, held to the length of the prediction.
  Run correct(double next) {
    if (slope_.size() == 0)
      slope_ = PointSolver(objective(at_), theta_, options_.newton).solve(loss_gradient());
    NewtonOptions options = options_.newton;
    options.leave_saddles = false;
    options.max_iterations = 25;
    options.initial_radius = std::max((next - at_) * slope_.norm(), 1e-6);
    options.max_radius = options.initial_radius;
    return minimise(objective(next), predicted(next), options);
  }

  /// Is it the minimum that belongs to the curve? Corrections are of second order in the step.
  bool stays_on(const Run& run, double next) const {
    if (!run.converged) return false;
    if (run.kind != Stationarity::minimum && run.kind != Stationarity::not_examined) return false;
    const double rounding = 1e-9 * (1 + theta_.norm());
    return (run.theta - predicted(next)).norm() <= 0.5 * (next - at_) * slope_.norm() + rounding;
  }

  const LeaveOneOut& loo_;
  const PathOptions& options_;
  Dataset example_;  // the removed one alone
  Evaluator loss_;   // L_k
  ResponsePath path_;
  VectorXd theta_, slope_;  // (P) at at_; the slope is empty until it is needed
  double at_ = 0;
};

void check(const LeaveOneOut& loo, Response response, Index removed, const VectorXd& grid) {
  const auto require = [](bool ok, const std::string& what) {
    if (!ok) throw std::invalid_argument("[response path] " + what);
  };
  require(response == Response::warm_start || response == Response::proximal ||
              response == Response::pbrf,
          fmt::format("response, expected warm_start, proximal or pbrf, got {}",
                      response_name(response)));
  require(loo.removal() == Removal::keep_weights,
          "removal, expected the other examples kept at 1/N: use Removal::keep_weights");
  require(
      removed >= 0 && removed < loo.train().size(),
      fmt::format("removed example, expected 0 to {}, got {}", loo.train().size() - 1, removed));
  bool ascends = grid.size() > 0 && grid(0) == 0 && grid.allFinite();
  for (Index i = 1; i < grid.size(); ++i) ascends = ascends && grid(i) > grid(i - 1);
  require(ascends, "epsilon, expected numbers that ascend from 0");
}

}  // namespace

VectorXd removal_grid(Index examples, Index steps, double reach) {
  return VectorXd::LinSpaced(steps + 1, 0, reach / static_cast<double>(examples));
}

ResponsePath follow(const LeaveOneOut& loo,
                    Response response,
                    Index removed,
                    const PathOptions& options) {
  const VectorXd grid =
      options.epsilon.size() > 0 ? options.epsilon : removal_grid(loo.train().size());
  check(loo, response, removed, grid);
  return Follower(loo, response, removed, options).follow(grid);
}

namespace {

double mean_norm(const MatrixXd& m) {
  return m.colwise().norm().mean();
}

/// First and second derivative of the mean query loss along the curve at eps = 0.
Eigen::Vector2d query_derivatives(const ResponsePath& path,
                                  const Model& model,
                                  const Dataset& query) {
  Evaluator mean_loss(training_objective(model, query, 0));
  const VectorXd theta = path.theta.col(0);
  VectorXd g;
  MatrixXd bend;  // (P x 1)
  mean_loss.gradient(theta, g);
  mean_loss.curvature_product(theta, path.theta1, bend, Curvature::full);
  return {g.dot(path.theta1), g.dot(path.theta2) + path.theta1.dot(bend.col(0))};
}

}  // namespace

PathMeasurement measure(const ResponsePath& path, const LeaveOneOut& loo, const Dataset& query) {
  if (path.theta2.size() == 0 || path.theta.cols() == 0)
    throw std::invalid_argument("[response path] path, expected one that starts: " + path.message);
  const Model& model = loo.model();
  const MatrixXd& inputs = loo.train().inputs;
  const VectorXd start = path.theta.col(0);
  const OutputDerivatives y = output_derivatives(model, inputs, start, path.theta1);
  const MatrixXd steer = output_derivatives(model, inputs, start, path.theta2).first;  // J theta''
  const MatrixXd second = steer + y.second;                                            // (O x N)
  const Eigen::Vector2d loss = query_derivatives(path, model, query);
  const double loss_start = losses(model, query, start).mean();
  const MatrixXd before = outputs(model, inputs, start);  // (O x N)
  PathMeasurement m;
  m.epsilon = path.epsilon;
  const Eigen::ArrayXd e = path.epsilon.array();
  m.query_loss_line = loss(0) * e;
  m.query_loss_parabola = loss(0) * e + 0.5 * loss(1) * e.square();
  m.displacement_line = mean_norm(y.first) * e;
  m.output_gap_leading = 0.5 * mean_norm(second) * e.square();
  m.parameter_gap_leading = 0.5 * mean_norm(steer) * e.square();
  for (VectorXd* v :
       {&m.query_loss, &m.displacement, &m.displacement_parabola, &m.output_gap, &m.parameter_gap})
    v->resize(e.size());
  for (Index i = 0; i < e.size(); ++i) {
    const MatrixXd there = outputs(model, inputs, path.theta.col(i));          // (O x N)
    const MatrixXd line = outputs(model, inputs, start + e(i) * path.theta1);  // (O x N)
    m.query_loss(i) = losses(model, query, path.theta.col(i)).mean() - loss_start;
    m.displacement(i) = mean_norm(there - before);
    m.displacement_parabola(i) = mean_norm(e(i) * y.first + 0.5 * e(i) * e(i) * second);
    m.output_gap(i) = mean_norm(there - before - e(i) * y.first);
    m.parameter_gap(i) = mean_norm(there - line);
  }
  return m;
}

}  // namespace leaveout
