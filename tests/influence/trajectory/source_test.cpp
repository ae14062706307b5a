// SPDX-License-Identifier: MIT
#include "influence/trajectory/source.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <unsupported/Eigen/MatrixFunctions>

#include "influence/curvature/ek_fac.h"
#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd weighted_gradients(const Recorded& s, const VectorXd& theta) {
  return loss_gradients(s.problem.model, s.problem.train, theta) * s.objective.weights.asDiagonal();
}

constexpr SourceCurvature kAll[] = {
    SourceCurvature::hessian, SourceCurvature::gauss_newton, SourceCurvature::ek_fac};

MatrixXd source(const Recorded& s, const SourceOptions& options) {
  return source_scores(s.path(), s.queries(), options).values;
}

/// The mean curvature at `points`.
MatrixXd curvature_at(const Recorded& s,
                      const std::vector<VectorXd>& points,
                      SourceCurvature curvature) {
  if (curvature == SourceCurvature::ek_fac) return EkFac(s.objective, points).dense();
  const bool hessian = curvature == SourceCurvature::hessian;
  Evaluator evaluate(s.objective);
  MatrixXd h = MatrixXd::Zero(s.start.size(), s.start.size());
  for (const VectorXd& theta : points)
    h += evaluate.curvature(theta, hessian ? Curvature::full : Curvature::gauss_newton);
  return h / static_cast<double>(points.size());
}

/// (P x N), two segments written down forward, with dense exponentials and a linear solver: none of
/// source.cpp's means.
MatrixXd forward_sum(const Recorded& s, double momentum, SourceCurvature curvature) {
  const Index steps = s.log.steps(), cut = steps / 2;
  Replay replay(s.objective, s.log);
  const MatrixXd one = MatrixXd::Identity(s.start.size(), s.start.size());
  MatrixXd u = MatrixXd::Zero(s.start.size(), s.problem.size());
  for (const auto& [begin, end] : {std::pair{Index{0}, cut}, std::pair{cut, steps}}) {
    double time = 0;
    for (Index t = begin; t < end; ++t) time += s.log.rates[static_cast<std::size_t>(t)];
    time /= 1 - momentum;
    MatrixXd g = 0 * u;
    std::vector<VectorXd> points;
    for (const Index t : segment_checkpoints(begin, end, 2)) {
      points.push_back(replay.theta(t));
      g += 0.5 * weighted_gradients(s, points.back());
    }
    const MatrixXd h = curvature_at(s, points, curvature);
    const MatrixXd exponent = -time * h;
    const MatrixXd decay = exponent.exp();
    u = (decay * u + (one - decay) * h.partialPivLu().solve(g)).eval();
  }
  return u;
}

}  // namespace

TEST_CASE("(1 - e^-x) / x is right to rounding at zero, near it, far away and below it") {
  CHECK(decay_share(0) == 1);
  CHECK(decay_share(1e-9) == doctest::Approx(1 - 0.5e-9).epsilon(1e-15));
  CHECK(decay_share(-1e-9) == doctest::Approx(1 + 0.5e-9).epsilon(1e-15));
  CHECK(decay_share(1) == doctest::Approx(1 - std::exp(-1.0)).epsilon(1e-15));
  CHECK(decay_share(-2) == doctest::Approx((std::exp(2.0) - 1) / 2).epsilon(1e-15));
  CHECK(decay_share(1e6) == doctest::Approx(1e-6).epsilon(1e-15));
}

TEST_CASE("checkpoints are the middles of equal parts of a segment") {
  CHECK(segment_checkpoints(10, 20, 1) == std::vector<Index>{15});
  CHECK(segment_checkpoints(10, 20, 2) == std::vector<Index>{12, 17});
  CHECK(segment_checkpoints(4, 5, 3) == std::vector<Index>{4});
  CHECK(segment_checkpoints(0, 3, 3) == std::vector<Index>{0, 1, 2});
}

TEST_CASE("source is its forward sum of segments, with the matrix exponential itself") {
  for (const Problem& p : {tanh_classification_problem(), cnn_problem()})
    for (const double momentum : {0.0, 0.5})
      for (const SourceCurvature curvature : kAll) {
        const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, momentum));
        const MatrixXd u = forward_sum(s, momentum, curvature);
        const MatrixXd forward = s.queries().gradients(s.log.end.theta).transpose() * u;
        CHECK(relative_distance(source(s, {.segments = 2, .curvature = curvature}), forward) <
              1e-10);
      }
}

