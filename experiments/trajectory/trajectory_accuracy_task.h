// SPDX-License-Identifier: MIT
#pragma once
// One training, at one rate and length: every estimate beside both truths, the budget of errors,
// and the identities.
//
//   RecordedTask task(job, options, seed);
//   AccuracyPoint point = measure_accuracy(task, how);
//   *point.value("accuracy", "diff_in_paper", "removal", "mean", "relative_error");

#include <optional>

#include "experiments/trajectory/recorded_task.h"

namespace leaveout {

// Values of a row's columns.
inline constexpr const char* kAccuracy = "accuracy";      // scores against a truth
inline constexpr const char* kParameters = "parameters";  // of theta, mean over removed examples
inline constexpr const char* kBudget = "budget";      // one approximation against the derivative
inline constexpr const char* kTraining = "training";  // of the training itself
inline constexpr const char* kIdentity = "identity";  // largest deviation, relative
inline constexpr const char* kRemoval = "removal";    // truths
inline constexpr const char* kDerivative = "derivative";
inline constexpr const char* kWarmStart = "warm_start";  // further training from the end
inline constexpr const char* kMean = "mean";             // queries: the mean test loss,
inline constexpr const char* kSingle = "single";         // mean over single test examples

struct AccuracyOptions {
  Index removed = 100;  // examples, drawn by the seed
  Index top = 30;       // of the overlap: at most half of them
  Index single_queries = 5;
  double damping = 0.01;  // of the influence function
};

struct AccuracyRow {
  std::string part, estimator, truth, query, metric;
  std::optional<double> value;
};

/// Scores for the mean test loss of every removed example.
struct ScoreColumn {
  std::string name;
  std::vector<double> values;  // (K)
};

struct AccuracyPoint {
  double rate = 0;
  Index epochs = 0;
  std::uint64_t seed = 0;
  std::vector<AccuracyRow> rows = {};
  std::vector<Index> removed = {};        // (K) ascending
  std::vector<ScoreColumn> scores = {};   // both truths, then the estimates that there are
  std::vector<std::string> refused = {};  // "estimator: why"

  std::optional<double> value(const std::string& part,
                              const std::string& estimator,
                              const std::string& truth,
                              const std::string& query,
                              const std::string& metric) const;
};

/// Metrics of one estimate (K) against a truth (K), by name, in the order of the tables.
std::vector<std::pair<std::string, std::optional<double>>> closeness_metrics(
    const Eigen::VectorXd& estimate, const Eigen::VectorXd& truth, Index top);

AccuracyPoint measure_accuracy(const RecordedTask& task, const AccuracyOptions& how);

/// As text and back, to the last bit.
std::string to_text(const AccuracyPoint& point);
AccuracyPoint from_text(const std::string& text);

}  // namespace leaveout
