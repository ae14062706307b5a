// SPDX-License-Identifier: MIT
#pragma once
// What each training example is worth to each query of a task, by nine notions at once, all from
// the same 2^N trainings.
//
//   shapley, banzhaf, datamodel (weights at rate p), loo, add_one, beta_16_1, beta_1_16
//   semivalues: means of f(S + i) - f(S), which differ in how they weigh the sizes of S.
//   Beta-Shapley (16, 1) counts small S most, (1, 16) large ones (Kwon, Zou 2022)
//   influence_w1, influence_wp    derivatives in the weight of i, where all weights are 1 or p
//
//   ValuesResult r = find_values(task, outputs, influence);
//   r.of(ValueKind::shapley).row(0);             // (N) of query 0; positive: raises the output

#include <array>

#include "experiments/harmonic/subset_files.h"

namespace leaveout {

enum class ValueKind {
  shapley,
  banzhaf,
  datamodel,
  loo,
  add_one,
  beta_16_1,
  beta_1_16,  // the last semivalue
  influence_w1,
  influence_wp
};

/// The columns of values.csv, in the order of ValueKind.
inline constexpr std::array<const char*, 9> kValueNames = {"shapley",
                                                           "banzhaf",
                                                           "datamodel",
                                                           "loo",
                                                           "add_one",
                                                           "beta_16_1",
                                                           "beta_1_16",
                                                           "influence_w1",
                                                           "influence_wp"};

/// All, in the order of kValueNames.
inline constexpr std::array<ValueKind, 9> kValueKinds = {ValueKind::shapley,
                                                         ValueKind::banzhaf,
                                                         ValueKind::datamodel,
                                                         ValueKind::loo,
                                                         ValueKind::add_one,
                                                         ValueKind::beta_16_1,
                                                         ValueKind::beta_1_16,
                                                         ValueKind::influence_w1,
                                                         ValueKind::influence_wp};

/// "shapley", "banzhaf", ...
std::string value_name(ValueKind kind);

struct ValuesResult {
  TaskSettings settings;
  QueryOutput output = QueryOutput::margin;
  double p = 0.5;
  Index repeats = 1, unconverged = 0, parameters = 0;
  std::string model;
  std::vector<Index> rows;                // (N) as in SubsetTask
  std::array<Eigen::MatrixXd, 9> values;  // (queries x N) of each kind; empty where not known
  std::array<Eigen::VectorXd, 9> noise;   // (queries) variance by training noise, mean over i
  Eigen::VectorXd largest;                // (queries) max |f|, the scale of what follows
  Eigen::VectorXd total;                  // (queries) f(all) - f(none)
  Eigen::VectorXd integral_error;         // (queries) max |Shapley - integral of weights over p|
  Eigen::VectorXd banzhaf_error;          // (queries) max |Banzhaf - weights at p = 1/2|
  Eigen::VectorXd beta_error;             // (queries) max |Shapley - Beta-Shapley (1, 1)|

  Index examples() const { return static_cast<Index>(rows.size()); }
  Index queries() const { return total.size(); }
  const Eigen::MatrixXd& of(ValueKind kind) const { return values[static_cast<std::size_t>(kind)]; }
  /// The kinds that are known.
  std::vector<ValueKind> known() const;
};

/// Of the semivalue with these coefficients for each size of a coalition (N): the variance that
/// independent noise of this variance in every entry of the table (2^N) gives a value, mean over
/// the examples.
double semivalue_noise(const Eigen::Ref<const Eigen::VectorXd>& noise_variances,
                       const Eigen::VectorXd& coefficients);

/// Of the outputs `f` on all subsets of the task's examples.
ValuesResult find_values(const SubsetTask& task,
                         const SubsetOutputs& f,
                         const InfluencePair& influence);

}  // namespace leaveout
