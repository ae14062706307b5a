// SPDX-License-Identifier: MIT
// Losses and Bregman divergences in closed form, close to the centre, far from it, and saturated.
#include "autodiff/ops/losses.h"

#include <doctest/doctest.h>

#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;
using Long = long double;
using LongVec = Eigen::Matrix<Long, Eigen::Dynamic, 1>;

struct Evaluated {
  double value;
  Vec gradient;
  Mat hessian;
};

/// Loss of outputs y: a network of one layer, theta = y, at the single input 1.
Evaluated evaluate(Loss loss, const Vec& y, const Vec& reference) {
  Network net = make_network({.widths = {1, y.size()},
                              .activation = TestActivation::none,
                              .loss = loss,
                              .examples = 1,
                              .bias = false});
  net.x().setOnes();
  net.weights().setOnes();
  net.reference() = reference;
  net.theta = y;
  return {objective_of(net, y),
          gradient_of(net, y),
          product_of(net, Mat::Identity(y.size(), y.size()), Curvature::full)};
}

Vec softmax(const Vec& y) {
  const Vec e = (y.array() - y.maxCoeff()).exp().matrix();
  return e / e.sum();
}
Vec sigmoid(const Vec& y) {
  return (1 / (1 + (-y.array()).exp())).matrix();
}

LongVec long_softmax(const Vec& y) {
  LongVec e = y.cast<Long>();
  for (Long& x : e) x = std::exp(x - static_cast<Long>(y.maxCoeff()));
  return e / e.sum();
}

/// KL(softmax(centre) || softmax(y)) from the logarithms of probabilities.
Long long_kl(const Vec& y, const Vec& centre) {
  const LongVec p = long_softmax(centre), q = long_softmax(y);
  Long total = 0;
  for (Index o = 0; o < y.size(); ++o) total += p(o) * (std::log(p(o)) - std::log(q(o)));
  return total;
}

/// Second and third cumulant of d under p: the divergence to relative |d|^2.
Long by_cumulants(const LongVec& p, const LongVec& d) {
  const Long mean = p.dot(d);
  Long second = 0, third = 0;
  for (Index o = 0; o < p.size(); ++o) {
    const Long c = d(o) - mean;
    second += p(o) * c * c;
    third += p(o) * c * c * c;
  }
  return second / 2 + third / 6;
}

/// softplus(y) - softplus(c) - sigmoid(c) (y - c), with the linear parts taken out by hand.
Long long_bernoulli(Long y, Long c) {
  const Long d = y - c;
  if (c > 0) return std::log1p(std::exp(-y)) - std::log1p(std::exp(-c)) + d / (1 + std::exp(c));
  return std::log1p(std::exp(y)) - std::log1p(std::exp(c)) - d / (1 + std::exp(-c));
}

constexpr Loss kLosses[] = {
    Loss::half_squared_error, Loss::binary_cross_entropy, Loss::cross_entropy};
Loss bregman(Loss loss) {
  return static_cast<Loss>(static_cast<int>(loss) + 3);
}

void check_relative(double got, Long expected, double tolerance) {
  CAPTURE(got);
  CAPTURE(static_cast<double>(expected));
  CHECK(std::abs(static_cast<Long>(got) - expected) <= tolerance * std::abs(expected));
}

}  // namespace

TEST_CASE("losses, their means and variances in closed form") {
  TestNumbers numbers(50);
  const Vec y = numbers.normal(4, 1), t = softmax(numbers.normal(4, 1));
  const Evaluated square = evaluate(Loss::half_squared_error, y, t);
  CHECK(square.value == doctest::Approx(0.5 * (y - t).squaredNorm()).epsilon(1e-14));
  CHECK(distance(square.gradient, y - t) < 1e-15);
  CHECK(distance(square.hessian, Mat::Identity(4, 4)) < 1e-15);
  const Vec s = sigmoid(y);
  const Evaluated binary = evaluate(Loss::binary_cross_entropy, y, t);
  const double entropy =
      t.dot(logs(s).col(0)) + (1 - t.array()).matrix().dot(logs(1 - s.array()).col(0));
  CHECK(binary.value == doctest::Approx(-entropy).epsilon(1e-14));
  CHECK(distance(binary.gradient, s - t) < 1e-14);
  CHECK(distance(binary.hessian, Mat((s.array() * (1 - s.array())).matrix().asDiagonal())) < 1e-14);
  const Vec p = softmax(y);
  const Evaluated cross = evaluate(Loss::cross_entropy, y, t);
  CHECK(cross.value == doctest::Approx(-t.dot(logs(p).col(0))).epsilon(1e-14));
  CHECK(distance(cross.gradient, p - t) < 1e-14);
  CHECK(distance(cross.hessian, Mat(p.asDiagonal()) - p * p.transpose()) < 1e-14);
}

TEST_CASE("divergences in closed form: |y - c|^2 / 2 and Kullback-Leibler") {
  TestNumbers numbers(51);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const Vec y = numbers.normal(4, 1) * 2, c = numbers.normal(4, 1) * 2;
    check_relative(evaluate(Loss::bregman_half_squared_error, y, c).value,
                   0.5L * (y - c).squaredNorm(),
                   1e-14);
    Long binary = 0;
    for (Index o = 0; o < 4; ++o) {
      const Long p = 1 / (1 + std::exp(-Long(c(o)))), q = 1 / (1 + std::exp(-Long(y(o))));
      binary += p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
    }
    check_relative(evaluate(Loss::bregman_binary_cross_entropy, y, c).value, binary, 1e-13);
    check_relative(evaluate(Loss::bregman_cross_entropy, y, c).value, long_kl(y, c), 1e-13);
  }
}

