// SPDX-License-Identifier: MIT
#include "influence/harmonic/residual_estimation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "tests/influence/harmonic/sampled_cube.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

VectorXd levels_of(std::initializer_list<double> values) {
  VectorXd v(static_cast<Index>(values.size()));
  Index j = 0;
  for (const double x : values) v[j++] = x;
  return v;
}

VectorXd stabilities(const SampledCube& cube, const StabilityPlan& plan) {
  const double mean = plan.centred ? cube.degrees[0] : 0;
  return plan.levels.unaryExpr([&](double rho) { return cube.stability(rho) - mean; });
}

/// Mostly linear, with something of every degree.
VectorXd smooth_table(Index n, std::uint64_t seed, double square = 0.3) {
  Random random(seed);
  const VectorXd weights = random.normal_matrix(n, 1).col(0);
  const MatrixXd masks = all_masks(n);
  VectorXd f(masks.cols());
  for (Index b = 0; b < f.size(); ++b) {
    const double z = weights.dot(masks.col(b));
    f[b] = 1 + z + square * z * z + 0.1 * z * z * z;
  }
  return f;
}

struct Sample {
  VectorXd degree1, residual, z_degree1, z_stability, residual_error;
};

Sample sample(const SampledCube& cube,
              const StabilityPlan& plan,
              double noise,
              Index replications,
              Index resamples) {
  Sample s{VectorXd(replications),
           VectorXd(replications),
           VectorXd(replications),
           VectorXd(replications),
           VectorXd(replications)};
  for (Index r = 0; r < replications; ++r) {
    const auto seed = static_cast<std::uint64_t>(r);
    const Index n = cube.masks.rows();
    const MaskPairs pairs = draw_pairs(plan, n, seed);
    Random random(99, {seed});
    const MatrixXd first =
        cube.outputs(pairs.first) + noise * random.normal_matrix(pairs.first.cols(), 1);
    const MatrixXd second =
        cube.outputs(pairs.second) + noise * random.normal_matrix(pairs.second.cols(), 1);
    const ResidualEstimate e = estimate_residual(plan, first, second, resamples, seed)[0];
    s.degree1[r] = e.degree1.value;
    s.residual[r] = e.residual.value;
    s.z_degree1[r] = (e.degree1.value - cube.degrees[1] - predicted_bias(plan, cube.degrees)) /
                     e.degree1.standard_error;
    s.z_stability[r] =
        (e.stability[1].value - stabilities(cube, plan)[1]) / e.stability[1].standard_error;
    s.residual_error[r] = e.residual.standard_error;
  }
  return s;
}

}  // namespace

TEST_CASE(
    "from exact stabilities the paper's B_1 is off by the bias formula, B_{>=2} by its opposite") {
  const SampledCube cube(smooth_table(6, 3), 0.4);
  REQUIRE(cube.degrees[3] > 1e-3);
  for (const double rho : {0.1, 0.3}) {
    const StabilityPlan plan = paper_plan(0.4, rho, 700);
    const StabilityReading r = read_stabilities(plan, stabilities(cube, plan), cube.stability(1));
    double bias = 0;
    for (Index k = 3; k <= 6; ++k)
      bias += cube.degrees[k] * std::pow(rho, k - 1) * (2 - std::pow(2, k - 1));
    CHECK(r.degree0 == doctest::Approx(cube.degrees[0]).epsilon(1e-11));
    CHECK(r.degree1 - cube.degrees[1] == doctest::Approx(bias).epsilon(1e-7));
    CHECK(r.residual - cube.beyond_linear() == doctest::Approx(-bias).epsilon(1e-7));
    CHECK(r.variance == doctest::Approx(cube.variance()).epsilon(1e-11));
    CHECK(r.share() == doctest::Approx(r.residual / r.variance).epsilon(1e-15));
  }
}

