// SPDX-License-Identifier: MIT
#pragma once
// How well a ranking finds what is looked for, when examples are inspected from the highest score
// on.
//
//   recall(x) = fraction of the wanted examples among the first x N inspected
//   AUC       = P(score of a wanted > score of another) + P(the two are equal) / 2
//
// Equal scores are inspected in random order, and the law is the mean over these orders: within a
// group of equal scores recall rises linearly. Between whole numbers of inspected examples it is
// linear too. With a share p of wanted examples, perfect order has recall(x) = min(x / p, 1), no
// information recall(x) = x, and the area under the curve is (1 - p) AUC + p / 2.
//
//   Ranking ranking(scores, is_corrupted);
//   ranking.recall(0.2);     // found by inspecting a fifth
//   ranking.auc();           // 0.5: no better than chance

#include <Eigen/Core>
#include <optional>
#include <vector>

namespace leaveout {

class Ranking {
 public:
  /// scores (N), high = first; wanted (N). Throws std::invalid_argument where the sizes differ, are
  /// zero, or a score is not a number (infinite scores have their place).
  Ranking(const Eigen::VectorXd& scores, const std::vector<bool>& wanted);

  /// Expected fraction found within the first `inspected` (0 to 1) of the examples. Undefined where
  /// nothing is wanted; throws std::invalid_argument outside of 0 to 1.
  std::optional<double> recall(double inspected) const;
  /// Undefined where nothing or everything is wanted.
  std::optional<double> auc() const;

  Eigen::Index size() const { return static_cast<Eigen::Index>(seen_.back()); }
  Eigen::Index wanted() const { return static_cast<Eigen::Index>(found_.back()); }

 private:
  // After each group of equal scores, from the highest on, beginning with (0, 0):
  std::vector<double> seen_;   // examples inspected
  std::vector<double> found_;  // wanted ones among them
};

}  // namespace leaveout
