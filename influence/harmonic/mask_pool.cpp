// SPDX-License-Identifier: MIT
#include "influence/harmonic/mask_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "datasets/random.h"
#include "influence/harmonic/cube.h"
#include "influence/harmonic/spectrum.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

enum Stream : std::uint64_t { kBernoulli = 0x62, kFixedSize = 0x66, kCorrelated = 0x72 };

void check_counts(Index n, Index m) {
  if (n < 1 || m < 1)
    throw std::invalid_argument(
        fmt::format("[masks] {} subsets of {} examples, expected at least one of each", m, n));
}

double draw(Random& random, double p) {
  return random.uniform() < p ? 1.0 : 0.0;
}

}  // namespace

MatrixXd bernoulli_masks(Index n, double p, Index m, std::uint64_t seed) {
  check_counts(n, m);
  return bernoulli_masks(VectorXd::Constant(n, p), m, seed);
}

MatrixXd bernoulli_masks(const VectorXd& p, Index m, std::uint64_t seed) {
  check_counts(p.size(), m);
  for (Index i = 0; i < p.size(); ++i) check_rate(p[i]);
  MatrixXd masks(p.size(), m);  // (n x m)
  for (Index k = 0; k < m; ++k) {
    Random random(seed, {kBernoulli, static_cast<std::uint64_t>(k)});
    for (Index i = 0; i < p.size(); ++i) masks(i, k) = draw(random, p[i]);
  }
  return masks;
}

MatrixXd fixed_size_masks(Index n, Index size, Index m, std::uint64_t seed) {
  check_counts(n, m);
  if (size < 1 || size >= n)
    throw std::invalid_argument(fmt::format(
        "[masks] subsets of {} of {} examples, expected a size from 1 to {}", size, n, n - 1));
  MatrixXd masks = MatrixXd::Zero(n, m);  // (n x m)
  std::vector<Index> order(static_cast<std::size_t>(n));
  for (Index k = 0; k < m; ++k) {
    Random random(seed, {kFixedSize, static_cast<std::uint64_t>(k)});
    random.permutation(order);
    for (Index j = 0; j < size; ++j) masks(order[static_cast<std::size_t>(j)], k) = 1.0;
  }
  return masks;
}

MaskPairs correlated_masks(
    Index n, double p, double rho, Index pairs, std::uint64_t seed, std::uint64_t stream) {
  check_counts(n, pairs);
  check_correlation(rho, p);
  // P(b'_i = 1 | b_i), which is P11 / p and P01 / (1 - p).
  const double after_in = p + rho * (1.0 - p);
  const double after_out = p * (1.0 - rho);
  MaskPairs result{MatrixXd(n, pairs), MatrixXd(n, pairs)};
  for (Index k = 0; k < pairs; ++k) {
    Random random(seed, {kCorrelated, stream, static_cast<std::uint64_t>(k)});
    for (Index i = 0; i < n; ++i) {
      const double in = draw(random, p);
      result.first(i, k) = in;
      result.second(i, k) = draw(random, in == 1.0 ? after_in : after_out);
    }
  }
  return result;
}

void check_pool(const MatrixXd& masks, const MatrixXd& outputs) {
  if (masks.cols() != outputs.rows() || masks.size() == 0 || outputs.size() == 0)
    throw std::invalid_argument(fmt::format(
        "[masks] {} subsets of {} examples but {} rows of {} outputs, expected a row for each "
        "subset",
        masks.cols(),
        masks.rows(),
        outputs.rows(),
        outputs.cols()));
  if (!(masks.array() == 0.0 || masks.array() == 1.0).all())
    throw std::invalid_argument("[masks] a mask has an entry that is neither 0 nor 1");
  if (!outputs.allFinite())
    throw std::invalid_argument(
        "[masks] an output is not finite, expected finite numbers; drop the runs that diverged");
}

}  // namespace leaveout
