// SPDX-License-Identifier: MIT
// Regression over all 2^N subsets, weighted by their probabilities, has closed forms in the average
// influences a_i (themselves direct sums here); regression on a sample has textbook ones.
#include "influence/harmonic/datamodel.h"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <stdexcept>

#include "influence/harmonic/lasso.h"
#include "influence/harmonic/mask_pool.h"
#include "tests/influence/harmonic/sampled_cube.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double population_error(const SampledCube& cube, const Datamodel& model) {
  const VectorXd gap = cube.table - model.predict(cube.masks).col(0);
  return cube.probabilities.dot(gap.cwiseAbs2());
}

/// The plain textbook solution: design matrix with a column of ones, penalty on the others.
VectorXd textbook(const MatrixXd& masks, const VectorXd& y, double ridge) {
  MatrixXd x(masks.cols(), masks.rows() + 1);
  x << VectorXd::Ones(masks.cols()), masks.transpose();
  MatrixXd normal = x.transpose() * x;
  normal.diagonal().tail(masks.rows()).array() += ridge * static_cast<double>(masks.cols());
  return normal.fullPivLu().solve(x.transpose() * y);
}

}  // namespace

TEST_CASE("population datamodels: least squares has a_i, intercept and residual B_{>=2}") {
  for (const double p : {0.5, 0.2, 0.8}) {
    const SampledCube cube(random_table(7, 3), p);
    const Datamodel model = DatamodelRegression(cube.masks, cube.table, cube.probabilities).ols();
    CHECK(distance(model.weights.col(0), cube.influence) < 1e-12);
    for (Index i = 0; i < 7; ++i)
      CHECK(model.weights(i, 0) ==
            doctest::Approx(cube.spectrum[Index{1} << i] / std::sqrt(p * (1 - p))).epsilon(1e-11));
    CHECK(model.intercepts[0] ==
          doctest::Approx(cube.spectrum[0] - p * cube.influence.sum()).epsilon(1e-11));
    CHECK(population_error(cube, model) == doctest::Approx(cube.beyond_linear()).epsilon(1e-12));
  }
}

TEST_CASE("population datamodels: ridge shrinks by 1 + lambda / v and errs by the closed form") {
  for (const double p : {0.5, 0.3}) {
    const SampledCube cube(random_table(8, 4), p);
    const double v = p * (1 - p);
    const DatamodelRegression regression(cube.masks, cube.table, cube.probabilities);
    for (const double lambda : {1e-3, 0.1, 5.0}) {
      const Datamodel model = regression.ridge(lambda);
      CHECK(distance(model.weights.col(0), cube.influence / (1 + lambda / v)) < 1e-12);
      const double shrunk = lambda / (v + lambda);
      CHECK(
          population_error(cube, model) ==
          doctest::Approx(cube.beyond_linear() + shrunk * shrunk * cube.degrees[1]).epsilon(1e-12));
    }
  }
}

TEST_CASE("population datamodels: the lasso is soft thresholding of a_i at lambda / 2v") {
  for (const double p : {0.5, 0.3}) {
    const SampledCube cube(random_table(6, 5), p);
    const double v = p * (1 - p);
    const DatamodelRegression regression(cube.masks, cube.table, cube.probabilities);
    const double largest = cube.influence.cwiseAbs().maxCoeff();
    for (const double share : {0.05, 0.3, 0.7}) {
      const double lambda = share * 2 * v * largest;
      const LassoFit fit = lasso_datamodel(regression.moments(), VectorXd::Constant(1, lambda));
      CHECK(fit.converged);
      VectorXd expected(6);
      double lost = 0;
      for (Index i = 0; i < 6; ++i) {
        const double a = cube.influence[i];
        expected[i] = std::copysign(std::max(std::abs(a) - lambda / (2 * v), 0.0), a);
        lost += v * std::pow(std::min(std::abs(a), lambda / (2 * v)), 2);
      }
      CHECK(distance(fit.model.weights.col(0), expected) < 1e-10);
      CHECK((fit.model.weights.col(0).array() == 0).count() == (expected.array() == 0).count());
      CHECK(population_error(cube, fit.model) ==
            doctest::Approx(cube.beyond_linear() + lost).epsilon(1e-10));
    }
  }
}

