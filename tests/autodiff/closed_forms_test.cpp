// SPDX-License-Identifier: MIT
// Models whose derivatives are known in closed form: least squares, ridge, logistic and multinomial
// regression. X is the data with a row of ones, w the example weights.
#include <doctest/doctest.h>

#include "autodiff/dense_curvature.h"
#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

Network linear_model(Loss loss, Index outputs) {
  return make_network(
      {.widths = {4, outputs}, .activation = TestActivation::none, .loss = loss, .examples = 15});
}

Mat with_ones(const Mat& x) {
  Mat result = Mat::Ones(x.rows() + 1, x.cols());
  result.topRows(x.rows()) = x;
  return result;
}

/// a (m x m) and b (n x n) to (m n x m n), entry ((i, k), (j, l)) = a_ij b_kl, k running fastest.
Mat kronecker(const Mat& a, const Mat& b) {
  Mat result(a.rows() * b.rows(), a.cols() * b.cols());
  for (Index i = 0; i < a.rows(); ++i)
    for (Index j = 0; j < a.cols(); ++j)
      result.block(i * b.rows(), j * b.cols(), b.rows(), b.cols()) = a(i, j) * b;
  return result;
}

Mat hessian(Network& net, DenseMethod method) {
  return dense_curvature(net.program, net.batch(), net.theta, Curvature::full, {method});
}

constexpr DenseMethod kMethods[] = {DenseMethod::by_parameters, DenseMethod::by_units};

}  // namespace

TEST_CASE("least squares: gradient (Y - T) w X', Hessian (X w X') x I") {
  for (const Index outs : {1, 3}) {
    Network net = linear_model(Loss::half_squared_error, outs);
    const Mat x = with_ones(net.x()), w = net.weights().row(0).asDiagonal();
    const Mat theta = Mat::Map(net.theta.data(), outs, 5);
    const Mat residual = theta * x - net.reference();
    const Mat g = residual * w * x.transpose();
    CHECK(distance(gradient_of(net, net.theta), Vec::Map(g.data(), g.size())) < 1e-14);
    const double value = 0.5 * (residual.cwiseAbs2() * w).sum();
    CHECK(objective_of(net, net.theta) == doctest::Approx(value).epsilon(1e-14));
    const Mat h = kronecker(x * w * x.transpose(), Mat::Identity(outs, outs));
    for (const DenseMethod m : kMethods) CHECK(distance(hessian(net, m), h) < 1e-14);
  }
}

TEST_CASE("ridge: the penalty adds lambda theta and lambda I") {
  const double lambda = 0.3;
  Recorder<double> r;
  const SlotId x = r.input(4), t = r.input(1), w = r.input(1), theta = r.parameter(1, 4);
  const SlotId y = matmul(r, theta, x), l = half_squared_error(r, y, t);
  const SlotId objective = add(r, dot(r, w, l), scale(r, l2_penalty(r, theta), lambda));
  const Program<double> program = std::move(r).finish({y, l, objective});
  TestNumbers numbers(30);
  const Mat data = numbers.normal(4, 9), targets = numbers.normal(1, 9);
  const Mat weights = numbers.uniform(1, 9, 0.1, 1);
  const Batch<double> batch{{data.data(), targets.data(), weights.data()}, 9};
  const Mat a =
      data * weights.row(0).asDiagonal() * data.transpose() + lambda * Mat::Identity(4, 4);
  const Vec b = data * weights.row(0).asDiagonal() * targets.transpose();
  Workspace<double> ws(program, 9);
  Vec g(4);
  const Vec somewhere = numbers.normal(4, 1);
  gradient(ws, batch, somewhere, g);
  CHECK(distance(g, a * somewhere - b) < 1e-14);
  const Vec solution = a.ldlt().solve(b);
  gradient(ws, batch, solution, g);
  CHECK(g.norm() < 1e-14 * b.norm());
  for (const Curvature c : {Curvature::full, Curvature::gauss_newton})
    CHECK(distance(dense_curvature(program, batch, somewhere, c), a) < 1e-14);
}

TEST_CASE("logistic regression: gradient X (p - t) w, Hessian X diag(w p (1 - p)) X'") {
  Network net = linear_model(Loss::binary_cross_entropy, 1);
  const Mat x = with_ones(net.x());
  const Vec z = x.transpose() * net.theta;
  const Eigen::ArrayXd p = 1 / (1 + (-z.array()).exp()), w = net.weights().transpose().array();
  const Eigen::ArrayXd t = net.reference().transpose().array();
  const Vec g = x * (w * (p - t)).matrix();
  CHECK(distance(gradient_of(net, net.theta), g) < 1e-14);
  const double value = -(w * (t * logs(p).array() + (1 - t) * logs(1 - p).array())).sum();
  CHECK(objective_of(net, net.theta) == doctest::Approx(value).epsilon(1e-14));
  const Mat h = x * (w * p * (1 - p)).matrix().asDiagonal() * x.transpose();
  for (const DenseMethod m : kMethods) CHECK(distance(hessian(net, m), h) < 1e-14);
}

TEST_CASE("multinomial regression: Hessian sum_n w_n (x_n x_n') x (diag(p_n) - p_n p_n')") {
  Network net = linear_model(Loss::cross_entropy, 3);
  const Mat x = with_ones(net.x()), logits = Mat::Map(net.theta.data(), 3, 5) * x;
  Mat g = Mat::Zero(3, 5), h = Mat::Zero(15, 15);
  double value = 0;
  for (Index n = 0; n < x.cols(); ++n) {
    Vec p = logits.col(n).array().exp().matrix();
    p /= p.sum();
    const double w = net.weights()(0, n);
    const Mat variance = Mat(p.asDiagonal()) - p * p.transpose();
    g += w * (p - net.reference().col(n)) * x.col(n).transpose();
    h += w * kronecker(x.col(n) * x.col(n).transpose(), variance);
    value -= w * net.reference().col(n).dot(logs(p).col(0));
  }
  CHECK(objective_of(net, net.theta) == doctest::Approx(value).epsilon(1e-14));
  CHECK(distance(gradient_of(net, net.theta), Vec::Map(g.data(), g.size())) < 1e-14);
  for (const DenseMethod m : kMethods) CHECK(distance(hessian(net, m), h) < 1e-14);
}

TEST_CASE("two classes of a softmax are one logistic output") {
  Network two = linear_model(Loss::cross_entropy, 2),
          one = linear_model(Loss::binary_cross_entropy, 1);
  const Mat theta = Mat::Map(two.theta.data(), 2, 5);
  one.data[0] = two.x();
  one.data[1] = two.reference().row(0);
  one.data[2] = two.weights();
  one.theta = (theta.row(0) - theta.row(1)).transpose();
  CHECK(objective_of(two, two.theta) ==
        doctest::Approx(objective_of(one, one.theta)).epsilon(1e-13));
  const Vec g = gradient_of(two, two.theta), g1 = gradient_of(one, one.theta);
  const Mat rows = Mat::Map(g.data(), 2, 5);
  CHECK(distance(rows.row(0).transpose(), g1) < 1e-13);
  CHECK(distance(rows.row(1).transpose(), -g1) < 1e-13);
}
