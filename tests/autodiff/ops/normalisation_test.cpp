// SPDX-License-Identifier: MIT
#include "autodiff/ops/normalisation.h"

#include <doctest/doctest.h>

#include "autodiff/sweeps.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;

/// layer_norm(x) for columns x, gain and shift.
Mat normalised(const Mat& x, const Vector<double>& gain, const Vector<double>& shift, double eps) {
  Recorder<double> r;
  const SlotId in = r.input(x.rows()), g = r.parameter(x.rows(), 1);
  const SlotId y = layer_norm(r, in, g, r.parameter(x.rows(), 1), eps);
  const SlotId row = column_mean(r, y);
  const Program<double> program = std::move(r).finish({y, row, sum(r, row)});
  Workspace<double> ws(program, x.cols());
  Vector<double> theta(2 * x.rows());
  theta << gain, shift;
  ws.bind_parameters(theta.data());
  ws.bind_batch({{x.data()}, x.cols()});
  forward(ws);
  return ws.x(y);
}

}  // namespace

TEST_CASE("layer normalisation: each column gets mean 0 and variance 1, then gain and shift") {
  TestNumbers numbers(60);
  const Mat x = 3 * numbers.normal(7, 5).array() + 2;
  const Vector<double> one = Vector<double>::Ones(7), zero = Vector<double>::Zero(7);
  const Mat y = normalised(x, one, zero, 0);
  CHECK(y.colwise().mean().cwiseAbs().maxCoeff() < 1e-14);
  CHECK((y.cwiseAbs2().colwise().mean().array() - 1).abs().maxCoeff() < 1e-13);
  const Vector<double> gain = numbers.normal(7, 1), shift = numbers.normal(7, 1);
  const Mat scaled = (gain.asDiagonal() * y).colwise() + shift;
  CHECK(distance(normalised(x, gain, shift, 0), scaled) < 1e-14);
  // It forgets the column's own place and scale.
  CHECK(distance(normalised((5 * x.array() - 1).matrix(), gain, shift, 0), scaled) < 1e-13);
}

TEST_CASE("epsilon is added to the variance, without Bessel's correction") {
  Mat x(2, 1);
  x << 1, 5;  // mean 3, variance 4
  const Vector<double> one = Vector<double>::Ones(2), zero = Vector<double>::Zero(2);
  const Mat y = normalised(x, one, zero, 0.5);
  CHECK(y(0, 0) == doctest::Approx(-2 / std::sqrt(4.5)).epsilon(1e-15));
  CHECK(y(1, 0) == doctest::Approx(2 / std::sqrt(4.5)).epsilon(1e-15));
}

TEST_CASE("a constant column becomes the shift, not NaN") {
  const Vector<double> gain = Vector<double>::Ones(3), shift = Vector<double>::Constant(3, 0.25);
  const Mat y = normalised(Mat::Constant(3, 2, 7), gain, shift, 1e-5);
  CHECK((y.array() == 0.25).all());
}
