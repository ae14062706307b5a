// SPDX-License-Identifier: MIT
// Ridge regression without a group: the closed form beside solving again, its Taylor series beside
// the derivatives in the weights, leverages and copies.
#include "influence/harmonic/ridge_removal.h"

#include <doctest/doctest.h>

#include "influence/harmonic/group_prediction.h"
#include "tests/influence/harmonic/small_trainings.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The problem in extended inputs: theta is (w, b), and the bias is penalised as in the model.
RidgeRemoval closed_form(const Problem& p) {
  const double n = static_cast<double>(p.size());
  return {extended(p.train), p.train.targets.row(0).transpose(), n * p.weight_decay};
}

Group members(Index mask, Index n) {
  Group group;
  for (Index i = 0; i < n; ++i)
    if ((mask >> i) & 1) group.push_back(i);
  return group;
}

VectorXd without(const Group& group, Index n) {
  VectorXd w = VectorXd::Ones(n);
  w(group).setZero();
  return w;
}

/// `copies` of one example among 30 others, all with three features.
RidgeRemoval with_copies(Index copies) {
  Random random(31);
  const MatrixXd others = random.normal_matrix(3, 30), one = random.normal_matrix(3, 1);
  MatrixXd x(3, 30 + copies);
  x << others, one.replicate(1, copies);
  VectorXd y(30 + copies);
  y << random.normal_matrix(30, 1), VectorXd::Constant(copies, 1.7);
  return {x, y, 0.4};
}

Group copies_of(Index copies) {
  Group group;
  for (Index i = 0; i < copies; ++i) group.push_back(30 + i);
  return group;
}

}  // namespace

TEST_CASE("the closed form is retraining without the group, for all groups") {
  const Training t = ridge_training();
  const Index n = t.size();
  const RidgeRemoval ridge = closed_form(t.problem);
  for (Index mask = 0; mask < (Index(1) << n); ++mask) {
    const Group group = members(mask, n);
    Objective rest = t.problem.objective();
    rest.weights = rest.weights.cwiseProduct(without(group, n));
    const VectorXd retrained = minimise(rest, t.start).theta;
    CHECK((ridge.theta() + ridge.change(group) - retrained).cwiseAbs().maxCoeff() < 1e-11);
  }
}

TEST_CASE("Taylor series of order one and two are the predictions from F_i and F_ij") {
  const Training t = ridge_training();
  const Index n = t.size();
  const RidgeRemoval ridge = closed_form(t.problem);
  const WeightedResponse at = t.at(VectorXd::Ones(n));
  const VectorXd first = at.first(t.problem.query, QueryOutput::prediction).row(1);
  const MatrixXd second = at.second(t.problem.query, 1, QueryOutput::prediction).full();
  const VectorXd x = extended(t.problem.query).col(1);
  for (Index mask = 1; mask < (Index(1) << n); ++mask) {
    const Group group = members(mask, n);
    CHECK(std::abs(group_influence(group, first) + x.dot(ridge.change(group, 1))) < 1e-11);
    CHECK(std::abs(group_influence(group, first, second) + x.dot(ridge.change(group, 2))) < 1e-11);
  }
}

TEST_CASE("one example: exact is the influence function times 1 / (1 - h)") {
  const Problem p = ridge_problem();
  const RidgeRemoval ridge = closed_form(p);
  const VectorXd h = ridge.leverages();
  for (Index i = 0; i < p.size(); ++i)
    CHECK(distance(ridge.change({i}) * (1 - h(i)), ridge.change({i}, 1)) < 1e-12);
}

TEST_CASE("c copies do (1 - h) / (1 - c h) times more than c times one of them") {
  const RidgeRemoval ridge = with_copies(4);
  const double h = ridge.leverages()(30);
  const VectorXd one = ridge.change({30});
  for (Index c = 1; c <= 4; ++c) {
    const double n = static_cast<double>(c);
    CHECK(distance(ridge.change(copies_of(c)), n * (1 - h) / (1 - n * h) * one) < 1e-12);
  }
  CHECK(ridge.change(copies_of(4)).norm() > 4.1 * one.norm());  // super-additive
}

TEST_CASE("the error of order k falls as the k + 1 st power of the removed share, exactly so") {
  const RidgeRemoval ridge = with_copies(8);
  const double h = ridge.leverages()(30);
  const auto error = [&](Index copies, int order) {
    const Group group = copies_of(copies);
    return (ridge.change(group) - ridge.change(group, order)).norm();
  };
  for (const int order : {1, 2})
    for (const Index c : {4, 2, 1}) {
      // c r (c h)^order / (1 - c h): halving c divides by 2^(order + 1), but for the last factor.
      const double n = static_cast<double>(c), rest = (1 - n * h) / (1 - 2 * n * h);
      CHECK(error(2 * c, order) / error(c, order) ==
            doctest::Approx(std::pow(2, order + 1) * rest).epsilon(1e-9));
    }
}

TEST_CASE("the Taylor series ends at the closed form") {
  const RidgeRemoval ridge = with_copies(2);
  const Group group = {0, 5, 30, 31};
  CHECK(distance(ridge.change(group, 80), ridge.change(group)) < 1e-13);
  CHECK(ridge.change(group, 0).isZero(0));
  CHECK(ridge.change({}).isZero(0));
}

TEST_CASE("refused: groups that are none, too little left, shapes that do not fit") {
  const RidgeRemoval ridge = with_copies(2);
  CHECK_THROWS_AS(ridge.change({32}), std::invalid_argument);
  CHECK_THROWS_AS(ridge.change({3, 3}, 1), std::invalid_argument);
  const MatrixXd x = MatrixXd::Identity(3, 3);
  CHECK_THROWS_AS(RidgeRemoval(x, VectorXd::Ones(2), 1), std::invalid_argument);
  CHECK_THROWS_AS(RidgeRemoval(MatrixXd::Zero(3, 3), VectorXd::Ones(3), 0), std::invalid_argument);
  CHECK_THROWS_WITH_AS(RidgeRemoval(x, VectorXd::Ones(3), 0).change({1}),
                       doctest::Contains("do not determine theta"),
                       std::invalid_argument);
}
