// SPDX-License-Identifier: MIT
#pragma once
// One recorded training of a given length, and every estimator along it beside the truth.
//
//   AccuracyCell cell = measure_accuracy(task, session.options(), how);
//   *cell.rows[0].removal.spearman;             // with the trainings without each example
//
// The query is the mean test loss. x = sum over steps of rate * lambda_max says in which regime the
// training is: expansions in the rates converge fast below 1.

#include <optional>
#include <string>
#include <vector>

#include "experiments/trajectory/removal_truth.h"
#include "influence/trajectory/error_budget.h"
#include "influence/trajectory/estimators.h"

namespace leaveout {

struct AccuracyOptions {
  TrajectoryOptions estimators;
  Index top = 30;         // of the overlap, at most half of the examples
  Index parameters = 10;  // examples whose change of all parameters is compared
  bool budget = true;
};

/// An estimate (N) against a truth (N).
struct Closeness {
  std::optional<double> raw_error, scale, scaled_error, pearson, spearman, kendall, signs, top;
};
Closeness closeness(const Eigen::VectorXd& estimate, const Eigen::VectorXd& truth, Index top);

struct AccuracyRow {
  std::string estimator;
  std::string refused = {};                 // why; empty: it ran
  Closeness removal = {}, derivative = {};  // against the two truths
  Eigen::VectorXd values = {};              // (N)
};

/// Changes of all parameters, estimated against those of trainings without an example: medians over
/// these examples.
struct ParameterRow {
  std::string estimator;
  double cosine = 0, raw_error = 0;
};

struct AccuracyCell {
  Index epochs = 0;
  std::uint64_t seed = 0;
  std::string model = {};
  RemovalTruth truth = {};
  double linearisation = 0;   // |derivative - removal| / |removal|
  double two_directions = 0;  // |backward - forward| / |forward| of the exact derivative
  std::vector<AccuracyRow> rows = {};
  std::vector<ParameterRow> parameters = {};
  std::vector<BudgetLine> budget = {};

  /// Null where there is no such row, or it refused.
  const AccuracyRow* find(const std::string& estimator) const;
};

AccuracyCell measure_accuracy(const RecordedTask& task,
                              const TaskOptions& options,
                              AccuracyOptions how);

}  // namespace leaveout
