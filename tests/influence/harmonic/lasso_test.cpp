// SPDX-License-Identifier: MIT
#include "influence/harmonic/lasso.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/harmonic/cross_validation.h"
#include "influence/harmonic/mask_pool.h"
#include "tests/influence/harmonic/sampled_cube.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A few examples matter, the rest do not; unit noise.
struct SparsePool {
  MatrixXd masks, outputs, weights;
  SparsePool(Index n, Index m, Index targets, std::uint64_t seed, double noise = 1.0)
      : masks(bernoulli_masks(n, 0.5, m, seed)) {
    Random random(seed, {1});
    weights = MatrixXd::Zero(n, targets);
    weights.topRows(3) = 3 * random.normal_matrix(3, targets);
    outputs = masks.transpose() * weights + noise * random.normal_matrix(m, targets);
  }
  SubsetMoments moments() const { return DatamodelRegression(masks, outputs).moments(); }
};

/// Largest violation of the lasso's optimality, written out from the data.
double violation(const SparsePool& pool, const Datamodel& model, Index k, double lambda) {
  const VectorXd gap = pool.outputs.col(k) - model.predict(pool.masks).col(k);
  const VectorXd slope = 2 * pool.masks * gap / static_cast<double>(pool.masks.cols());
  double worst = std::abs(gap.mean());
  for (Index i = 0; i < slope.size(); ++i) {
    const double w = model.weights(i, k);
    worst = std::max(
        worst,
        w == 0 ? std::abs(slope[i]) - lambda : std::abs(slope[i] - std::copysign(lambda, w)));
  }
  return worst;
}

double objective(const SparsePool& pool, const Datamodel& model, double lambda) {
  const VectorXd gap = pool.outputs.col(0) - model.predict(pool.masks).col(0);
  return gap.squaredNorm() / static_cast<double>(gap.size()) +
         lambda * model.weights.col(0).lpNorm<1>();
}

}  // namespace

TEST_CASE("lasso: optimal for every target along the path, by the data's own gradient") {
  const SparsePool pool(12, 40, 3, 5);
  const SubsetMoments moments = pool.moments();
  const VectorXd most = lasso_max_penalties(moments);
  MatrixXd start;
  for (const double share : {0.9, 0.5, 0.1, 0.01}) {
    const LassoFit fit = lasso_datamodel(moments, share * most, start);
    CHECK(fit.converged);
    for (Index k = 0; k < 3; ++k)
      CHECK(violation(pool, fit.model, k, share * most[k]) < 1e-9 * most[k]);
    CHECK(distance(fit.model.weights, lasso_datamodel(moments, share * most).model.weights) < 1e-8);
    start = fit.model.weights;
  }
}

TEST_CASE("lasso: weights move off their optimum raise the objective") {
  const SparsePool pool(6, 30, 1, 6);
  const double lambda = 0.2 * lasso_max_penalties(pool.moments())[0];
  const Datamodel best = lasso_datamodel(pool.moments(), VectorXd::Constant(1, lambda)).model;
  const double lowest = objective(pool, best, lambda);
  for (Index i = 0; i < 6; ++i)
    for (const double step : {-1e-3, 1e-3}) {
      MatrixXd w = best.weights;
      w(i, 0) += step;
      CHECK(objective(pool, pool.moments().with_intercepts(w), lambda) > lowest);
    }
}

TEST_CASE("lasso: all weights are zero from lambda_max on and not below") {
  const SparsePool pool(10, 30, 2, 7);
  const SubsetMoments moments = pool.moments();
  const VectorXd most = lasso_max_penalties(moments);
  const LassoFit at = lasso_datamodel(moments, most);
  CHECK(at.model.weights.isZero(0));
  CHECK(distance(at.model.intercepts, pool.outputs.colwise().mean().transpose()) < 1e-14);
  const LassoFit below = lasso_datamodel(moments, 0.999 * most);
  for (Index k = 0; k < 2; ++k) CHECK((below.model.weights.col(k).array() != 0).count() == 1);
}

TEST_CASE("lasso: at penalty zero it is least squares") {
  const SparsePool pool(8, 60, 2, 8);
  const DatamodelRegression regression(pool.masks, pool.outputs);
  const LassoFit fit = lasso_datamodel(regression.moments(), VectorXd::Zero(2));
  CHECK(fit.converged);
  CHECK(distance(fit.model.weights, regression.ols().weights) < 1e-8);
  const LassoFit close =
      lasso_datamodel(regression.moments(), 1e-6 * lasso_max_penalties(regression.moments()));
  CHECK(distance(close.model.weights, regression.ols().weights) < 1e-4);
}

TEST_CASE("lasso: more examples than subsets is no obstacle") {
  const SparsePool pool(60, 40, 1, 9, 0.1);
  const SubsetMoments moments = pool.moments();
  const VectorXd lambda = 0.05 * lasso_max_penalties(moments);
  const LassoFit fit = lasso_datamodel(moments, lambda);
  CHECK(fit.converged);
  CHECK(violation(pool, fit.model, 0, lambda[0]) < 1e-9);
  CHECK((fit.model.weights.array() != 0).count() < 40);
}

