// SPDX-License-Identifier: MIT
#include "influence/curvature/ek_fac.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "tests/support/problems.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd gauss_newton(const Objective& q, const VectorXd& theta) {
  return Evaluator(q).curvature(theta, Curvature::gauss_newton);
}

double relative(const MatrixXd& got, const MatrixXd& expected) {
  return (got - expected).norm() / expected.norm();
}

/// Images of 2 x 2 pixels, to be told again.
Problem reconstruction_problem(const std::string& model) {
  Dataset data = make_linear_regression(9, 4, 1.0, 5);
  data.task = Task::reconstruction;
  data.inputs = data.inputs.unaryExpr([](double x) { return 1 / (1 + std::exp(-x)); });
  data.targets = data.inputs;
  data.image = {.channels = 1, .height = 2, .width = 2};
  return make_problem(data, 1, model, 0.01);
}

/// Of an image of 4 x 4 pixels the 3 x 3 around (x, y), zeros outside, and 1.
VectorXd extended_patch(const VectorXd& image, Index x, Index y) {
  VectorXd a = VectorXd::Zero(10);
  for (Index k = 0; k < 9; ++k) {
    const Index row = y + k / 3 - 1, column = x + k % 3 - 1;
    if (row >= 0 && row < 4 && column >= 0 && column < 4) a(k) = image(column + 4 * row);
  }
  a(9) = 1;
  return a;
}

