// SPDX-License-Identifier: MIT
#pragma once
// The influences behind an audit's evidence, for a block of rows at a time.
//
//   InfluenceBlocks blocks(data, chosen, how, seed);
//   BlockEvidence e = blocks.compute({0, 1, 2});        // of these rows, from any thread

#include <memory>
#include <mutex>

#include "experiments/audit/fold_models.h"
#include "influence/estimators/influence_function.h"

namespace leaveout {

/// Columns of what is kept of a row.
enum BlockColumn : Index {
  kSelf,
  kHeld,
  kLow,
  kHigh,
  kError,
  kHelpful,
  kHelpfulScore,
  kHarmful,
  kHarmfulScore,
  kBlockColumns
};

class InfluenceBlocks {
 public:
  /// All arguments must outlive the object. Checks the memory that the factors take.
  InfluenceBlocks(const AuditData& data,
                  const Chosen& chosen,
                  const AuditHow& how,
                  std::uint64_t seed);

  /// (rows x kBlockColumns). Row numbers of helpful and harmful rows are examples, -1 for none.
  Eigen::MatrixXd compute(const std::vector<Index>& rows) const;

  /// Rows u that held-out influence is on.
  Index held_rows() const { return static_cast<Index>(kinds_.of.size()); }
  /// and how many kinds of them there are: the bootstrap draws kinds, since rows that are alike are
  /// influenced alike.
  Index held_kinds() const { return kinds_.count; }

 private:
  /// A fold model with its factor and the gradients of the reference rows.
  struct Prepared {
    Dataset train;
    std::unique_ptr<LeaveOneOut> at_theta;
    std::unique_ptr<InfluenceFunction> influence;
    Eigen::MatrixXd reference;  // (P x U) gradients of the reference rows
    Eigen::MatrixXd query;      // (P x Q) of the query rows, if there are any
  };
  struct Sums;

  const Prepared& prepared(std::size_t model) const;
  void add_model(std::size_t model, const std::vector<Index>& rows, Sums& sums) const;
  void summarise_held_out(const Sums& sums, Eigen::MatrixXd& out) const;
  void find_neighbours(const Sums& sums, Eigen::MatrixXd& out) const;

  const AuditData* data_;
  const Chosen* chosen_;
  std::vector<Index> reference_;  // (U) examples, ascending
  Kinds kinds_;                   // of the held-out rows' features
  Eigen::MatrixXd counts_;        // (kinds x resamples) how often each is drawn
  mutable std::vector<std::once_flag> once_;
  mutable std::vector<Prepared> prepared_;
};

}  // namespace leaveout
