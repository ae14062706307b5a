// SPDX-License-Identifier: MIT
// Games whose values are known in closed form.
#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <vector>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/set_functions.h"
#include "influence/harmonic/values.h"
#include "tests/support/random_numbers.h"
#include "tests/support/subsets.h"

using namespace leaveout;
using Eigen::VectorXd;

namespace {

template <class Worth>
VectorXd game(Index n, const Worth& worth) {
  VectorXd f(Index{1} << n);
  for (Index b = 0; b < f.size(); ++b) f[b] = worth(b);
  return f;
}

VectorXd voting(const std::vector<double>& weights, double quota) {
  return game(static_cast<Index>(weights.size()), [&](Index b) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += contains(b, static_cast<Index>(i)) ? weights[i] : 0;
    return sum >= quota ? 1.0 : 0.0;
  });
}

/// Pairs of a left and a right glove among players 0, .., left - 1 and the others.
VectorXd gloves(Index left, Index right) {
  return game(left + right, [=](Index b) {
    const Index lefts = subset_size(b & ((Index{1} << left) - 1));
    return double(std::min<Index>(lefts, subset_size(b) - lefts));
  });
}

/// Cost of the cheapest tree that connects the players in b to the source, node 0 of `cost`.
double spanning_tree(const Eigen::MatrixXd& cost, Index b) {
  std::vector<Index> reached = {0};
  double total = 0;
  while (b != 0) {
    double cheapest = std::numeric_limits<double>::infinity();
    Index next = 0;
    for (Index i = 0; i + 1 < cost.rows(); ++i)
      for (const Index from : reached)
        if (contains(b, i) && cost(from, i + 1) < cheapest) {
          cheapest = cost(from, i + 1);
          next = i;
        }
    total += cheapest;
    reached.push_back(next + 1);
    b &= ~(Index{1} << next);
  }
  return total;
}

VectorXd numbers(std::initializer_list<double> list) {
  VectorXd x(static_cast<Index>(list.size()));
  std::copy(list.begin(), list.end(), x.data());
  return x;
}

}  // namespace

TEST_CASE("games: majority of an odd number, Shapley 1/n and Banzhaf C(n-1,(n-1)/2) / 2^(n-1)") {
  double banzhaf = 1;  // n = 1
  for (Index n = 1; n <= 11; n += 2) {
    const VectorXd f = threshold_cluster(n, (1U << n) - 1, int(n + 1) / 2);
    CHECK(distance(shapley_values(f), VectorXd::Constant(n, 1 / double(n))) < 1e-12);
    CHECK(distance(banzhaf_values(f), VectorXd::Constant(n, banzhaf)) < 1e-12);
    banzhaf *= double(n) / double(n + 1);  // C(2m+2,m+1)/4 = C(2m,m) (2m+1)/(2m+2), n = 2m+1
  }
}

TEST_CASE("games: weighted voting counts swings, not weights") {
  // Of 50, 49, 1 with quota 51, the first swings all coalitions but the empty one.
  const VectorXd fifty = voting({50, 49, 1}, 51);
  CHECK(distance(shapley_values(fifty), numbers({2. / 3, 1. / 6, 1. / 6})) < 1e-12);
  CHECK(distance(banzhaf_values(fifty), numbers({3. / 4, 1. / 4, 1. / 4})) < 1e-12);
  // Of 3, 2, 1, 1 with quota 4, the second has twice the weight of the third and its power.
  const VectorXd four = voting({3, 2, 1, 1}, 4);
  CHECK(distance(shapley_values(four), numbers({1. / 2, 1. / 6, 1. / 6, 1. / 6})) < 1e-12);
  CHECK(distance(banzhaf_values(four), numbers({3. / 4, 1. / 4, 1. / 4, 1. / 4})) < 1e-12);
}

TEST_CASE("games: gloves, the scarce side is paid") {
  CHECK(distance(shapley_values(gloves(1, 2)), numbers({2. / 3, 1. / 6, 1. / 6})) < 1e-12);
  CHECK(distance(banzhaf_values(gloves(1, 2)), numbers({3. / 4, 1. / 4, 1. / 4})) < 1e-12);
  // One left glove among r right ones: it earns unless it comes first.
  for (Index r = 1; r <= 9; ++r) {
    const VectorXd values = shapley_values(gloves(1, r));
    CHECK(values[0] == doctest::Approx(double(r) / double(r + 1)).epsilon(1e-12));
    CHECK(values[r] == doctest::Approx(1 / double(r * (r + 1))).epsilon(1e-12));
  }
  CHECK(distance(shapley_values(gloves(3, 3)), VectorXd::Constant(6, 0.5)) < 1e-12);
}

TEST_CASE("games: airport, each step of the runway is shared by those who need it") {
  const VectorXd cost = numbers({1, 1.5, 4, 4, 7.25, 11});  // ascending
  const Index n = cost.size();
  const VectorXd f = game(n, [&](Index b) {
    double longest = 0;
    for (Index i = 0; i < n; ++i) longest = contains(b, i) ? cost[i] : longest;
    return longest;
  });
  VectorXd shared(n);
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    sum += (cost[i] - (i > 0 ? cost[i - 1] : 0)) / double(n - i);
    shared[i] = sum;
  }
  CHECK(distance(shapley_values(f), shared) < 1e-12);
}

TEST_CASE("games: cheapest spanning tree from a source") {
  // Two players with links 3, 5 to the source and 1 between: v = 3, 5 and 3 + 1.
  Eigen::MatrixXd two(3, 3);
  two << 0, 3, 5, 3, 0, 1, 5, 1, 0;
  const VectorXd f2 = game(2, [&](Index b) { return spanning_tree(two, b); });
  CHECK(distance(shapley_values(f2), numbers({(3 + 4 - 5) / 2., (5 + 4 - 3) / 2.})) < 1e-12);
  // Three players: v(1) = 2, v(2) = 4, v(3) = 6, v(12) = 3, v(13) = 7, v(23) = 6, v(123) = 5.
  Eigen::MatrixXd three(4, 4);
  three << 0, 2, 4, 6, 2, 0, 1, 5, 4, 1, 0, 2, 6, 5, 2, 0;
  const VectorXd f3 = game(3, [&](Index b) { return spanning_tree(three, b); });
  CHECK(f3 == numbers({0, 2, 4, 3, 6, 7, 6, 5}));
  CHECK(distance(shapley_values(f3), numbers({1. / 3, 5. / 6, 23. / 6})) < 1e-12);
}

TEST_CASE("games: miners carry a bar in pairs") {
  for (Index n = 2; n <= 9; ++n) {
    const VectorXd f = game(n, [](Index b) { return double(subset_size(b) >> 1); });
    const double each = n % 2 == 0 ? 0.5 : double(n - 1) / double(2 * n);
    CHECK(distance(shapley_values(f), VectorXd::Constant(n, each)) < 1e-12);
  }
}