TEST_CASE("divergence = loss minus its tangent at the centre, whatever the label") {
  TestNumbers numbers(52);
  const Vec y = numbers.normal(3, 1), c = numbers.normal(3, 1);
  Vec one_hot = Vec::Zero(3);
  one_hot(1) = 1;
  for (const Loss loss : kLosses)
    for (const Vec& t : {one_hot, softmax(numbers.normal(3, 1))}) {
      const Evaluated at = evaluate(loss, y, t), centre = evaluate(loss, c, t);
      const Evaluated d = evaluate(bregman(loss), y, c);
      CHECK(d.value ==
            doctest::Approx(at.value - centre.value - centre.gradient.dot(y - c)).epsilon(1e-13));
      CHECK(distance(d.gradient, at.gradient - centre.gradient) < 1e-13);
      CHECK(distance(d.hessian, at.hessian) < 1e-15);
    }
}

TEST_CASE("at the centre the divergence and its gradient are zero, its Hessian is the variance") {
  const Vec c = TestNumbers(53).normal(5, 1) * 3;
  for (const Loss loss : kLosses) {
    const Evaluated d = evaluate(bregman(loss), c, c);
    CHECK(d.value == 0);
    CHECK((d.gradient.array() == 0).all());
    CHECK((d.hessian.array() == evaluate(loss, c, softmax(c)).hessian.array()).all());
  }
}

TEST_CASE("divergences keep their digits where y - c is tiny") {
  TestNumbers numbers(54);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const Vec c = numbers.normal(4, 1) * 2, y = c + 1e-9 * numbers.normal(4, 1);
    const LongVec d = y.cast<Long>() - c.cast<Long>();
    check_relative(
        evaluate(Loss::bregman_half_squared_error, y, c).value, d.squaredNorm() / 2, 1e-14);
    check_relative(
        evaluate(Loss::bregman_cross_entropy, y, c).value, by_cumulants(long_softmax(c), d), 1e-12);
    Long binary = 0;
    for (Index o = 0; o < 4; ++o) {
      LongVec p(2), step(2);
      p << 1 / (1 + std::exp(-Long(c(o)))), 1 / (1 + std::exp(Long(c(o))));
      step << d(o), 0;
      binary += by_cumulants(p, step);
    }
    check_relative(evaluate(Loss::bregman_binary_cross_entropy, y, c).value, binary, 1e-12);
  }
}

TEST_CASE("divergences are right far from the centre and where the centre is saturated") {
  for (const double c : {-60.0, -40.0, -20.0, -3.0, 0.0, 0.7, 20.0, 40.0, 60.0})
    for (const double d : {-100.0, -31.0, -29.0, -20.0, -1.0, 0.03, 1.0, 20.0, 29.0, 31.0, 100.0}) {
      CAPTURE(c);
      CAPTURE(d);
      const Vec y = Vec::Constant(1, c + d), centre = Vec::Constant(1, c);
      const double value = evaluate(Loss::bregman_binary_cross_entropy, y, centre).value;
      const Long expected = long_bernoulli(Long(y(0)), Long(c));
      // Beyond |d| = 30 the value is a difference of numbers up to |c| + |d|.
      const double floor = std::abs(d) < 30 ? 0 : 1e-15 * (std::abs(c) + std::abs(d));
      CHECK(std::abs(static_cast<Long>(value) - expected) <= 1e-11 * expected + floor);
      Vec two = Vec::Zero(2), two_centre = Vec::Zero(2);
      two(0) = y(0);
      two_centre(0) = c;
      const double soft = evaluate(Loss::bregman_cross_entropy, two, two_centre).value;
      CHECK(std::abs(static_cast<Long>(soft) - expected) <= 1e-11 * expected + 1e-13);
    }
}

TEST_CASE("large outputs give finite losses of the right size") {
  Vec y(3), t = Vec::Zero(3);
  y << 1000, -1000, 0;
  t(1) = 1;
  const Evaluated cross = evaluate(Loss::cross_entropy, y, t);
  CHECK(cross.value == 2000);
  CHECK(cross.gradient == Vec((Vec(3) << 1, -1, 0).finished()));
  CHECK((cross.hessian.array() == 0).all());
  const Evaluated binary = evaluate(Loss::binary_cross_entropy, y, t);
  CHECK(binary.value == doctest::Approx(2000 + std::log(2.0)).epsilon(1e-15));
  CHECK(binary.hessian.allFinite());
  CHECK(std::isfinite(evaluate(Loss::bregman_cross_entropy, y, -y).value));
}

TEST_CASE("NaN in an output is seen in the loss") {
  Vec y(3), t = Vec::Constant(3, 1.0 / 3);
  y << 1, std::numeric_limits<double>::quiet_NaN(), 2;
  for (const Loss loss : kLosses) {
    CHECK(std::isnan(evaluate(loss, y, t).value));
    CHECK(std::isnan(evaluate(bregman(loss), y, t).value));
  }
  Network net = make_network({.widths = {2, 3, 1}, .activation = TestActivation::relu});
  net.theta(0) = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(objective_of(net, net.theta)));
}
