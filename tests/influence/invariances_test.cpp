// SPDX-License-Identifier: MIT
// What scores must not depend on: the order of the data, names of hidden units and of classes,
// which of two equal examples is meant, and where the data were cut into tiles.
#include <doctest/doctest.h>

#include <numeric>

#include "influence/estimators/influence_function.h"
#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd all_scores(const Problem& p, const VectorXd& theta_s) {
  const LeaveOneOut loo = leave_one_out(p, 0.02, theta_s);
  return InfluenceFunction(loo, {}).scores(p.query, all_examples(p.size())).values;
}

}  // namespace

TEST_CASE("reordering the training examples reorders the scores and no more") {
  for (const Problem& p : every_problem()) {
    const VectorXd theta_s = p.anywhere(1);
    const std::vector<Index> order = Random(2, {1}).permutation(p.size());
    const Problem shuffled{Model(p.model.spec()), take(p.train, order), p.query, p.weight_decay};
    const MatrixXd a = all_scores(p, theta_s), b = all_scores(shuffled, theta_s);
    CHECK(distance(b, a(Eigen::all, order).eval()) < 1e-11);
    CHECK(distance(b, a) > 0.1);
  }
}

TEST_CASE("exchanging hidden units with all their weights changes no score and no retraining") {
  const Problem p = tanh_classification_problem();  // 2-4-3
  const VectorXd theta_s = p.anywhere(2);
  const std::vector<Index> order = {2, 0, 3, 1};
  VectorXd renamed = theta_s;
  const Eigen::Map<const MatrixXd> first(theta_s.data(), 4, 3), second(theta_s.data() + 12, 3, 5);
  Eigen::Map<MatrixXd>(renamed.data(), 4, 3) = first(order, Eigen::all);
  Eigen::Map<MatrixXd>(renamed.data() + 12, 3, 5).leftCols(4) = second(Eigen::all, order);
  REQUIRE(distance(outputs(p.model, p.train.inputs, renamed),
                   outputs(p.model, p.train.inputs, theta_s)) < 1e-14);
  CHECK(distance(all_scores(p, renamed), all_scores(p, theta_s)) < 1e-11);
  const auto pbrf_outputs = [&](const VectorXd& theta) {
    const VectorXd response = solved(leave_one_out(p, 0.1, theta), Response::pbrf, 3);
    return outputs(p.model, p.train.inputs, response);
  };
  CHECK(distance(pbrf_outputs(renamed), pbrf_outputs(theta_s)) < 1e-10);
}

TEST_CASE("renaming the classes changes no score") {
  const Problem p = softmax_problem();
  const VectorXd theta_s = p.anywhere(3);
  const std::vector<Index> order = {1, 2, 0};
  Problem renamed{Model(p.model.spec()), p.train, p.query, p.weight_decay};
  renamed.train.targets = p.train.targets(order, Eigen::all).eval();
  renamed.query.targets = p.query.targets(order, Eigen::all).eval();
  const Eigen::Map<const MatrixXd> w(theta_s.data(), 3, 4);
  const MatrixXd turned = w(order, Eigen::all);
  CHECK(distance(all_scores(renamed, turned.reshaped()), all_scores(p, theta_s)) < 1e-11);
}

TEST_CASE("two equal examples have equal scores, and the pair's gradient is twice that of one") {
  Problem p = tanh_regression_problem();
  p.train.inputs.col(9) = p.train.inputs.col(4);
  p.train.targets.col(9) = p.train.targets.col(4);
  const VectorXd theta_s = p.anywhere(4);
  const MatrixXd scores = all_scores(p, theta_s);
  CHECK(distance(scores.col(9), scores.col(4)) < 1e-12);
  const LeaveOneOut loo = leave_one_out(p, 0.05, theta_s);
  CHECK(distance(loo.removal_gradient({4, 9}), 2 * loo.removal_gradient({4})) < 1e-14);
  for (const Response r : {Response::proximal, Response::pbrf, Response::linearised})
    CHECK(distance(solved(loo, r, 4) - theta_s, solved(loo, r, 9) - theta_s) < 1e-9);
}

TEST_CASE("an example that is there twice counts like one of twice the weight") {
  const Problem p = softmax_problem(30);
  std::vector<Index> rows = all_examples(30);
  rows.push_back(6);
  const Problem doubled{Model(p.model.spec()), take(p.train, rows), p.query, p.weight_decay};
  Objective heavier = p.objective();
  heavier.weights.setConstant(1.0 / 31);
  heavier.weights(6) = 2.0 / 31;
  const VectorXd optimum = minimise(heavier, p.anywhere(5)).theta;
  CHECK(distance(doubled.optimum(), optimum) < 1e-12);
  // Dropping the copy leads back to the single one, with the others kept at 1/31.
  const LeaveOneOut loo = leave_one_out(doubled, 0, doubled.optimum());
  heavier.weights(6) = 1.0 / 31;
  CHECK(distance(solved(loo, Response::warm_start, 30), minimise(heavier, optimum).theta) < 1e-12);
}

TEST_CASE("an example that teaches nothing has score zero and leaves no trace") {
  Dataset data = ridge_problem().train;
  data.inputs.col(5).setZero();
  data.targets(0, 5) = 0;
  ModelSpec spec = parse_model("mlp:3", Task::regression, 4, 1);
  spec.bias = false;  // then the output at x = 0 is 0, whatever theta is
  const Problem p{Model(spec), data, ridge_problem().query, 0.02};
  const VectorXd theta_s = p.anywhere(6);
  CHECK(all_scores(p, theta_s).col(5).isZero(0));
  const LeaveOneOut loo = leave_one_out(p, 0.1, theta_s);
  CHECK(distance(solved(loo, Response::pbrf, 5), theta_s) < 1e-14);
  CHECK(distance(solved(loo, Response::linearised, 5), theta_s) < 1e-14);
}
