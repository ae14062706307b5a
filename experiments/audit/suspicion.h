// SPDX-License-Identifier: MIT
#pragma once
// Which labels are wrong, judged by the predictions of models that have not seen them.
//
// A row's probability p_i is what the model gives to a target as bad as the row's own:
//
//   classes      p_i = p_T(label), p_T(c) = softmax(outputs / T)_c
//   regression   p_i = P(density(X) <= density(target - prediction)),  X a right target's residual
//
// with the most lenient temperature T, or the largest p_i of all scatters, that the targets of the
// table do not contradict (noise_model.h). Suspicion is -log10 p_i.
//
// If that noise is right, a row is flagged by chance when a target drawn from it is one that would
// be flagged. The expected number of these is known for every threshold t:
//
//   expected(t) = sum_i sum_c p_i(c) [p_i(c) <= t]        regression: N t, or less
//
// and t is the largest with expected(t) <= false_share * flagged(t) (Benjamini and Hochberg 1995).
// Noise of another shape, or of a size that depends on the row, can raise more flags than that.
//
//   Suspicion s = suspect(outputs, targets, Task::binary, judged, 0.1);
//   s.flagged, s.expected

#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "experiments/audit/noise_model.h"

namespace leaveout {

struct Suspicion {
  ClassNoise class_noise;        // of classes
  ResidualNoise residual_noise;  // of a regression: the likeliest, on the targets' scale
  double wrong_share = 0;        // estimated, of all targets
  double gain = 0;               // in log-likelihood, of that share over none
  Eigen::MatrixXd classes;       // (C x N) probabilities; regression: none
  Eigen::VectorXd probability;   // (N) p_i; 1 where a row cannot be judged
  Eigen::VectorXd suspicion;     // (N) -log10 p_i, at most 300
  double threshold = 0;          // flagged where p_i <= threshold; 0: none
  Eigen::Index flagged = 0;
  double expected = 0;   // of them, by chance
  std::string withheld;  // why none is flagged whatever its probability; empty: no such reason

  /// Flags nobody, for this reason.
  void withhold(const std::string& why);
};

/// Flags of a regression are withheld where more than half of the targets are one number: the rest
/// is a second kind of rows, and no scatter about a prediction.
/// outputs (O x N): logits, or predictions on the targets' scale; targets (O x N) as of a Dataset;
/// judged (N): rows that can be judged at all.
Suspicion suspect(const Eigen::MatrixXd& outputs,
                  const Eigen::MatrixXd& targets,
                  Task task,
                  const std::vector<bool>& judged,
                  double false_share);

/// Flags as many as `false_share` allows. `chance` are the probabilities of all targets that could
/// have been drawn (regression: empty, then p_i is uniform). Sets threshold, flagged, expected.
void choose_threshold(Eigen::VectorXd chance, double false_share, Suspicion& s);

}  // namespace leaveout
