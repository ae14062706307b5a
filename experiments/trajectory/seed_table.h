// SPDX-License-Identifier: MIT
#pragma once
// Numbers measured once per seed, and what is asked of them: means over seeds, and differences of
// two methods, paired within a seed.
//
//   difference = mean over seeds of (method - other), with the 95 % interval of Student's t
//
//   SeedTable table;
//   table.add({1, "", 0.2, "diff_in", "accuracy", 0.91});
//   Estimate gain = table.difference({"", 0.2, "diff_in", "accuracy"}, "random");
//
// A question without a variant or a share is about the mean over all that the table has, within a
// seed.

#include <map>

#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// One number of one seed.
struct SeedMeasure {
  std::uint64_t seed = 0;
  std::string variant;  // what the experiment tells apart beside the share; may be empty
  double share = 0;     // of the training examples: wrong, deleted or kept
  std::string method, metric;
  double value = 0;
};

/// What is asked for.
struct Question {
  std::optional<std::string> variant;  // none: the mean over variants
  std::optional<double> share;         // none: the mean over shares
  std::string method, metric;
};

class SeedTable {
 public:
  void add(SeedMeasure row) { rows_.push_back(std::move(row)); }
  const std::vector<SeedMeasure>& rows() const { return rows_; }

  /// Of each seed that has an answer.
  std::map<std::uint64_t, double> by_seed(const Question& about) const;
  /// Mean over seeds; undefined where there is none, without an interval for one.
  Estimate mean(const Question& about) const;
  /// The same of `about` minus the same question about another method, over seeds that have both.
  Estimate difference(const Question& about, const std::string& other) const;
  Estimate difference(const Question& about, const Question& other) const;

 private:
  std::vector<SeedMeasure> rows_;
};

/// Columns of runs.csv: task, VARIANT, SHARE, seed, method, metric, value. An empty variant has no
/// column.
RunsLayout seed_table_layout(const std::string& variant, const std::string& share);
void write_rows(const SeedTable& table,
                const std::string& task,
                bool with_variant,
                Results& results);

inline constexpr const char* kSeedIntervals =
    "intervals: 95 %, Student's t over seeds, differences paired";

/// What every report of this folder's comparisons says.
inline constexpr const char* kWhoseComparison =
    "claims: Tan et al. (2025), abstract; how they are measured (data, networks, shares, metrics) "
    "is "
    "ours, and none of their numbers is quoted";

/// The same of reports whose claims say "paper", and whose the other estimators are.
inline constexpr const char* kWhosePaper =
    "paper: Tan et al. (2025), who propose Diff-In; none of their numbers is quoted";
inline constexpr const char* kWhoseEstimators =
    "estimators: our reading of TracIn (Pruthi et al. 2020), SGD-influence (Hara, Nitanda and "
    "Maehara 2019), HyDRA (Chen et al. 2021), SOURCE (Bae et al. 2024), data value embedding (Wang "
    "et al. 2025), Diff-In (Tan et al. 2025)";

/// "agrees" where the whole interval is above 0 (equal is not higher), "disagrees" where none of it
/// is, else "open: ...".
std::string is_higher(const Estimate& e);
/// A row of the verdicts: `says`, unless one seed or no number at all stands behind it.
Verdict seed_verdict(const std::string& task,
                     const std::string& part,
                     const std::string& claim,
                     const Estimate& e,
                     const std::string& says);
/// How the claims are headed that compare one method with others.
inline VerdictWords rivals_words() {
  return {"What is claimed, and what we measured", "against", "claim"};
}
/// The value with so many decimals, or "-".
std::string plain(const Estimate& e, int decimals);

}  // namespace leaveout