TEST_CASE("datamodels on a sample: least squares and ridge are the textbook solutions") {
  const MatrixXd masks = bernoulli_masks(6, 0.4, 40, 8);
  Random random(9);
  const MatrixXd y = random.normal_matrix(40, 3);
  const DatamodelRegression regression(masks, y);
  const Datamodel ols = regression.ols(), ridge = regression.ridge(0.07);
  for (Index k = 0; k < 3; ++k) {
    VectorXd got(7);
    got << ols.intercepts[k], ols.weights.col(k);
    CHECK(distance(got, textbook(masks, y.col(k), 0)) < 1e-12);
    got << ridge.intercepts[k], ridge.weights.col(k);
    CHECK(distance(got, textbook(masks, y.col(k), 0.07)) < 1e-12);
  }
  VectorXd penalties(3);
  penalties << 0.07, 0.2, 0.07;
  const Datamodel mixed = regression.ridge(penalties);
  CHECK(mixed.weights.col(0) == ridge.weights.col(0));
  CHECK(mixed.weights.col(2) == ridge.weights.col(2));
  CHECK(distance(mixed.weights.col(1), regression.ridge(0.2).weights.col(1)) < 1e-15);
}

TEST_CASE("a sample weight of 2 is the subset twice") {
  const MatrixXd masks = bernoulli_masks(3, 0.5, 12, 1);
  Random random(2);
  const MatrixXd y = random.normal_matrix(12, 1);
  VectorXd q = VectorXd::Ones(12);
  q[4] = 2;
  MatrixXd longer(3, 13), outputs(13, 1);
  longer << masks, masks.col(4);
  outputs << y, y.row(4);
  CHECK(distance(DatamodelRegression(masks, y, q).ols().weights,
                 DatamodelRegression(longer, outputs).ols().weights) < 1e-12);
}

TEST_CASE("subsets of one size: the zero-sum weights (N-1)/N (mean with i - mean without i)") {
  const Index n = 6, size = 2;
  const MatrixXd cube = all_masks(n);
  const VectorXd f = random_table(n, 21);
  MatrixXd masks(n, 15), y(15, 1);
  Index m = 0;
  for (Index b = 0; b < cube.cols(); ++b)
    if (cube.col(b).sum() == size) {
      masks.col(m) = cube.col(b);
      y(m++, 0) = f[b];
    }
  REQUIRE(m == 15);
  const DatamodelRegression regression(masks, y);
  const Datamodel model = regression.ols();
  for (Index i = 0; i < n; ++i) {
    const double with = masks.row(i).dot(y.col(0)) / 5;
    const double without = (y.sum() - masks.row(i).dot(y.col(0))) / 10;
    CHECK(model.weights(i, 0) == doctest::Approx(5.0 / 6.0 * (with - without)).epsilon(1e-12));
  }
  CHECK(std::abs(model.weights.sum()) < 1e-12);
  // The normal equations: residuals are orthogonal to each example and to the constant.
  const VectorXd gap = y.col(0) - model.predict(masks).col(0);
  CHECK((masks * gap).cwiseAbs().maxCoeff() < 1e-12);
  CHECK(std::abs(gap.sum()) < 1e-12);
  CHECK_THROWS_AS(regression.ols_errors(model), std::invalid_argument);
}

