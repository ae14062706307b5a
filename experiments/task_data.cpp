// SPDX-License-Identifier: MIT
// The data of a task: one source that is split, or the user's own files.
#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "datasets/csv.h"
#include "datasets/images.h"
#include "datasets/noise.h"
#include "datasets/registry.h"
#include "experiments/task.h"

namespace leaveout {

namespace {

bool reconstructs(const TaskSettings& s) {
  return s.task == Task::reconstruction;
}

CsvOptions csv_options(const TaskSettings& s) {
  CsvOptions csv;
  csv.target = s.target;
  if (!reconstructs(s)) csv.task = s.task;
  return csv;
}

void set_image(const ImageSize& image, Dataset& data) {
  if (image.empty()) return;
  if (image.size() != data.features())
    throw std::invalid_argument(
        fmt::format("[task] image, expected a size of {} pixels and channels (the "
                    "features), got {}x{}x{}",
                    data.features(),
                    image.channels,
                    image.height,
                    image.width));
  const double maximum = data.image.maximum;
  data.image = image;
  data.image.maximum = maximum;
}

Dataset load_whole(const TaskSettings& s) {
  if (!s.csv.empty()) return read_dataset(s.csv, csv_options(s));
  Dataset data = load_dataset(
      s.data, {.fraction = s.data_fraction, .seed = s.seed, .downsample = s.downsample});
  if (s.task && !reconstructs(s) && *s.task != data.task)
    throw std::invalid_argument(
        fmt::format("[task] task, expected {} or reconstruction for data={}, got {}",
                    task_name(data.task),
                    s.data,
                    task_name(*s.task)));
  return data;
}

Dataset first_rows(Dataset data, Index most) {
  if (data.size() <= most) return data;
  std::vector<Index> rows(static_cast<std::size_t>(most));
  std::iota(rows.begin(), rows.end(), Index{0});
  return take(data, rows);
}

}  // namespace

Split load_split(const TaskSettings& s) {
  Dataset whole = load_whole(s);
  set_image(s.image, whole);
  if (s.csv.empty() || s.query_csv.empty())
    return split(reconstructs(s) ? reconstruction_of(whole) : whole,
                 s.train_fraction,
                 s.seed,
                 s.max_train,
                 s.max_query);
  Split parts;
  parts.query = read_query(s.query_csv, whole, csv_options(s));
  if (reconstructs(s)) {
    parts.query = reconstruction_of(parts.query, whole);
    whole = reconstruction_of(whole);
  }
  // As of a split source: a limit keeps the first rows.
  parts.train = first_rows(std::move(whole), s.max_train);
  parts.query = first_rows(std::move(parts.query), s.max_query);
  parts.train_rows.resize(static_cast<std::size_t>(parts.train.size()));
  std::iota(parts.train_rows.begin(), parts.train_rows.end(), Index{0});
  return parts;
}

void standardize(Dataset& train, Dataset& query) {
  const Standardizer standardizer = Standardizer::fit(train);
  train = standardizer.apply(train);
  query = standardizer.apply(query);
}

TaskData load_task_data(const TaskSettings& s) {
  Split parts = load_split(s);
  std::vector<Index> corrupted;
  if (s.label_noise > 0) {
    NoisyLabels noisy = corrupt_labels(parts.train, s.label_noise, s.seed);
    parts.train = std::move(noisy.dataset);
    corrupted = std::move(noisy.changed);
  }
  if (s.standardize) standardize(parts.train, parts.query);
  return {std::move(parts.train),
          std::move(parts.query),
          std::move(corrupted),
          std::move(parts.train_rows)};
}

}  // namespace leaveout
