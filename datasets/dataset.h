// SPDX-License-Identifier: MIT
#pragma once

// A data set in memory: columns are examples, everything is double.
//
// Law of the standardiser: with mean m and population deviation s of the *training* inputs,
// x' = (x - m) / s, so training columns have mean 0 and mean square 1; query points use the same m,
// s.
//
//   Split parts = split(load_dataset("concrete"), 0.9, seed);
//   Standardizer standardizer = Standardizer::fit(parts.train);
//   Dataset train = standardizer.apply(parts.train), query = standardizer.apply(parts.query);

#include <Eigen/Dense>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace leaveout {

/// Of a reconstruction the targets are the inputs, within [0, 1] (images.h).
enum class Task { regression, binary, multiclass, reconstruction };

/// "regression", "binary", "multiclass" or "reconstruction".
std::string task_name(Task task);

/// The inverse of `task_name`. Throws std::invalid_argument for any other text.
Task parse_task(const std::string& name);

/// Where the numbers come from: enough for a reader to fetch and check them.
struct Provenance {
  std::string source;   ///< address, package, path or generator with its arguments
  std::string license;  ///< licence of the data
  std::string sha256;   ///< of the file that was read; empty for generated data
};

/// What image a column of inputs is: pixels row by row, the channels of a pixel side by side. Zero:
/// the inputs are no images.
struct ImageSize {
  Eigen::Index channels = 0, height = 0, width = 0;
  double maximum = 0;  ///< value of the brightest pixel there can be; 0: unknown

  Eigen::Index size() const { return channels * height * width; }
  bool empty() const { return size() == 0; }
  bool operator==(const ImageSize&) const = default;
};

/// Inputs and targets with their names.
struct Dataset {
  std::string name;
  Task task = Task::regression;
  Eigen::MatrixXd inputs;   // (features x examples)
  Eigen::MatrixXd targets;  // (outputs x examples): value | 0 or 1 | one-hot | pixels
  std::vector<std::string> feature_names;  // (features)
  std::vector<std::string> class_names;  // regression: none | binary: 2, target 1 = the second | k
  std::string target_name;
  Provenance provenance;
  ImageSize image{};

  Eigen::Index size() const { return inputs.cols(); }
  Eigen::Index features() const { return inputs.rows(); }
  Eigen::Index outputs() const { return targets.rows(); }

  /// The class of example i, an index into `class_names`. Requires a classification task.
  Eigen::Index label(Eigen::Index i) const;
};

/// The examples `rows`, in that order; an example may be taken more than once.
/// Throws std::invalid_argument for an index outside [0, size).
Dataset take(const Dataset& dataset, const std::vector<Eigen::Index>& rows);

inline constexpr Eigen::Index kNoLimit = std::numeric_limits<Eigen::Index>::max();

/// A division into training and query examples, with the rows of the whole that each part holds.
struct Split {
  Dataset train;
  Dataset query;
  std::vector<Eigen::Index> train_rows;  // (train examples)
  std::vector<Eigen::Index> query_rows;  // (query examples)
};

/// Permutes the examples by `seed`; the first round(train_fraction * size) are for training, the
/// rest are queries. The limits then keep the first ones of each part, so a smaller limit gives a
/// prefix of the larger one's examples and never moves an example between the parts. Throws
/// std::invalid_argument when a part would be empty or train_fraction is not within (0, 1).
Split split(const Dataset& dataset,
            double train_fraction,
            std::uint64_t seed,
            Eigen::Index max_train = kNoLimit,
            Eigen::Index max_query = kNoLimit);

/// Shift and scale of every input and, in regression, of every target. A constant column is shifted
/// to 0 and not scaled (scale 1). Targets of a classification task are left as they are, and so is
/// all of a reconstruction: its inputs are its targets, which must stay within [0, 1].
struct Standardizer {
  Eigen::VectorXd input_mean;    // (features): 0 in reconstruction
  Eigen::VectorXd input_scale;   // (features): population deviation, or 1
  Eigen::VectorXd target_mean;   // (outputs): 0 unless in regression
  Eigen::VectorXd target_scale;  // (outputs): 1 unless in regression

  /// Mean and population deviation of the training examples. Throws std::invalid_argument for an
  /// empty data set, and for a column whose deviation is not a finite number.
  static Standardizer fit(const Dataset& train);

  /// (x - mean) / scale. Throws std::invalid_argument when the numbers of features or outputs
  /// differ.
  Dataset apply(const Dataset& dataset) const;

  /// x * scale + mean: undoes `apply` up to rounding.
  Dataset invert(const Dataset& dataset) const;

  /// Model outputs or targets back in the target's own units, (outputs x any number of columns).
  Eigen::MatrixXd invert_targets(const Eigen::MatrixXd& targets) const;
};

}  // namespace leaveout
