// SPDX-License-Identifier: MIT
#include "influence/harmonic/mean_differences.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "influence/harmonic/datamodel.h"
#include "influence/harmonic/mask_pool.h"
#include "tests/influence/harmonic/sampled_cube.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("difference of means: over all subsets at p = 1/2 it is a_i; Welch's error by hand") {
  const SampledCube cube(random_table(5, 1), 0.5);
  const InfluenceEstimates a = difference_of_means(cube.masks, cube.table);
  CHECK(distance(a.values.col(0), cube.influence) < 1e-12);
  for (Index i = 0; i < 5; ++i) {
    std::vector<Index> in, out;
    for (Index b = 0; b < 32; ++b) (cube.masks(i, b) == 1 ? in : out).push_back(b);
    const MeanAndError with = mean_and_error(cube.table(in));
    const MeanAndError without = mean_and_error(cube.table(out));
    CHECK(a.values(i, 0) == doctest::Approx(with.mean - without.mean).epsilon(1e-12));
    CHECK(a.standard_errors(i, 0) ==
          doctest::Approx(std::hypot(with.error, without.error)).epsilon(1e-12));
  }
}

TEST_CASE("correlation: its standard error is the spread of the products about their mean") {
  const MatrixXd masks = bernoulli_masks(2, 0.3, 9, 4);
  const VectorXd y = 5 * masks.row(0).transpose().array() + 1;  // a strong effect
  const VectorXd b = masks.row(0).array() - masks.row(0).mean();
  const VectorXd products = b.array() * (y.array() - y.mean()) / 0.21;
  CHECK(correlation_influence(masks, y, 0.3).standard_errors(0, 0) ==
        doctest::Approx(mean_and_error(products).error).epsilon(1e-12));
}

TEST_CASE("correlation: its mean over all samples is a_i exactly, and shifts of y change nothing") {
  // All 4^3 samples of three subsets of two examples, each with its probability.
  const SampledCube cube(random_table(2, 2), 0.3);
  VectorXd mean = VectorXd::Zero(2);
  for (Index a = 0; a < 4; ++a)
    for (Index b = 0; b < 4; ++b)
      for (Index c = 0; c < 4; ++c) {
        const MatrixXd masks = cube.masks(Eigen::all, std::vector<Index>{a, b, c});
        const MatrixXd y = cube.outputs(masks);
        const MatrixXd values = correlation_influence(masks, y, 0.3).values;
        mean +=
            cube.probabilities[a] * cube.probabilities[b] * cube.probabilities[c] * values.col(0);
        CHECK((correlation_influence(masks, y.array() + 5, 0.3).values - values).norm() < 1e-13);
      }
  CHECK(distance(mean, cube.influence) < 1e-13);
}

TEST_CASE("both are calibrated, and their spread is (V_y - v a_i^2) / (m v)") {
  const Index n = 5, m = 250, replications = 200;
  for (const double p : {0.5, 0.3}) {
    const SampledCube cube(random_table(n, 5), p);
    const double noise = 0.7, v = p * (1 - p);
    MatrixXd means(n, replications), mean_z(n, replications), correlation_z(n, replications);
    for (Index r = 0; r < replications; ++r) {
      const MatrixXd masks = bernoulli_masks(n, p, m, static_cast<std::uint64_t>(r));
      Random random(6, {static_cast<std::uint64_t>(r)});
      const MatrixXd y = cube.outputs(masks) + noise * random.normal_matrix(m, 1);
      const InfluenceEstimates d = difference_of_means(masks, y);
      const InfluenceEstimates c = correlation_influence(masks, y, p);
      means.col(r) = d.values;
      mean_z.col(r) = (d.values - cube.influence).cwiseQuotient(d.standard_errors);
      correlation_z.col(r) = (c.values - cube.influence).cwiseQuotient(c.standard_errors);
    }
    for (Index i = 0; i < n; ++i) {
      CHECK(std::abs(calibration(mean_z.row(i).transpose())) < 4);
      CHECK(std::abs(calibration(correlation_z.row(i).transpose())) < 4);
    }
    // At p = 1/2 the law is exact to first order; the spread of 200 values is known to 5 percent.
    if (p != 0.5) continue;
    for (Index i = 0; i < n; ++i) {
      const double law = (cube.variance() + noise * noise - v * std::pow(cube.influence[i], 2)) /
                         (static_cast<double>(m) * v);
      const VectorXd gap = means.row(i).transpose().array() - cube.influence[i];
      const MeanAndError spread = mean_and_error(gap.cwiseAbs2());
      CHECK(std::abs(spread.mean - law) < 4 * spread.error);
    }
  }
}

TEST_CASE("least squares removes the others' linear effects: its error is smaller by the law") {
  VectorXd f(64);
  const MatrixXd cube = all_masks(6);
  for (Index b = 0; b < 64; ++b) f[b] = 2 * cube.col(b).sum();  // linear: B_{>=2} = 0
  const SampledCube linear(f, 0.5);
  const MatrixXd masks = bernoulli_masks(6, 0.5, 100, 3);
  const MatrixXd y = linear.outputs(masks);
  CHECK(distance(DatamodelRegression(masks, y).ols().weights.col(0), linear.influence) < 1e-12);
  CHECK(difference_of_means(masks, y).standard_errors.minCoeff() > 0.3);
}

TEST_CASE("mean differences: what cannot be compared is refused") {
  MatrixXd masks = bernoulli_masks(3, 0.5, 10, 1);
  const MatrixXd y = MatrixXd::Random(10, 1);
  masks.row(1).setZero();
  masks(1, 4) = 1;
  CHECK_THROWS_WITH_AS(difference_of_means(masks, y),
                       "[datamodel] example 1 is in 1 of 10 subsets, expected at least two with it "
                       "and two without; draw more subsets",
                       std::invalid_argument);
  CHECK_THROWS_AS(correlation_influence(masks, y, 0), std::invalid_argument);
  CHECK_THROWS_AS(correlation_influence(masks.leftCols(2), y.topRows(2), 0.5),
                  std::invalid_argument);
}