TEST_CASE("standard errors: classical ones are the textbook's, robust ones HC2") {
  const Index n = 4, m = 25;
  const MatrixXd masks = bernoulli_masks(n, 0.5, m, 13);
  Random random(14);
  const MatrixXd y = random.normal_matrix(m, 2);
  const DatamodelRegression regression(masks, y);
  const Datamodel model = regression.ols();
  const OlsErrors errors = regression.ols_errors(model);
  MatrixXd x(m, n + 1);
  x << VectorXd::Ones(m), masks.transpose();
  const MatrixXd inverse = (x.transpose() * x).inverse();
  const MatrixXd hat = x * inverse * x.transpose();
  for (Index k = 0; k < 2; ++k) {
    const VectorXd e = y.col(k) - model.predict(masks).col(k);
    const double variance = e.squaredNorm() / static_cast<double>(m - n - 1);
    CHECK(errors.residual_variance[k] == doctest::Approx(variance).epsilon(1e-12));
    const VectorXd scaled = e.cwiseAbs2().cwiseQuotient((1 - hat.diagonal().array()).matrix());
    const MatrixXd sandwich = inverse * x.transpose() * scaled.asDiagonal() * x * inverse;
    for (Index i = 0; i < n; ++i) {
      CHECK(errors.classical(i, k) ==
            doctest::Approx(std::sqrt(variance * inverse(i + 1, i + 1))).epsilon(1e-12));
      CHECK(errors.robust(i, k) ==
            doctest::Approx(std::sqrt(sandwich(i + 1, i + 1))).epsilon(1e-12));
    }
  }
}

TEST_CASE("standard errors of least squares are calibrated; RSS / (m - N - 1) estimates B_{>=2}") {
  const Index n = 6, m = 150, replications = 200;
  const SampledCube cube(random_table(n, 31), 0.5);
  const double noise = 0.5;
  VectorXd robust(replications * n), residual(replications);
  for (Index r = 0; r < replications; ++r) {
    const MatrixXd masks = bernoulli_masks(n, 0.5, m, static_cast<std::uint64_t>(r));
    Random random(77, {static_cast<std::uint64_t>(r)});
    const MatrixXd y = cube.outputs(masks) + noise * random.normal_matrix(m, 1);
    const DatamodelRegression regression(masks, y);
    const Datamodel model = regression.ols();
    const OlsErrors errors = regression.ols_errors(model);
    for (Index i = 0; i < n; ++i)
      robust[r * n + i] = (model.weights(i, 0) - cube.influence[i]) / errors.robust(i, 0);
    residual[r] = errors.residual_variance[0];
  }
  CHECK(std::abs(calibration(robust)) < 4);
  CHECK(std::abs(mean_and_error(robust).mean) < 4 * mean_and_error(robust).error);
  const MeanAndError rss = mean_and_error(residual);
  CHECK(std::abs(rss.mean - (cube.beyond_linear() + noise * noise)) < 4 * rss.error);
  CHECK(rss.error < 0.02 * rss.mean);
}

TEST_CASE("robust errors hold where the noise depends on the subset, classical ones do not") {
  const Index n = 3, m = 200, replications = 200;
  VectorXd robust(replications), classical(replications);
  for (Index r = 0; r < replications; ++r) {
    const MatrixXd masks = bernoulli_masks(n, 0.2, m, static_cast<std::uint64_t>(r));
    Random random(5, {static_cast<std::uint64_t>(r)});
    MatrixXd y = random.normal_matrix(m, 1);
    for (Index k = 0; k < m; ++k) y(k, 0) *= masks(0, k) == 1 ? 4 : 0.5;
    const DatamodelRegression regression(masks, y);
    const Datamodel model = regression.ols();
    const OlsErrors errors = regression.ols_errors(model);
    robust[r] = model.weights(0, 0) / errors.robust(0, 0);
    classical[r] = model.weights(0, 0) / errors.classical(0, 0);
  }
  CHECK(std::abs(calibration(robust)) < 4);
  CHECK(calibration(classical) > 4);
}

