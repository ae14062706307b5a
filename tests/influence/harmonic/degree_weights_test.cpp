// SPDX-License-Identifier: MIT
#include "influence/harmonic/degree_weights.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "influence/harmonic/block_jackknife.h"
#include "influence/harmonic/mask_pool.h"
#include "tests/influence/harmonic/sampled_cube.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The definition: mean over pairs k != l, each centred at the mean of the others.
double by_definition(const MatrixXd& masks, const VectorXd& y, double p, int degree) {
  const MatrixXd phi = (masks.array() - p) / std::sqrt(p * (1 - p));
  const double m = static_cast<double>(y.size());
  double sum = 0;
  for (Index k = 0; k < y.size(); ++k)
    for (Index l = 0; l < y.size(); ++l) {
      if (k == l) continue;
      const double centre = (y.sum() - y[k] - y[l]) / (m - 2);
      double e = 0;
      for (Index i = 0; i < masks.rows(); ++i) {
        if (degree == 1) e += phi(i, k) * phi(i, l);
        for (Index j = 0; degree == 2 && j < i; ++j)
          e += phi(i, k) * phi(i, l) * phi(j, k) * phi(j, l);
      }
      sum += (y[k] - centre) * (y[l] - centre) * e;
    }
  return sum / (m * (m - 1));
}

}  // namespace

TEST_CASE("degree weights: the fast sums are the mean over pairs of different subsets") {
  for (const double p : {0.5, 0.3}) {
    const Index m = 17;
    const MatrixXd masks = bernoulli_masks(4, p, m, 5);
    Random random(6);
    const MatrixXd y = random.normal_matrix(m, 2).array() + 3;
    const std::vector<DegreeOne> one = degree_one_weights(masks, y, p, {}, 4);
    const std::vector<Measured> two = degree_two_weights(masks, y, p, 4);
    for (Index k = 0; k < 2; ++k) {
      CHECK(one[k].weight.value == doctest::Approx(by_definition(masks, y.col(k), p, 1)));
      CHECK(two[k].value == doctest::Approx(by_definition(masks, y.col(k), p, 2)));
      const double variance = (y.col(k).array() - y.col(k).mean()).square().sum() / (m - 1.0);
      CHECK(one[k].variance.value == doctest::Approx(variance).epsilon(1e-12));
      CHECK(one[k].residual.value ==
            doctest::Approx(1 - one[k].weight.value / variance).epsilon(1e-12));
    }
  }
}

TEST_CASE("degree weights: standard errors are of the statistics without whole blocks") {
  const Index m = 40, blocks = 8;
  const MatrixXd masks = bernoulli_masks(3, 0.3, m, 5);
  MatrixXd y(m, 1);  // degrees one and two, so that no variance ends at its floor
  for (Index k = 0; k < m; ++k) y(k, 0) = masks(0, k) + 3 * masks(1, k) * masks(2, k) + 2;
  const auto without = [&](int degree) {
    return [&, degree](Index b, Index c) {
      std::vector<Index> kept;
      for (Index k = 0; k < m; ++k)
        if (k / 5 != b && k / 5 != c) kept.push_back(k);
      return by_definition(masks(Eigen::all, kept), y.col(0)(kept), 0.3, degree);
    };
  };
  CHECK(degree_one_weights(masks, y, 0.3, {}, blocks)[0].weight.standard_error ==
        doctest::Approx(block_jackknife(blocks, without(1)).standard_error).epsilon(1e-10));
  CHECK(degree_two_weights(masks, y, 0.3, blocks)[0].standard_error ==
        doctest::Approx(block_jackknife(blocks, without(2)).standard_error).epsilon(1e-10));
}

TEST_CASE("degree weights: the mean over all samples of five subsets is B_1, B_2, Var f exactly") {
  for (const double p : {0.5, 0.3}) {
    const SampledCube cube(random_table(2, 8).array() + 1.5, p);
    double one = 0, two = 0, variance = 0;
    for (Index code = 0; code < 1024; ++code) {
      std::vector<Index> picks;
      double probability = 1;
      for (Index j = 0, rest = code; j < 5; ++j, rest /= 4) {
        picks.push_back(rest % 4);
        probability *= cube.probabilities[rest % 4];
      }
      const VectorXd y = cube.table(picks);
      if (y.minCoeff() == y.maxCoeff()) continue;  // refused; all three are zero
      const MatrixXd masks = cube.masks(Eigen::all, picks);
      const DegreeOne first = degree_one_weights(masks, y, p, {}, 3)[0];
      one += probability * first.weight.value;
      variance += probability * first.variance.value;
      two += probability * degree_two_weights(masks, y, p, 3)[0].value;
    }
    CHECK(one == doctest::Approx(cube.degrees[1]).epsilon(1e-12));
    CHECK(two == doctest::Approx(cube.degrees[2]).epsilon(1e-12));
    CHECK(variance == doctest::Approx(cube.variance()).epsilon(1e-12));
  }
}

