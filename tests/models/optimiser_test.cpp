// SPDX-License-Identifier: MIT
#include "models/optimiser.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "datasets/random.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kP = 7, kColumns = 3;

Protocol protocol_of(OptimiserKind kind) {
  Protocol p;
  p.optimiser = kind;
  p.momentum = kind == OptimiserKind::adam ? 0 : 0.8;
  p.beta1 = 0.7;
  p.beta2 = 0.9;
  p.epsilon = 1e-3;  // large enough to be seen
  return p;
}

VectorXd normal(std::uint64_t seed) {
  return Random(seed).normal_matrix(kP, 1);
}

/// Some steps into a training: no buffer is zero.
OptimiserState on_the_way(const Protocol& p) {
  OptimiserState state = initial_state(p, normal(1));
  for (std::uint64_t t = 0; t < 3; ++t) advance(p, 0.1, normal(10 + t), state);
  return state;
}

struct Direction {
  MatrixXd g;  // (P x K)
  StateColumns state;
};

Direction direction_of(const Protocol& p, std::uint64_t seed) {
  Random random(seed);
  Direction d{random.normal_matrix(kP, kColumns), zero_columns(p, kP, kColumns)};
  for (MatrixXd* m : {&d.state.theta, &d.state.first, &d.state.second})
    if (m->size() > 0) *m = random.normal_matrix(kP, kColumns);
  return d;
}

/// The state after one step from s + h d with the gradient g + h d.
OptimiserState moved(const Protocol& p,
                     OptimiserState s,
                     const VectorXd& g,
                     const Direction& d,
                     Index column,
                     double h) {
  s.theta += h * d.state.theta.col(column);
  s.first += h * d.state.first.col(column);
  if (s.second.size() > 0) s.second += h * d.state.second.col(column);
  advance(p, 0.3, g + h * d.g.col(column), s);
  return s;
}

double dot(const MatrixXd& a, const MatrixXd& b) {
  return a.size() == 0 ? 0 : a.cwiseProduct(b).sum();
}

constexpr OptimiserKind kKinds[] = {
    OptimiserKind::sgd, OptimiserKind::nesterov, OptimiserKind::adam};

}  // namespace

TEST_CASE("a step's derivative is the limit of differences, for every rule and every buffer") {
  for (const OptimiserKind kind : kKinds) {
    const Protocol p = protocol_of(kind);
    OptimiserState state = on_the_way(p);
    if (state.second.size() > 0) state.second.array() += 1;  // away from where differences leave
    const VectorXd g = normal(20);
    OptimiserState after = state;
    advance(p, 0.3, g, after);
    const Direction d = direction_of(p, 30);
    StateColumns tangent = d.state;
    StepDerivative(p, 0.3, g, after).push(d.g, tangent);
    constexpr double h = 1e-5;
    for (Index k = 0; k < kColumns; ++k) {
      const OptimiserState plus = moved(p, state, g, d, k, h), minus = moved(p, state, g, d, k, -h);
      const auto off = [&](const VectorXd& a, const VectorXd& b, const MatrixXd& t) {
        return a.size() == 0 ? 0 : ((a - b) / (2 * h) - t.col(k)).norm() / t.col(k).norm();
      };
      CHECK(off(plus.theta, minus.theta, tangent.theta) < 2e-9);
      CHECK(off(plus.first, minus.first, tangent.first) < 2e-9);
      CHECK(off(plus.second, minus.second, tangent.second) < 2e-9);
    }
  }
}

TEST_CASE("pulled back adjoints are the transpose of pushed tangents") {
  for (const OptimiserKind kind : kKinds) {
    const Protocol p = protocol_of(kind);
    OptimiserState after = on_the_way(p);
    const VectorXd g = normal(20);
    advance(p, 0.3, g, after);
    const StepDerivative derivative(p, 0.3, g, after);
    const Direction in = direction_of(p, 30);
    const StateColumns out = direction_of(p, 40).state;
    StateColumns pushed = in.state, pulled = out;
    derivative.push(in.g, pushed);
    const MatrixXd g_bar = derivative.pull(pulled);
    const double forward = dot(out.theta, pushed.theta) + dot(out.first, pushed.first) +
                           dot(out.second, pushed.second);
    const double backward = dot(pulled.theta, in.state.theta) + dot(pulled.first, in.state.first) +
                            dot(pulled.second, in.state.second) + dot(g_bar, in.g);
    CHECK(forward == doctest::Approx(backward).epsilon(1e-13));
  }
}

TEST_CASE("Nesterov's step looks ahead along its own velocity") {
  const Protocol p = protocol_of(OptimiserKind::nesterov);
  OptimiserState state = initial_state(p, VectorXd::Zero(1));
  advance(p, 0.5, VectorXd::Constant(1, 2.0), state);
  CHECK(state.theta(0) == doctest::Approx(-0.5 * (2 + 0.8 * 2)).epsilon(1e-15));
  advance(p, 0.5, VectorXd::Constant(1, 1.0), state);  // v = 0.8 * 2 + 1 = 2.6
  CHECK(state.theta(0) == doctest::Approx(-1.8 - 0.5 * (1 + 0.8 * 2.6)).epsilon(1e-15));
  CHECK(state.steps == 2);
}

TEST_CASE("where no gradient ever was, Adam's derivative is zero and not a division by zero") {
  const Protocol p = protocol_of(OptimiserKind::adam);
  OptimiserState after = initial_state(p, VectorXd::Zero(kP));
  const VectorXd g = VectorXd::Zero(kP);
  advance(p, 0.3, g, after);
  StateColumns t = zero_columns(p, kP, 1);
  StepDerivative(p, 0.3, g, after).push(MatrixXd::Zero(kP, 1), t);
  CHECK(t.theta.isZero(0));
  CHECK(t.second.isZero(0));
}

TEST_CASE("a cosine schedule starts at the learning rate and no step has rate zero") {
  Protocol p;
  p.learning_rate = 0.2;
  CHECK(rate_at(p, 7, 8) == 0.2);
  p.schedule = RateSchedule::cosine;
  CHECK(rate_at(p, 0, 8) == 0.2);
  CHECK(rate_at(p, 4, 8) == doctest::Approx(0.1).epsilon(1e-15));
  CHECK(rate_at(p, 2, 8) == doctest::Approx(0.1 * (1 + std::sqrt(0.5))).epsilon(1e-15));
  CHECK(rate_at(p, 7, 8) > 0);
  CHECK(describe(p).ends_with("schedule=cosine"));
  CHECK(parse_schedule(schedule_name(p.schedule)) == p.schedule);
  CHECK(parse_optimiser("nesterov") == OptimiserKind::nesterov);
  CHECK_THROWS_AS(parse_schedule("linear"), std::invalid_argument);
}

TEST_CASE("steps are counted with the short batch at the end of an epoch") {
  Protocol p;
  p.epochs = 3;
  p.batch_size = 7;
  CHECK(step_count(p, 21) == 9);
  CHECK(step_count(p, 22) == 12);
  CHECK(step_count(p, 5) == 3);
}