TEST_CASE("standard errors of ridge: at penalty 0 they are the robust ones of least squares") {
  const Index n = 5, m = 40;
  const MatrixXd masks = bernoulli_masks(n, 0.4, m, 17);
  Random random(18);
  const MatrixXd y = random.normal_matrix(m, 2);
  const DatamodelRegression regression(masks, y);
  const Datamodel model = regression.ols();
  CHECK(distance(regression.ridge_errors(model, VectorXd::Zero(2)),
                 regression.ols_errors(model).robust) < 1e-14);
}

TEST_CASE("standard errors of ridge: one example in two of four subsets, by hand") {
  MatrixXd masks(1, 4), y(4, 1);
  masks << 1, 1, 0, 0;
  y << 3, 1, 0, 0;
  const DatamodelRegression regression(masks, y);
  const Datamodel model = regression.ridge(0.25);  // gram 1/4, so half of the slope 2
  CHECK(model.weights(0, 0) == doctest::Approx(1).epsilon(1e-15));
  // Residuals 3/2, -1/2, -1/2, -1/2; L = +-1/4; (I - H)^2 has the diagonal 9/16:
  // (1/16) (9/4 + 3/4) / (9/16) - (1/2)^2 / 4 = 13/48.
  const MatrixXd errors = regression.ridge_errors(model, VectorXd::Constant(1, 0.25));
  CHECK(errors(0, 0) == doctest::Approx(std::sqrt(13.0 / 48)).epsilon(1e-14));
}

TEST_CASE("standard errors of ridge: the sandwich of the ridge hat matrix, target by target") {
  const Index n = 4, m = 25;
  const MatrixXd masks = bernoulli_masks(n, 0.5, m, 13);
  Random random(14);
  const MatrixXd y = random.normal_matrix(m, 3);
  const DatamodelRegression regression(masks, y);
  VectorXd penalties(3);
  penalties << 0.02, 0.02, 0.6;
  const Datamodel model = regression.ridge(penalties);
  const MatrixXd errors = regression.ridge_errors(model, penalties);
  MatrixXd x(m, n + 1);
  x << VectorXd::Ones(m), masks.transpose();
  for (Index k = 0; k < 3; ++k) {
    MatrixXd normal = x.transpose() * x;
    normal.diagonal().tail(n).array() += penalties[k] * static_cast<double>(m);
    const MatrixXd solve = normal.inverse() * x.transpose();  // outputs to coefficients
    const MatrixXd rest = MatrixXd::Identity(m, m) - x * solve;
    const VectorXd e = rest * y.col(k), kept = (rest * rest).diagonal();
    for (Index i = 0; i < n; ++i) {
      const VectorXd score = solve.row(i + 1).transpose().cwiseProduct(e);
      const double variance = score.cwiseAbs2().cwiseQuotient(kept).sum() -
                              score.sum() * score.sum() / static_cast<double>(m);
      CHECK(errors(i, k) == doctest::Approx(std::sqrt(variance)).epsilon(1e-11));
    }
  }
}

TEST_CASE("standard errors of ridge are calibrated about the estimator's mean, shrunk or not") {
  const Index n = 5, m = 200, replications = 200;
  const SampledCube cube(random_table(n, 41), 0.4);
  for (const double penalty : {0.02, 0.5}) {
    MatrixXd weights(n, replications), errors(n, replications);
    for (Index r = 0; r < replications; ++r) {
      const MatrixXd masks = bernoulli_masks(n, 0.4, m, static_cast<std::uint64_t>(r));
      Random random(78, {static_cast<std::uint64_t>(r)});
      MatrixXd noise = 0.7 * random.normal_matrix(m, 1);
      noise.col(0).array() *= 0.3 + masks.row(0).transpose().array();  // more where 0 is in
      const DatamodelRegression regression(masks, cube.outputs(masks) + noise);
      const Datamodel model = regression.ridge(penalty);
      weights.col(r) = model.weights.col(0);
      errors.col(r) = regression.ridge_errors(model, VectorXd::Constant(1, penalty));
    }
    const double unbiased = std::sqrt(replications / (replications - 1.0));
    const MatrixXd z =
        unbiased * (weights.colwise() - weights.rowwise().mean()).cwiseQuotient(errors);
    CHECK(std::abs(calibration(z.reshaped())) < 4);
    // The mean is the shrunk influence, not the influence: bias is not in the errors.
    const double shrink = 1 / (1 + penalty / 0.24);
    const MatrixXd gap = weights.rowwise().mean() - shrink * cube.influence;
    CHECK(gap.cwiseAbs().maxCoeff() < 4 * errors.maxCoeff() / std::sqrt(200.0) + 2.0 / 200);
  }
}

