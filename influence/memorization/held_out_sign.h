// SPDX-License-Identifier: MIT
#pragma once
// Is an example one to memorize or one to generalize upon? The sign of its influence on data that
// it was not trained with.
//
// This is our reading of Kounavis, Dia, Ramazanli (2023), whose own definition was not available.
// With Inf(i -> V) the mean over validation points V of what removing i adds to their loss:
//
//   generalize   Inf(i -> V) > tau      learning i lowers the loss elsewhere
//   memorize     Inf(i -> V) < -tau     fitting i raises it, although Inf(i -> i) > 0
//   neutral      otherwise
//
// A sign is called only where the bootstrap interval over validation points lies beyond tau. Among
// N examples without any influence, N (1 - level) are called all the same (about: percentile
// intervals of V points cover as normal intervals with their population deviation do).
//
//   HeldOutSigns s = held_out_signs(scores, self_influence);    // scores (V x N), positive helps
//   s.calls[i] == SignCall::memorize;
//   s.count(SignCall::memorize);                                // beside s.expected_by_chance
//
// The sign on the *training* set says nothing of the kind (training_set_sums.h).

#include <Eigen/Core>
#include <string>
#include <vector>

#include "influence/metrics/correlation.h"

namespace leaveout {

enum class SignCall { memorize = -1, neutral = 0, generalize = 1 };
std::string call_name(SignCall call);

struct SignOptions {
  Bootstrap bootstrap = {};
  double threshold = 0;  // tau, in units of the scores
  /// Call only where Benjamini and Hochberg (1995) reject at rate 1 - level as well.
  bool adjust = false;
};

struct HeldOutSigns {
  Eigen::VectorXd mean;       // (N) Inf(i -> V)
  Eigen::VectorXd low, high;  // (N) its interval over validation points
  /// (N) Student's t for |mean| <= tau, two-sided: what the adjustment goes by, because a bootstrap
  /// cannot tell one p-value of less than 1 / resamples from another.
  Eigen::VectorXd p_values;
  std::vector<SignCall> calls;  // (N)
  /// Calls if no example had any influence: N (1 - level). Adjusted, the wrong ones expected among
  /// those that were made, at most: (1 - level) times their number.
  double expected_by_chance = 0;

  Eigen::Index count(SignCall call) const;
};

/// scores (V x N), query x train, positive = the example helps; self_influence (N). Throws
/// std::invalid_argument for V < 2, shapes that differ, values that are not finite, a negative
/// threshold, or a bootstrap without resamples.
HeldOutSigns held_out_signs(const Eigen::MatrixXd& scores,
                            const Eigen::VectorXd& self_influence,
                            const SignOptions& options = {});

/// Which of the hypotheses with these p-values (N) are rejected so that of those rejected a share
/// of at most `rate` is expected to be true (Benjamini and Hochberg 1995).
std::vector<bool> benjamini_hochberg(const Eigen::VectorXd& p_values, double rate);

/// A threshold from scores that mean nothing (V x N), those of a model of shuffled labels say: the
/// `level` quantile of |mean over V|.
double null_threshold(const Eigen::MatrixXd& null_scores, double level = 0.95);

/// The same from the scores themselves, with each validation point's sign drawn anew `flips` times:
/// what means would be if every point were as likely harmed as helped.
double sign_flip_threshold(const Eigen::MatrixXd& scores,
                           double level = 0.95,
                           Eigen::Index flips = 100,
                           std::uint64_t seed = 0);

}  // namespace leaveout
