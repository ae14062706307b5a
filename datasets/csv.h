// SPDX-License-Identifier: MIT
#pragma once

// Anybody's CSV file as a Dataset: numeric feature columns and one target column.
//
// How the task follows from the target column, unless `CsvOptions::task` forces it:
//   text in every row                      classes: two labels binary, more multiclass
//   text in some rows, numbers in others   an error that names the first text cell: a typing error
//                                          must not turn a regression into a classification
//   numbers, two different values          binary
//   whole numbers, 3 to 20 different       multiclass, if each of them occurs at least twice
//   any other numbers                      regression
// Classes are sorted, by value if all labels are numbers ("1" and "1.0" are one class) and by bytes
// otherwise. A binary target is 1 for the second class: of benign and malignant, malignant is 1.
//
//   Dataset train = read_dataset("train.csv", {.target = "price"});
//   Dataset query = read_query("query.csv", train);
//   Dataset energy = read_whitespace_table("energy.txt");

#include <optional>
#include <string>
#include <vector>

#include "datasets/csv_table.h"
#include "datasets/dataset.h"

namespace leaveout {

struct CsvOptions {
  std::string target = {};               ///< name of the target column
  std::optional<Task> task = {};         ///< forces the task (no reconstruction, see images.h); by
                                         ///< default it is read off the target
  std::vector<std::string> ignore = {};  ///< columns to leave out, such as a row identifier
  char separator = ',';
};

/// Reads a training file. Every column except the target and the ignored ones is a feature.
/// Throws std::invalid_argument, one line that says what, where and what to do, for what `read_csv`
/// refuses, a missing target column, no feature column, a missing, non-numeric or non-finite cell,
/// and a target that does not fit the task (one class only, three classes in a binary task, ...).
Dataset read_dataset(const std::string& path, const CsvOptions& options);

/// `read_dataset` of a table in memory; `sha256` goes into the provenance.
Dataset dataset_from_table(const CsvTable& table, const CsvOptions& options, std::string sha256);

/// Reads query examples for models trained on `train`: the same columns in any order, the target
/// included, and no others but the ignored ones; `options.target` and `options.task` are not used.
/// Throws std::invalid_argument for a missing or additional column and for a class `train` lacks.
Dataset read_query(const std::string& path, const Dataset& train, const CsvOptions& options = {});

/// `read_query` of a table in memory.
Dataset query_from_table(const CsvTable& table,
                         const Dataset& train,
                         const CsvOptions& options,
                         std::string sha256);

/// Reads a regression table of blank-separated numbers without a header, target last. Columns are
/// named x1, x2, ..., y unless names are given (features, then the target).
/// Throws std::invalid_argument for a ragged row, a cell that is not a finite number, fewer than
/// two columns, no rows, or a wrong number of names.
Dataset read_whitespace_table(const std::string& path, const std::vector<std::string>& names = {});

/// `read_whitespace_table` of a file in memory; the path is for messages and the name.
Dataset whitespace_table_from_text(const std::string& text,
                                   const std::string& path,
                                   const std::vector<std::string>& names = {});

}  // namespace leaveout