TEST_CASE("degree weights: unbiased and calibrated, free of training noise") {
  const Index n = 6, m = 240, replications = 200;
  for (const double p : {0.5, 0.3}) {
    const SampledCube cube(random_table(n, 9).array() + 2, p);
    const double noise = 1.0;
    const double truth[] = {
        cube.degrees[1], cube.variance(), 1 - cube.degrees[1] / cube.variance(), cube.degrees[2]};
    MatrixXd values(replications, 4), z(replications, 4);
    for (Index r = 0; r < replications; ++r) {
      const MatrixXd masks = bernoulli_masks(n, p, m, static_cast<std::uint64_t>(r));
      Random random(10, {static_cast<std::uint64_t>(r)});
      const MatrixXd f = cube.outputs(masks);
      const MatrixXd y = f + noise * random.normal_matrix(m, 1);
      const MatrixXd again = f + noise * random.normal_matrix(m, 1);
      const DegreeOne one = degree_one_weights(masks, y, p, again)[0];
      const Measured two = degree_two_weights(masks, y, p)[0];
      const Measured all[] = {one.weight, one.variance, one.residual, two};
      for (Index j = 0; j < 4; ++j) {
        values(r, j) = all[j].value;
        z(r, j) = (all[j].value - truth[j]) / all[j].standard_error;
      }
    }
    for (Index j = 0; j < 4; ++j) {
      const MeanAndError mean = mean_and_error(values.col(j));
      // The ratio is biased by O(1 / m); the others are not.
      if (j != 2) CHECK(std::abs(mean.mean - truth[j]) < 4 * mean.error);
      CHECK(std::abs(calibration(z.col(j))) < 4);
    }
  }
}

TEST_CASE("without repeats the variance holds the training noise, B_1 does not") {
  const Index m = 4000;
  const SampledCube cube(random_table(5, 11), 0.5);
  const MatrixXd masks = bernoulli_masks(5, 0.5, m, 1);
  Random random(2);
  const DegreeOne one =
      degree_one_weights(masks, cube.outputs(masks) + 3 * random.normal_matrix(m, 1), 0.5)[0];
  CHECK(std::abs(one.variance.value - cube.variance() - 9) < 4 * one.variance.standard_error);
  CHECK(std::abs(one.weight.value - cube.degrees[1]) < 4 * one.weight.standard_error);
  CHECK(one.variance.standard_error < 0.3);
  CHECK(one.weight.standard_error < 0.3);
}

TEST_CASE("a linear output has residual 0, a parity residual 1, within standard errors") {
  const Index n = 60, m = 800;
  const MatrixXd masks = bernoulli_masks(n, 0.5, m, 12);
  MatrixXd y(m, 2);
  for (Index k = 0; k < m; ++k) {
    y(k, 0) = masks.col(k).sum();
    y(k, 1) = (masks(0, k) - 0.5) * (masks(1, k) - 0.5) * 4;
  }
  const std::vector<DegreeOne> one = degree_one_weights(masks, y, 0.5);
  const std::vector<Measured> two = degree_two_weights(masks, y, 0.5);
  CHECK(std::abs(one[0].residual.value) < 4 * one[0].residual.standard_error);
  CHECK(std::abs(one[1].residual.value - 1) < 4 * one[1].residual.standard_error);
  CHECK(std::abs(two[0].value) < 4 * two[0].standard_error);
  CHECK(std::abs(two[1].value - 1) < 4 * two[1].standard_error);
  CHECK(one[0].residual.standard_error < 0.05);
  CHECK(two[1].standard_error < 0.2);
}

TEST_CASE("degree weights: what cannot be estimated is refused") {
  const MatrixXd masks = bernoulli_masks(3, 0.5, 8, 1);
  const MatrixXd y = MatrixXd::Random(8, 1);
  CHECK_THROWS_AS(degree_one_weights(masks.leftCols(4), y.topRows(4), 0.5), std::invalid_argument);
  CHECK_THROWS_AS(degree_one_weights(masks, y, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(degree_one_weights(masks, y, 0.5, MatrixXd::Zero(7, 1)), std::invalid_argument);
  CHECK_THROWS_AS(degree_two_weights(masks, y, 0.5, 2), std::invalid_argument);
  CHECK_THROWS_WITH_AS(degree_two_weights(masks, MatrixXd::Ones(8, 1), 0.5),
                       "[harmonic] output 0 is the same for all subsets, expected one that varies",
                       std::invalid_argument);
}
