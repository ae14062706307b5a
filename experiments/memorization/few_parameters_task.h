// SPDX-License-Identifier: MIT
#pragma once
// One trained network: influence restricted to subsets of its parameters, beside the full one.
//
//   FewCell cell = measure_cell(task, theta, how);
//   cell.rows[0].subset, cell.rows[0].spearman;         // how last_layer orders the examples
//
// All numbers are over pairs of a test query and a training example. The full influence is solved
// from H as a whole, not summed from the identity's two terms, so that the identity is checked.

#include <optional>
#include <string>
#include <vector>

#include "experiments/memorization/grouped_task.h"

namespace leaveout {

/// The head's approximations that need no matrix of all parameters.
inline constexpr const char* kKronecker = "kronecker";  // last layer, K (x) Q in place of A
inline constexpr const char* kGradDot = "grad_dot";     // last layer, I in place of A

struct FewOptions {
  Curvature curvature = Curvature::gauss_newton;
  double damping = 0;
  std::vector<std::string> subsets = {};  // forms of parameter_subset.h
  int threads = 1;                        // never changes a bit
};

/// A subset, or an approximation, against the full influence.
struct FewRow {
  std::string subset;
  double parameters = 0;  // share of P
  std::optional<double> spearman = {},
                        pearson = {};  // mean over queries, over the training examples
  double equal_signs = 0;              // share of pairs with the full influence's sign
  // Of subsets only, undefined for the approximations:
  std::optional<double> certain_signs = {}, correction_share = {};  // restricted_influence.h
  std::optional<double> identity_error = {};  // max |restricted + correction - full| / max |full|
  std::optional<double> self_excess =
      {};  // max_i (restricted - full self-influence of i) / max full
};

struct FewCell {
  std::vector<FewRow> rows;
  Index parameters = 0;                  // P
  Index negative = 0;                    // negative eigenvalues of H
  double gradient_norm = 0;              // of the training objective
  double train_loss = 0, test_loss = 0;  // means, without weight decay
};

/// Mean over rows of the correlation of `a` with `b`, (query x train) both; rows in which one is
/// constant are left out.
using RowCorrelation = std::optional<double> (*)(const Eigen::VectorXd&, const Eigen::VectorXd&);
std::optional<double> mean_over_rows(RowCorrelation how,
                                     const Eigen::MatrixXd& a,
                                     const Eigen::MatrixXd& b);

/// Everything at `theta`, the parameters that `task` was trained to. Throws std::invalid_argument
/// for a subset that the network does not have, and for a singular H (damping or weight decay).
FewCell measure_cell(const GroupedTask& task, const Eigen::VectorXd& theta, const FewOptions& how);

}  // namespace leaveout
