// SPDX-License-Identifier: MIT
#include "influence/memorization/counterfactual.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "influence/harmonic/mask_pool.h"
#include "influence/memorization/seeded_training.h"
#include "influence/metrics/correlation.h"
#include "tests/influence/harmonic/sampled_cube.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Two training examples that know nothing of each other (or are the same), and two queries, one
/// like each. No bias.
Problem two_points(Task task, bool twins) {
  Dataset data;
  data.name = "two points";
  data.task = task;
  data.inputs.resize(2, 4);
  data.inputs << 1, twins ? 1 : 0, 1, 0, 0, twins ? 0 : 1, 0, 1;
  data.targets.resize(1, 4);
  data.targets << 1, 1, 1, 1;
  if (task == Task::regression) data.targets << 3, twins ? 3 : -2, 3, -2;
  ModelSpec spec = parse_model(plain_model(task), data);
  spec.bias = false;
  return {Model(spec), take(data, {0, 1}), take(data, {2, 3}), 0.25};
}

SubsetProblem subset_problem(const Problem& p) {
  SubsetProblem s{&p.model, &p.train, &p.query, p.weight_decay};
  s.protocol.epochs = 12;
  s.protocol.learning_rate = 0.3;
  s.protocol.batch_size = 8;
  s.seeds = 3;
  s.seed = 5;
  return s;
}

/// (subsets x examples of data) after training on each of the four subsets.
MatrixXd outputs_of_all(const Problem& p, const Dataset& data, QueryOutput kind) {
  SubsetProblem s = subset_problem(p);
  s.query = &data;
  const SubsetLogits logits = train_subsets(s, all_subsets(2), {});
  MatrixXd all(4, data.size());
  for (Index b = 0; b < 4; ++b)
    all.row(b) = output_values(kind, logits.of(b, 0), data.targets, data.task).transpose();
  return all;
}

}  // namespace

TEST_CASE("two points that share nothing: each is memorized, and says nothing of the other") {
  const Problem p = two_points(Task::binary, false);
  const MatrixXd masks = all_subsets(2);
  const MatrixXd right = outputs_of_all(p, p.train, QueryOutput::correct);
  const Memorization m = subset_memorization(masks, right, QueryOutput::correct);
  CHECK(m.values == VectorXd::Ones(2));
  CHECK(m.standard_errors == VectorXd::Zero(2));
  CHECK(m.out == VectorXd::Zero(2));
  const Counterfactual infl = subset_influence(
      masks, outputs_of_all(p, p.query, QueryOutput::correct), QueryOutput::correct);
  CHECK(infl.values == MatrixXd::Identity(2, 2));
}

TEST_CASE("twins: half of the subsets without one have the other, so memorization is one half") {
  const Problem p = two_points(Task::binary, true);
  const MatrixXd masks = all_subsets(2);
  const MatrixXd right = outputs_of_all(p, p.train, QueryOutput::correct);
  const Memorization m = subset_memorization(masks, right, QueryOutput::correct);
  CHECK(m.values == VectorXd::Constant(2, 0.5));
  CHECK(m.out == VectorXd::Constant(2, 0.5));
  // Outcomes 0 and 1 in two subsets have variance 1/2, their mean 1/4; those with i have none.
  CHECK(distance(m.standard_errors, VectorXd::Constant(2, 0.5)) < 1e-15);
  MatrixXd expected(2, 2);  // (query x train): both help the query that is like them
  expected << 0.5, 0.5, 0, 0;
  const Counterfactual infl = subset_influence(
      masks, outputs_of_all(p, p.query, QueryOutput::correct), QueryOutput::correct);
  CHECK(distance(infl.values, expected) < 1e-15);
}

TEST_CASE("two points of a ridge regression: memorization in loss is its closed form") {
  // theta_i = t_i / (1 + 2 weight_decay) where i is in, 0 where it is not.
  const Problem p = two_points(Task::regression, false);
  const MatrixXd masks = all_subsets(2);
  const double left = std::pow(2 * 0.25 / (1 + 2 * 0.25), 2);  // share of the loss when in
  VectorXd expected(2);
  expected << 0.5 * 9 * (1 - left), 0.5 * 4 * (1 - left);
  const Memorization m =
      subset_memorization(masks, outputs_of_all(p, p.train, QueryOutput::loss), QueryOutput::loss);
  CHECK(distance(m.values, expected) < 1e-12);
  CHECK(m.out(0) == doctest::Approx(4.5).epsilon(1e-12));
  CHECK(m.out(1) == doctest::Approx(2.0).epsilon(1e-12));
  const Counterfactual infl =
      subset_influence(masks, outputs_of_all(p, p.query, QueryOutput::loss), QueryOutput::loss);
  CHECK(distance(infl.values, MatrixXd(expected.asDiagonal())) < 1e-12);

  const LeaveOneOutTrainings loo = train_leaving_one_out(subset_problem(p), {1, 0}, {});
  CHECK(loo.unconverged == 0);
  const Memorization exact = leave_one_out_memorization(subset_problem(p), loo, QueryOutput::loss);
  CHECK(distance(exact.values, VectorXd(expected.reverse())) < 1e-9);
  CHECK(exact.standard_errors.size() == 0);  // one exact solution of each kind
  const Counterfactual one = leave_one_out_influence(subset_problem(p), loo, QueryOutput::loss);
  MatrixXd crossed = MatrixXd::Zero(2, 2);  // column j is left_out[j]
  crossed(0, 1) = expected(0);
  crossed(1, 0) = expected(1);
  CHECK(distance(one.values, crossed) < 1e-9);
}

