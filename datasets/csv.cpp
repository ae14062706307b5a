// SPDX-License-Identifier: MIT
#include "datasets/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "datasets/csv_target.h"
#include "datasets/files.h"
#include "datasets/sha256.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

[[noreturn]] void refuse(const CsvTable& table, const std::string& why) {
  throw std::invalid_argument(fmt::format("[csv] {}: {}", printable(table.path, kWholeText), why));
}

Eigen::MatrixXd read_inputs(const CsvTable& table, const std::vector<Eigen::Index>& columns) {
  Eigen::MatrixXd inputs(static_cast<Eigen::Index>(columns.size()), table.rows());
  for (Eigen::Index row = 0; row < table.rows(); ++row) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      inputs(static_cast<Eigen::Index>(j), row) =
          table.number(row, columns[j], "encode the column as numbers, or remove it");
    }
  }
  return inputs;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Provenance own_file(const std::string& path, std::string hash) {
  return {path, "the file's owner's", std::move(hash)};
}

std::string stem(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

}  // namespace

Dataset dataset_from_table(const CsvTable& table, const CsvOptions& options, std::string sha256) {
  const Eigen::Index target = table.column(options.target);
  for (const std::string& name : options.ignore) {
    if (table.column(name) == target) {
      refuse(table, fmt::format("'{}' is both the target and ignored; drop one", printable(name)));
    }
  }
  Dataset dataset;
  std::vector<Eigen::Index> columns;
  for (Eigen::Index i = 0; i < table.columns(); ++i) {
    const std::string& name = table.header[static_cast<std::size_t>(i)];
    if (i == target || contains(options.ignore, name)) continue;
    columns.push_back(i);
    dataset.feature_names.push_back(name);
  }
  if (columns.empty()) refuse(table, "no feature column besides the target; add one");
  dataset.name = stem(table.path);
  dataset.target_name = options.target;
  dataset.provenance = own_file(table.path, std::move(sha256));
  Target read = read_target(table, target, options.task);
  dataset.task = read.task;
  dataset.targets = std::move(read.values);
  dataset.class_names = std::move(read.class_names);
  dataset.inputs = read_inputs(table, columns);
  return dataset;
}

Dataset read_dataset(const std::string& path, const CsvOptions& options) {
  std::string text = read_file(path);
  std::string hash = sha256(text);
  return dataset_from_table(
      parse_csv(std::move(text), path, options.separator), options, std::move(hash));
}

Dataset query_from_table(const CsvTable& table,
                         const Dataset& train,
                         const CsvOptions& options,
                         std::string sha256) {
  const auto required = [&](const std::string& name) {
    const auto found = table.find(name);
    if (!found) {
      refuse(table,
             fmt::format("column '{}' of the training data is missing; add it", printable(name)));
    }
    return *found;
  };
  std::vector<Eigen::Index> columns;
  for (const std::string& name : train.feature_names) columns.push_back(required(name));
  const Eigen::Index target = required(train.target_name);
  for (const std::string& name : table.header) {
    if (name != train.target_name && !contains(train.feature_names, name) &&
        !contains(options.ignore, name)) {
      refuse(table,
             fmt::format("column '{}' is not in the training data; remove it", printable(name)));
    }
  }
  Dataset query;
  query.name = stem(table.path);
  query.task = train.task;
  query.feature_names = train.feature_names;
  query.class_names = train.class_names;
  query.target_name = train.target_name;
  query.image = train.image;
  query.provenance = own_file(table.path, std::move(sha256));
  query.targets = read_target_like(table, target, train.task, train.class_names);
  query.inputs = read_inputs(table, columns);
  return query;
}

Dataset read_query(const std::string& path, const Dataset& train, const CsvOptions& options) {
  std::string text = read_file(path);
  std::string hash = sha256(text);
  return query_from_table(
      parse_csv(std::move(text), path, options.separator), train, options, std::move(hash));
}

}  // namespace leaveout
