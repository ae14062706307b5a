// SPDX-License-Identifier: MIT
#include "datasets/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

namespace leaveout {

namespace {

using Words = std::array<std::uint32_t, 4>;

std::vector<std::uint64_t> first_bits(Random random, int count) {
  std::vector<std::uint64_t> bits;
  for (int i = 0; i < count; ++i) bits.push_back(random.bits());
  return bits;
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the published test vectors") {
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a plain seed runs through the published vectors") {
  CHECK(first_bits(Random(0), 2) ==
        std::vector<std::uint64_t>{0xe169c58d6627e8d5, 0x9b00dbd8bc57ac4c});
}

TEST_CASE("sequences are pinned: every machine draws these") {
  CHECK(first_bits(Random(7, {1, 2}), 2) ==
        std::vector<std::uint64_t>{0xa5f31a6a1cdecea1, 0x03f92a04f54f71d0});
  Random random(7);
  CHECK(random.normal() == -0x1.a6d70848a8db6p-1);
  CHECK(random.normal() == 0x1.223f1b77ece21p-1);
  CHECK(Random(7).permutation(8) == std::vector<Eigen::Index>{1, 3, 2, 7, 5, 4, 0, 6});
}

TEST_CASE("the same seed and stream give the same sequence, any other a different one") {
  const auto base = first_bits(Random(5, {1, 2}), 64);
  CHECK(first_bits(Random(5, {1, 2}), 64) == base);
  std::vector<std::vector<std::uint64_t>> others = {base,
                                                    first_bits(Random(6, {1, 2}), 64),
                                                    first_bits(Random(5, {2, 1}), 64),
                                                    first_bits(Random(5, {1}), 64),
                                                    first_bits(Random(5, {1, 2, 0}), 64),
                                                    first_bits(Random(5, {0}), 64),
                                                    first_bits(Random(5), 64),
                                                    first_bits(Random(5ULL << 32, {1, 2}), 64)};
  std::vector<std::uint64_t> all;
  for (const auto& sequence : others) all.insert(all.end(), sequence.begin(), sequence.end());
  std::sort(all.begin(), all.end());
  // 512 random words of 64 bits: a repeat has probability 1e-14.
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("neighbouring streams are uncorrelated") {
  // The mean product of two independent normals has mean 0 and standard error 1 / sqrt(count).
  constexpr int kCount = 100000;
  double product = 0.0;
  for (std::uint64_t task = 0; task < kCount; ++task) {
    product += Random(11, {task}).normal() * Random(11, {task + 1}).normal();
  }
  CHECK(std::abs(product / kCount) < 4.0 / std::sqrt(kCount));
}

TEST_CASE("tasks draw the same numbers in any order and on any thread") {
  constexpr int kTasks = 64;
  std::vector<double> serial(kTasks);
  std::vector<double> parallel(kTasks);
  const auto draw = [](int task) {
    Random random(3, {static_cast<std::uint64_t>(task)});
    return random.normal_matrix(5, 5).sum();
  };
  for (int task = 0; task < kTasks; ++task) serial[static_cast<std::size_t>(task)] = draw(task);
#pragma omp parallel for num_threads(4) schedule(dynamic)
  for (int task = kTasks - 1; task >= 0; --task) {
    parallel[static_cast<std::size_t>(task)] = draw(task);
  }
  CHECK(serial == parallel);
}

TEST_CASE("uniform numbers lie in [0, 1), with the mean and variance of the uniform law") {
  constexpr int kCount = 400000;
  Random random(1);
  double sum = 0.0;
  double squares = 0.0;
  double least = 1.0;
  double most = 0.0;
  for (int i = 0; i < kCount; ++i) {
    const double u = random.uniform();
    least = std::min(least, u);
    most = std::max(most, u);
    sum += u;
    squares += (u - 0.5) * (u - 0.5);
  }
  CHECK(least >= 0.0);
  CHECK(most < 1.0);
  CHECK(std::abs(sum / kCount - 0.5) < 4.0 * std::sqrt(1.0 / 12.0 / kCount));
  CHECK(std::abs(squares / kCount - 1.0 / 12.0) < 4.0 * std::sqrt(1.0 / 180.0 / kCount));
}

TEST_CASE("normal numbers follow the normal distribution function (Kolmogorov-Smirnov)") {
  constexpr std::size_t kCount = 1000000;
  Random random(2);
  std::vector<double> values(kCount);
  for (double& value : values) value = random.normal();
  std::sort(values.begin(), values.end());
  double distance = 0.0;
  for (std::size_t i = 0; i < kCount; ++i) {
    const double p = normal_cdf(values[i]);
    distance = std::max({distance,
                         std::abs(p - static_cast<double>(i) / kCount),
                         std::abs(p - static_cast<double>(i + 1) / kCount)});
  }
  // sqrt(n) D exceeds 1.95 with probability 0.001.
  CHECK(std::sqrt(static_cast<double>(kCount)) * distance < 1.95);
  const auto beyond =
      std::count_if(values.begin(), values.end(), [](double x) { return std::abs(x) > 4.0; });
  const double expected = 2.0 * normal_cdf(-4.0) * kCount;  // 63: the tails are there
  CHECK(std::abs(static_cast<double>(beyond) - expected) < 4.0 * std::sqrt(expected));
}

TEST_CASE("normal numbers have moments 0, 1, 0, 3") {
  constexpr int kCount = 1000000;
  Random random(3);
  double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    m1 += x;
    m2 += x * x;
    m3 += x * x * x;
    m4 += x * x * x * x;
  }
  // The variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
  CHECK(std::abs(m1 / kCount) < 4.0 * std::sqrt(1.0 / kCount));
  CHECK(std::abs(m2 / kCount - 1.0) < 4.0 * std::sqrt(2.0 / kCount));
  CHECK(std::abs(m3 / kCount) < 4.0 * std::sqrt(15.0 / kCount));
  CHECK(std::abs(m4 / kCount - 3.0) < 4.0 * std::sqrt(96.0 / kCount));
}

TEST_CASE("below(n) is unbiased even for n near 2^64") {
  // Without rejection, n = 3 * 2^62 gives multiples of 3 half of the time and not a third.
  constexpr std::uint64_t kN = 3ULL << 62;
  constexpr int kCount = 90000;
  Random random(4);
  int multiples = 0;
  bool inside = true;
  for (int i = 0; i < kCount; ++i) {
    const std::uint64_t value = random.below(kN);
    inside = inside && value < kN;
    multiples += value % 3 == 0;
  }
  CHECK(inside);
  CHECK(std::abs(multiples - kCount / 3.0) < 4.0 * std::sqrt(kCount * 2.0 / 9.0));
  CHECK(random.below(1) == 0);
}

TEST_CASE("a permutation holds each index once") {
  for (const Eigen::Index n : {0, 1, 2, 1000}) {
    std::vector<Eigen::Index> order = Random(8).permutation(n);
    std::sort(order.begin(), order.end());
    std::vector<Eigen::Index> expected(static_cast<std::size_t>(n));
    std::iota(expected.begin(), expected.end(), Eigen::Index{0});
    CHECK(order == expected);
  }
}

TEST_CASE("all 24 orders of four are equally likely") {
  constexpr int kCount = 24000;
  std::map<std::vector<Eigen::Index>, int> counts;
  Random random(9);
  for (int i = 0; i < kCount; ++i) ++counts[random.permutation(4)];
  CHECK(counts.size() == 24);
  double chi_squared = 0.0;
  for (const auto& [order, count] : counts) chi_squared += std::pow(count - 1000.0, 2) / 1000.0;
  // 23 degrees of freedom: mean 23, variance 46.
  CHECK(std::abs(chi_squared - 23.0) < 4.0 * std::sqrt(46.0));
}

TEST_CASE("a normal matrix is filled column by column from the one sequence") {
  const Eigen::MatrixXd matrix = Random(10).normal_matrix(2, 3);
  Random random(10);
  for (Eigen::Index column = 0; column < 3; ++column) {
    for (Eigen::Index row = 0; row < 2; ++row) CHECK(matrix(row, column) == random.normal());
  }
}

}  // namespace leaveout
