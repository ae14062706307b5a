// SPDX-License-Identifier: MIT
#include "datasets/synthetic.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "tests/datasets/support.h"

namespace leaveout {

TEST_CASE("the first examples of a larger data set are those of the smaller one") {
  const auto prefix = [](const Dataset& small, const Dataset& large) {
    const Eigen::Index n = small.size();
    return small.inputs == large.inputs.leftCols(n) && small.targets == large.targets.leftCols(n);
  };
  CHECK(prefix(make_linear_regression(5, 3, 0.1, 1), make_linear_regression(9, 3, 0.1, 1)));
  CHECK(prefix(make_friedman(5, 6, 0.1, 1), make_friedman(9, 6, 0.1, 1)));
  CHECK(prefix(make_blobs(5, 3, 3, 2.0, 1), make_blobs(9, 3, 3, 2.0, 1)));
  CHECK(prefix(make_two_moons(5, 0.1, 1), make_two_moons(9, 0.1, 1)));
  CHECK(prefix(make_spirals(5, 3, 1.0, 0.1, 1), make_spirals(9, 3, 1.0, 0.1, 1)));
}

TEST_CASE("another seed gives other examples, and two generators of one seed share none") {
  CHECK(make_friedman(5, 5, 0.0, 1).inputs != make_friedman(5, 5, 0.0, 2).inputs);
  CHECK(make_blobs(5, 2, 2, 1.0, 1).inputs != make_blobs(5, 2, 2, 1.0, 2).inputs);
  CHECK(make_two_moons(6, 0.1, 1).inputs != make_spirals(6, 2, 1.0, 0.1, 1).inputs);
}

TEST_CASE("without noise, least squares finds the weights of the linear data") {
  const Dataset data = make_linear_regression(50, 4, 0.0, 3);
  Eigen::MatrixXd design(50, 5);  // (examples x (features + 1))
  design << data.inputs.transpose(), Eigen::VectorXd::Ones(50);
  const Eigen::VectorXd targets = data.targets.transpose();
  const Eigen::VectorXd fit = design.householderQr().solve(targets);
  CHECK((fit - linear_regression_truth(4, 3)).norm() < 1e-12);
}

TEST_CASE("the noise of the linear data has the deviation asked for") {
  constexpr Eigen::Index kCount = 20000;
  const Eigen::MatrixXd noise = (make_linear_regression(kCount, 2, 0.5, 4).targets -
                                 make_linear_regression(kCount, 2, 0.0, 4).targets);
  const double variance = noise.squaredNorm() / kCount;
  CHECK(std::abs(variance / 0.25 - 1.0) < 4.0 * std::sqrt(2.0 / kCount));
}

TEST_CASE("Friedman's data follow the formula and have its mean") {
  const Dataset data = make_friedman(20000, 7, 0.0, 5);
  for (Eigen::Index i = 0; i < 10; ++i) {
    const Eigen::VectorXd x = data.inputs.col(i);
    const double y = 10 * std::sin(std::numbers::pi * x(0) * x(1)) + 20 * std::pow(x(2) - 0.5, 2) +
                     10 * x(3) + 5 * x(4);
    CHECK(data.targets(0, i) == doctest::Approx(y).epsilon(1e-14));
  }
  // E sin(pi u v) = sum of the sine integral's series / pi = 0.524594; so the mean is
  // 5.24594 + 20 / 12 + 5 + 2.5 = 14.4126, and the deviation 4.88.
  CHECK(std::abs(data.targets.mean() - 14.4126) < 4.0 * 4.88 / std::sqrt(20000.0));
}

TEST_CASE("blobs have unit deviation around means that grow with the separation") {
  constexpr Eigen::Index kCount = 6000;
  const Dataset near = make_blobs(kCount, 2, 3, 0.0, 6);
  const Dataset far = make_blobs(kCount, 2, 3, 10.0, 6);
  CHECK(std::abs(near.inputs.squaredNorm() / (2 * kCount) - 1.0) < 4.0 * std::sqrt(1.0 / kCount));
  // The difference of the two is the class mean alone, the same for all of a class.
  const Eigen::MatrixXd shift = far.inputs - near.inputs;
  for (Eigen::Index i = 3; i < 30; ++i) CHECK((shift.col(i) - shift.col(i % 3)).norm() < 1e-13);
  CHECK((shift.col(0) - shift.col(1)).norm() > 1.0);
  CHECK(near.task == Task::multiclass);
  CHECK(make_blobs(4, 2, 2, 1.0, 1).task == Task::binary);
}

TEST_CASE("without noise the moons lie on their half circles") {
  const Dataset moons = make_two_moons(100, 0.0, 7);
  for (Eigen::Index i = 0; i < 100; ++i) {
    const Eigen::Vector2d x = moons.inputs.col(i);
    const bool first = i % 2 == 0;
    const Eigen::Vector2d centre = first ? Eigen::Vector2d(0, 0) : Eigen::Vector2d(1, 0.5);
    CHECK(std::abs((x - centre).norm() - 1.0) < 1e-14);
    CHECK((first ? x(1) >= 0.0 : x(1) <= 0.5));
    CHECK(moons.label(i) == (first ? 0 : 1));
  }
}

TEST_CASE("a spiral turned by one arm is the next one") {
  const Dataset spirals = make_spirals(99, 3, 1.5, 0.0, 8);
  for (Eigen::Index i = 0; i < 99; ++i) {
    const double radius = spirals.inputs.col(i).norm();
    const double angle = 2.0 * std::numbers::pi * (1.5 * radius + static_cast<double>(i % 3) / 3.0);
    const Eigen::Vector2d expected(radius * std::cos(angle), radius * std::sin(angle));
    CHECK((spirals.inputs.col(i) - expected).norm() < 1e-13);
    CHECK(radius < 1.0);
  }
}

TEST_CASE("shapes that make no data set are refused") {
  CHECK(has(refusal([] { make_linear_regression(0, 1, 0.0, 1); }), "give 1 or more"));
  CHECK(has(refusal([] { make_friedman(1, 4, 0.0, 1); }), "give 5 or more"));
  CHECK(has(refusal([] { make_blobs(9, 1, 1, 0.0, 1); }), "give 2 or more"));
  CHECK(has(refusal([] { make_blobs(2, 1, 3, 0.0, 1); }), "give 3 or more"));
  CHECK(has(refusal([] { make_two_moons(4, -1.0, 1); }), "0 or more"));
  CHECK(has(refusal([] { make_spirals(4, 2, std::nan(""), 0.0, 1); }), "number of turns"));
}

}  // namespace leaveout