TEST_CASE("random subsets: one training each, asked about training examples and queries") {
  const Problem p = two_points(Task::binary, true);
  const SubsetTrainings all = train_random_subsets(subset_problem(p), 30, {}, 0.5);
  REQUIRE(all.masks.cols() == 30);
  CHECK(all.masks.colwise().sum() == Eigen::RowVectorXd::Ones(30));
  CHECK(all.masks.row(0).sum() > 5);
  CHECK(all.masks.row(1).sum() > 5);
  CHECK(all.train_correct == MatrixXd::Ones(30, 2));  // the twin is always there
  CHECK(all.query_correct.col(0) == VectorXd::Ones(30));
  CHECK(all.query_correct.col(1) == VectorXd::Zero(30));
  CHECK(distance(all.query_loss.col(1), VectorXd::Constant(30, std::log(2.0))) < 1e-12);
  CHECK(distance(all.train_loss.col(0), all.query_loss.col(0)) < 1e-12);
  const Memorization m = subset_memorization(all.masks, all.train_correct, QueryOutput::correct);
  CHECK(m.values == VectorXd::Zero(2));
  CHECK(m.out == VectorXd::Ones(2));
  const Problem r = two_points(Task::regression, false);
  CHECK(train_random_subsets(subset_problem(r), 4, {}, 0.5).train_correct.size() == 0);
}

TEST_CASE("the subset estimator is unbiased, and its standard errors are what they say") {
  // Example j is right with a probability that depends on the subset, of 4 of 6 examples.
  const Index n = 6, m = 300, replications = 200;
  const MatrixXd cube = all_masks(n);
  MatrixXd chance(n, cube.cols());
  Random draw(3, {1});
  for (double& p : chance.reshaped()) p = 0.15 + 0.7 * draw.uniform();
  VectorXd in = VectorXd::Zero(n), out = in;  // means over the subsets of four
  for (Index b = 0; b < cube.cols(); ++b)
    if (cube.col(b).sum() == 4)
      for (Index i = 0; i < n; ++i) (cube(i, b) == 1 ? in : out)(i) += chance(i, b);
  in /= 10;  // of 15 subsets of four, 10 have i
  out /= 5;
  MatrixXd gap(n, replications), z(n, replications), out_gap(n, replications);
  for (Index r = 0; r < replications; ++r) {
    const MatrixXd masks = fixed_size_masks(n, 4, m, static_cast<std::uint64_t>(r));
    Random random(7, {static_cast<std::uint64_t>(r)});
    MatrixXd right(m, n);
    for (Index k = 0; k < m; ++k)
      for (Index i = 0; i < n; ++i)
        right(k, i) = random.uniform() < chance(i, index_of(masks.col(k))) ? 1 : 0;
    const Memorization memory = subset_memorization(masks, right, QueryOutput::correct);
    gap.col(r) = memory.values - (in - out);
    out_gap.col(r) = memory.out - out;
    z.col(r) = gap.col(r).cwiseQuotient(memory.standard_errors);
  }
  for (Index i = 0; i < n; ++i) {
    const MeanAndError bias = mean_and_error(gap.row(i).transpose());
    CHECK(std::abs(bias.mean) < 4 * bias.error);
    const MeanAndError out_bias = mean_and_error(out_gap.row(i).transpose());
    CHECK(std::abs(out_bias.mean) < 4 * out_bias.error);
    CHECK(std::abs(calibration(z.row(i).transpose())) < 4);
  }
}

