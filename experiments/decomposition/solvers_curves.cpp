// SPDX-License-Identifier: MIT
#include "experiments/decomposition/solvers_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "influence/solvers/conjugate_gradient.h"
#include "influence/solvers/direct.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// C + damping I.
MatrixXd damped(MatrixXd c, double damping) {
  c.diagonal().array() += damping;
  return c;
}

/// Keeps what it is given at the products that the grid names; product t is given h_t.
class Recorder final : public LinearOperator {
 public:
  using Keep = std::function<void(Index point, const Ref<const MatrixXd>& h)>;
  Recorder(const LinearOperator& a, const std::vector<Index>& steps, Keep keep)
      : a_(a), steps_(steps), keep_(std::move(keep)) {}
  Index size() const override { return a_.size(); }
  void apply(const Ref<const MatrixXd>& v, Ref<MatrixXd> out) const override {
    if (point_ < steps_.size() && steps_[point_] == calls_) keep_(static_cast<Index>(point_++), v);
    ++calls_;
    a_.apply(v, out);
  }

 private:
  const LinearOperator& a_;
  const std::vector<Index>& steps_;
  Keep keep_;
  mutable std::size_t point_ = 0;
  mutable Index calls_ = 0;
};

SolverCurve empty_curve(const LinearProblem& problem,
                        const std::string& solver,
                        const std::vector<Index>& steps) {
  SolverCurve curve;
  curve.solver = solver;
  curve.steps = steps;
  curve.products.assign(steps.begin(), steps.end());
  curve.relative_error =
      MatrixXd::Constant(problem.b.cols(), static_cast<Index>(steps.size()), kNaN);
  curve.a_norm_error = curve.residual = curve.relative_error;
  return curve;
}

/// Keeps the first `points` points.
void shorten(Index points, SolverCurve& curve) {
  curve.steps.resize(static_cast<std::size_t>(points));
  curve.products.resize(static_cast<std::size_t>(points));
  for (MatrixXd* error : {&curve.relative_error, &curve.a_norm_error, &curve.residual})
    *error = error->leftCols(points).eval();
}

}  // namespace

LinearProblem::LinearProblem(const MatrixXd& c,
                             const Eigendecomposition& eigen,
                             double damping,
                             MatrixXd right_hand_sides)
    : a(damped(c, damping)),
      b(std::move(right_hand_sides)),
      x(Cholesky(a).solve(b).x),
      values(eigen.values().array() + damping),
      basis(&eigen.vectors()),
      coordinates(eigen.vectors().transpose() * b) {}

MatrixXd LinearProblem::filtered(const VectorXd& filter) const {
  const MatrixXd scaled = filter.asDiagonal() * coordinates;  // (n x R)
  return *basis * scaled;
}

std::vector<Index> log_grid(Index limit, double per_decade) {
  std::vector<Index> steps;
  for (int i = 0;; ++i) {
    const auto t = static_cast<Index>(std::lround(std::pow(10.0, i / per_decade)));
    if (t >= limit) break;
    if (steps.empty() || t > steps.back()) steps.push_back(t);
  }
  steps.push_back(limit);
  return steps;
}

void measure(const LinearProblem& problem, const MatrixXd& x_t, Index point, SolverCurve& curve) {
  const MatrixXd error = x_t - problem.x;        // (n x R)
  MatrixXd product(error.rows(), error.cols());  // (n x R) A (x_t - x)
  problem.a.apply(error, product);
  for (Index j = 0; j < error.cols(); ++j) {
    curve.relative_error(j, point) = error.col(j).stableNorm() / problem.x.col(j).norm();
    // Scaled by its own size: the square of a diverging error would overflow.
    const double size = error.col(j).stableNorm();
    const double along = size > 0 ? (error.col(j) / size).dot(product.col(j) / size) : 0;
    curve.a_norm_error(j, point) =
        size * std::sqrt(std::max(along, 0.0)) / std::sqrt(problem.x.col(j).dot(problem.b.col(j)));
  }
  problem.a.apply(x_t, product);
  for (Index j = 0; j < error.cols(); ++j)
    curve.residual(j, point) =
        (product.col(j) - problem.b.col(j)).stableNorm() / problem.b.col(j).norm();
}

