// SPDX-License-Identifier: MIT
#pragma once
// What an audit calls each row, and how many rows it would call so by chance.
//
//   mislabelled   its target is less probable than the threshold (suspicion.h)
//   harmful       removing it lowers the loss of held-out rows: the 95 % interval of its held-out
//                 influence is wholly below zero, and Student's t of that influence is called by
//                 Benjamini and Hochberg's procedure at 5 %, over all rows; nobody where the
//                 suspicion withholds flags
//   rare          rare but useful: that interval is wholly above zero, and memorization and
//                 self-influence are both in the highest tenth
//   redundant     a copy of an earlier row; or a row whose held-out influence and memorization can
//                 both not be told from zero (95 %) and whose self-influence is in the lowest
//                 quarter
//
// A row has one flag, the first that applies. The order of suspicion is that of -log10 p, ties by
// row.
//
//   Findings f = flag_rows(data, evidence, suspicion);
//   f.order.front();           // the most suspicious example
//   f.count(Flag::harmful), f.expected(Flag::harmful)

#include <array>
#include <optional>

#include "experiments/audit/evidence.h"
#include "experiments/audit/suspicion.h"

namespace leaveout {

enum class Flag { none, mislabelled, harmful, rare, redundant };
inline constexpr std::array<Flag, 4> kFlags = {
    Flag::mislabelled, Flag::harmful, Flag::rare, Flag::redundant};
/// "none", "mislabelled", "harmful", "rare", "redundant".
const char* flag_name(Flag flag);

struct Findings {
  std::vector<Flag> flags;   // (N)
  std::vector<Index> order;  // (N) examples, most suspicious first
  std::array<std::optional<double>, 5>
      by_chance;  // of each flag; empty: nothing to compute it from

  Index count(Flag flag) const;
  const std::optional<double>& expected(Flag flag) const {
    return by_chance[static_cast<std::size_t>(flag)];
  }
  /// The examples of a flag, in the order in which they are worth looking at: suspicion; the most
  /// harmful first; the most helpful first; copies first.
  std::vector<Index> examples(Flag flag, const AuditData& data, const Evidence& e) const;
};

Findings flag_rows(const AuditData& data, const Evidence& evidence, const Suspicion& suspicion);

/// Which hypotheses Benjamini and Hochberg's procedure rejects at `level`, given p-values.
std::vector<bool> rejected(const Eigen::VectorXd& p, double level);

}  // namespace leaveout
