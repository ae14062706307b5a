// SPDX-License-Identifier: MIT
// Relative influence against its definitions: what is the largest effect under a cap, what does a
// cosine of a_t = H^-1/2 g_t and a_i say, and what cancels.
#include "influence/few_parameters/relative_influence.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "datasets/random.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Random gradients and a positive definite matrix with condition number 100.
struct Setting {
  Index n_train = 7;  // N is larger than the columns: the 1/N must be N's
  Index size = 30;    // N
  MatrixXd h, query, train;

  Setting()
      : query(Random(1, {1}).normal_matrix(6, 4)), train(Random(1, {2}).normal_matrix(6, n_train)) {
    const MatrixXd m = Random(1, {3}).normal_matrix(6, 6);
    const MatrixXd q = m.householderQr().householderQ();
    h = q * VectorXd::LinSpaced(6, 0.1, 10).asDiagonal() * q.transpose();
  }
  MatrixXd solve(const MatrixXd& g) const { return h.llt().solve(g); }
  double n() const { return static_cast<double>(size); }
  MatrixXd steps() const { return solve(train) / n(); }
  MatrixXd scores() const { return query.transpose() * steps(); }
  VectorXd self() const { return self_influence(steps(), train); }
  VectorXd query_self() const { return self_influence(solve(query) / n(), query); }
};

/// The largest |g_t' step| over multiples of H^-1 g_i with cap(step) <= 1, by going through them.
double largest_effect(const Setting& s,
                      Index t,
                      Index i,
                      const std::function<double(const VectorXd&)>& cap) {
  const VectorXd direction = s.solve(s.train.col(i));
  double best = 0;
  constexpr int kSteps = 200000;
  for (int k = 0; k <= kSteps; ++k) {
    const VectorXd step = 20.0 * k / kSteps * direction;
    if (cap(step) <= 1) best = std::max(best, std::abs(s.query.col(t).dot(step)));
  }
  return best;
}

/// All six on the same setting, for laws about what they do not depend on.
std::vector<MatrixXd> all_of(const Setting& s) {
  const MatrixXd scores = s.scores();
  const VectorXd self = s.self();
  return {theta_relatif(scores, s.steps()),
          loss_relatif(scores, self, s.size),
          influence_cosine(scores, s.query_self(), self),
          influence_shares(scores),
          influence_ratios(scores, 2),
          benefit_ratios(mean_influence(scores), self)};
}

}  // namespace

TEST_CASE("RelatIF: the largest effect of a reweighted example under a cap on what else it does") {
  const Setting s;
  const MatrixXd theta = theta_relatif(s.scores(), s.steps());
  const MatrixXd loss = loss_relatif(s.scores(), s.self(), s.size);
  for (const Index t : {0, 3})
    for (const Index i : {1, 5}) {
      const auto length = [](const VectorXd& step) { return step.norm(); };
      const auto change = [&](const VectorXd& step) { return std::sqrt(step.dot(s.h * step)); };
      CHECK(largest_effect(s, t, i, length) ==
            doctest::Approx(std::abs(theta(t, i))).epsilon(1e-3));
      CHECK(largest_effect(s, t, i, change) == doctest::Approx(std::abs(loss(t, i))).epsilon(1e-3));
      // By the formulas, signs included.
      const VectorXd g = s.query.col(t), v = s.solve(s.train.col(i));
      CHECK(theta(t, i) == doctest::Approx(g.dot(v) / v.norm()));
      CHECK(loss(t, i) == doctest::Approx(g.dot(v) / std::sqrt(s.train.col(i).dot(v))));
    }
}

TEST_CASE("no step changes a query's loss by more than its own gradient's, in the metric of each") {
  const Setting s;
  for (Index t = 0; t < s.query.cols(); ++t) {
    // Add the query itself and H g as further examples: the two at which the bounds are met.
    Setting with = s;
    with.train.conservativeResize(Eigen::NoChange, s.n_train + 2);
    with.train.col(s.n_train) = s.query.col(t);
    with.train.col(s.n_train + 1) = s.h * s.query.col(t);
    const VectorXd theta = theta_relatif(with.scores(), with.steps()).row(t);
    const VectorXd loss = loss_relatif(with.scores(), with.self(), s.size).row(t);
    Index best_theta = 0, best_loss = 0;
    theta.cwiseAbs().maxCoeff(&best_theta);
    loss.cwiseAbs().maxCoeff(&best_loss);
    CHECK(best_theta == s.n_train + 1);
    CHECK(best_loss == s.n_train);
    CHECK(theta(best_theta) == doctest::Approx(s.query.col(t).norm()));
    const VectorXd own = s.solve(s.query.col(t));
    CHECK(loss(best_loss) == doctest::Approx(std::sqrt(own.dot(s.query.col(t)))));
  }
}

TEST_CASE("the cosine is that of H^-1/2 g_t and H^-1/2 g_i, and l-RelatIF is its multiple") {
  const Setting s;
  const MatrixXd l = s.h.llt().matrixL();
  const MatrixXd a = l.triangularView<Eigen::Lower>().solve(s.query);
  const MatrixXd b = l.triangularView<Eigen::Lower>().solve(s.train);
  const MatrixXd cosine = influence_cosine(s.scores(), s.query_self(), s.self());
  const MatrixXd loss = loss_relatif(s.scores(), s.self(), s.size);
  for (Index t = 0; t < cosine.rows(); ++t)
    for (Index i = 0; i < cosine.cols(); ++i) {
      CHECK(cosine(t, i) == doctest::Approx(a.col(t).normalized().dot(b.col(i).normalized())));
      CHECK(loss(t, i) == doctest::Approx(a.col(t).norm() * cosine(t, i)));
    }
  CHECK(cosine.cwiseAbs().maxCoeff() <= 1);
  Setting own = s;
  own.query = s.train;
  const MatrixXd with_itself = influence_cosine(own.scores(), own.query_self(), own.self());
  CHECK(distance(with_itself.diagonal(), VectorXd::Ones(s.n_train)) < 1e-14);
  CHECK(distance(with_itself, with_itself.transpose()) < 1e-13);
}