SolverCurve cg_curve(const LinearProblem& problem, Index limit) {
  SolverCurve curve = empty_curve(problem, "cg", log_grid(limit, 12));
  for (Index point = 0; point < static_cast<Index>(curve.steps.size()); ++point) {
    const Index t = curve.steps[static_cast<std::size_t>(point)];
    const Solution s =
        conjugate_gradient(problem.a, problem.b, {.tolerance = 1e-14, .max_iterations = t});
    measure(problem, s.x, point, curve);
    // Rounding allows no better, or all columns ended before t.
    if (curve.residual.col(point).maxCoeff() <= 1e-13 || s.iterations < t) {
      shorten(point + 1, curve);
      break;
    }
  }
  return curve;
}

double chebyshev_bound(double condition, Index t) {
  const double root = std::sqrt(condition);
  return 2 * std::pow((root - 1) / (root + 1), static_cast<double>(t));
}

SolverCurve lissa_curve(const LinearProblem& problem,
                        double scale,
                        const std::vector<Index>& steps,
                        std::vector<MatrixXd>* iterates) {
  SolverCurve curve = empty_curve(problem, "lissa", steps);
  curve.scale = scale;
  const Recorder recorder(problem.a, steps, [&](Index point, const Ref<const MatrixXd>& h) {
    const MatrixXd x_t = h / scale;  // (n x R)
    measure(problem, x_t, point, curve);
    if (iterates) iterates->push_back(x_t);
  });
  // One product more than the last depth: it is given that depth's iterate.
  lissa_unchecked(recorder, problem.b, scale, steps.back() + 1);
  return curve;
}

MatrixXd lissa_closed_form(const LinearProblem& problem, double scale, Index depth) {
  VectorXd filter(problem.values.size());
  for (Index i = 0; i < filter.size(); ++i)
    filter(i) = lissa_filter(problem.values(i), scale, depth);
  return problem.filtered(filter);
}

SolverCurve stochastic_curve(const LinearProblem& problem,
                             const BatchProduct& product,
                             Index batch,
                             Index examples,
                             Index depth) {
  const std::string name = fmt::format("lissa_batch_{}", batch);
  SolverCurve curve = empty_curve(problem, name, log_grid(depth));
  curve.batch = batch;
  const Spectrum ends = {problem.smallest(), problem.largest(), 0, 0, 0};
  // No steps leave h_0 / scale, which tells the automatic scale.
  const Solution start = lissa(problem.a, product, problem.b, {.depth = 0, .spectrum = ends});
  curve.scale = problem.b.col(0).norm() / start.x.col(0).norm();
  std::size_t point = 0;
  const BatchProduct recorded =
      [&](Index step, Index repeat, const Ref<const MatrixXd>& v, const Ref<MatrixXd>& out) {
        if (point < curve.steps.size() && curve.steps[point] == step)
          measure(problem, v / curve.scale, static_cast<Index>(point++), curve);
        product(step, repeat, v, out);
      };
  lissa(
      problem.a, recorded, problem.b, {.scale = curve.scale, .depth = depth + 1, .spectrum = ends});
  for (double& p : curve.products) p *= static_cast<double>(batch) / static_cast<double>(examples);
  return curve;
}

VectorXd products_to_reach(const std::vector<double>& products,
                           const MatrixXd& error,
                           double tolerance) {
  VectorXd needed(error.rows());
  for (Index j = 0; j < error.rows(); ++j) {
    Index last = error.cols();  // the first point from which on the error is small enough
    while (last > 0 && error(j, last - 1) <= tolerance) --last;
    if (last == error.cols()) {
      needed(j) = std::numeric_limits<double>::infinity();
    } else if (last == 0) {
      needed(j) = products.front();
    } else {
      const auto i = static_cast<std::size_t>(last);
      const double above = std::log(error(j, last - 1) / tolerance);
      const double fall = std::log(error(j, last - 1) / std::max(error(j, last), 1e-300));
      needed(j) = products[i - 1] + (products[i] - products[i - 1]) * above / fall;
    }
  }
  return needed;
}

VectorXd lissa_products_to_reach(const LinearProblem& problem, double scale, double tolerance) {
  VectorXd needed(problem.b.cols());
  for (Index j = 0; j < needed.size(); ++j) {
    const VectorXd exact = problem.coordinates.col(j).cwiseQuotient(problem.values);  // (n)
    const auto small_enough = [&](double depth) {
      const VectorXd left = (1 - problem.values.array() / scale).abs().pow(depth + 1);  // (n)
      return left.cwiseProduct(exact).norm() <= tolerance * exact.norm();
    };
    double low = 0, high = 1;
    while (!small_enough(high) && high < 1e15) high *= 2;
    while (high - low > 1) {
      const double middle = std::floor(0.5 * (low + high));
      (small_enough(middle) ? high : low) = middle;
    }
    needed(j) = high;
  }
  return needed;
}

}  // namespace leaveout