TEST_CASE(
    "a cubic table: Chebyshev levels, Richardson and a cubic fit are exact, the paper is not") {
  const SampledCube cube(random_table(3, 4), 0.5);  // degree 3 at most
  for (const VectorXd& levels :
       {chebyshev_levels(4, 0.7), chebyshev_levels(6, 0.9), levels_of({-0.6, -0.3, 0.3, 0.6})}) {
    const StabilityPlan plan = linear_plan(0.5, levels, 100);
    const StabilityReading r = read_stabilities(plan, stabilities(cube, plan), cube.variance());
    CHECK(r.degree0 == 0);
    CHECK(r.degree1 == doctest::Approx(cube.degrees[1]).epsilon(1e-11));
    CHECK(r.residual == doctest::Approx(cube.beyond_linear()).epsilon(1e-11));
  }
  StabilityPlan cubic = linear_plan(0.5, levels_of({0.3, 0.6, 0.8, 1.0}), 100);
  cubic.nnls_degree = 3;
  CHECK(read_stabilities(cubic, stabilities(cube, cubic), cube.variance()).degree1 ==
        doctest::Approx(cube.degrees[1]).epsilon(1e-11));
  const StabilityPlan paper = paper_plan(0.5, 0.5, 700);
  CHECK(read_stabilities(paper, stabilities(cube, paper), cube.stability(1)).degree1 ==
        doctest::Approx(cube.degrees[1] - 2 * 0.25 * cube.degrees[3]).epsilon(1e-11));
}

TEST_CASE("a constrained fit about the mean is off by its own predicted bias") {
  const SampledCube cube(smooth_table(6, 3), 0.4);
  StabilityPlan plan = linear_plan(0.4, levels_of({0.2, 0.5, 0.8}), 100);
  plan.nnls_degree = 2;
  const StabilityReading r = read_stabilities(plan, stabilities(cube, plan), cube.variance());
  const double bias = predicted_bias(plan, cube.degrees);
  CHECK(r.degree1 - cube.degrees[1] == doctest::Approx(bias).epsilon(1e-8));
  CHECK(std::abs(bias) > 1e-6 * cube.degrees[1]);
}

TEST_CASE("without subsets for h(1) the variance is the sample variance of all outputs") {
  const StabilityPlan plan = linear_plan(0.5, levels_of({0.3, 0.9}), 10);
  Random random(3);
  const MatrixXd first = random.normal_matrix(10, 1).array() + 4;
  const MatrixXd second = 0.7 * first + random.normal_matrix(10, 1);
  VectorXd all(20);
  all << first, second;
  CHECK(estimate_residual(plan, first, second)[0].variance.value ==
        doctest::Approx((all.array() - all.mean()).square().sum() / 19).epsilon(1e-12));
}

TEST_CASE("the paper's constraint: a concave h has z_2 = 0 and B_1 is the slope of a line") {
  const StabilityPlan plan = paper_plan(0.5, 0.2, 700);
  const VectorXd h = levels_of({1, 1.3, 1.5});
  const StabilityReading r = read_stabilities(plan, h, 2);
  CHECK(r.degree1 == doctest::Approx(0.5 / 0.4).epsilon(1e-12));
  CHECK(r.residual == doctest::Approx(2 - r.degree0 - r.degree1).epsilon(1e-15));
}

TEST_CASE(
    "pairs: each level has its correlation, the subsets for h(1) are repeated if trained twice") {
  StabilityPlan plan = linear_plan(0.5, levels_of({-1, 1}), 20);
  plan.top_subsets = 5;
  const MaskPairs once = draw_pairs(plan, 8, 3);
  CHECK(once.first.cols() == 25);
  CHECK(once.second.cols() == 20);
  CHECK((once.first.leftCols(10).array() + once.second.leftCols(10).array() == 1).all());
  CHECK(once.first.middleCols(10, 10) == once.second.rightCols(10));
  CHECK(once.first.leftCols(10) != once.first.middleCols(10, 10));
  plan.top_runs = 2;
  const MaskPairs twice = draw_pairs(plan, 8, 3);
  CHECK(twice.first == once.first);
  CHECK(twice.second.rightCols(5) == twice.first.rightCols(5));
}