TEST_CASE("lasso: an example that does not vary keeps weight zero") {
  SubsetMoments moments = SparsePool(4, 30, 1, 3).moments();
  moments.gram.row(1).setZero();
  moments.gram.col(1).setZero();
  moments.cross(1, 0) = 0;
  const LassoFit fit = lasso_datamodel(moments, VectorXd::Constant(1, 1e-3));
  CHECK(fit.converged);
  CHECK(fit.model.weights(1, 0) == 0);
  const LassoFit warm = lasso_datamodel(moments, VectorXd::Constant(1, 1e-3), MatrixXd::Ones(4, 1));
  CHECK(warm.converged);
  CHECK(warm.model.weights(1, 0) == 0);
}

TEST_CASE("lasso errors: at penalty zero the block jackknife of least squares") {
  const SparsePool pool(5, 61, 2, 12);
  const VectorXd none = VectorXd::Zero(2);
  const Datamodel model =
      lasso_datamodel(DatamodelRegression(pool.masks, pool.outputs).moments(), none).model;
  const MatrixXd errors = lasso_errors(pool.masks, pool.outputs, model, none, 4);
  MatrixXd sum = MatrixXd::Zero(5, 2), squares = sum;
  for (const auto& [first, end] : {std::pair{0, 15}, {15, 30}, {30, 45}, {45, 61}}) {
    std::vector<Index> kept;
    for (Index k = 0; k < 61; ++k)
      if (k < first || k >= end) kept.push_back(k);
    const MatrixXd w =
        DatamodelRegression(pool.masks(Eigen::all, kept), pool.outputs(kept, Eigen::all))
            .ols()
            .weights;
    sum += w;
    squares += w.cwiseAbs2();
  }
  const MatrixXd expected = (0.75 * (squares - sum.cwiseAbs2() / 4)).cwiseSqrt();
  CHECK(distance(errors, expected) < 1e-8);
}

TEST_CASE("lasso errors: one example, by hand; what stays zero without every block has error 0") {
  MatrixXd masks(1, 8), y(8, 1);
  masks << 1, 0, 1, 0, 1, 0, 1, 0;
  y << 4, 0, 6, 0, 8, 0, 2, 0;
  // Without a pair of subsets the slope is that of three; gram 1/4, so the penalty takes 4.5 off.
  VectorXd penalty = VectorXd::Constant(1, 2.25);
  const SubsetMoments moments = DatamodelRegression(masks, y).moments();
  const Datamodel model = lasso_datamodel(moments, penalty).model;
  CHECK(model.weights(0, 0) == doctest::Approx(0.5));
  // 16/3, 14/3, 4 and 6 become 5/6, 1/6, 0 and 3/2: squared deviations 203/144, times 3/4.
  CHECK(lasso_errors(masks, y, model, penalty, 4)(0, 0) ==
        doctest::Approx(std::sqrt(203.0 / 192)).epsilon(1e-8));
  penalty[0] = 3;  // takes 6 off
  const Datamodel zero = lasso_datamodel(moments, penalty).model;
  CHECK(zero.weights(0, 0) == 0);
  CHECK(lasso_errors(masks, y, zero, penalty, 4)(0, 0) == 0);
  CHECK_THROWS_AS(lasso_errors(masks, y, zero, penalty, 1), std::invalid_argument);
  CHECK_THROWS_AS(lasso_errors(masks, y, zero, penalty, 9), std::invalid_argument);
  CHECK_THROWS_AS(lasso_errors(masks, y, zero, -penalty, 4), std::invalid_argument);
}

TEST_CASE("lasso errors are calibrated for the weights that it keeps") {
  const Index n = 6, m = 200, replications = 150, kept = 3;
  VectorXd truth(n);
  truth << 3, -2, 1.5, 0, 0, 0;
  MatrixXd weights(kept, replications), variances(kept, replications);
  for (Index r = 0; r < replications; ++r) {
    const MatrixXd masks = bernoulli_masks(n, 0.5, m, static_cast<std::uint64_t>(r));
    Random random(79, {static_cast<std::uint64_t>(r)});
    const MatrixXd y = masks.transpose() * truth + random.normal_matrix(m, 1);
    const VectorXd penalty = VectorXd::Constant(1, 0.1);
    const Datamodel model = lasso_datamodel(DatamodelRegression(masks, y).moments(), penalty).model;
    weights.col(r) = model.weights.topRows(kept);
    variances.col(r) = lasso_errors(masks, y, model, penalty).topRows(kept).cwiseAbs2();
  }
  for (Index i = 0; i < kept; ++i) {
    // A jackknife's variance is what has the right mean; its root varies by a sixth.
    const VectorXd gap = weights.row(i).array() - weights.row(i).mean();
    const VectorXd square = gap.cwiseAbs2() * (replications / (replications - 1.0));
    const MeanAndError excess = mean_and_error(square - variances.row(i).transpose());
    CHECK(std::abs(excess.mean) < 4 * excess.error);
    CHECK(excess.error < 0.2 * variances.row(i).mean());
  }
}