TEST_CASE("one segment of a long descent on a strongly convex problem is the influence function") {
  const Problem p = logistic_problem();
  const Recorded s = uneven(p, descent(1, 4000));
  const VectorXd theta = s.log.end.theta;
  const MatrixXd h = Evaluator(s.objective).curvature(theta, Curvature::full);
  const MatrixXd influence =
      s.queries().gradients(theta).transpose() * h.llt().solve(weighted_gradients(s, theta));
  const SourceOptions options{
      .segments = 1, .checkpoints = 1, .curvature = SourceCurvature::hessian};
  CHECK(relative_distance(source(s, options), influence) < 1e-9);
}

TEST_CASE("where the learning rate vanishes, source is the first-order sum at its checkpoints") {
  Protocol protocol = protocol_of(OptimiserKind::sgd, 0);
  protocol.learning_rate = 1e-10;
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol);
  UnrollOptions first;
  first.propagate = false;
  double time = 0;
  for (const double rate : s.log.rates) time += rate;
  const MatrixXd gradients = s.queries().gradients(s.log.end.theta);
  const MatrixXd tracin = time * gradients.transpose() * weighted_gradients(s, s.start);
  CHECK(relative_distance(source(s, {.curvature = SourceCurvature::hessian}), tracin) < 1e-8);
  // Six epochs draw each example six times: the sum over actual batches differs by its rates only.
  CHECK(relative_distance(unrolled_scores(s.path(), s.queries(), first).values, tracin) < 0.2);
}

TEST_CASE(
    "with a segment for each step, source is the unrolled derivative to first order in rate") {
  const Problem p = tanh_regression_problem();
  double error[2];
  for (int k = 0; k < 2; ++k) {
    const Index steps = k == 0 ? 20 : 40;
    const Recorded s = uneven(p, descent(2.0 / static_cast<double>(steps), steps));
    const MatrixXd exact = unrolled_scores(s.path(), s.queries()).values;
    const SourceOptions options{.segments = steps, .curvature = SourceCurvature::hessian};
    error[k] = relative_distance(source(s, options), exact);
  }
  CHECK(error[0] < 0.1);
  CHECK(error[0] / error[1] == doctest::Approx(2).epsilon(0.15));
}

TEST_CASE("source has the sign of retraining") {
  const Problem p = tanh_classification_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0.5));
  const QueryLosses mean = s.queries(QueryLosses::As::mean);
  for (const SourceCurvature curvature : kAll) {
    const Scores scores = source_scores(s.path(), mean, {.curvature = curvature});
    Index strongest = 0;
    scores.values.row(0).cwiseAbs().maxCoeff(&strongest);
    const double truth = mean.values(s.end(strongest, 1))(0) - mean.values(s.log.end.theta)(0);
    CHECK(scores.values(0, strongest) == doctest::Approx(truth).epsilon(0.5));
  }
}

TEST_CASE("source refuses a segment in which negative curvature grows beyond all numbers") {
  const Problem p = tanh_classification_problem();
  const Recorded s(p, plain_sgd(1000000, 1e6, 2));
  CHECK_THROWS_WITH_AS(
      source_scores(s.path(),
                    s.queries(),
                    {.segments = 2, .checkpoints = 1, .curvature = SourceCurvature::hessian}),
      doctest::Contains("expected a finite exponential: take more segments"),
      std::invalid_argument);
}

TEST_CASE("what source cannot do is refused") {
  const Problem p = ridge_problem();
  const Recorded adam = uneven(p, protocol_of(OptimiserKind::adam));
  CHECK_THROWS_AS(source(adam, {}), std::invalid_argument);
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd));
  CHECK_THROWS_AS(source(s, {.segments = 0}), std::invalid_argument);
  CHECK_THROWS_AS(source(s, {.segments = s.log.steps() + 1}), std::invalid_argument);
  CHECK_THROWS_AS(source(s, {.checkpoints = 0}), std::invalid_argument);
  CHECK_NOTHROW(source(s, {.memory = 800}));  // 4 matrices of 5 x 5
  CHECK_THROWS_AS(source(s, {.memory = 799}), std::invalid_argument);
  CHECK_THROWS_AS(source_values(s.path(), MatrixXd::Zero(3, 1)), std::invalid_argument);
}
