// SPDX-License-Identifier: MIT
#include "experiments/memorization/relative_influence_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/memory.h"
#include "influence/few_parameters/relative_influence.h"
#include "influence/few_parameters/restricted_influence.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kListed = 10;   // names of a list that is compared
constexpr double kTripled = 3;  // no power of two: the rounding differs

struct Gradients {
  MatrixXd query, train, valid;  // (P x examples)
};

/// What one factorisation of H gives.
struct Solved {
  MatrixXd steps, query_steps;  // (P x N), (P x Q)
  MatrixXd influence;           // (Q x N)
  VectorXd self, query_self;
  bool converged = false;
};

Solved solve(const MatrixXd& h, const Gradients& g) {
  const Index n = g.train.cols();
  MatrixXd targets(h.rows(), n + g.query.cols());
  targets << g.train, g.query;
  const Solution solution = restricted_steps(h, targets, n);
  Solved s;
  s.converged = solution.converged;
  s.steps = solution.x.leftCols(n);
  s.query_steps = solution.x.rightCols(g.query.cols());
  s.influence = g.query.transpose() * s.steps;
  s.self = self_influence(s.steps, g.train);
  s.query_self = self_influence(s.query_steps, g.query);
  return s;
}

MatrixXd over_self(const MatrixXd& scores, const VectorXd& self) {
  MatrixXd result(scores.rows(), scores.cols());
  for (Index t = 0; t < scores.rows(); ++t)
    result.row(t) = benefit_ratios(scores.row(t).transpose(), self).transpose();
  return result;
}

void fill_scores(const Solved& solved, RelativeScores& s) {
  const MatrixXd& scores = solved.influence;
  s.influence = scores;
  s.self = solved.self;
  s.theta_relatif = theta_relatif(scores, solved.steps);
  s.loss_relatif = loss_relatif(scores, solved.self, scores.cols());
  s.cosine = influence_cosine(scores, solved.query_self, solved.self);
  s.shares = influence_shares(scores);
  s.ratio = influence_ratios(scores, s.reference);
  s.per_self = over_self(scores, solved.self);
}

/// Largest difference of two matrices, relative to the largest entry of the second.
double difference(const MatrixXd& a, const MatrixXd& b) {
  const MatrixXd gap = a - b;
  return gap.cwiseAbs().maxCoeff() / b.cwiseAbs().maxCoeff();
}

double scale_error(const MatrixXd& h, const Gradients& g, const RelativeScores& s) {
  RelativeScores other;
  other.reference = s.reference;
  const MatrixXd tripled = kTripled * h;
  fill_scores(solve(tripled, g), other);
  const MatrixXd loss = std::sqrt(kTripled) * other.loss_relatif;
  return std::max({difference(other.theta_relatif, s.theta_relatif),
                   difference(loss, s.loss_relatif),
                   difference(other.cosine, s.cosine),
                   difference(other.shares, s.shares),
                   difference(other.ratio, s.ratio),
                   difference(other.per_self, s.per_self)});
}

Index unequal_lists(const RelativeScores& s) {
  const auto list = [](const MatrixXd& scores, Index t, double sign) {
    const VectorXd row = sign * scores.row(t).transpose();
    return largest_of(row, std::min(kListed, row.size()));
  };
  Index unequal = 0;
  for (Index t = 0; t < s.influence.rows(); ++t) {
    const double sign = s.influence(t, s.reference) > 0 ? 1 : -1;
    unequal += list(s.shares, t, 1) != list(s.influence, t, 1) ? 1 : 0;
    unequal += list(s.cosine, t, 1) != list(s.loss_relatif, t, 1) ? 1 : 0;
    unequal += list(s.ratio, t, 1) != list(s.influence, t, sign) ? 1 : 0;
  }
  return unequal;
}

RelativeChecks check(const MatrixXd& h,
                     const Gradients& g,
                     const Solved& solved,
                     const RelativeScores& s) {
  RelativeChecks c;
  c.cosine_excess = s.cosine.cwiseAbs().maxCoeff() - 1;
  const MatrixXd among = g.train.transpose() * solved.steps;
  const VectorXd own = influence_cosine(among, solved.self, solved.self).diagonal();
  for (Index i = 0; i < own.size(); ++i)
    if (solved.self(i) > 0) c.own_cosine = std::max(c.own_cosine, std::abs(own(i) - 1));
  const double n = static_cast<double>(g.train.cols());
  const VectorXd lengths = (n * solved.query_self).cwiseSqrt();
  const MatrixXd product = lengths.asDiagonal() * s.cosine;
  c.factor = difference(product, s.loss_relatif);
  const MatrixXd unit = solved.steps.colwise().normalized();
  const MatrixXd change = g.query.transpose() * unit;
  c.unit_step = difference(s.theta_relatif, change);
  const VectorXd largest = s.theta_relatif.cwiseAbs().rowwise().maxCoeff();
  const VectorXd bounds = g.query.colwise().norm().transpose();
  c.gradient_excess = -1;
  for (Index t = 0; t < bounds.size(); ++t)
    if (bounds(t) > 0) c.gradient_excess = std::max(c.gradient_excess, largest(t) / bounds(t) - 1);
  c.scale = scale_error(h, g, s);
  c.orders = unequal_lists(s);
  return c;
}

void require_enough_memory(const GroupedTask& task, Index parameters) {
  const auto p = static_cast<std::size_t>(parameters);
  const Index examples = task.train->size() + task.test->size() + task.validation->size();
  require_memory("relative-influence",
                 8 * p * (5 * p + 8 * static_cast<std::size_t>(examples)),
                 0,
                 fmt::format("a dense matrix of {} parameters", p),
                 "use a smaller model");
}

}  // namespace

RelativeScores relative_scores(const GroupedTask& task,
                               const VectorXd& theta,
                               const RelativeOptions& how) {
  require_enough_memory(task, theta.size());
  const Objective objective =
      training_objective(*task.model, *task.train, task.problem.weight_decay);
  Evaluator evaluate(objective);
  VectorXd gradient(theta.size());
  evaluate.gradient(theta, gradient);
  MatrixXd h = evaluate.curvature(theta, how.curvature, how.threads);
  h.diagonal().array() += how.damping;
  const Gradients g{loss_gradients(*task.model, *task.test, theta),
                    loss_gradients(*task.model, *task.train, theta),
                    loss_gradients(*task.model, *task.validation, theta)};
  const Solved solved = solve(h, g);
  RelativeScores s;
  s.gradient_norm = gradient.norm();
  s.solved = solved.converged;
  const VectorXd sizes = solved.influence.cwiseAbs().colwise().sum().transpose();
  sizes.maxCoeff(&s.reference);
  fill_scores(solved, s);
  s.reference_helps = (solved.influence.col(s.reference).array() > 0).cast<double>().mean();
  const MatrixXd on_valid = g.valid.transpose() * solved.steps;
  s.on_valid = mean_influence(on_valid);
  s.benefit = benefit_ratios(s.on_valid, s.self);
  s.checks = check(h, g, solved, s);
  return s;
}

std::vector<Index> largest_of(const VectorXd& values, Index count) {
  const VectorXd merged = merge_ties(values);
  std::vector<Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(
      order.begin(), order.end(), [&](Index a, Index b) { return merged(a) > merged(b); });
  order.resize(static_cast<std::size_t>(std::min(count, values.size())));
  return order;
}

}  // namespace leaveout
