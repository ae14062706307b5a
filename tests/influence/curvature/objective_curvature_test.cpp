// SPDX-License-Identifier: MIT
#include "influence/curvature/objective_curvature.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "datasets/random.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Mean over the examples of the expectation, over labels drawn from the model, of g g': the
/// Fisher matrix, label by label. For squared error the label is normal around the output; a rule
/// that is exact for squares puts it one unit above and below in each output.
MatrixXd fisher(const Problem& p, const VectorXd& theta) {
  const MatrixXd y = outputs(p.model, p.train.inputs, theta);
  const MatrixXd mean = output_residuals(p.model, p.train, y) + p.train.targets;  // (O x N)
  const Index o = p.model.outputs();
  MatrixXd f = MatrixXd::Zero(theta.size(), theta.size());
  Dataset relabelled = p.train;
  const auto add = [&](const VectorXd& probabilities) {  // of the labels as they are now
    const MatrixXd g = loss_gradients(p.model, relabelled, theta);
    f += g * probabilities.asDiagonal() * g.transpose();
  };
  const VectorXd one = VectorXd::Ones(p.size());
  switch (p.model.spec().loss) {
    case LossKind::cross_entropy:
      for (Index c = 0; c < o; ++c) {
        relabelled.targets.setZero();
        relabelled.targets.row(c).setOnes();
        add(mean.row(c).transpose());
      }
      break;
    case LossKind::binary_cross_entropy:
      relabelled.targets.setOnes();
      add(mean.row(0).transpose());
      relabelled.targets.setZero();
      add(one - mean.row(0).transpose());
      break;
    default:
      for (Index c = 0; c < o; ++c)
        for (const double side : {1.0, -1.0}) {
          relabelled.targets = y;
          relabelled.targets.row(c).array() += side;
          add(0.5 * one);
        }
  }
  return f / static_cast<double>(p.size());
}

MatrixXd data_curvature(const Problem& p, const VectorXd& theta, Curvature c) {
  Objective q = p.objective();
  q.weight_decay = 0;
  return ObjectiveCurvature(q, theta, c).dense();
}

}  // namespace

TEST_CASE("the operator is the objective's own curvature, weight decay and damping included") {
  for (const Problem& p : every_problem())
    for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
      Objective q = p.objective();
      q.damping = 0.3;
      q.centre = p.anywhere(1);
      q.weights(2) = 0;
      const VectorXd theta = p.anywhere(2);
      const ObjectiveCurvature op(q, theta, c);
      CHECK(op.size() == theta.size());
      const MatrixXd dense = Evaluator(q).curvature(theta, c);
      CHECK(distance(op.dense(), dense) < 1e-13);
      CHECK(distance(op.LinearOperator::dense(), dense) < 1e-12);  // by products alone
      const MatrixXd v = Random(3, {1}).normal_matrix(theta.size(), 3);
      MatrixXd cv(theta.size(), 3), again(theta.size(), 3);
      op.apply(v, cv);
      op.apply(v, again);
      CHECK(distance(cv, dense * v) < 1e-12);
      CHECK(again == cv);
      Objective undamped = q;
      undamped.damping = 0;
      undamped.weight_decay = 0;
      MatrixXd rest = dense - ObjectiveCurvature(undamped, theta, c).dense();
      rest.diagonal().array() -= 0.3 + p.weight_decay;
      CHECK(rest.cwiseAbs().maxCoeff() < 1e-13);
    }
}

TEST_CASE("Gauss-Newton is the Fisher matrix with labels drawn from the model, exactly") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const VectorXd theta = p.anywhere(4);
    const MatrixXd g = data_curvature(p, theta, Curvature::gauss_newton);
    CHECK(distance(fisher(p, theta), g) < 1e-12);
    const MatrixXd own_labels = loss_gradients(p.model, p.train, theta);
    const MatrixXd empirical = own_labels * own_labels.transpose() / static_cast<double>(p.size());
    CHECK(distance(empirical, g) > 0.05);  // the empirical Fisher is something else
  }
}

TEST_CASE("the Fisher matrix of sampled labels tends to Gauss-Newton as 1 / sqrt(samples)") {
  constexpr Index kDraws = 2500;
  for (const Problem& p : every_problem()) {
    if (p.model.spec().loss != LossKind::cross_entropy) continue;
    CAPTURE(p.model.spec().name);
    const VectorXd theta = p.anywhere(7), v = p.anywhere(8);
    const MatrixXd y = outputs(p.model, p.train.inputs, theta);
    const MatrixXd mean = output_residuals(p.model, p.train, y) + p.train.targets;  // (O x N)
    MatrixXd slope(y.rows(), y.cols());  // g_n' v if example n had label c
    for (Index c = 0; c < y.rows(); ++c) {
      Dataset relabelled = p.train;
      relabelled.targets.setZero();
      relabelled.targets.row(c).setOnes();
      slope.row(c) = (loss_gradients(p.model, relabelled, theta).transpose() * v).transpose();
    }
    Random random(9, {1});
    VectorXd error(kDraws);  // v' (F - G) v of one label for each example
    const double exact = v.dot(data_curvature(p, theta, Curvature::gauss_newton) * v);
    for (Index draw = 0; draw < kDraws; ++draw) {
      double sum = 0;
      for (Index n = 0; n < y.cols(); ++n) {
        Index label = 0;
        for (double u = random.uniform(); label + 1 < y.rows() && u >= mean(label, n); ++label)
          u -= mean(label, n);
        sum += slope(label, n) * slope(label, n);
      }
      error(draw) = sum / static_cast<double>(p.size()) - exact;
    }
    const double deviation = std::sqrt(error.squaredNorm() / kDraws);
    CHECK(std::abs(error.mean()) < 4 * deviation / std::sqrt(kDraws));
    const auto root_mean_square = [&](Index samples) {  // of averages over so many draws
      const MatrixXd blocks = error.reshaped(samples, kDraws / samples);
      return std::sqrt(blocks.colwise().mean().squaredNorm() / static_cast<double>(blocks.cols()));
    };
    // 625 and 100 blocks: the ratio's own relative standard error is 8 per cent.
    CHECK(std::abs(root_mean_square(4) / root_mean_square(25) / 2.5 - 1) < 4 * 0.08);
  }
}

