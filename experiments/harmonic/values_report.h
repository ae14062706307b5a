// SPDX-License-Identifier: MIT
#pragma once
// What the values of training examples leave behind: rows, a matrix of agreement, verdicts, a
// figure.
//
// Intervals are over queries, for the training examples as they are: queries share all trainings.
//
//   write_rows(result, results);
//   fputs(agreement_table(result).c_str(), stdout);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/harmonic/values_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// "Shapley", ..., "leave-one-out", ...: for readers.
std::string value_title(ValueKind kind);

/// Spearman between two kinds of value over the training examples, for each query where it is
/// defined; its mean with a 95 % interval (Student's t, cut off at 1). `n` counts the queries.
Estimate agreement_of(const ValuesResult& result, ValueKind a, ValueKind b);

/// How much nearer `to` is to a than to b: the mean over queries of the difference of two
/// Spearmans.
Estimate nearness(const ValuesResult& result, ValueKind to, ValueKind a, ValueKind b);

/// Mean over queries of the noise variance of a over that of b. Undefined where there is no noise.
Estimate noise_ratio(const ValuesResult& result, ValueKind a, ValueKind b);

/// Columns of runs.csv: task, query, metric, first, second, example, value.
RunsLayout values_layout();
void write_rows(const ValuesResult& result, Results& results);
void describe(const std::vector<ValuesResult>& done, Results& results);

/// The matrix of agreement.
std::string agreement_table(const ValuesResult& result);
std::vector<Verdict> judge(const std::vector<ValuesResult>& done);
/// by_example.{svg,pdf,png}: a panel for each task, a series for each kind, means over queries.
void draw(const std::vector<ValuesResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
