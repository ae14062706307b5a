// SPDX-License-Identifier: MIT
#pragma once

// Wrong labels put in on purpose: the truth that a search for mislabelled rows is measured against.
//
// Law: round(fraction * size) rows, drawn without replacement, get another class, drawn uniformly
// from the others. The rows of a smaller fraction are among those of a larger one with the same
// seed, and get the same wrong class.
//
//   NoisyLabels noisy = corrupt_labels(load_dataset("digits"), 0.1, seed);
//   noisy.changed.size() == 180                              // of 1797
//   noisy.dataset.label(noisy.changed[0])                    // not what it was

#include <cstdint>
#include <vector>

#include "datasets/dataset.h"

namespace leaveout {

struct NoisyLabels {
  Dataset dataset;
  std::vector<Eigen::Index> changed;  // (changed rows), ascending
};

/// Throws std::invalid_argument ("[noise] ...", one line) for a fraction outside of 0 to 1 and for
/// data without classes.
NoisyLabels corrupt_labels(const Dataset& dataset, double fraction, std::uint64_t seed);

}  // namespace leaveout
