// SPDX-License-Identifier: MIT
#include "influence/metrics/ranking.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

/// The first `count` of n are wanted.
std::vector<bool> first(int count, int n) {
  std::vector<bool> wanted(static_cast<std::size_t>(n), false);
  for (int i = 0; i < count; ++i) wanted[static_cast<std::size_t>(i)] = true;
  return wanted;
}

/// By definition: the mean over pairs.
double auc_by_pairs(const VectorXd& scores, const std::vector<bool>& wanted) {
  double won = 0, pairs = 0;
  for (Index i = 0; i < scores.size(); ++i)
    for (Index j = 0; j < scores.size(); ++j) {
      if (!wanted[static_cast<std::size_t>(i)] || wanted[static_cast<std::size_t>(j)]) continue;
      won += scores(i) > scores(j) ? 1.0 : scores(i) == scores(j) ? 0.5 : 0.0;
      ++pairs;
    }
  return won / pairs;
}

}  // namespace

TEST_CASE("perfect order finds min(x / p, 1) of what is wanted, and its AUC is 1") {
  const VectorXd scores = VectorXd::LinSpaced(10, 10, 1);
  const Ranking ranking(scores, first(2, 10));
  for (const double x : {0.0, 0.05, 0.1, 0.2, 0.55, 1.0})
    CHECK(*ranking.recall(x) == doctest::Approx(std::min(x / 0.2, 1.0)).epsilon(1e-14));
  CHECK(*ranking.auc() == 1);
}

TEST_CASE("reversed order finds nothing until only what is wanted is left, and its AUC is 0") {
  const VectorXd scores = VectorXd::LinSpaced(10, 1, 10);
  const Ranking ranking(scores, first(2, 10));
  CHECK(*ranking.recall(0.8) == 0);
  CHECK(*ranking.recall(0.9) == doctest::Approx(0.5).epsilon(1e-14));
  CHECK(*ranking.recall(1) == 1);
  CHECK(*ranking.auc() == 0);
}

TEST_CASE("equal scores carry no information: recall is the diagonal and AUC is 1/2") {
  const Ranking ranking(VectorXd::Constant(7, 3.5), first(3, 7));
  for (const double x : {0.0, 0.13, 0.5, 1.0})
    CHECK(*ranking.recall(x) == doctest::Approx(x).epsilon(1e-14));
  CHECK(*ranking.auc() == 0.5);
}

TEST_CASE("ties are the mean over the orders in which their examples may be inspected") {
  // Scores 2 2 2 1: the wanted example is among the three first, so it is found first, second or
  // third with the same probability.
  const VectorXd scores = Eigen::Vector4d(2, 2, 2, 1);
  const Ranking ranking(scores, first(1, 4));
  CHECK(*ranking.recall(0.25) == doctest::Approx(1.0 / 3).epsilon(1e-14));
  CHECK(*ranking.recall(0.5) == doctest::Approx(2.0 / 3).epsilon(1e-14));
  CHECK(*ranking.recall(0.75) == 1);
  CHECK(*ranking.auc() == doctest::Approx((0.5 + 0.5 + 1) / 3).epsilon(1e-14));
}

TEST_CASE("AUC is the share of pairs in the right order, and fixes the area under the curve") {
  Random random(5);
  for (int draw = 0; draw < 20; ++draw) {
    const Index n = 30;
    VectorXd scores(n);
    std::vector<bool> wanted;
    for (Index i = 0; i < n; ++i) {
      scores(i) = static_cast<double>(random.below(8));  // many ties
      wanted.push_back(i == 0 || (i > 1 && random.uniform() < 0.3));
    }
    const Ranking ranking(scores, wanted);
    CHECK(*ranking.auc() == doctest::Approx(auc_by_pairs(scores, wanted)).epsilon(1e-13));
    double area = 0;  // by trapezia: the curve is linear between whole numbers
    for (Index i = 0; i < n; ++i)
      area += (*ranking.recall(static_cast<double>(i) / n) +
               *ranking.recall(static_cast<double>(i + 1) / n)) /
              (2.0 * n);
    const double p = static_cast<double>(ranking.wanted()) / n;
    CHECK(area == doctest::Approx((1 - p) * *ranking.auc() + p / 2).epsilon(1e-13));
  }
}

TEST_CASE("a random order has recall x and AUC 1/2 in the mean, within four standard errors") {
  const int draws = 2000, n = 40, wanted = 8;
  double recall = 0, auc = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    VectorXd scores(n);
    Random random(9, {draw});
    for (Index i = 0; i < n; ++i) scores(i) = random.uniform();
    const Ranking ranking(scores, first(wanted, n));
    recall += *ranking.recall(0.2) / draws;
    auc += *ranking.auc() / draws;
  }
  // Hypergeometric, and Mann-Whitney's variance (m + k + 1) / (12 m k).
  const double of_recall = std::sqrt(8 * 0.2 * 0.8 * (32.0 / 39)) / wanted / std::sqrt(draws);
  const double of_auc = std::sqrt(41.0 / (12 * 8 * 32)) / std::sqrt(draws);
  CHECK(std::abs(recall - 0.2) < 4 * of_recall);
  CHECK(std::abs(auc - 0.5) < 4 * of_auc);
}

TEST_CASE("monotone maps of the scores and the order of the examples change nothing") {
  const VectorXd scores = (VectorXd(6) << 3, 1, 4, 1, 5, 9).finished();
  const VectorXd map = scores.array().exp();
  const std::vector<bool> wanted = {true, false, false, true, true, false};
  CHECK(Ranking(scores, wanted).auc() == Ranking(map, wanted).auc());
  CHECK(Ranking(scores, wanted).recall(0.3) == Ranking(map, wanted).recall(0.3));
  const std::vector<bool> backwards(wanted.rbegin(), wanted.rend());
  CHECK(Ranking(scores.reverse(), backwards).auc() == Ranking(scores, wanted).auc());
}

TEST_CASE("an infinite score is the first, and what does not exist is undefined or refused") {
  const double infinity = std::numeric_limits<double>::infinity();
  const VectorXd scores = Eigen::Vector3d(infinity, 2, 1);
  CHECK(*Ranking(scores, first(1, 3)).auc() == 1);
  CHECK_FALSE(Ranking(scores, first(0, 3)).recall(0.5).has_value());
  CHECK_FALSE(Ranking(scores, first(0, 3)).auc().has_value());
  CHECK_FALSE(Ranking(scores, first(3, 3)).auc().has_value());
  CHECK_THROWS_AS(Ranking(scores, first(1, 2)), std::invalid_argument);
  CHECK_THROWS_AS(Ranking(Eigen::Vector2d(1, NAN), first(1, 2)), std::invalid_argument);
  CHECK_THROWS_AS(Ranking(scores, first(1, 3)).recall(1.5), std::invalid_argument);
}

}  // namespace leaveout
