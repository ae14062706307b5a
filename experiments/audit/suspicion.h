// SPDX-License-Identifier: MIT
#pragma once
// Which labels are wrong, judged by the predictions of models that have not seen them.
//
// A row's probability p_i is what the model gives to a target as bad as the row's own:
//
//   classes      p_i = p_T(label), p_T(c) = softmax(outputs / T)_c           temperature T
//   regression   p_i = P(|t_dof| >= |target - prediction| / scale)           Student's t
//
// T, or scale and degrees of freedom, are fitted to the targets of the rows themselves, together
// with a share epsilon of targets that have nothing to do with their row: density (1 - epsilon)
// model
// + epsilon uniform, over the classes or over the range of the targets. epsilon = 0 unless the
// likelihood ratio test rejects that at 5 %. Suspicion is -log10 p_i.
//
// If the model's probabilities are right, a row is flagged by chance when a target drawn from the
// model is one that would be flagged. The expected number of these is known for every threshold t:
//
//   expected(t) = sum_i sum_c p_i(c) [p_i(c) <= t]        regression: N t
//
// and t is the largest with expected(t) <= false_share * flagged(t) (Benjamini and Hochberg 1995).
//
//   Suspicion s = suspect(outputs, targets, Task::binary, judged, 0.1);
//   s.flagged, s.expected

#include <vector>

#include "datasets/dataset.h"

namespace leaveout {

/// How targets scatter about the predictions.
struct NoiseModel {
  double wrong_share = 0;  // of targets that are wrong: epsilon, of C classes epsilon (1 - 1/C)
  double gain = 0;         // in log-likelihood, of the best epsilon over epsilon = 0
  double temperature = 1;  // classes
  double scale = 1;        // regression, in units of the targets as given
  Eigen::Index dof = 0;    // regression
};

struct Suspicion {
  NoiseModel noise;
  Eigen::MatrixXd classes;      // (C x N) probabilities; regression: none
  Eigen::VectorXd probability;  // (N) p_i; 1 where a row cannot be judged
  Eigen::VectorXd suspicion;    // (N) -log10 p_i, at most 300
  double threshold = 0;         // flagged where p_i <= threshold; 0: none
  Eigen::Index flagged = 0;
  double expected = 0;  // of them, by chance
};

/// outputs (O x N): logits, or predictions on the targets' scale; targets (O x N) as of a Dataset;
/// judged (N): rows that can be judged at all.
Suspicion suspect(const Eigen::MatrixXd& outputs,
                  const Eigen::MatrixXd& targets,
                  Task task,
                  const std::vector<bool>& judged,
                  double false_share);

/// Class probabilities softmax(outputs / temperature), (C x N); of one output, those of (0,
/// output).
Eigen::MatrixXd class_probabilities(const Eigen::MatrixXd& outputs, double temperature);

/// Fits T and epsilon to the labels (indices of classes) of the rows.
NoiseModel fit_temperature(const Eigen::MatrixXd& outputs, const std::vector<Eigen::Index>& labels);

/// Fits scale, degrees of freedom and epsilon to residuals of targets that span `range`.
NoiseModel fit_student(const Eigen::VectorXd& residuals, double range);

/// Flags as many as `false_share` allows. `chance` are the probabilities of all targets that could
/// have been drawn (regression: empty, then p_i is uniform). Sets threshold, flagged, expected.
void choose_threshold(Eigen::VectorXd chance, double false_share, Suspicion& s);

}  // namespace leaveout
