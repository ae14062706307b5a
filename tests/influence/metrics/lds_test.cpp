// SPDX-License-Identifier: MIT
#include "influence/metrics/lds.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/metrics/query_correlation.h"
#include "tests/influence/harmonic/sampled_cube.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("LDS of hand-worked arrays: 1 and sqrt(3) / 2, the second with a tie") {
  MatrixXd attributions(2, 4), masks(4, 3), outputs(3, 2);
  attributions << 0.1, 0.2, 0.3, 0.4, 0.2, 0.1, 0.3, 0.4;
  masks << 1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0;  // {0, 1}, {0, 2}, {1, 2}
  outputs << 0.3, 0.3, 0.4, 0.4, 0.5, 0.3;
  const Lds score = lds(attributions, masks, outputs, {.resamples = 0});
  CHECK(*score.query_spearman[0] == doctest::Approx(1.0).epsilon(1e-14));
  CHECK(*score.query_spearman[1] == doctest::Approx(std::sqrt(3.0) / 2).epsilon(1e-14));
  CHECK(*score.spearman.value == doctest::Approx(0.5 + std::sqrt(3.0) / 4).epsilon(1e-14));
  CHECK(*score.query_pearson[0] == doctest::Approx(1.0).epsilon(1e-14));
}

TEST_CASE("leave-one-out correlation of hand-worked arrays: 1 and -0.8") {
  VectorXd a(4), b(4), x(4), y(4);
  a << 0.1, 0.2, 0.3, 0.4;
  b << 1, 2, 3, 4;
  x << 0.4, 0.3, 0.2, 0.1;
  y << 1, 3, 2, 4;
  CHECK(*spearman(a, b) == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(*spearman(x, y) == doctest::Approx(-0.8).epsilon(1e-15));
  // Masks that leave one out: larger outputs without i = smaller weight of i.
  const MatrixXd masks = MatrixXd::Ones(4, 4) - MatrixXd::Identity(4, 4);
  const Lds score = lds(x.transpose(), masks, -y, {.resamples = 0});
  CHECK(*score.spearman.value == doctest::Approx(-0.8).epsilon(1e-14));
}

TEST_CASE("LDS over all subsets: cos(attribution, a) sqrt(B_1 / (Var f + noise)), exactly") {
  const Index n = 6;
  Random random(3);
  const SampledCube cube(random_table(n, 4), 0.5);
  for (int trial = 0; trial < 3; ++trial) {
    const VectorXd tau = random.normal_matrix(n, 1).col(0);
    const double cosine = tau.dot(cube.influence) / (tau.norm() * cube.influence.norm());
    CHECK(*lds(tau.transpose(), cube.masks, cube.table, {.resamples = 0}).pearson.value ==
          doctest::Approx(cosine * std::sqrt(cube.degrees[1] / cube.variance())).epsilon(1e-12));
    // Training noise of +-t, each once for every subset: its variance t^2 joins Var f.
    const double t = 1.3;
    MatrixXd masks(n, 128), noisy(128, 1);
    masks << cube.masks, cube.masks;
    noisy << cube.table.array() + t, cube.table.array() - t;
    CHECK(*lds(tau.transpose(), masks, noisy, {.resamples = 0}).pearson.value ==
          doctest::Approx(cosine * std::sqrt(cube.degrees[1] / (cube.variance() + t * t)))
              .epsilon(1e-12));
  }
}

TEST_CASE("LDS: over the subsets of one size the vectors are to be centred first") {
  const SampledCube cube(random_table(6, 5), 0.5);
  std::vector<Index> threes;
  for (Index b = 0; b < 64; ++b)
    if (cube.masks.col(b).sum() == 3) threes.push_back(b);
  const MatrixXd masks = cube.masks(Eigen::all, threes);
  const MatrixXd y = cube.table(threes);
  VectorXd a(6);  // zero-sum weights of least squares on these subsets, up to a factor
  for (Index i = 0; i < 6; ++i) a[i] = masks.row(i).dot(y.col(0)) / 10 - y.mean();
  Random random(6);
  const VectorXd tau = random.normal_matrix(6, 1).col(0).array() + 4;
  const VectorXd centred = tau.array() - tau.mean();
  const VectorXd fit = masks.transpose() * a;
  const double r = *pearson(fit, y.col(0));
  CHECK(*lds(tau.transpose(), masks, y, {.resamples = 0}).pearson.value ==
        doctest::Approx(r * centred.dot(a) / (centred.norm() * a.norm())).epsilon(1e-12));
}

TEST_CASE("LDS: means over queries, constant queries apart, never NaN") {
  const MatrixXd masks = all_masks(4);
  Random random(7);
  MatrixXd attributions = random.normal_matrix(3, 4), outputs = random.normal_matrix(16, 3);
  const Lds three = lds(attributions, masks, outputs, {.resamples = 0});
  CHECK(*three.pearson.value ==
        doctest::Approx(
            (*three.query_pearson[0] + *three.query_pearson[1] + *three.query_pearson[2]) / 3)
            .epsilon(1e-14));
  outputs.col(1).setConstant(0.1);
  const Lds two = lds(attributions, masks, outputs, {.resamples = 20});
  CHECK(!two.query_pearson[1].has_value());
  CHECK(!two.query_spearman[1].has_value());
  CHECK(*two.pearson.value ==
        doctest::Approx((*two.query_pearson[0] + *two.query_pearson[2]) / 2).epsilon(1e-14));
  CHECK(*two.spearman.value ==
        doctest::Approx((*two.query_spearman[0] + *two.query_spearman[2]) / 2).epsilon(1e-14));
  const Lds none = lds(MatrixXd::Zero(1, 4), masks, outputs.col(0));
  CHECK(!none.pearson.value.has_value());
  CHECK(!none.spearman.value.has_value());
  CHECK(to_string(none.spearman) == "undefined");
}

TEST_CASE("LDS: the interval covers the mean over all subsets and shrinks like 1 / sqrt(m)") {
  const SampledCube cube(random_table(6, 8), 0.5);
  const VectorXd tau = cube.influence;
  const double truth =
      *lds(tau.transpose(), cube.masks, cube.table, {.resamples = 0}).pearson.value;
  Index covered = 0;
  double width = 0;
  for (std::uint64_t r = 0; r < 60; ++r) {
    Random random(9, {r});
    std::vector<Index> picks(200);
    for (Index& pick : picks) pick = static_cast<Index>(random.below(64));
    const Estimate e = lds(tau.transpose(),
                           cube.masks(Eigen::all, picks),
                           cube.table(picks),
                           {.resamples = 200, .seed = r})
                           .pearson;
    covered += e.low <= truth && truth <= e.high;
    width += (e.high - e.low) / 60;
  }
  CHECK(covered >= 50);  // 57 expected of 60, spread 1.7
  // (1 - r^2) / sqrt(m) is the error of a normal pair's correlation.
  CHECK(width / (2 * 1.96 * (1 - truth * truth) / std::sqrt(200.0)) ==
        doctest::Approx(1).epsilon(0.3));
}

TEST_CASE("noise ceiling: what the true outputs themselves reach against the measured mean") {
  const Index m = 3000;
  Random random(10);
  const MatrixXd truth = random.normal_matrix(m, 2);
  std::vector<MatrixXd> repetitions(4);
  for (MatrixXd& y : repetitions) y = truth + 1.5 * random.normal_matrix(m, 2);
  MatrixXd mean = MatrixXd::Zero(m, 2);
  for (const MatrixXd& y : repetitions) mean += y / 4;
  const double reached =
      (*spearman(truth.col(0), mean.col(0)) + *spearman(truth.col(1), mean.col(1))) / 2;
  CHECK(std::abs(*lds_noise_ceiling(repetitions) - reached) < 0.02);
  // Without noise nothing is in the way, and one repetition says nothing.
  CHECK(*lds_noise_ceiling({truth, truth}) == doctest::Approx(1).epsilon(1e-14));
  CHECK(!lds_noise_ceiling({truth}).has_value());
  CHECK(!lds_noise_ceiling({MatrixXd::Ones(m, 2), MatrixXd::Ones(m, 2)}).has_value());
  CHECK_THROWS_AS(lds_noise_ceiling({truth, truth.leftCols(1)}), std::invalid_argument);
}

TEST_CASE("LDS: shapes and values are checked") {
  const MatrixXd masks = all_masks(3);
  const MatrixXd y = MatrixXd::Random(8, 2), tau = MatrixXd::Random(2, 3);
  CHECK_THROWS_WITH_AS(
      lds(tau, masks, y.leftCols(1)),
      "[metrics] attributions 2 x 3, masks 3 x 8, outputs 8 x 1, expected (query x "
      "train), (train x subset), (subset x query)",
      std::invalid_argument);
  CHECK_THROWS_AS(lds(tau.leftCols(2), masks, y), std::invalid_argument);
  CHECK_THROWS_AS(lds(tau, masks, y.topRows(7)), std::invalid_argument);
  CHECK_THROWS_AS(lds(tau * std::numeric_limits<double>::quiet_NaN(), masks, y),
                  std::invalid_argument);
}