TEST_CASE("leave-one-out is direct training with and without the example, bit for bit") {
  const Problem p = tanh_classification_problem();
  const SubsetProblem s = subset_problem(p);
  const std::vector<Index> left_out = {0, 17, 5};
  const LeaveOneOutTrainings loo = train_leaving_one_out(s, left_out, {.threads = 2});
  MatrixXd with(3, 3), without(3, 3);           // losses of the example, (left out x seeds)
  MatrixXd query_with(6, 3), query_lost(6, 3);  // losses of the queries; of the last left-out one
  for (Index seed = 0; seed < 3; ++seed) {
    Random stream = shared_seed(s, seed);
    const VectorXd start = initialise(p.model.spec(), s.initialisation, stream.bits());
    Protocol protocol = s.protocol;
    protocol.seed = stream.bits();
    const VectorXd all = train(p.objective(), start, protocol).theta;
    CHECK(loo.with.col(seed) == all);
    query_with.col(seed) = losses(p.model, p.query, all);
    for (Index j = 0; j < 3; ++j) {
      const Index i = left_out[static_cast<std::size_t>(j)];
      Objective q = p.objective();
      q.weights(i) = 0;
      const VectorXd theta = train(q, start, protocol).theta;
      CHECK(loo.without[static_cast<std::size_t>(j)].col(seed) == theta);
      with(j, seed) = losses(p.model, p.train, all)(i);
      without(j, seed) = losses(p.model, p.train, theta)(i);
      query_lost.col(seed) = losses(p.model, p.query, theta) - query_with.col(seed);
    }
  }
  const Memorization m = leave_one_out_memorization(s, loo, QueryOutput::loss);
  for (Index j = 0; j < 3; ++j) {
    const MeanError e = mean_error((without - with).row(j).transpose());
    CHECK(m.values(j) == doctest::Approx(*e.mean).epsilon(1e-10));
    CHECK(m.standard_errors(j) == doctest::Approx(*e.standard_error).epsilon(1e-10));
    CHECK(m.out(j) == doctest::Approx(without.row(j).mean()).epsilon(1e-10));
    CHECK(m.values(j) > 0);  // it was of use to itself
  }
  const Counterfactual infl = leave_one_out_influence(s, loo, QueryOutput::loss);
  for (Index q = 0; q < 6; ++q) {
    const MeanError e = mean_error(query_lost.row(q).transpose());
    CHECK(infl.values(q, 2) == doctest::Approx(*e.mean).epsilon(1e-9));
    CHECK(infl.standard_errors(q, 2) == doctest::Approx(*e.standard_error).epsilon(1e-9));
  }
  // The seeds are those that subsets share.
  SubsetProblem shared = s;
  shared.shared_seeds = true;
  MatrixXd masks = MatrixXd::Ones(p.size(), 2);
  masks(17, 1) = 0;
  const SubsetLogits logits = train_subsets(shared, masks, {});
  for (Index seed = 0; seed < 3; ++seed) {
    CHECK(logits.of(0, seed) == outputs(p.model, p.query.inputs, loo.with.col(seed)));
    CHECK(logits.of(1, seed) == outputs(p.model, p.query.inputs, loo.without[1].col(seed)));
  }
}

TEST_CASE("leave-one-out in correctness counts what is lost; convex models are solved exactly") {
  const Problem p = logistic_problem(40);
  const SubsetProblem s = subset_problem(p);
  std::vector<Index> every = all_examples(40);
  const LeaveOneOutTrainings loo = train_leaving_one_out(s, every, {});
  CHECK(loo.unconverged == 0);
  REQUIRE(loo.with.cols() == 1);
  CHECK(distance(loo.with.col(0), p.optimum()) < 1e-9);
  const Memorization m = leave_one_out_memorization(s, loo, QueryOutput::correct);
  const Memorization loss = leave_one_out_memorization(s, loo, QueryOutput::loss);
  double lost = 0;
  for (Index i = 0; i < 40; ++i) {
    const auto right = [&](const VectorXd& theta) {
      const double z = outputs(p.model, p.train.inputs.col(i), theta)(0, 0);
      return (2 * p.train.targets(0, i) - 1) * z > 0 ? 1.0 : 0.0;
    };
    const VectorXd without = loo.without[static_cast<std::size_t>(i)].col(0);
    CHECK(m.values(i) == right(p.optimum()) - right(without));
    CHECK(m.out(i) == right(without));
    CHECK(loss.values(i) > 0);  // at a minimum removal never helps the removed example
    lost += m.values(i);
  }
  CHECK(lost > 0);  // the problem has examples whose answer depends on them
}

TEST_CASE("memorization: what cannot be compared is refused in one line") {
  const MatrixXd masks = all_subsets(2);
  CHECK_THROWS_WITH_AS(subset_memorization(masks, MatrixXd::Ones(4, 3), QueryOutput::correct),
                       "[memorization] outputs, expected 2 columns, one for each training example, "
                       "got 3",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      subset_memorization(masks.leftCols(3), MatrixXd::Ones(3, 2), QueryOutput::correct),
      "[memorization] example 0 is in 1 of 3 subsets, expected at least two with it and two "
      "without; train more subsets",
      std::invalid_argument);
  const Problem p = ridge_problem(6);
  CHECK_THROWS_WITH_AS(train_leaving_one_out(subset_problem(p), {6}, {}),
                       "[memorization] left-out example, expected 0 to 5, got 6",
                       std::invalid_argument);
  CHECK_THROWS_AS(train_random_subsets(subset_problem(p), 5, {}, 1.0), std::invalid_argument);
}
