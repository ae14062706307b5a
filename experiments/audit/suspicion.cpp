// SPDX-License-Identifier: MIT
#include "experiments/audit/suspicion.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kLeastProbability = 1e-300;

void suspect_classes(const MatrixXd& outputs,
                     const MatrixXd& targets,
                     const std::vector<bool>& judged,
                     double false_share,
                     Suspicion& s) {
  std::vector<Index> labels, judged_labels, kept;
  for (Index i = 0; i < targets.cols(); ++i) {
    Index label = targets(0, i) > 0.5 ? 1 : 0;
    if (targets.rows() > 1) targets.col(i).maxCoeff(&label);
    labels.push_back(label);
    if (!judged[static_cast<std::size_t>(i)]) continue;
    kept.push_back(i);
    judged_labels.push_back(label);
  }
  if (kept.empty())
    throw std::invalid_argument(
        "[audit] rows, expected of some class two that differ in their features, got none: no "
        "model "
        "can be asked about a class that it has not seen; add rows or features, or choose another "
        "target");
  s.class_noise = fit_class_noise(outputs(Eigen::all, kept), judged_labels);
  s.wrong_share = s.class_noise.wrong_share;
  s.gain = s.class_noise.gain;
  s.classes = class_probabilities(outputs,
                                  s.class_noise.lenient,
                                  class_shares(judged_labels, std::max<Index>(outputs.rows(), 2)));
  s.probability.resize(targets.cols());
  for (Index i = 0; i < targets.cols(); ++i)
    s.probability(i) =
        judged[static_cast<std::size_t>(i)] ? s.classes(labels[static_cast<std::size_t>(i)], i) : 1;
  const MatrixXd drawn = s.classes(Eigen::all, kept);
  choose_threshold(drawn.reshaped(), false_share, s);
}

/// The targets as numbers: how many of them are one and the same, and how near two others lie.
struct Atoms {
  double largest_share = 0, grain = HUGE_VAL, range = 0;

  explicit Atoms(VectorXd targets) {
    std::sort(targets.begin(), targets.end());
    const Index n = targets.size();
    Index most = 1, run = 1;
    for (Index i = 1; i < n; ++i) {
      const double step = targets(i) - targets(i - 1);
      run = step == 0 ? run + 1 : 1;
      most = std::max(most, run);
      if (step > 0) grain = std::min(grain, step);
    }
    largest_share = static_cast<double>(most) / static_cast<double>(n);
    range = targets(n - 1) - targets(0);
    grain = std::min(grain, range);
  }
};

void suspect_numbers(const VectorXd& residuals,
                     const VectorXd& targets,
                     double false_share,
                     Suspicion& s) {
  const Atoms atoms(targets);
  const std::vector<ResidualNoise> fits = fit_residual_noise(residuals, atoms.range, atoms.grain);
  s.residual_noise = likeliest(fits, &s.gain);
  s.wrong_share = s.residual_noise.wrong_share;
  const std::vector<ResidualNoise> judges = compatible(fits);
  s.probability.resize(residuals.size());
  for (Index i = 0; i < residuals.size(); ++i) s.probability(i) = most_as_bad(judges, residuals(i));
  choose_threshold({}, false_share, s);
  if (atoms.largest_share > 0.5)
    s.withhold(
        "more than half of the targets are one and the same number: ask first whether a row "
        "has it (a target of two classes), then audit the other rows alone");
}

}  // namespace

void Suspicion::withhold(const std::string& why) {
  threshold = expected = 0;
  flagged = 0;
  withheld = why;
}

void choose_threshold(VectorXd chance, double false_share, Suspicion& s) {
  std::sort(chance.begin(), chance.end());
  VectorXd sorted = s.probability;
  std::sort(sorted.begin(), sorted.end());
  const Index n = sorted.size();
  double expected = 0;
  Index drawn = 0;
  for (Index k = 0; k < n; ++k) {
    const double t = sorted(k);
    if (t >= 1) break;  // rows that cannot be judged
    while (drawn < chance.size() && chance(drawn) <= t) expected += chance(drawn++);
    if (k + 1 < n && sorted(k + 1) == t) continue;
    const double by_chance = chance.size() > 0 ? expected : static_cast<double>(n) * t;
    if (by_chance <= false_share * static_cast<double>(k + 1)) {
      s.threshold = t;
      s.flagged = k + 1;
      s.expected = by_chance;
    }
  }
}

Suspicion suspect(const MatrixXd& outputs,
                  const MatrixXd& targets,
                  Task task,
                  const std::vector<bool>& judged,
                  double false_share) {
  Suspicion s;
  if (task == Task::regression) {
    const VectorXd residuals = (targets - outputs).row(0).transpose();
    suspect_numbers(residuals, targets.row(0).transpose(), false_share, s);
  } else {
    suspect_classes(outputs, targets, judged, false_share, s);
  }
  s.suspicion = -s.probability.cwiseMax(kLeastProbability).array().log10();
  s.suspicion = s.suspicion.cwiseMax(0.0);
  return s;
}

}  // namespace leaveout
