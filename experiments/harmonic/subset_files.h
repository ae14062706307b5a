// SPDX-License-Identifier: MIT
#pragma once
// What harmonic analysis says of every training example, in three files that any tool reads:
//
//   spectrum.csv      degree, weight, noise, query, task      B_d, and what noise alone adds to it
//
//   coefficients.csv  subset, coefficient, query, task        f^(S); "0 3 7", empty: no example
//
//   values.csv        row, shapley, banzhaf, datamodel, loo, add_one, influence_w1, influence_wp,
//                     query, task, beta_16_1, beta_1_16       positive: including raises the output
//
// Subsets and rows name training examples by their rows in the data, counted from 0. Numbers are in
// full precision; an empty cell is a number that is not known.
//
//   SubsetFiles files(results.partial());
//   files.exact(task, outputs, influence);

#include <filesystem>
#include <fstream>

#include "experiments/harmonic/subset_task.h"

namespace leaveout {

/// Derivatives of the outputs in each example's weight (query x train), where all weights are 1 and
/// where all are p. Empty where they are not known.
struct InfluencePair {
  Eigen::MatrixXd full, rate;
};

/// The columns of values.csv for one query, (N) each; empty where not known.
struct SubsetValues {
  Eigen::VectorXd shapley, banzhaf, datamodel, loo, add_one, influence_full, influence_rate;
  Eigen::VectorXd beta_16_1, beta_1_16;  // Beta-Shapley of (alpha, beta)
};

/// All values of one table f(b), (2^N), at rate p.
SubsetValues exact_values(const Eigen::Ref<const Eigen::VectorXd>& table, double p);

class SubsetFiles {
 public:
  /// Opens the three files in `folder`. Throws std::runtime_error when the disk refuses.
  explicit SubsetFiles(const std::filesystem::path& folder);

  /// Weights (B_0, B_1, ...) as far as they are known, with the part that noise adds; noise may be
  /// empty.
  void spectrum(const SubsetTask& task,
                Index query,
                const Eigen::VectorXd& weights,
                const Eigen::VectorXd& noise);
  /// A whole spectrum (2^N), or its first coefficients: entry S.
  void coefficients(const SubsetTask& task, Index query, const Eigen::VectorXd& spectrum);
  /// The coefficients of no example and of single ones, (N), for data too large for all subsets.
  void linear_coefficients(const SubsetTask& task,
                           Index query,
                           double mean,
                           const Eigen::VectorXd& single);
  void values(const SubsetTask& task, Index query, const SubsetValues& values);

  /// All three, for every query, from all 2^N subsets. Coefficients stop at kMostCoefficients.
  void exact(const SubsetTask& task, const SubsetOutputs& f, const InfluencePair& influence);

 private:
  std::ofstream spectrum_, coefficients_, values_;
  Index written_ = 0;  // coefficients
};

/// Of a file: about 200 MB.
inline constexpr Index kMostCoefficients = Index{1} << 22;

}  // namespace leaveout