TEST_CASE("linear plans: unbiased but for the predicted bias, calibrated, error as predicted") {
  const SampledCube cube(smooth_table(6, 5), 0.5);
  for (const VectorXd& levels : {levels_of({-0.4, 0.4}), chebyshev_levels(4, 0.7)}) {
    StabilityPlan plan = linear_plan(0.5, levels, 300);
    plan.top_subsets = 50;
    plan.top_runs = 2;
    const Sample s = sample(cube, plan, 0.5, 200, 60);
    const MeanAndError b1 = mean_and_error(s.degree1), rest = mean_and_error(s.residual);
    const double bias = predicted_bias(plan, cube.degrees);
    CHECK(std::abs(b1.mean - cube.degrees[1] - bias) < 4 * b1.error);
    CHECK(std::abs(rest.mean - cube.beyond_linear() + bias) < 4 * rest.error);
    CHECK(std::abs(calibration(s.z_degree1)) < 4);
    CHECK(std::abs(calibration(s.z_stability)) < 4);
    // Normal outputs are assumed: a fifth of the error on either side.
    const double error = b1.error * std::sqrt(200.0);
    CHECK(error / predicted_error(plan, cube.degrees, 0.25) == doctest::Approx(1).epsilon(0.2));
    const double residual_error = rest.error * std::sqrt(200.0);
    CHECK(s.residual_error.mean() / residual_error == doctest::Approx(1).epsilon(0.2));
  }
}

TEST_CASE("the paper's plan: unconstrained it is unbiased but for the predicted bias") {
  const SampledCube cube(smooth_table(5, 6, 1.5), 0.5);
  const StabilityPlan plan = paper_plan(0.5, 0.45, 8 * 2000, 2);
  const Sample s = sample(cube, plan, 0.2, 100, 2);  // the errors are not asked for
  const MeanAndError b1 = mean_and_error(s.degree1);
  // Few draws meet z_2 >= 0 here: degree 2 is strong.
  CHECK(std::abs(b1.mean - cube.degrees[1] - predicted_bias(plan, cube.degrees)) < 4 * b1.error);
  const double error = b1.error * std::sqrt(100.0);
  CHECK(error / predicted_error(plan, cube.degrees, 0.04) == doctest::Approx(1).epsilon(0.25));
}

TEST_CASE("h(1): squares of one run hold the training noise, products of two do not") {
  const SampledCube cube(smooth_table(5, 7), 0.5);
  for (const Index runs : {1, 2}) {
    StabilityPlan plan = linear_plan(0.5, levels_of({-0.5, 0.5}), 4000);
    plan.top_subsets = 4000;
    plan.top_runs = runs;
    const MaskPairs pairs = draw_pairs(plan, 5, 1);
    Random random(2);
    const MatrixXd first =
        cube.outputs(pairs.first) + 2 * random.normal_matrix(pairs.first.cols(), 1);
    const MatrixXd second =
        cube.outputs(pairs.second) + 2 * random.normal_matrix(pairs.second.cols(), 1);
    const Measured v = estimate_residual(plan, first, second)[0].variance;
    CHECK(std::abs(v.value - cube.variance() - (runs == 1 ? 4 : 0)) < 4 * v.standard_error);
    CHECK(v.standard_error < 0.5);
    plan.top_subsets = 0;
    const Measured pooled =
        estimate_residual(plan, first.topRows(4000), second.topRows(4000))[0].variance;
    CHECK(std::abs(pooled.value - cube.variance() - 4) < 4 * pooled.standard_error);
  }
}

TEST_CASE("centred plans do not see a shift of the outputs, and each target stands alone") {
  const SampledCube cube(smooth_table(5, 8), 0.5);
  const StabilityPlan plan = linear_plan(0.5, chebyshev_levels(4, 0.7), 60);
  const MaskPairs pairs = draw_pairs(plan, 5, 1);
  MatrixXd first(60, 2), second(60, 2);
  first << cube.outputs(pairs.first), cube.outputs(pairs.first).array() + 100;
  second << cube.outputs(pairs.second), cube.outputs(pairs.second).array() + 100;
  const std::vector<ResidualEstimate> both = estimate_residual(plan, first, second);
  CHECK(both[0].degree1.value == doctest::Approx(both[1].degree1.value).epsilon(1e-8));
  CHECK(both[0].share.standard_error ==
        doctest::Approx(both[1].share.standard_error).epsilon(1e-8));
  const ResidualEstimate alone = estimate_residual(plan, first.col(0), second.col(0))[0];
  CHECK(alone.residual.value == both[0].residual.value);
  CHECK(alone.residual.standard_error == both[0].residual.standard_error);
}