std::vector<Index> count_from(Index begin, Index end) {
  std::vector<Index> numbers;
  for (Index i = begin; i < end; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("EK-FAC is the Gauss-Newton matrix of linear models with squared error") {
  for (const Problem& p : {ridge_problem(), multiple_ridge_problem()}) {
    Objective q = p.objective();
    q.weights(2) *= 3;
    q.damping = 0.1;
    q.centre = p.anywhere(2);
    CHECK(relative(EkFac(q, {p.anywhere(1)}).dense(), gauss_newton(q, p.anywhere(1))) < 1e-13);
  }
}

TEST_CASE("EK-FAC is the Gauss-Newton matrix of one example of a linear model, for every loss") {
  for (const Problem& p : {logistic_problem(), softmax_problem(), multiple_ridge_problem()}) {
    Objective q = p.objective();
    q.weights.setZero();
    q.weights(4) = 0.7;
    CHECK(relative(EkFac(q, {p.anywhere(1)}).dense(), gauss_newton(q, p.anywhere(1))) < 1e-13);
  }
}

TEST_CASE("EK-FAC's values are the diagonal of the mean Gauss-Newton matrix in its basis") {
  std::vector<Problem> problems = every_problem();
  problems.push_back(cnn_problem("lenet:2/3"));
  problems.push_back(cnn_problem("resnet:2"));
  problems.push_back(cnn_problem("resnet:2", 16, 80));  // in more parts than one
  problems.push_back(reconstruction_problem("conv_autoencoder:3,2/2"));
  for (const Problem& p : problems) {
    Objective q = p.objective();
    q.weights(2) *= 3;
    const VectorXd one = p.anywhere(1), other = p.anywhere(2);
    const EkFac ek(q, {one, other});
    const MatrixXd mean = 0.5 * (gauss_newton(q, one) + gauss_newton(q, other));
    const MatrixXd identity = MatrixXd::Identity(p.parameters(), p.parameters());
    const MatrixXd basis = ek.from_basis(identity);
    CHECK(relative(basis.transpose() * basis, identity) < 1e-13);
    CHECK(relative(ek.to_basis(basis), identity) < 1e-13);
    const MatrixXd turned = basis.transpose() * mean * basis;
    CHECK(relative(ek.values(), turned.diagonal()) < 1e-12);
    CHECK(ek.values().sum() == doctest::Approx(mean.trace()).epsilon(1e-12));
    CHECK(relative(ek.dense(), basis * ek.values().asDiagonal() * basis.transpose()) < 1e-13);
  }
}

TEST_CASE("in its own basis EK-FAC is nearer to the layers' blocks than a plain diagonal is") {
  const Problem p = tanh_classification_problem();
  const Objective q = p.objective();
  const MatrixXd g = gauss_newton(q, p.anywhere(1));
  const MatrixXd plain = g.diagonal().asDiagonal();
  CHECK((EkFac(q, {p.anywhere(1)}).dense() - g).norm() < 0.8 * (plain - g).norm());
}

TEST_CASE("of a convolution whose window covers the image, EK-FAC is that of the dense layer") {
  // 3 x 3 with padding 1 and stride 2 over 2 x 2 pixels: one position, five weights see zeros.
  const Problem conv = reconstruction_problem("conv_autoencoder:3/2");
  const Problem dense = reconstruction_problem("autoencoder:3,2");
  std::vector<Index> same;  // where the dense network's parameters are in the other's theta
  for (const Index pixel : {4, 5, 7, 8})
    for (Index unit = 0; unit < 3; ++unit) same.push_back(3 * pixel + unit);
  for (const Index i : count_from(27, 47)) same.push_back(i);  // b of it, and the code's layers
  const Index shared = static_cast<Index>(same.size());
  for (Index unit = 0; unit < 3; ++unit)
    for (const Index pixel : {4, 5, 7, 8}) same.push_back(47 + 9 * unit + pixel);
  for (int pixel = 0; pixel < 4; ++pixel) same.push_back(74);
  const VectorXd theta = conv.anywhere(1), there = theta(same);
  Objective q = conv.objective(), d = dense.objective();
  q.weights(2) *= 3;
  d.weights(2) *= 3;
  q.weight_decay = d.weight_decay = 0;
  REQUIRE(relative(outputs(conv.model, conv.train.inputs, theta),
                   outputs(dense.model, dense.train.inputs, there)) < 1e-14);
  const MatrixXd blocks = EkFac(q, {theta}).dense(), expected = EkFac(d, {there}).dense();
  const std::vector<Index> first(same.begin(), same.begin() + shared);
  CHECK(relative(blocks(first, first), expected.topLeftCorner(shared, shared)) < 1e-12);
  CHECK(blocks.topLeftCorner(30, 30).norm() ==
        doctest::Approx(expected.topLeftCorner(15, 15).norm()).epsilon(1e-12));
}

TEST_CASE("where all patches are equal, a convolution's EK-FAC is the dense layer's on a patch") {
  // 144 positions of one value, in 36 equal means: the network of one patch, summed in a row.
  Problem p = cnn_problem("lenet:2", 16, 12);
  p.train.inputs = p.train.inputs.topRows(2).replicate(256, 1).eval();
  Dataset patches = p.train;
  patches.inputs = p.train.inputs.topRows(50);
  patches.image = {};
  const Problem one = make_problem(patches, 1, "mlp:2", 0);
  VectorXd theta = p.anywhere(1), there(one.parameters());
  const Index conv = 2 * 51, outs = p.model.outputs();
  const MatrixXd mean = theta.segment(conv, 2 * outs);  // of the layer above, for each position
  theta.segment(conv, 72 * outs) = mean.replicate(36, 1) / 36;
  there << theta.head(conv), mean, theta.tail(outs);
  Objective q = training_objective(p.model, p.train, 0);
  const Objective d = training_objective(one.model, patches, 0);
  REQUIRE(relative(outputs(p.model, p.train.inputs, theta),
                   outputs(one.model, patches.inputs, there)) < 1e-13);
  const MatrixXd got = EkFac(q, {theta}).dense(), expected = EkFac(d, {there}).dense();
  CHECK(relative(got.topLeftCorner(conv, conv), expected.topLeftCorner(conv, conv)) < 1e-11);
  CHECK(expected.topLeftCorner(conv, conv).norm() > 1e-3);
}

TEST_CASE("a convolution's basis is that of moments summed over positions") {
  // lenet:2 by hand: 3 x 3 patches with zeros around, tanh, means of 2 x 2, one output.
  Dataset data = make_linear_regression(7, 16, 1.0, 6);
  data.image = {.channels = 1, .height = 4, .width = 4};
  const Problem p = make_problem(data, 1, "lenet:2", 0);
  const std::vector<VectorXd> points = {p.anywhere(1), p.anywhere(2)};
  Objective q = p.objective();
  q.weights(2) *= 3;
  MatrixXd inputs = MatrixXd::Zero(10, 10), adjoints = MatrixXd::Zero(2, 2);
  MatrixXd above = MatrixXd::Zero(9, 9);  // inputs of the dense layer
  for (const VectorXd& theta : points)
    for (Index i = 0; i < p.size(); ++i) {
      const Eigen::Map<const MatrixXd> w(theta.data(), 2, 10), next(theta.data() + 20, 2, 4);
      VectorXd pooled = VectorXd::Unit(9, 8);
      for (Index at = 0; at < 16; ++at) {
        const Index pool = at % 4 / 2 + 2 * (at / 8);
        const VectorXd a = extended_patch(p.train.inputs.col(i), at % 4, at / 4);
        const VectorXd h = (w * a).array().tanh(), slope = 1 - h.array().square();
        const VectorXd d = slope.cwiseProduct(next.col(pool) / 4);
        inputs += q.weights(i) * a * a.transpose();
        adjoints += q.weights(i) * d * d.transpose();
        pooled.segment(2 * pool, 2) += h / 4;
      }
      above += q.weights(i) * pooled * pooled.transpose();
    }
  const MatrixXd basis = EkFac(q, points).from_basis(MatrixXd::Identity(29, 29));
  for (Index k = 0; k < 20; ++k) {
    const Eigen::Map<const MatrixXd> b(basis.col(k).data(), 2, 10);
    const MatrixXd right = b * inputs, left = adjoints * b;
    CHECK((right - right.cwiseProduct(b).sum() * b).norm() < 1e-12 * inputs.norm());
    CHECK((left - left.cwiseProduct(b).sum() * b).norm() < 1e-12 * adjoints.norm());
  }
  for (Index k = 20; k < 29; ++k) {
    const VectorXd b = basis.col(k).tail(9), along = above * b;
    CHECK((along - along.dot(b) * b).norm() < 1e-12 * above.norm());
  }
}

TEST_CASE("the blocks of gains, shifts and biases that stand alone are Gauss-Newton's") {
  ModelSpec spec = cnn_problem().model.spec();
  spec.layer_norm = true;
  const Problem p = {Model(spec), cnn_problem().train, cnn_problem().query, 0};
  const Problem conv = reconstruction_problem("conv_autoencoder:3/2");
  const auto check = [](const Problem& of, Index begin, Index size) {
    Objective q = of.objective();
    q.weights(2) *= 3;
    const VectorXd theta = of.anywhere(1);
    const MatrixXd exact = gauss_newton(q, theta).block(begin, begin, size, size);
    CHECK(relative(EkFac(q, {theta}).dense().block(begin, begin, size, size), exact) < 1e-12);
    CHECK(exact.norm() > 1e-6);
  };
  check(p, 38, 32);    // gain
  check(p, 70, 32);    // shift
  check(conv, 74, 1);  // of the transposed convolution
}

TEST_CASE("EK-FAC refuses what are no losses, and no point at all") {
  const Problem p = ridge_problem();
  CHECK_THROWS_AS(EkFac(p.objective(), {}), std::invalid_argument);
  Objective q = p.objective();
  q.term = ObjectiveTerm::quadratic;
  CHECK_THROWS_AS(EkFac(q, {p.anywhere(1)}), std::invalid_argument);
}
