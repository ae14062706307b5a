// SPDX-License-Identifier: MIT
#include "influence/metrics/trend.h"

#include <doctest/doctest.h>

#include "datasets/random.h"

using namespace leaveout;
using Eigen::VectorXd;

namespace {

const VectorXd kGrid = (VectorXd(5) << 1, 2, 4, 8, 16).finished();

VectorXd noise(Random& random, double scale) {
  VectorXd v(5);
  for (Eigen::Index i = 0; i < 5; ++i) v(i) = scale * random.normal();
  return v;
}

}  // namespace

TEST_CASE("curves that fall have trend -1, curves that rise +1, whatever their shape") {
  const std::vector<Curve> falling = {{1, (-kGrid).array().exp()}, {2, kGrid.cwiseInverse()}};
  const Estimate down = trend(kGrid, falling);
  CHECK(*down.value == doctest::Approx(-1));
  CHECK(down.low == doctest::Approx(-1));
  CHECK(down.high == doctest::Approx(-1));
  CHECK(down.n == 2);
  CHECK(*trend(kGrid, {{1, kGrid.array().log()}}).value == doctest::Approx(1));
}

TEST_CASE("the trend is the mean over curves of their rank correlations") {
  const VectorXd one = (VectorXd(5) << 1, 2, 3, 5, 4).finished();  // Spearman 0.9
  const VectorXd two = (VectorXd(5) << 2, 1, 3, 4, 5).finished();  // Spearman 0.9
  const VectorXd three = -kGrid;
  const Estimate e = trend(kGrid, {{1, one}, {1, two}, {2, three}}, {.resamples = 0});
  CHECK(*e.value == doctest::Approx((0.9 + 0.9 - 1) / 3));
  CHECK(e.resamples == 0);
}

TEST_CASE("constant curves are left out, and without any other the trend is undefined") {
  const VectorXd flat = VectorXd::Constant(5, 1e-12);
  const Estimate e = trend(kGrid, {{1, flat}, {1, kGrid}});
  CHECK(e.n == 1);
  CHECK(*e.value == doctest::Approx(1));
  CHECK_FALSE(trend(kGrid, {{1, flat}}).value.has_value());
}

TEST_CASE("the interval of unrelated curves holds zero about 95 times in 100") {
  int holds = 0;
  constexpr int kTrials = 200;
  for (std::uint64_t t = 0; t < kTrials; ++t) {
    Random random(17, {t});
    std::vector<Curve> curves;
    for (std::uint64_t c = 0; c < 12; ++c)
      for (int i = 0; i < 6; ++i) curves.push_back({c, noise(random, 1)});
    const Estimate e = trend(kGrid, curves, {.resamples = 200, .seed = t});
    holds += e.low <= 0 && 0 <= e.high ? 1 : 0;
  }
  // 190 expected, standard deviation 3.1; a percentile bootstrap of 12 clusters is a little narrow.
  CHECK(holds >= 176);
  CHECK(holds <= 200);
}

TEST_CASE("clusters widen the interval where curves of a cluster agree") {
  std::vector<Curve> apart, together;
  Random random(5);
  for (std::uint64_t c = 0; c < 8; ++c) {
    const VectorXd shared = noise(random, 1);
    for (std::uint64_t i = 0; i < 10; ++i) {
      const VectorXd v = shared + noise(random, 0.01);
      together.push_back({c, v});
      apart.push_back({10 * c + i, v});
    }
  }
  const Estimate honest = trend(kGrid, together), naive = trend(kGrid, apart);
  CHECK(*honest.value == doctest::Approx(*naive.value));
  CHECK(honest.high - honest.low > 2 * (naive.high - naive.low));
}

TEST_CASE("a curve of another length is refused") {
  CHECK_THROWS_WITH_AS(trend(kGrid, {{1, VectorXd::Ones(4)}}),
                       "[trend] curve, expected 5 values, got 4",
                       std::invalid_argument);
}