TEST_CASE("held-out R^2: the population value is B_1 / Var f, constant outputs have none") {
  const SampledCube cube(random_table(6, 6), 0.5);
  const Datamodel model = DatamodelRegression(cube.masks, cube.table).ols();
  CHECK(*held_out_r2(model, cube.masks, cube.table)[0] ==
        doctest::Approx(cube.degrees[1] / cube.variance()).epsilon(1e-12));
  CHECK(!held_out_r2(model, cube.masks, MatrixXd::Constant(64, 1, 2.5))[0].has_value());
  CHECK_THROWS_AS(held_out_r2(model, cube.masks, MatrixXd::Zero(64, 2)), std::invalid_argument);
  CHECK_THROWS_AS(model.predict(MatrixXd::Zero(5, 2)), std::invalid_argument);
}

TEST_CASE("datamodels: what cannot be fitted is refused in one line") {
  const MatrixXd masks = bernoulli_masks(4, 0.5, 30, 1);
  Random random(2);
  const MatrixXd y = random.normal_matrix(30, 1);
  MatrixXd constant = masks;
  constant.row(2).setOnes();
  CHECK_THROWS_WITH_AS(DatamodelRegression(constant, y),
                       "[datamodel] example 2 is in all of the 30 subsets, expected some with it "
                       "and some without; draw more subsets or leave it out",
                       std::invalid_argument);
  constant.row(2).setZero();
  CHECK_THROWS_AS(DatamodelRegression(constant, y), std::invalid_argument);
  MatrixXd few(4, 5);
  few << MatrixXd::Identity(4, 4), VectorXd::Zero(4);
  CHECK_THROWS_WITH_AS(DatamodelRegression(few, y.topRows(5)).ols(),
                       "[datamodel] least squares of 5 subsets for 4 examples, expected more than "
                       "5 subsets; train more, or use ridge or lasso",
                       std::invalid_argument);
  MatrixXd together = masks;
  together.row(1) = together.row(0);
  CHECK_THROWS_AS(DatamodelRegression(together, y).ols(), std::invalid_argument);
  CHECK_NOTHROW(DatamodelRegression(together, y).ridge(0.1));
  const DatamodelRegression fine(masks, y);
  CHECK_THROWS_AS(fine.ridge(0), std::invalid_argument);
  CHECK_THROWS_AS(fine.ridge(VectorXd::Ones(2)), std::invalid_argument);
  CHECK_THROWS_AS(DatamodelRegression(masks, y, VectorXd::Ones(7)), std::invalid_argument);
  CHECK_THROWS_AS(DatamodelRegression(masks, y, -VectorXd::Ones(30)), std::invalid_argument);
  const DatamodelRegression weighted(masks, y, VectorXd::Ones(30));
  CHECK_THROWS_AS(weighted.ols_errors(weighted.ols()), std::invalid_argument);
  CHECK_THROWS_AS(weighted.ridge_errors(weighted.ridge(1), VectorXd::Ones(1)),
                  std::invalid_argument);
  CHECK_THROWS_AS(fine.ridge_errors(fine.ols(), -VectorXd::Ones(1)), std::invalid_argument);
  CHECK_THROWS_AS(fine.ridge_errors(fine.ols(), VectorXd::Ones(2)), std::invalid_argument);
}
