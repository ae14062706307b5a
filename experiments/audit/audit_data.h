// SPDX-License-Identifier: MIT
#pragma once
// The rows that are audited: a user's file or a named data set, and what had to be done to it.
//
// Law: every row of the file is either an example or listed as left out; nothing else is changed.
// Rows with missing cells are left out (missing=drop), filled with their column's mean
// (missing=mean; a missing target is left out all the same) or refused (missing=refuse).
//
//   AuditData data = load_audit_data(settings, "drop");
//   data.rows[i]                  // where example i stands in the file, counted from 0
//   data.copy_of[i]               // the first example that is the same in every cell, or -1;
//                                 // -1 where kinds are few: there likeness says nothing

#include <optional>
#include <string>
#include <vector>

#include "experiments/task.h"

namespace leaveout {

/// A cell without a value that cost its row.
struct LeftOut {
  Index row = 0;  // of the file, counted from 0
  std::string column;

  std::string text() const;  // "row 3, column 'age'"
};

/// Which rows are alike.
struct Kinds {
  std::vector<Index> of;  // (rows) 0 to count - 1, in the order of appearance
  Index count = 0;
  /// More than two rows of a kind on average: a table of categories, whose rows are alike because
  /// few things can be said of a row, and not because one was entered twice.
  bool are_few() const { return 2 * count < static_cast<Index>(of.size()); }
};
/// By columns that are equal in every number.
Kinds kinds_of(const Eigen::MatrixXd& columns);

struct AuditData {
  Dataset table;   // examples as in the file, planted errors included
  Dataset scaled;  // as the model sees them: inputs, and a regression's target, standardised
  Standardizer standardizer;
  std::vector<Index> rows;            // (N) of the file, ascending
  std::vector<LeftOut> left_out;      // rows that are no examples, ascending
  Index filled = 0;                   // missing cells that got their column's mean
  std::vector<std::string> gaps;      // "row 3, column 'age'": the first few cells that were filled
  std::vector<std::string> empty;     // columns without any value
  std::vector<std::string> constant;  // columns of one value
  std::vector<std::string> far;       // "column 'income' at row 7 is 14 deviations from its mean"
  Kinds kinds;                        // of the features
  std::vector<Index> copy_of;         // (N) -1: not a copy
  std::vector<bool> planted;          // (N) targets that were made wrong on purpose
  std::optional<Dataset> query;       // a file of held-out rows, scaled like the examples
  std::string key;                    // SHA-256 of `scaled` and `query`

  Index size() const { return table.size(); }
  bool classes() const { return table.task != Task::regression; }
};

/// The least number of rows that five folds can judge.
inline constexpr Index kLeastRows = 10;

/// Reads and prepares them; `label_noise` of the settings is the share of planted errors. Throws
/// std::invalid_argument, one line, for what the readers refuse and for fewer than kLeastRows rows.
AuditData load_audit_data(const TaskSettings& settings, const std::string& missing);

/// Makes round(share N) targets of a regression wrong: moved by 3 to 6 standard deviations, up or
/// down. The rows of a smaller share are among those of a larger one. Ascending.
std::vector<Index> plant_target_errors(Dataset& data, double share, std::uint64_t seed);

}  // namespace leaveout
