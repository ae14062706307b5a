// SPDX-License-Identifier: MIT
#include "influence/solvers/lissa.h"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "influence/solvers/direct.h"
#include "tests/influence/solvers/matrices.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

namespace {

/// The law: Q diag((1 - (1 - e/scale)^(T+1)) / e) Q' v.
MatrixXd closed_form(const VectorXd& e, std::uint64_t seed, double scale, Index depth) {
  VectorXd filter(e.size());
  for (Index i = 0; i < e.size(); ++i)
    filter(i) = (1 - std::pow(1 - e(i) / scale, static_cast<double>(depth) + 1)) / e(i);
  return with_spectrum(filter, seed);
}

/// Least squares: H is the mean of x x' over examples; a batch is one example or a few.
struct Batches {
  MatrixXd inputs;  // (n x examples)
  double damping;
  Index batch;
  std::uint64_t seed;

  MatrixXd mean() const {
    MatrixXd h = inputs * inputs.transpose() / static_cast<double>(inputs.cols());
    h.diagonal().array() += damping;
    return h;
  }
  void product(Index step, Index repeat, const Ref<const MatrixXd>& v, Ref<MatrixXd> out) const {
    Random random(seed, {static_cast<std::uint64_t>(repeat), static_cast<std::uint64_t>(step)});
    out = damping * v;
    for (Index i = 0; i < batch; ++i) {
      const VectorXd x = inputs.col(static_cast<Index>(random.below(inputs.cols())));
      const MatrixXd xv = x.transpose() * v;
      out += x * xv / static_cast<double>(batch);
    }
  }
  BatchProduct function() const {
    return [this](Index s, Index r, const Ref<const MatrixXd>& v, Ref<MatrixXd> out) {
      product(s, r, v, out);
    };
  }
};

std::string refusal(const LinearOperator& a, const MatrixXd& b, const LissaOptions& options) {
  try {
    lissa(a, b, options);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "not refused";
}

}  // namespace

TEST_CASE("full-batch LiSSA is its closed form at every depth") {
  const VectorXd e = powers_of_ten(20, -3, 0);
  const DenseOperator a(with_spectrum(e, 1));
  const MatrixXd v = Random(2).normal_matrix(20, 3);
  for (const double scale : {0.51, 0.8, 1.0, 3.0, 25.0}) {
    for (const Index depth : {0, 1, 2, 3, 10, 77, 1000, 5000}) {
      const Solution s = lissa(a, v, {.scale = scale, .depth = depth});
      CAPTURE(scale);
      CAPTURE(depth);
      CHECK(relative_error(s.x, closed_form(e, 1, scale, depth) * v) < 1e-12);
      CHECK(s.iterations == depth);
      CHECK(s.residual == relative_residual(damp(a, 0), s.x, v));
      CHECK(s.converged == (s.residual.maxCoeff() <= 1e-3));
      CHECK(s.message.empty() == s.converged);
    }
  }
}

TEST_CASE("the filter is (1 - (1 - e/scale)^(T+1)) / e, without cancellation") {
  CHECK(lissa_filter(0.5, 2, 0) == doctest::Approx(0.5).epsilon(1e-15));  // h_0 / scale
  CHECK(lissa_filter(0.5, 2, 1) == doctest::Approx((1 - 0.75 * 0.75) / 0.5).epsilon(1e-15));
  CHECK(lissa_filter(3, 2, 2) == doctest::Approx((1 + 0.125) / 3).epsilon(1e-15));
  CHECK(lissa_filter(2, 2, 5) == 0.5);
  CHECK(lissa_filter(0, 4, 7) == 2);
  CHECK(lissa_filter(1e-18, 4, 7) == doctest::Approx(2).epsilon(1e-15));
  CHECK(lissa_filter(-1, 2, 1) == doctest::Approx((1 - 2.25) / -1).epsilon(1e-15));
  CHECK(lissa_filter(0.7, 2, 100000) == doctest::Approx(1 / 0.7).epsilon(1e-15));
}

TEST_CASE("outside 0 < e < 2 scale the bare recursion grows at the rate |1 - e/scale|") {
  const double scale = 1;
  for (const double outlier : {-0.01, -0.5, 2.1, 3.0}) {
    VectorXd e = VectorXd::LinSpaced(8, 0.1, 1.9);
    e(outlier < 0 ? 0 : 7) = outlier;
    const DenseOperator a(with_spectrum(e, 3));
    const MatrixXd v = Random(4).normal_matrix(8, 1);
    for (const Index depth : {5, 40, 200})
      CHECK(relative_error(lissa_unchecked(a, v, scale, depth),
                           closed_form(e, 3, scale, depth) * v) < 1e-10);
    const Index late = outlier == -0.01 ? 4000 : 400;
    const double growth =
        lissa_unchecked(a, v, scale, late + 1).norm() / lissa_unchecked(a, v, scale, late).norm();
    CHECK(growth == doctest::Approx(std::abs(1 - outlier / scale)).epsilon(1e-10));
    CHECK_THROWS_AS(lissa(a, v, {.scale = scale}), std::invalid_argument);
  }
}

TEST_CASE("just inside the bound LiSSA converges, just outside it is refused") {
  const DenseOperator a(with_spectrum(VectorXd::LinSpaced(10, 1, 4), 5));
  const MatrixXd v = Random(6).normal_matrix(10, 1);
  CHECK(lissa(a, v, {.scale = 2.02}).converged);
  CHECK(refusal(a, v, {.scale = 1.99}) ==
        "[lissa] diverges: the largest eigenvalue 4 is not below 2 scale = 3.98; use a scale above "
        "2, or 0 for an automatic one");
}

TEST_CASE("LiSSA refuses the Hessian of sines, by eigenvalue, scale and cure") {
  const Sines sines;
  const DenseOperator h(sines.hessian());
  const std::string message = refusal(h, MatrixXd::Ones(12, 1), {.scale = 10});
  CAPTURE(message);
  CHECK(message.find("[lissa] diverges at any scale (here 10): the smallest eigenvalue is -0.9") ==
        0);
  CHECK(message.find(": raise damping by more than 0.9") != std::string::npos);
  // The cure is one: damped by more than that, it runs.
  const double shift = sines.x.array().sin().maxCoeff() + 0.1;
  const SumOperator damped = damp(h, shift);
  const Solution s = lissa(damped, MatrixXd::Ones(12, 1), {.tolerance = 1e-10});
  CHECK(s.converged);
  CHECK(relative_error(s.x, Cholesky(damped).solve(MatrixXd::Ones(12, 1)).x) < 1e-9);
}

TEST_CASE("a singular operator is refused: nothing bounds its null directions") {
  const DenseOperator a(with_spectrum((VectorXd(3) << 0, 1, 2).finished(), 7));
  const std::string message = refusal(a, MatrixXd::Ones(3, 1), {});
  CHECK(message.find("[lissa] diverges at any scale") == 0);
  CHECK(message.ends_with("zero to rounding: raise damping or weight_decay"));
  CHECK(refusal(DenseOperator(MatrixXd::Zero(3, 3)), MatrixXd::Ones(3, 1), {})
            .find("[lissa] diverges at any scale") == 0);
}

TEST_CASE("with the automatic scale LiSSA converges to Cholesky's answer") {
  const VectorXd e = powers_of_ten(30, -1, 3);
  const DenseOperator g(with_spectrum(e, 8));
  const MatrixXd v = Random(9).normal_matrix(30, 2);
  const Solution s = lissa(g, v, {.depth = 400000, .tolerance = 1e-9, .early_stop = true});
  CHECK(s.converged);
  CHECK(s.iterations < 400000);
  CHECK(relative_error(s.x, Cholesky(g).solve(v).x) < 1e-6);
  CHECK(s.smallest_eigenvalue == doctest::Approx(0.1).epsilon(1e-2));
}

TEST_CASE("a LiSSA that is cut short says so and how many steps it lacks") {
  const DenseOperator a(with_spectrum(powers_of_ten(10, -3, 0), 10));
  const Solution s = lissa(a, Random(11).normal_matrix(10, 1), {.scale = 1, .depth = 100});
  CHECK_FALSE(s.converged);
  CHECK(s.message.find("raise depth (scale / eigenvalue = 1e+03 steps") != std::string::npos);
}

TEST_CASE("an early stop ends at the first iterate within the tolerance") {
  const DenseOperator a(with_spectrum(VectorXd::LinSpaced(10, 1, 3), 12));
  const MatrixXd v = Random(13).normal_matrix(10, 2);
  const LissaOptions stop = {.scale = 3, .tolerance = 1e-6, .early_stop = true};
  const Solution s = lissa(a, v, stop);
  CHECK(s.residual.maxCoeff() <= 1e-6 * (1 + 1e-9));
  const Solution before = lissa(a, v, {.scale = 3, .depth = s.iterations - 1, .tolerance = 1e-6});
  CHECK(before.residual.maxCoeff() > 1e-6);
  CHECK(lissa(a, v, {.scale = 3, .depth = s.iterations}).x == s.x);
}

TEST_CASE("the two dampings: inside A at d is Koh's at d / scale, and the same d differs") {
  const DenseOperator h(with_spectrum(powers_of_ten(15, -2, 1), 14));
  const MatrixXd v = Random(15).normal_matrix(15, 2);
  const double d = 0.02, scale = 12;
  const SumOperator inside = damp(h, d);
  for (const Index depth : {1, 30, 2000}) {
    const Solution ours = lissa(inside, v, {.scale = scale, .depth = depth});
    const Solution koh = lissa(h, v, {.scale = scale, .depth = depth, .koh_damping = d / scale});
    CHECK(relative_error(koh.x, ours.x) < 1e-12);
    CHECK(relative_error(koh.residual, ours.residual) < 1e-9);
  }
  const Solution same_d =
      lissa(h, v, {.scale = scale, .depth = 20000, .tolerance = 1e-8, .koh_damping = d});
  CHECK(same_d.converged);
  CHECK(relative_error(same_d.x, Cholesky(damp(h, scale * d)).solve(v).x) < 1e-7);
  CHECK(relative_error(same_d.x, Cholesky(inside).solve(v).x) > 0.1);
  CHECK(same_d.smallest_eigenvalue == doctest::Approx(0.01 + scale * d).epsilon(1e-2));
}

TEST_CASE("the mean of 1000 stochastic LiSSA runs is the closed form, within 3 standard errors") {
  const Batches batches = {Random(16).normal_matrix(5, 40), 0.1, 2, 17};
  const DenseOperator a(batches.mean());
  const MatrixXd v = Random(18).normal_matrix(5, 1);
  const double scale = 20;
  const Index depth = 60, runs = 1000;
  VectorXd sum = VectorXd::Zero(5), squares = VectorXd::Zero(5);
  for (Index run = 0; run < runs; ++run) {
    const auto shifted = [&](Index s, Index, const Ref<const MatrixXd>& h, Ref<MatrixXd> out) {
      batches.product(s, run, h, out);
    };
    const VectorXd x = lissa(a, shifted, v, {.scale = scale, .depth = depth}).x;
    sum += x;
    squares += x.cwiseProduct(x);
  }
  const VectorXd mean = sum / runs;
  const VectorXd variance = (squares / runs - mean.cwiseProduct(mean)) * runs / (runs - 1.0);
  const VectorXd error = (variance / runs).cwiseSqrt();
  const MatrixXd expected = lissa_unchecked(a, v, scale, depth);
  for (Index i = 0; i < 5; ++i) {
    CHECK(error(i) < 0.02 * expected.norm());  // the test can see a deviation of this size
    CHECK(std::abs(mean(i) - expected(i)) < 3 * error(i));
  }
  // Repeats are averaged: one run of 1000 repeats is the same mean.
  const Solution s =
      lissa(a, batches.function(), v, {.scale = scale, .depth = depth, .repeats = runs});
  CHECK(relative_error(s.x, mean) < 1e-13);
}

TEST_CASE("a batch that is all the data is the full batch, Koh's damping included") {
  const Batches all = {Random(19).normal_matrix(6, 30), 0.2, 30, 20};
  const MatrixXd h = all.mean();
  const DenseOperator a(h);
  const BatchProduct product = [&](Index, Index, const auto& v, auto out) {
    out.noalias() = h * v;
  };
  const MatrixXd v = Random(21).normal_matrix(6, 2);
  LissaOptions options = {.scale = 4, .depth = 50, .repeats = 3, .koh_damping = 0.05};
  CHECK(relative_error(lissa(a, product, v, options).x, lissa(a, v, options).x) < 1e-14);
}

TEST_CASE("with the automatic scale single-example batches stay bounded; too small a scale stops") {
  const Batches batches = {Random(22).normal_matrix(20, 200), 0.05, 1, 23};
  const DenseOperator a(batches.mean());
  const MatrixXd v = Random(24).normal_matrix(20, 2);
  // What is left is batch noise, which repeats average away: 1 / 8 of it after 64.
  LissaOptions options = {.depth = 500, .tolerance = 0.3};
  const Solution one = lissa(a, batches.function(), v, options);
  CHECK_FALSE(one.converged);
  CHECK(one.message.find("noise of the batches, so raise repeats") != std::string::npos);
  options.repeats = 64;
  const Solution many = lissa(a, batches.function(), v, options);
  CHECK(many.converged);
  CHECK(many.message.empty());
  const double ratio = one.residual.mean() / many.residual.mean();
  CHECK(ratio > 4);
  CHECK(ratio < 16);
  // The full batch's largest eigenvalue is about 2, a single example's |x|^2 about 20: a scale
  // that the mean allows lets the batches grow.
  const Solution bad = lissa(a, batches.function(), v, {.scale = 2, .depth = 3000});
  CHECK_FALSE(bad.converged);
  CHECK(bad.x.allFinite());
  CHECK(bad.iterations < 3000);
  CHECK(bad.message.find("[lissa] the iterate grew and was stopped at step") == 0);
  CHECK(bad.residual == relative_residual(damp(a, 0), bad.x, v));
}

TEST_CASE("a batch product that is not finite ends the run with a finite answer") {
  const DenseOperator a(MatrixXd::Identity(4, 4));
  const BatchProduct product = [](Index step, Index, const auto& v, auto out) {
    out = v;
    if (step == 5) out(0, 0) = std::numeric_limits<double>::quiet_NaN();
  };
  const Solution s = lissa(a, product, MatrixXd::Ones(4, 1), {.scale = 1.5, .depth = 50});
  CHECK(s.iterations == 5);
  CHECK(s.x.allFinite());
  CHECK_FALSE(s.converged);
}

TEST_CASE("a growth that the spectrum missed stops the full batch too") {
  const DenseOperator a(Eigen::Vector2d(1, 5).asDiagonal());
  LissaOptions options = {.scale = 1};
  options.spectrum = Spectrum{1, 1, 0, 0, 1};  // wrong: says that 1 is the largest
  const Solution s = lissa(a, MatrixXd::Ones(2, 1), options);
  CHECK_FALSE(s.converged);
  CHECK(s.x.allFinite());
  CHECK(s.iterations < 5);
}

TEST_CASE("LiSSA solves many right-hand sides as it solves one, and the same bits each time") {
  const Batches batches = {Random(25).normal_matrix(8, 30), 0.3, 4, 26};
  const DenseOperator a(batches.mean());
  MatrixXd v = Random(27).normal_matrix(8, 3);
  v.col(2).setZero();
  const LissaOptions options = {.depth = 200, .repeats = 2, .seed = 5};
  const Solution full = lissa(a, v, options);
  const Solution stochastic = lissa(a, batches.function(), v, options);
  CHECK(full.x == lissa(a, v, options).x);
  CHECK(stochastic.x == lissa(a, batches.function(), v, options).x);
  CHECK(full.x.col(2).isZero(0));
  for (Index j = 0; j < 2; ++j) {
    CHECK(relative_error(lissa(a, v.col(j), options).x, full.x.col(j)) < 1e-13);
    CHECK(relative_error(lissa(a, batches.function(), v.col(j), options).x, stochastic.x.col(j)) <
          1e-12);
  }
}

TEST_CASE("LiSSA refuses bad options in one line") {
  const DenseOperator a(MatrixXd::Identity(3, 3));
  const MatrixXd v = MatrixXd::Ones(3, 1);
  CHECK(refusal(a, v, {.scale = -1}) ==
        "[lissa] scale, expected a positive number or 0 for automatic, got -1");
  CHECK(refusal(a, v, {.depth = -1}) == "[lissa] depth, expected 0 or more, got -1");
  CHECK(refusal(a, v, {.repeats = 0}) == "[lissa] repeats, expected at least 1, got 0");
  CHECK(refusal(a, v, {.koh_damping = 1}).find("[lissa] koh_damping") == 0);
  CHECK(refusal(a, MatrixXd::Ones(2, 1), {}).find("[lissa] right-hand side") == 0);
  CHECK_THROWS_AS(lissa(a, BatchProduct(), v), std::invalid_argument);
  const BatchProduct identity = [](Index, Index, const auto& h, auto out) { out = h; };
  CHECK_THROWS_AS(lissa(a, identity, v, {.early_stop = true}), std::invalid_argument);
}

}  // namespace leaveout
