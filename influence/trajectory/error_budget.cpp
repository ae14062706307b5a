// SPDX-License-Identifier: MIT
#include "influence/trajectory/error_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/metrics/correlation.h"
#include "influence/trajectory/checkpoints.h"
#include "influence/trajectory/unrolled.h"
#include "models/third_derivative.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kBatches = 4;     // of the standard budget's means of several
constexpr Index kDirections = 8;  // columns of a product that share a sweep

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[error budget] " + what);
}

void check(const Trajectory& path, const Approximation& how) {
  require(how.order.value_or(0) >= 0,
          fmt::format("order, expected at least 0, got {}", how.order.value_or(0)));
  require(how.checkpoints >= 0 && how.checkpoints <= path.steps(),
          fmt::format("checkpoints, expected 1 to {} steps, or 0 for all, got {}",
                      path.steps(),
                      how.checkpoints));
  require(how.proxy_batches >= 1,
          fmt::format("proxy_batches, expected at least 1, got {}", how.proxy_batches));
  require(how.proxy_batch >= 0 && how.difference >= 0 && how.gradient_period >= 1,
          fmt::format("proxy_batch, difference and gradient_period, expected at least 0, 0 and 1, "
                      "got {}, {} and {}",
                      how.proxy_batch,
                      how.difference,
                      how.gradient_period));
}