TEST_CASE("a path falls geometrically") {
  const VectorXd path = geometric_path(8, 4, 1e-3);
  CHECK(path[0] == 8);
  for (Index l = 0; l < 4; ++l)
    CHECK(path[l] == doctest::Approx(8 * std::pow(10.0, -static_cast<double>(l))).epsilon(1e-14));
  CHECK(geometric_path(8, 1, 0.1)[0] == 8);
  CHECK_THROWS_AS(geometric_path(1, 0, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(geometric_path(1, 3, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(lasso_datamodel(SparsePool(4, 30, 1, 3).moments(), VectorXd::Constant(1, -1)),
                  std::invalid_argument);
}

TEST_CASE("folds: each subset in one, sizes differ by one at most, dealt by the seed") {
  const std::vector<Index> fold = deal_folds(23, 5, 4);
  std::vector<Index> sizes(5, 0);
  for (const Index f : fold) ++sizes.at(static_cast<std::size_t>(f));
  for (const Index size : sizes) CHECK((size == 4 || size == 5));
  CHECK(fold == deal_folds(23, 5, 4));
  CHECK(fold != deal_folds(23, 5, 5));
}

TEST_CASE("cross-validation: its errors are those of fits to the other folds") {
  const SparsePool pool(5, 24, 2, 10);
  const CrossValidation settings{.folds = 3, .count = 6, .ratio = 1e-3, .seed = 2};
  const std::vector<Index> fold = deal_folds(24, 3, 2);
  for (const Penalty kind : {Penalty::ridge, Penalty::lasso}) {
    const CrossValidated cv = cross_validate(pool.masks, pool.outputs, kind, settings);
    MatrixXd errors = MatrixXd::Zero(6, 2);
    for (Index f = 0; f < 3; ++f) {
      std::vector<Index> in, out;
      for (Index k = 0; k < 24; ++k) (fold[k] == f ? out : in).push_back(k);
      const DatamodelRegression fit(pool.masks(Eigen::all, in), pool.outputs(in, Eigen::all));
      for (Index l = 0; l < 6; ++l) {
        const VectorXd lambda = cv.path.row(l).transpose();
        const Datamodel model = kind == Penalty::ridge
                                    ? fit.ridge(lambda)
                                    : lasso_datamodel(fit.moments(), lambda).model;
        const MatrixXd gap =
            pool.outputs(out, Eigen::all) - model.predict(pool.masks(Eigen::all, out));
        errors.row(l) += gap.cwiseAbs2().colwise().sum() / 24;
      }
    }
    CHECK(distance(cv.errors, errors) < 1e-7);
    for (Index k = 0; k < 2; ++k) {
      Index best = 0;
      errors.col(k).minCoeff(&best);
      CHECK(cv.penalties[k] == cv.path(best, k));
    }
    const DatamodelRegression all(pool.masks, pool.outputs);
    const MatrixXd refit = kind == Penalty::ridge
                               ? all.ridge(cv.penalties).weights
                               : lasso_datamodel(all.moments(), cv.penalties).model.weights;
    CHECK(distance(cv.model.weights, refit) < 1e-12);
  }
}

TEST_CASE("with few subsets for many examples the chosen penalties beat least squares") {
  const SparsePool pool(40, 60, 2, 11);
  const MatrixXd truth = bernoulli_masks(40, 0.5, 500, 99);
  const MatrixXd expected = truth.transpose() * pool.weights;
  const auto error = [&](const Datamodel& model) {
    return (model.predict(truth) - expected).squaredNorm();
  };
  const double ols = error(DatamodelRegression(pool.masks, pool.outputs).ols());
  const double ridge = error(cross_validate(pool.masks, pool.outputs, Penalty::ridge).model);
  const double lasso = error(cross_validate(pool.masks, pool.outputs, Penalty::lasso).model);
  CHECK(ridge < ols);
  CHECK(lasso < 0.5 * ridge);
}

TEST_CASE("cross-validation: what cannot be done is refused") {
  const SparsePool pool(5, 24, 1, 10);
  CHECK_THROWS_AS(cross_validate(pool.masks, pool.outputs, Penalty::lasso, {.folds = 1}),
                  std::invalid_argument);
  CHECK_THROWS_AS(cross_validate(pool.masks, pool.outputs, Penalty::lasso, {.folds = 25}),
                  std::invalid_argument);
  CHECK_THROWS_AS(cross_validate(pool.masks, MatrixXd::Ones(24, 1), Penalty::lasso),
                  std::invalid_argument);
}
