// SPDX-License-Identifier: MIT
#include "influence/harmonic/block_jackknife.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/random.h"
#include "tests/influence/harmonic/sampled_cube.h"

using namespace leaveout;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("block jackknife of a mean, blocks of one: s / sqrt(n)") {
  Random random(1);
  const VectorXd x = random.normal_matrix(12, 1).col(0);
  const Measured e = block_jackknife(12, [&](Index b, Index c) {
    double sum = x.sum(), n = 12;
    for (const Index gone : {b, c})
      if (gone >= 0) sum -= x[gone], n -= 1;
    return sum / n;
  });
  CHECK(e.value == doctest::Approx(x.mean()).epsilon(1e-14));
  CHECK(e.standard_error == doctest::Approx(mean_and_error(x).error).epsilon(1e-12));
}

TEST_CASE("block jackknife of what is all pairs: their variance once, not twice") {
  // The mean of x_k'x_l over k != l, x standard normal in d dimensions, has variance
  // 2 d / (n (n - 1)).
  const Index n = 40, d = 25, replications = 200;
  VectorXd variance(replications);
  for (Index r = 0; r < replications; ++r) {
    Random random(2, {static_cast<std::uint64_t>(r)});
    const MatrixXd x = random.normal_matrix(d, n);
    const VectorXd sum = x.rowwise().sum();
    const Measured e = block_jackknife(n, [&](Index b, Index c) {
      VectorXd kept = sum;
      double squares = x.squaredNorm(), m = static_cast<double>(n);
      for (const Index gone : {b, c})
        if (gone >= 0) kept -= x.col(gone), squares -= x.col(gone).squaredNorm(), m -= 1;
      return (kept.squaredNorm() - squares) / (m * (m - 1));
    });
    variance[r] = e.standard_error * e.standard_error;
  }
  const double law = 2.0 * 25 / (40 * 39);
  const MeanAndError mean = mean_and_error(variance);
  // Not corrected, it would be 2 law; terms of relative order 1 / n are left.
  CHECK(std::abs(mean.mean / law - 1) < 4 * mean.error / law + 2.0 / 40);
  CHECK(mean.error < 0.06 * law);
}

TEST_CASE("jackknife errors of means, blocks of one: s / sqrt(n) of each entry") {
  Random random(4);
  const MatrixXd x = random.normal_matrix(9, 2);
  std::vector<MatrixXd> without;
  for (Index k = 0; k < 9; ++k) without.push_back((x.colwise().sum() - x.row(k)) / 8);
  const MatrixXd errors = jackknife_errors(without);
  REQUIRE(errors.rows() == 1);
  for (Index j = 0; j < 2; ++j)
    CHECK(errors(0, j) == doctest::Approx(mean_and_error(x.col(j)).error).epsilon(1e-12));
}

TEST_CASE("blocks cover all subsets once, in sizes that differ by one at most") {
  CHECK(block_start(0, 23, 5) == 0);
  CHECK(block_start(5, 23, 5) == 23);
  for (Index b = 0; b < 5; ++b) {
    const Index size = block_start(b + 1, 23, 5) - block_start(b, 23, 5);
    CHECK((size == 4 || size == 5));
  }
}
