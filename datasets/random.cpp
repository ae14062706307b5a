// SPDX-License-Identifier: MIT
#include "datasets/random.h"

#include <cassert>
#include <cmath>
#include <numeric>

namespace leaveout {

namespace {

/// A bijection of 64 bits in which every input bit moves every output bit (Stafford's mix 13).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// Zero for no words, so that the plain seed runs through the published vectors. The length goes in
/// first and each word is mixed before it joins: {1, 2}, {2, 1} and {1, 2, 0} are different
/// streams, and two different single words can never collide, since each step is a bijection of its
/// word.
std::uint64_t stream_hash(std::initializer_list<std::uint64_t> stream) {
  std::uint64_t hash = mix(stream.size());
  for (const std::uint64_t word : stream) hash = mix(hash ^ mix(word + 0x9e3779b97f4a7c15U));
  return hash;
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53U;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57U;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;  // golden ratio
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

Random::Random(std::uint64_t seed, std::initializer_list<std::uint64_t> stream)
    : seed_(seed), stream_(stream_hash(stream)) {}

void Random::refill() {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const std::array<std::uint32_t, 4> words = philox4x32(
      {low(counter_), high(counter_), low(stream_), high(stream_)}, {low(seed_), high(seed_)});
  block_ = {words[0] | (static_cast<std::uint64_t>(words[1]) << 32),
            words[2] | (static_cast<std::uint64_t>(words[3]) << 32)};
  ++counter_;
  next_ = 0;
}

double Random::normal() {
  for (;;) {
    const double u = 1.0 - uniform();             // (0, 1]
    const double v = 1.7156 * (uniform() - 0.5);  // |v| <= sqrt(2 / e), rounded up
    // The candidate v / u is kept if v^2 <= -4 u^2 log u. Two ellipses around the region's
    // boundary, in Q, settle all but a sliver of the square without the logarithm.
    const double x = u - 0.449871;
    const double y = std::abs(v) + 0.386595;
    const double q = x * x + y * (0.19600 * y - 0.25472 * x);
    if (q < 0.27597) return v / u;
    if (q <= 0.27846 && v * v <= -4.0 * u * u * std::log(u)) return v / u;
  }
}

std::uint64_t Random::below(std::uint64_t n) {
  assert(n > 0);
  // The upper half of bits * n is nearly uniform; rejecting the lowest 2^64 mod n values of the
  // lower half makes it exactly so.
  unsigned __int128 product = static_cast<unsigned __int128>(bits()) * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t threshold = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(bits()) * n;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::vector<Eigen::Index> Random::permutation(Eigen::Index n) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(n));
  permutation(order);
  return order;
}

void Random::permutation(std::span<Eigen::Index> order) {
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
}

Eigen::MatrixXd Random::normal_matrix(Eigen::Index rows, Eigen::Index cols) {
  Eigen::MatrixXd matrix(rows, cols);
  for (double& value : matrix.reshaped()) value = normal();
  return matrix;
}

}  // namespace leaveout
