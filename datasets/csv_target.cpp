// SPDX-License-Identifier: MIT
#include "datasets/csv_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "datasets/text.h"

namespace leaveout {

namespace {

constexpr std::size_t kMostClasses = 1000;           // beyond this one-hot targets are a mistake
constexpr std::size_t kMostWholeNumberClasses = 20;  // beyond this whole numbers are quantities

Eigen::MatrixXd read_values(const CsvTable& table, Eigen::Index column) {
  Eigen::MatrixXd targets(1, table.rows());  // (1 x examples)
  for (Eigen::Index row = 0; row < table.rows(); ++row) {
    targets(0, row) =
        table.number(row, column, "a regression target is a number: correct the cell");
  }
  return targets;
}

/// The different values of the target column, as numbers where all cells are numbers. Counting
/// stops at one class too many: a column of a million prices is told from classes without a tree of
/// them.
struct Labels {
  bool numeric = true;
  Eigen::Index texts = 0;                       // rows that are not numbers
  Eigen::Index first_text = -1;                 // the first of them
  std::map<double, Eigen::Index> values;        // value -> rows, if numeric
  std::map<std::string, Eigen::Index> strings;  // text -> rows, if not

  std::size_t count() const { return numeric ? values.size() : strings.size(); }
};

template <typename Map, typename Key>
void count_label(Map& counts, const Key& key) {
  if (const auto found = counts.find(key); found != counts.end()) {
    ++found->second;
  } else if (counts.size() <= kMostClasses) {
    counts.emplace(key, 1);
  }
}

Labels read_labels(const CsvTable& table, Eigen::Index column) {
  Labels labels;
  for (Eigen::Index row = 0; row < table.rows(); ++row) {
    table.require_present(row, column);
    if (const auto value = parse_number(table.cell(row, column))) {
      count_label(labels.values, *value + 0.0);  // + 0.0: minus zero is zero
    } else {
      if (labels.texts++ == 0) labels.first_text = row;
      labels.numeric = false;
    }
  }
  if (labels.numeric) return labels;
  for (Eigen::Index row = 0; row < table.rows(); ++row) {
    count_label(labels.strings, std::string(table.cell(row, column)));
  }
  return labels;
}

/// The rule at the head of the header file.
Task detect_task(const CsvTable& table, Eigen::Index column, const Labels& labels) {
  if (labels.count() < 2) {
    table.refuse(0,
                 column,
                 fmt::format("the target is '{}' in every row; give rows of another value or class",
                             printable(table.cell(0, column))));
  }
  if (!labels.numeric) {
    if (labels.texts < table.rows()) {
      table.refuse(
          labels.first_text,
          column,
          fmt::format("'{}' is not a finite number and other rows of the target are; correct "
                      "it, or force the task if these are class names",
                      printable(table.cell(labels.first_text, column))));
    }
    return labels.count() == 2 ? Task::binary : Task::multiclass;
  }
  if (labels.count() == 2) return Task::binary;
  if (labels.count() > kMostWholeNumberClasses) return Task::regression;
  const bool classes =
      std::all_of(labels.values.begin(), labels.values.end(), [](const auto& entry) {
        return entry.first == std::nearbyint(entry.first) && entry.second >= 2;
      });
  return classes ? Task::multiclass : Task::regression;
}

void check_classes(const CsvTable& table, Eigen::Index column, Task task, std::size_t classes) {
  if (classes < 2) {
    table.refuse(0,
                 column,
                 fmt::format("there is one class only, '{}'; give rows of another class",
                             printable(table.cell(0, column))));
  }
  if (task == Task::binary && classes != 2) {
    table.refuse(
        0,
        column,
        fmt::format("a binary task has 2 classes and the column has {}; force multiclass or "
                    "choose another target",
                    classes));
  }
  if (classes > kMostClasses) {
    table.refuse(0,
                 column,
                 fmt::format("more than {} different classes; choose another target, or force "
                             "regression if these are quantities",
                             kMostClasses));
  }
}

std::vector<std::string> class_names(const Labels& labels) {
  std::vector<std::string> names;
  if (labels.numeric) {
    for (const auto& [value, count] : labels.values) names.push_back(fmt::format("{}", value));
  } else {
    for (const auto& [text, count] : labels.strings) names.push_back(text);
  }
  return names;
}

/// 0 or 1, or one-hot columns, for the class of each row among `names`.
Eigen::MatrixXd read_classes(const CsvTable& table,
                             Eigen::Index column,
                             Task task,
                             const std::vector<std::string>& names) {
  std::map<double, Eigen::Index> by_value;
  std::map<std::string, Eigen::Index, std::less<>> by_text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    by_text[names[i]] = static_cast<Eigen::Index>(i);
    if (const auto value = parse_number(names[i])) by_value[*value] = static_cast<Eigen::Index>(i);
  }
  const bool numeric = by_value.size() == names.size();
  const auto classes = static_cast<Eigen::Index>(names.size());
  Eigen::MatrixXd targets =  // (outputs x examples)
      Eigen::MatrixXd::Zero(task == Task::binary ? 1 : classes, table.rows());
  for (Eigen::Index row = 0; row < table.rows(); ++row) {
    table.require_present(row, column);
    const std::string_view cell = table.cell(row, column);
    Eigen::Index index = -1;
    if (numeric) {
      const auto value = parse_number(cell);
      const auto found = value ? by_value.find(*value) : by_value.end();
      if (found != by_value.end()) index = found->second;
    } else if (const auto found = by_text.find(cell); found != by_text.end()) {
      index = found->second;
    }
    if (index < 0) {
      table.refuse(
          row,
          column,
          fmt::format("class '{}' is not in the training data; correct it, or train with it",
                      printable(cell)));
    }
    if (task == Task::binary) {
      targets(0, row) = static_cast<double>(index);
    } else {
      targets(index, row) = 1.0;
    }
  }
  return targets;
}

}  // namespace

Target read_target(const CsvTable& table, Eigen::Index column, std::optional<Task> task) {
  if (task == Task::reconstruction)
    throw std::invalid_argument(
        "[csv] a reconstruction has no target column: read the file for the task of its column, "
        "then take its inputs as targets");
  if (task == Task::regression) return {*task, read_values(table, column), {}};
  const Labels labels = read_labels(table, column);
  if (!task) task = detect_task(table, column, labels);
  if (task == Task::regression) return {*task, read_values(table, column), {}};
  check_classes(table, column, *task, labels.count());
  std::vector<std::string> names = class_names(labels);
  Eigen::MatrixXd values = read_classes(table, column, *task, names);
  return {*task, std::move(values), std::move(names)};
}

Eigen::MatrixXd read_target_like(const CsvTable& table,
                                 Eigen::Index column,
                                 Task task,
                                 const std::vector<std::string>& class_names) {
  if (task == Task::regression) return read_values(table, column);
  return read_classes(table, column, task, class_names);
}

}  // namespace leaveout
