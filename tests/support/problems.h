// SPDX-License-Identifier: MIT
#pragma once
// Small problems with fixed seeds, on which the laws of models/ and influence/ are tested.
//
//   Problem p = logistic_problem();
//   Objective q = p.objective();
//   Run run = minimise(q, p.anywhere(1));
//
// Objectives point into the Problem: it must outlive them. Linear models have closed forms in the
// extended inputs x~ = (x, 1), because theta is [W b] column by column.

#include <cmath>
#include <vector>

#include "datasets/random.h"
#include "datasets/synthetic.h"
#include "models/model.h"
#include "models/objective.h"
#include "models/trust_region.h"

namespace leaveout {

struct Problem {
  Model model;
  Dataset train, query;
  double weight_decay;

  Eigen::Index size() const { return train.size(); }
  Eigen::Index parameters() const { return model.parameter_count(); }
  Objective objective() const;

  /// The minimiser of the training objective, to rounding.
  Eigen::VectorXd optimum() const;
  /// Parameters that solve nothing: normal with the given spread.
  Eigen::VectorXd anywhere(std::uint64_t seed, double spread = 0.7) const;
};

/// The last `queries` examples become queries.
Problem make_problem(const Dataset& data,
                     Eigen::Index queries,
                     const std::string& model,
                     double weight_decay);

Problem ridge_problem(Eigen::Index examples = 24, double weight_decay = 0.05);

/// Ridge regression with three outputs: linear maps of the inputs, and noise.
Problem multiple_ridge_problem();

Problem logistic_problem(Eigen::Index examples = 60, double weight_decay = 0.02);

Problem softmax_problem(Eigen::Index examples = 60, double weight_decay = 0.02);

/// A tanh network for regression on noisy data, so that residuals stay and H differs from G.
Problem tanh_regression_problem();

/// A tanh network for three overlapping classes.
Problem tanh_classification_problem();

/// Blobs of two classes, read as images of side x side pixels with two channels, for a network of
/// images.
Problem cnn_problem(const std::string& model = "lenet:2",
                    Eigen::Index side = 4,
                    Eigen::Index examples = 20);

/// Every kind, for laws that hold for all of them.
std::vector<Problem> every_problem();

/// x~ = (x, 1), (features + 1 x N).
Eigen::MatrixXd extended(const Dataset& data);

/// Mean outputs by the textbook, column by column: y, its sigmoid or its softmax, (O x N).
Eigen::MatrixXd means(LossKind loss, const Eigen::MatrixXd& y);

/// 0, 1, ..., n-1.
std::vector<Eigen::Index> all_examples(Eigen::Index n);

}  // namespace leaveout
