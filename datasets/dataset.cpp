// SPDX-License-Identifier: MIT
#include "datasets/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

std::string task_name(Task task) {
  switch (task) {
    case Task::regression:
      return "regression";
    case Task::binary:
      return "binary";
    case Task::multiclass:
      return "multiclass";
    case Task::reconstruction:
      return "reconstruction";
  }
  assert(false);
  return {};
}

Task parse_task(const std::string& name) {
  for (const Task task : {Task::regression, Task::binary, Task::multiclass, Task::reconstruction}) {
    if (task_name(task) == name) return task;
  }
  throw std::invalid_argument(fmt::format(
      "[task] unknown task '{}': use regression, binary, multiclass or reconstruction", name));
}

Eigen::Index Dataset::label(Eigen::Index i) const {
  assert(task == Task::binary || task == Task::multiclass);
  if (task == Task::binary) return targets(0, i) > 0.5 ? 1 : 0;
  Eigen::Index index = 0;
  targets.col(i).maxCoeff(&index);
  return index;
}

Dataset take(const Dataset& dataset, const std::vector<Eigen::Index>& rows) {
  for (const Eigen::Index row : rows) {
    if (row < 0 || row >= dataset.size()) {
      throw std::invalid_argument(fmt::format(
          "[take] row {} is outside '{}', which has rows 0 to {}: choose rows of the data",
          row,
          dataset.name,
          dataset.size() - 1));
    }
  }
  Dataset part;
  part.name = dataset.name;
  part.task = dataset.task;
  part.inputs = dataset.inputs(Eigen::all, rows);
  part.targets = dataset.targets(Eigen::all, rows);
  part.feature_names = dataset.feature_names;
  part.class_names = dataset.class_names;
  part.target_name = dataset.target_name;
  part.provenance = dataset.provenance;
  part.image = dataset.image;
  return part;
}

Split split(const Dataset& dataset,
            double train_fraction,
            std::uint64_t seed,
            Eigen::Index max_train,
            Eigen::Index max_query) {
  if (!(train_fraction > 0.0 && train_fraction < 1.0)) {
    throw std::invalid_argument(fmt::format(
        "[split] train_fraction is {}: give a number above 0 and below 1", train_fraction));
  }
  const Eigen::Index size = dataset.size();
  const auto boundary =
      static_cast<Eigen::Index>(std::lround(train_fraction * static_cast<double>(size)));
  const Eigen::Index train = std::min(boundary, max_train);
  const Eigen::Index query = std::min(size - boundary, max_query);
  if (train < 1 || query < 1) {
    throw std::invalid_argument(fmt::format(
        "[split] '{}' has {} rows, which leaves {} to train on and {} to query: each part "
        "needs one or more, change the fraction or the limits",
        dataset.name,
        size,
        std::max(train, Eigen::Index{0}),
        std::max(query, Eigen::Index{0})));
  }
  const std::vector<Eigen::Index> order = Random(seed).permutation(size);
  Split parts;
  parts.train_rows.assign(order.begin(), order.begin() + train);
  parts.query_rows.assign(order.begin() + boundary, order.begin() + boundary + query);
  parts.train = take(dataset, parts.train_rows);
  parts.query = take(dataset, parts.query_rows);
  return parts;
}

}  // namespace leaveout