TEST_CASE("shares add up to one, ratios compare pairs, benefit is per unit of self-influence") {
  const Setting s;
  const MatrixXd scores = s.scores(), shares = influence_shares(scores);
  const VectorXd totals = shares.cwiseAbs().rowwise().sum();
  CHECK(distance(totals, VectorXd::Ones(scores.rows())) < 1e-14);
  CHECK(shares(1, 2) == doctest::Approx(scores(1, 2) / scores.row(1).cwiseAbs().sum()));
  const MatrixXd ratios = influence_ratios(scores, 4);
  CHECK(ratios(3, 1) == doctest::Approx(scores(3, 1) / scores(3, 4)));
  CHECK(ratios.col(4) == VectorXd::Ones(scores.rows()));
  const VectorXd mean = mean_influence(scores), benefit = benefit_ratios(mean, s.self());
  const VectorXd step = s.solve(s.train.col(3)), gradient = s.query.rowwise().mean();
  CHECK(mean(3) == doctest::Approx(gradient.dot(step) / s.n()));
  CHECK(benefit(3) == doctest::Approx(gradient.dot(step) / s.train.col(3).dot(step)));
}

TEST_CASE("1/N, the scale of the curvature and of an example's gradient cancel where they should") {
  const Setting s;
  const std::vector<MatrixXd> before = all_of(s);
  Setting other = s;
  other.size = 90;
  const std::vector<MatrixXd> other_size = all_of(other);
  for (std::size_t k = 0; k < before.size(); ++k) CHECK(distance(other_size[k], before[k]) < 1e-12);

  other = s;
  other.h *= 16;
  const std::vector<MatrixXd> other_scale = all_of(other);
  for (std::size_t k = 0; k < before.size(); ++k)  // l-RelatIF alone has H^-1/2
    CHECK(distance(other_scale[k] * (k == 1 ? 4.0 : 1.0), before[k]) < 1e-12);

  other = s;
  other.train.col(5) *= 50;  // an outlier
  const std::vector<MatrixXd> outlier = all_of(other);
  for (const std::size_t k : {0U, 1U, 2U}) CHECK(distance(outlier[k], before[k]) < 1e-12);
  CHECK(outlier[3](0, 5) / outlier[3](0, 1) ==
        doctest::Approx(50 * before[3](0, 5) / before[3](0, 1)));
  CHECK(outlier[4](0, 5) == doctest::Approx(50 * before[4](0, 5)));
  CHECK(outlier[5](5) == doctest::Approx(before[5](5) / 50));  // more of itself, less of others
}

TEST_CASE("an example without a gradient has relative influence zero") {
  Setting s;
  s.train.col(1).setZero();
  s.query.col(2).setZero();
  const std::vector<MatrixXd> all = all_of([&] {
    Setting t = s;
    t.query.col(2) = s.query.col(1);  // ratios of zeros are refused: another query
    return t;
  }());
  for (std::size_t k = 0; k < 5; ++k) CHECK(all[k].col(1).norm() == 0);
  CHECK(all[5](1) == 0);
  CHECK(influence_cosine(s.scores(), s.query_self(), s.self()).row(2).norm() == 0);
  CHECK(influence_shares(s.scores()).row(2).norm() == 0);
}

TEST_CASE("what cannot be divided is refused, with the number at fault") {
  const Setting s;
  const MatrixXd scores = s.scores();
  VectorXd self = s.self();
  self(3) = -0.5;
  CHECK_THROWS_WITH_AS(
      loss_relatif(scores, self, 30),
      doctest::Contains("number 3 is -0.5: the curvature is not positive definite"),
      std::invalid_argument);
  CHECK_THROWS_AS(influence_cosine(scores, s.query_self(), self), std::invalid_argument);
  CHECK_THROWS_AS(loss_relatif(scores, s.self(), 0), std::invalid_argument);
  self(3) = 0;
  CHECK_THROWS_WITH_AS(benefit_ratios(mean_influence(scores), self),
                       doctest::Contains("examples number 3 has scores and a divisor of zero"),
                       std::invalid_argument);
  CHECK_THROWS_AS(theta_relatif(scores, s.steps().leftCols(2)), std::invalid_argument);
  CHECK_THROWS_AS(self_influence(s.steps(), s.query), std::invalid_argument);
  CHECK_THROWS_AS(influence_ratios(scores, 7), std::invalid_argument);
  MatrixXd zero = scores;
  zero(1, 2) = 0;
  CHECK_THROWS_WITH_AS(influence_ratios(zero, 2),
                       doctest::Contains("example 2 has no influence on query 1"),
                       std::invalid_argument);
  zero(1, 2) = std::nan("");
  CHECK_THROWS_AS(influence_shares(zero), std::invalid_argument);
  CHECK_THROWS_AS(mean_influence(MatrixXd(0, 3)), std::invalid_argument);
}