std::vector<Index> first_examples(Index n) {
  std::vector<Index> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

/// The walk of unrolled_values(), with what `how` changes in it.
class Walk {
 public:
  Walk(const Trajectory& path, const QueryLosses& queries, const Approximation& how)
      : path_(path),
        queries_(queries),
        how_(how),
        count_(queries.count()),
        columns_(count_ * (how.order ? *how.order + 1 : 1)),
        evaluate_(*path.objective, 0, std::min(columns_, kDirections)),
        anchors_(*path.objective, *path.log),
        adjoint_(zero_columns(path.log->protocol, path.parameters(), columns_)),
        at_end_(queries.gradients(path.theta_end())),
        last_(MatrixXd::Zero(path.parameters(), count_)),
        all_(first_examples(path.examples())),
        g_(path.parameters()),
        values_(MatrixXd::Zero(count_, path.examples())) {
    const Index m = how.checkpoints == 0 ? path.steps() : how.checkpoints;
    chosen_ = chosen_checkpoints(path.steps(), m, how.random_checkpoints, how.seed);
    factor_ = static_cast<double>(path.steps()) / static_cast<double>(m);
  }

  MatrixXd run() {
    Replay replay(*path_.objective, *path_.log);
    replay.backward([this](const LoggedStep& step) { visit(step); });
    return values_;
  }

 private:
  void visit(const LoggedStep& step);
  void ask(const LoggedStep& step);
  void products(const LoggedStep& step, const MatrixXd& g_bar);
  MatrixXd slopes(const LoggedStep& step, const std::vector<Index>& who, const MatrixXd& g_bar);
  void credit(const LoggedStep& step, const MatrixXd& g_bar);
  std::vector<Index> curvature_batch(const LoggedStep& step) const;
  bool exact_gradients() const { return how_.gradient_period == 1; }

  Trajectory path_;
  const QueryLosses& queries_;
  Approximation how_;
  Index count_, columns_;  // queries; times orders, lowest order first
  Evaluator evaluate_;
  Replay anchors_;
  StateColumns adjoint_;    // (P x columns)
  MatrixXd at_end_, last_;  // (P x Q) queries' gradients: at the end, and at the step visited last
  std::vector<Index> all_, chosen_;
  double factor_;      // T / m
  VectorXd g_;         // (P)
  MatrixXd product_;   // (P x columns)
  MatrixXd tangents_;  // slopes of the curvature's batch, (B x columns)
  Index anchor_ = -1;  // the step of anchor_theta_
  VectorXd anchor_theta_;
  MatrixXd values_;  // (Q x N)
};

void Walk::visit(const LoggedStep& step) {
  ask(step);
  const MatrixXd g_bar = step_derivative(path_, step, evaluate_, g_).pull(adjoint_);
  products(step, g_bar);
  // Cut after some order, the curvature moves each order on to the next, and the last one nowhere.
  const Index fed = how_.order ? columns_ - count_ : columns_;
  adjoint_.theta.rightCols(fed) += product_.leftCols(fed);
  if (std::binary_search(chosen_.begin(), chosen_.end(), step.number)) credit(step, g_bar);
}

/// Adds to the adjoint what the tangents u after this step weigh in what is asked.
void Walk::ask(const LoggedStep& step) {
  const Index t = step.number, last = path_.steps() - 1;
  const double whole = static_cast<double>(path_.steps());
  auto adjoint = adjoint_.theta.leftCols(count_);
  const MatrixXd target = how_.moving_target ? queries_.gradients(step.before.theta) : at_end_;
  // sum over t of target_t' (u_{t+1} - u_t) has (target_t - target_{t+1})' u_{t+1} in it.
  adjoint += target - last_;
  if (how_.dropped == DroppedTerm::first_boundary && t == 0) adjoint -= whole * target;
  if (how_.dropped == DroppedTerm::last_boundary && t == last) adjoint -= whole * target;
  if (how_.dropped == DroppedTerm::last_boundary && t == last - 1) adjoint += whole * last_;
  last_ = target;
}

std::vector<Index> Walk::curvature_batch(const LoggedStep& step) const {
  if (how_.proxy_batch == 0) return epoch_batches(*path_.log, step.number, how_.proxy_batches);
  const Index size = how_.proxy_batches * how_.proxy_batch;
  if (size >= path_.examples()) return all_;
  Random random(how_.seed, {0x70726f7879 /* "proxy" */, static_cast<std::uint64_t>(step.number)});
  std::vector<Index> batch = random.permutation(path_.examples());
  batch.resize(static_cast<std::size_t>(size));
  return batch;
}

/// Curvature products of the gradient's adjoints into product_.
void Walk::products(const LoggedStep& step, const MatrixXd& g_bar) {
  const std::vector<Index> batch = curvature_batch(step);
  const VectorXd& theta = step.before.theta;
  if (how_.difference == 0) {
    evaluate_.batch_curvature_product(theta, batch, g_bar, product_, Curvature::full, &tangents_);
    return;
  }
  product_.setZero(g_bar.rows(), g_bar.cols());
  VectorXd here, there;
  step_gradient(evaluate_, theta, batch, here);
  for (Index k = 0; k < g_bar.cols(); ++k) {
    const double length = g_bar.col(k).norm();
    if (length == 0) continue;
    const VectorXd moved = theta + (how_.difference / length) * g_bar.col(k);
    step_gradient(evaluate_, moved, batch, there);
    product_.col(k) = (length / how_.difference) * (there - here);
  }
}

/// g_i' g_bar of the examples `who`, (who x columns), with the gradients that `how` has.
MatrixXd Walk::slopes(const LoggedStep& step,
                      const std::vector<Index>& who,
                      const MatrixXd& g_bar) {
  const Dataset part = take(path_.train(), who);
  if (exact_gradients()) return loss_slopes(path_.model(), part, step.before.theta, g_bar);
  const Index anchor = step.number - step.number % how_.gradient_period;
  if (anchor != anchor_) anchor_theta_ = anchors_.theta(anchor);
  anchor_ = anchor;
  MatrixXd found = loss_slopes(path_.model(), part, anchor_theta_, g_bar);
  if (!how_.linearised || anchor == step.number) return found;
  const VectorXd moved = step.before.theta - anchor_theta_;
  const MatrixXd bent = loss_hessian_products(path_.model(), part, anchor_theta_, moved);
  found.noalias() += bent.transpose() * g_bar;
  return found;
}

/// What the step's examples had to do with the gradient goes to their values.
void Walk::credit(const LoggedStep& step, const MatrixXd& g_bar) {
  std::vector<Index> who(step.batch.begin(), step.batch.end());
  if (how_.expected_membership) who = all_;
  // The tangents of the curvature product are those of its own batch, and the step's is its first.
  const bool by_product = exact_gradients() && !how_.expected_membership && how_.proxy_batch == 0 &&
                          how_.difference == 0;
  const MatrixXd found = by_product ? tangents_ : slopes(step, who, g_bar);
  const auto b = static_cast<Index>(step.batch.size());
  for (std::size_t j = 0; j < who.size(); ++j) {
    const Index i = who[j];
    // b of N places: the share times the chance of one is w_i.
    const double share = how_.expected_membership ? path_.objective->weights(i) : path_.share(i, b);
    for (Index begin = 0; begin < columns_; begin += count_)
      values_.col(i) -=
          factor_ * share * found.row(static_cast<Index>(j)).segment(begin, count_).transpose();
  }
}

/// Spearman over examples, mean over the queries that have one.
std::optional<double> mean_spearman(const MatrixXd& values, const MatrixXd& exact) {
  double sum = 0;
  Index defined = 0;
  for (Index q = 0; q < exact.rows(); ++q)
    if (const auto one = spearman(values.row(q).transpose(), exact.row(q).transpose())) {
      sum += *one;
      ++defined;
    }
  if (defined == 0) return {};
  return sum / static_cast<double>(defined);
}

/// Curvature of another batch, of several, of all data.
void add_proxies(const Trajectory& path, std::vector<NamedApproximation>& all) {
  const Index b = std::min(path.log->protocol.batch_size, path.examples());
  all.push_back({fmt::format("proxy batch {}", b), {.proxy_batch = b}});
  // Fewer than all of them, which are the last line.
  if (const Index k = std::min(kBatches, (path.examples() - 1) / b); k > 1) {
    all.push_back({fmt::format("{} batches of the epoch", k), {.proxy_batches = k}});
    all.push_back({fmt::format("{} proxy batches", k), {.proxy_batch = b, .proxy_batches = k}});
  }
  all.push_back({"curvature of all data", {.proxy_batch = path.examples()}});
}

}  // namespace

