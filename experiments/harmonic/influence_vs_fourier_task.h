// SPDX-License-Identifier: MIT
#pragma once
// Exact numbers of f(b) beside what derivatives of weighted training predict of them.
//
// Expanded where all weights are c, with F at w = c 1 and b_i ~ Bernoulli(p):
//
//   a_i(p)         F_i + (p - c) sum_{j != i} F_ij + (1/2) (1 - 2c) F_ii        datamodel weight
//   f_hat_ij / v   F_ij                                                         at c = p
//   f(1) - f(1 without A)    sum_A F_i - (1/2) sum_{i, j in A} F_ij             at c = 1
//
// First order is the first term of each. At c = p the datamodel weight's second order is the
// (1/2) (1 - 2p) F_ii alone.
//
//   WeightDerivatives one = weight_derivatives(task, 1), rate = weight_derivatives(task, 0.5);
//   std::vector<FourierComparison> found = compare_spectra(f, one, rate);
//   found[0].exact(2, 5);                 // a_5(p) of query 2

#include "experiments/harmonic/subset_influence.h"

namespace leaveout {

/// F and its derivatives at w = c 1 for every query: means over the minima that training leads to.
struct WeightDerivatives {
  double centre = 1;
  std::vector<WeightedResponse> minima;  // empty: no minimum was found, nothing is known
  Eigen::VectorXd value;                 // (Q)
  Eigen::MatrixXd first;                 // (Q x N)
  std::vector<PairTerms> second;         // (Q)

  bool known() const { return !minima.empty(); }
};

/// Throws std::invalid_argument where the task's output has no derivatives.
void require_derivatives(const SubsetTask& task);

/// Throws as require_derivatives().
WeightDerivatives weight_derivatives(const SubsetTask& task, double centre);

/// a_i(p) to first or to second order, (Q x N).
Eigen::MatrixXd predicted_weights(const WeightDerivatives& at, double p, bool second_order);

/// What one method says of the exact numbers of a comparison.
struct MethodValues {
  std::string method;      // wp, w1, first, full, ...
  Eigen::MatrixXd values;  // (Q x items)
};

/// Exact numbers and predictions of them, for queries by items. What an item is the quantity says:
///
///   weight           example i: a_i(p)                      w1, w1_second, wp, wp_second
///   pair             (i, j) in column i N + j: f_hat_ij/v   full, without_third, output
///   mean, b1, b2     one: E f, B_1, B_2                     as weight; as pair for b2
///   removal          a group of `size`: f(1) - f(without)   first, second_without_third, second
///   renormalised     the same, the others' weights raised to keep their sum; the same methods
struct FourierComparison {
  std::string quantity;
  Index examples = 0;        // N
  double p = 0;              // 0 for removals, which have none
  Index size = 0;            // of the groups; 0 for spectra
  std::vector<Group> items;  // training examples of each item; empty where it has none
  Eigen::MatrixXd exact;     // (Q x items)
  std::vector<MethodValues> predictions;

  bool of_pairs() const { return quantity == "pair"; }
  /// Null where the method is not known.
  const Eigen::MatrixXd* find(const std::string& method) const;
};

/// weight, pair, mean, b1 and b2 of the outputs `f` of all subsets, at the rate of `rate`.
std::vector<FourierComparison> compare_spectra(const SubsetOutputs& f,
                                               const WeightDerivatives& one,
                                               const WeightDerivatives& rate);

/// Groups of `size` of n examples: all of them, or `most` different ones drawn by the seed.
std::vector<Group> draw_groups(Index n, Index size, Index most, std::uint64_t seed);

/// removal, of groups of one size.
FourierComparison compare_removal(const SubsetOutputs& f,
                                  const WeightDerivatives& one,
                                  const std::vector<Group>& groups);

/// The same for a task whose subsets are too many to train all: trains once per group.
FourierComparison train_removal(const SubsetTask& task,
                                const TaskOptions& options,
                                const WeightDerivatives& one,
                                const std::vector<Group>& groups);

/// renormalised (Basu, You, Feizi 2020): theta is predicted, then asked. Trains once per group.
FourierComparison compare_renormalised(const SubsetTask& task,
                                       const TaskOptions& options,
                                       const SubsetOutputs& f,
                                       const WeightDerivatives& one,
                                       const std::vector<Group>& groups);

/// The task on the first n of its training examples.
SubsetTask first_examples(const SubsetTask& task, Index n);

/// All of a task.
struct FourierResult {
  TaskSettings settings;
  QueryOutput output = QueryOutput::margin;
  double p = 0.5;
  Index examples = 0, queries = 0, parameters = 0, repeats = 1, unconverged = 0;
  std::string model;
  std::vector<Index> rows;    // (N) as in SubsetTask
  std::vector<double> rates;  // ascending, p among them
  std::vector<Index> sizes;   // ascending, the last is `examples`: all subsets are trained
  std::vector<Index> larger;  // ascending: there only single examples leave
  Index minima_one = 0, minima_rate = 0;  // found at w = 1 and at w = p 1
  double training_gap = 0;  // |f(all) - F(1)| / |F(1)| over queries: how far training stops short
  bool third = true;        // whether the third derivative is anything but rounding
  std::vector<FourierComparison> comparisons;

  /// Null where there is none. `examples` 0: of all of them.
  const FourierComparison* find(const std::string& quantity,
                                double p,
                                Index size = 0,
                                Index examples = 0) const;
};

struct FourierOptions {
  std::vector<double> rates;  // ascending, the task's own among them
  std::vector<Index> sizes;   // ascending; of all subsets those below the task's examples
  Index groups = 20;          // of each size
};

/// Trains the task on everything that is needed. `f`: the outputs of all subsets of its examples.
FourierResult predict_and_measure(const SubsetTask& task,
                                  const SubsetOutputs& f,
                                  const FourierOptions& options,
                                  const TaskOptions& how);

/// Adds the removal of single examples from a task with more of them.
void follow_removals(const SubsetTask& larger,
                     const FourierOptions& options,
                     const TaskOptions& how,
                     FourierResult& result);

}  // namespace leaveout