TEST_CASE("over all samples of M / 2 pairs the centred estimate has mean B_1 (1 - 2 / (M - 2)^2)") {
  // N = 1: 4 outcomes of a pair at each of two levels, two pairs each: 4^4 samples.
  const double p = 0.5, rho = 0.6;
  const StabilityPlan plan = linear_plan(p, levels_of({-rho, rho}), 4);
  const SampledCube cube(levels_of({2, 5}), p);
  double b1 = 0, total = 0;
  for (Index code = 0; code < 256; ++code) {
    MatrixXd first(4, 1), second(4, 1);
    double probability = 1;
    for (Index j = 0, rest = code; j < 4; ++j, rest /= 4) {
      const bool a = rest & 1, b = rest & 2;
      const double r = j < 2 ? -rho : rho;
      probability *= 0.25 + (a == b ? 1 : -1) * r * 0.25;
      first(j, 0) = cube.table[a];
      second(j, 0) = cube.table[b];
    }
    total += probability;
    b1 += probability * estimate_residual(plan, first, second, 2)[0].degree1.value;
  }
  CHECK(total == doctest::Approx(1).epsilon(1e-14));
  CHECK(b1 == doctest::Approx(cube.degrees[1] * (1 - 2.0 / 36)).epsilon(1e-12));
}

TEST_CASE("without error bars the numbers are the same, and h(1) is a mean of squares") {
  const StabilityPlan plan = paper_plan(0.5, 0.2, 70);
  Random random(8);
  const MatrixXd first = random.normal_matrix(40, 2), second = random.normal_matrix(30, 2);
  const auto numbers = measure_stabilities(plan, first, second);
  const auto estimates = estimate_residual(plan, first, second, 2);
  for (Index k = 0; k < 2; ++k) {
    const auto at = static_cast<std::size_t>(k);
    CHECK(numbers[at].top == doctest::Approx(first.col(k).tail(10).squaredNorm() / 10));
    CHECK(numbers[at].stability[1] ==
          doctest::Approx(first.col(k).segment(10, 10).dot(second.col(k).segment(10, 10)) / 10));
    CHECK(numbers[at].reading.degree1 == estimates[at].degree1.value);
    CHECK(numbers[at].reading.residual == estimates[at].residual.value);
    CHECK(numbers[at].reading.share() == estimates[at].share.value);
  }
  CHECK_THROWS_AS(measure_stabilities(plan, first, second.topRows(29)), std::invalid_argument);
}

TEST_CASE("residual estimation: wrong shapes and empty levels are refused") {
  StabilityPlan plan = linear_plan(0.5, levels_of({-0.5, 0.5}), 10);
  const MatrixXd y = MatrixXd::Random(10, 1);
  CHECK_NOTHROW(estimate_residual(plan, y, y));
  CHECK_THROWS_AS(estimate_residual(plan, y, y.topRows(9)), std::invalid_argument);
  CHECK_THROWS_AS(estimate_residual(plan, y, y, 1), std::invalid_argument);
  CHECK_THROWS_AS(estimate_residual(plan, y, y * std::nan("")), std::invalid_argument);
  plan.centred = false;
  CHECK_THROWS_AS(draw_pairs(plan, 4, 0), std::invalid_argument);
  plan.centred = true;
  plan.pairs[0] = 1;
  CHECK_THROWS_AS(draw_pairs(plan, 4, 0), std::invalid_argument);
  plan.pairs.pop_back();
  CHECK_THROWS_AS(draw_pairs(plan, 4, 0), std::invalid_argument);
}
