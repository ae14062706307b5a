// SPDX-License-Identifier: MIT
#include "datasets/noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

namespace {

// Streams of their own, so that the rows do not follow the permutation of `split` with this seed.
constexpr std::uint64_t kRowStream = 0x6e6f6973;    // "nois"
constexpr std::uint64_t kClassStream = 0x636c6173;  // "clas"

}  // namespace

NoisyLabels corrupt_labels(const Dataset& dataset, double fraction, std::uint64_t seed) {
  if (dataset.task != Task::binary && dataset.task != Task::multiclass)
    throw std::invalid_argument(
        fmt::format("[noise] '{}' is a {} and has no classes to exchange: use data of a binary or "
                    "multiclass task",
                    dataset.name,
                    task_name(dataset.task)));
  if (!(fraction >= 0.0 && fraction <= 1.0))
    throw std::invalid_argument(
        fmt::format("[noise] fraction, expected a number from 0 to 1, got {}", fraction));
  NoisyLabels noisy{dataset, Random(seed, {kRowStream}).permutation(dataset.size())};
  const auto count = std::lround(fraction * static_cast<double>(dataset.size()));
  noisy.changed.resize(static_cast<std::size_t>(count));
  std::sort(noisy.changed.begin(), noisy.changed.end());
  for (const Eigen::Index row : noisy.changed) {
    if (dataset.task == Task::binary) {
      noisy.dataset.targets(0, row) = 1.0 - dataset.targets(0, row);
      continue;
    }
    const Eigen::Index old = dataset.label(row);
    const auto others = static_cast<std::uint64_t>(dataset.outputs() - 1);
    // Keyed by the row: what it becomes does not depend on which others change.
    Random random(seed, {kClassStream, static_cast<std::uint64_t>(row)});
    const auto drawn = static_cast<Eigen::Index>(random.below(others));
    noisy.dataset.targets(old, row) = 0.0;
    noisy.dataset.targets(drawn < old ? drawn : drawn + 1, row) = 1.0;
  }
  return noisy;
}

}  // namespace leaveout
