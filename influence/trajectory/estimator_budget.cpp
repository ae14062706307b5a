// SPDX-License-Identifier: MIT
#include "influence/trajectory/estimator_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "influence/trajectory/unrolled.h"

namespace leaveout {

using Eigen::MatrixXd;

namespace {

using Kind = TrajectoryEstimator;

/// Lines against the exact derivative, in the order in which they are asked for.
class Budget {
 public:
  Budget(const Trajectory& path, const QueryLosses& queries, const TrajectoryOptions& options)
      : path_(path),
        queries_(queries),
        options_(options),
        exact_(unrolled_values(path, queries.gradients(path.theta_end()))) {}

  void walk(const std::string& name, const Approximation& how) {
    add(name, approximate_values(path_, queries_, how));
  }
  void diff_in(const std::string& name, const DiffInOptions& how) {
    add(name, diff_in_scores(path_, queries_, how).values);
  }
  void estimate(const std::string& name, Kind kind, const TrajectoryOptions& options) {
    add(name, trajectory_estimate(kind, path_, queries_, options).values);
  }

  void gradient_products(Kind kind);
  void double_sum(Kind kind);
  void segments(Kind kind);

  std::vector<BudgetLine> lines;

 private:
  void add(const std::string& name, const MatrixXd& values) {
    lines.push_back(budget_line(name, values, exact_));
  }

  Trajectory path_;
  const QueryLosses& queries_;
  const TrajectoryOptions& options_;
  MatrixXd exact_;  // (Q x N)
};

/// Sums of products of the query's gradient and the example's.
void Budget::gradient_products(Kind kind) {
  walk("no curvature", {.order = 0});
  if (kind == Kind::first_order) return;
  if (kind == Kind::tracin_ideal || kind == Kind::tracin_first_order ||
      kind == Kind::tracin_checkpoints)
    walk("query's gradient where the step is", {.moving_target = true});
  if (kind == Kind::tracin_ideal || kind == Kind::tracin_first_order) return;
  walk("expected membership", {.expected_membership = true});
  if (kind != Kind::tracin_checkpoints || options_.sampled.sampling == Sampling::all) return;
  const Index m = std::min(options_.sampled.count, path_.steps());
  walk(fmt::format("{} checkpoints", m),
       {.checkpoints = m,
        .random_checkpoints = options_.sampled.sampling == Sampling::random,
        .seed = options_.sampled.seed});
}

void Budget::double_sum(Kind kind) {
  const DiffInOptions whole = consistent_diff_in(), own = diff_in_options(kind, options_);
  diff_in("double sum, nothing dropped", whole);
  const auto departs = [&](const std::string& name, bool differs, auto change) {
    if (!differs) return;
    DiffInOptions one = whole;
    change(one);
    diff_in("double sum, " + name, one);
  };
  departs("weight t", own.weight != whole.weight, [&](auto& o) { o.weight = own.weight; });
  departs("another first-order term", own.first_order != whole.first_order, [&](auto& o) {
    o.first_order = own.first_order;
  });
  departs("query's gradient where the step is",
          own.query_gradient_at_end != whole.query_gradient_at_end,
          [&](auto& o) { o.query_gradient_at_end = own.query_gradient_at_end; });
  departs(fmt::format("{} checkpoints", own.checkpoints.count),
          own.checkpoints.sampling != whole.checkpoints.sampling,
          [&](auto& o) { o.checkpoints = own.checkpoints; });
  departs("another batch's curvature",
          own.proxy != whole.proxy || own.proxy_batches != whole.proxy_batches,
          [&](auto& o) {
            o.proxy = own.proxy;
            o.proxy_size = own.proxy_size;
            o.proxy_batches = own.proxy_batches;
            o.proxy_seed = own.proxy_seed;
          });
  departs("finite differences", own.products.products != whole.products.products, [&](auto& o) {
    o.products.products = own.products.products;
    o.products.epsilon = own.products.epsilon;
  });
  departs("no weight decay in its products",
          own.products.with_weight_decay != whole.products.with_weight_decay,
          [&](auto& o) { o.products.with_weight_decay = own.products.with_weight_decay; });
  departs("average in place of the sum", own.sum_over_steps != whole.sum_over_steps, [&](auto& o) {
    o.sum_over_steps = own.sum_over_steps;
  });
}

void Budget::segments(Kind kind) {
  walk("expected membership", {.expected_membership = true});
  if (kind == Kind::source_gauss_newton || kind == Kind::source_ek_fac)
    add("Gauss-Newton matrices",
        unrolled_values(
            path_, queries_.gradients(path_.theta_end()), {.curvature = Curvature::gauss_newton}));
  if (kind == Kind::source_hessian) return;
  TrajectoryOptions whole = options_;
  if (kind == Kind::influence_function) whole.segments = 1;
  estimate(fmt::format(
               "{} stationary segment{}, Hessians", whole.segments, whole.segments == 1 ? "" : "s"),
           Kind::source_hessian,
           whole);
}

}  // namespace

std::vector<BudgetLine> estimator_budget(Kind kind,
                                         const Trajectory& path,
                                         const QueryLosses& queries,
                                         const TrajectoryOptions& options) {
  const std::string name = trajectory_estimator_name(kind);
  if (!has_query(kind))
    throw std::invalid_argument(
        fmt::format("[error budget] {} has no query, expected an estimator of queries' losses: it "
                    "cannot be held against their derivative",
                    name));
  Budget budget(path, queries, options);
  switch (kind) {
    case Kind::first_order:
    case Kind::tracin_ideal:
    case Kind::tracin_first_order:
    case Kind::tracin_checkpoints:
    case Kind::grad_dot:
    case Kind::grad_cos:
      budget.gradient_products(kind);
      break;
    case Kind::diff_in:
    case Kind::diff_in_differences:
    case Kind::diff_in_consistent:
      budget.double_sum(kind);
      break;
    case Kind::source_hessian:
    case Kind::source_gauss_newton:
    case Kind::source_ek_fac:
    case Kind::influence_function:
      budget.segments(kind);
      break;
    default:
      break;  // exact, or one thing left out: its own line
  }
  budget.estimate(name, kind, options);
  return std::move(budget.lines);
}

}  // namespace leaveout