std::vector<Index> chosen_checkpoints(Index steps, Index m, bool random, std::uint64_t seed) {
  require(m >= 0 && m <= steps, fmt::format("checkpoints, expected 0 to {}, got {}", steps, m));
  std::vector<Index> chosen;
  if (random) {
    chosen = Random(seed, {0x636865636b /* "check" */}).permutation(steps);
    chosen.resize(static_cast<std::size_t>(m));
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }
  for (Index k = 0; k < m; ++k) chosen.push_back((2 * k + 1) * steps / (2 * m));
  return chosen;
}

MatrixXd approximate_values(const Trajectory& path,
                            const QueryLosses& queries,
                            const Approximation& how) {
  check(path, how);
  if (how.dropped != DroppedTerm::first_order) return Walk(path, queries, how).run();
  Approximation all = how, first = how;
  all.dropped = first.dropped = DroppedTerm::none;
  first.order = 0;
  const MatrixXd whole = Walk(path, queries, all).run();
  return whole - Walk(path, queries, first).run();
}

std::vector<NamedApproximation> standard_budget(const Trajectory& path, std::uint64_t seed) {
  const Index steps = path.steps();
  const Index m = std::min<Index>(5, steps);
  std::vector<NamedApproximation> all;
  for (const Index order : {0, 1, 2, 4, 8})
    all.push_back({fmt::format("order {}", order), {.order = order}});
  for (const bool expected : {false, true})
    for (const bool random : {false, true})
      all.push_back(
          {fmt::format("{} {} checkpoints{}",
                       m,
                       random ? "random" : "even",
                       expected ? ", expected membership" : ""),
           {.checkpoints = m, .random_checkpoints = random, .expected_membership = expected}});
  add_proxies(path, all);
  for (const double e : {1e-2, 1e-3, 1e-5})
    all.push_back({fmt::format("finite difference {}", e), {.difference = e}});
  all.push_back({"expected membership", {.expected_membership = true}});
  const Index period = (steps + m - 1) / std::max<Index>(m, 1);
  for (const Index p : {steps, period})
    for (const bool linear : {false, true})
      all.push_back({fmt::format("gradients {} step {}",
                                 linear ? "linearised from" : "frozen at",
                                 p == steps ? "0" : fmt::format("{}k", p)),
                     {.gradient_period = std::max<Index>(p, 1), .linearised = linear}});
  all.push_back({"moving target", {.moving_target = true}});
  all.push_back({"without first order", {.dropped = DroppedTerm::first_order}});
  for (const bool expected : {false, true})
    for (const bool last : {false, true})
      all.push_back({fmt::format("without {} boundary{}",
                                 last ? "last" : "first",
                                 expected ? ", expected membership" : ""),
                     {.expected_membership = expected,
                      .dropped = last ? DroppedTerm::last_boundary : DroppedTerm::first_boundary}});
  for (NamedApproximation& one : all) one.how.seed = seed;
  return all;
}

BudgetLine budget_line(const std::string& name, const MatrixXd& values, const MatrixXd& exact) {
  const double square = values.squaredNorm(), size = exact.norm();
  BudgetLine line{name, {}, {}, {}};
  if (!std::isfinite(square) || !(size > 0) || !std::isfinite(size)) return line;
  line.relative_error = (values - exact).norm() / size;
  line.scale = square > 0 ? values.cwiseProduct(exact).sum() / square : 0;
  line.spearman = mean_spearman(values, exact);
  return line;
}

std::vector<BudgetLine> error_budget(const Trajectory& path,
                                     const QueryLosses& queries,
                                     const std::vector<NamedApproximation>& approximations) {
  const MatrixXd exact = approximate_values(path, queries, {});
  std::vector<BudgetLine> lines;
  lines.reserve(approximations.size());
  for (const NamedApproximation& one : approximations)
    lines.push_back(budget_line(one.name, approximate_values(path, queries, one.how), exact));
  return lines;
}

}  // namespace leaveout