TEST_CASE("Hessian = Gauss-Newton + the residual-weighted second derivatives of the outputs") {
  for (const Problem& p : every_problem()) {
    CAPTURE(p.model.spec().name);
    const VectorXd theta = p.anywhere(5);
    // sum_i r_i' f(theta, x_i) / N is a Bregman objective of tilts alone, with r_i held fixed.
    Objective tilts = p.objective();
    tilts.term = ObjectiveTerm::bregman;
    tilts.weight_decay = 0;
    tilts.weights.setZero();
    tilts.centre = theta;
    tilts.centre_outputs = outputs(p.model, p.train.inputs, theta);
    tilts.tilted = all_examples(p.size());
    tilts.tilt =
        output_residuals(p.model, p.train, tilts.centre_outputs) / static_cast<double>(p.size());
    const MatrixXd residual_part = Evaluator(tilts).curvature(theta, Curvature::full);
    const MatrixXd h = data_curvature(p, theta, Curvature::full);
    const MatrixXd g = data_curvature(p, theta, Curvature::gauss_newton);
    CHECK(distance(g + residual_part, h) < 1e-12);
    CHECK(residual_part.isZero(1e-13) == p.model.spec().hidden.empty());
  }
}

TEST_CASE("relu: each layer's diagonal block of the Hessian is its Gauss-Newton block") {
  const Problem smooth = tanh_classification_problem();
  ModelSpec spec = parse_model("mlp:4,3", Task::multiclass, 2, 3);
  spec.activation = Activation::relu;
  const Problem p{Model(spec), smooth.train, smooth.query, 0};
  const VectorXd theta = p.anywhere(6, 1);
  const MatrixXd h = data_curvature(p, theta, Curvature::full);
  const MatrixXd g = data_curvature(p, theta, Curvature::gauss_newton);
  CHECK(distance(g, h) > 0.01);
  Index offset = 0;
  for (const Index size : {4 * 3, 3 * 5, 3 * 4}) {
    CHECK(distance(h.block(offset, offset, size, size), g.block(offset, offset, size, size)) <
          1e-12);
    offset += size;
  }
}

TEST_CASE("sampled products are unbiased, and the batch is decided by (seed, repeat, step)") {
  const Problem p = softmax_problem(30);
  Objective q = p.objective();
  q.weights(3) = 0;
  const VectorXd theta = p.anywhere(7), v = p.anywhere(8, 1);
  MatrixXd expected(theta.size(), 1), one(theta.size(), 1), again(theta.size(), 1);
  ObjectiveCurvature(q, theta, Curvature::gauss_newton).apply(v, expected);
  SampledCurvature sampled(q, theta, Curvature::gauss_newton, 4, 9);
  const Index draws = 4000;
  VectorXd sum = VectorXd::Zero(theta.size()), squares = sum;
  for (Index i = 0; i < draws; ++i) {
    sampled.apply(i, 1, v, one);
    sum += one.col(0);
    squares += one.col(0).cwiseAbs2();
  }
  const double n = static_cast<double>(draws);
  const VectorXd mean = sum / n;
  const VectorXd error = ((squares / n - mean.cwiseAbs2()) / n).cwiseSqrt();
  for (Index i = 0; i < theta.size(); ++i) {
    CHECK(error(i) < 0.1 * expected.cwiseAbs().maxCoeff());
    CHECK(std::abs(mean(i) - expected(i, 0)) < 4 * error(i));
  }
  sampled.apply(5, 2, v, one);
  sampled.apply(6, 2, v, again);
  CHECK(one != again);
  SampledCurvature(q, theta, Curvature::gauss_newton, 4, 9).apply(5, 2, v, again);
  CHECK(one == again);
  SampledCurvature(q, theta, Curvature::gauss_newton, 4, 10).apply(5, 2, v, again);
  CHECK(one != again);
}

TEST_CASE("objectives of Bregman and quadratic terms are sent to their centre's losses") {
  const Problem p = ridge_problem();
  Objective q = p.objective();
  q.term = ObjectiveTerm::quadratic;
  q.centre = p.anywhere(1);
  CHECK_THROWS_AS(ObjectiveCurvature(q, q.centre, Curvature::full), std::invalid_argument);
  CHECK_THROWS_AS(SampledCurvature(q, q.centre, Curvature::full, 4, 1), std::invalid_argument);
}
