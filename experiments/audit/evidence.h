// SPDX-License-Identifier: MIT
#pragma once
// What the fold models say of each row. With theta_m the parameters of model m, n_m its training
// rows, g_i the gradient of row i's loss at theta_m, and A_m the Gauss-Newton matrix there (weight
// decay included; for convex models the Hessian), the influence of removing i on the loss of u is
//
//   Inf_m(i -> u) = g_u' A_m^-1 g_i / n_m        positive: i helps u (Koh and Liang 2017)
//
//   memorization         loss of i where it was held out - where it was trained on (means)
//   self_influence       Inf_m(i -> i), mean over the models that were trained on i
//   held_out_influence   Inf_m(i -> u), mean over these models and the rows u held out of them,
//   with
//                        a 95 % bootstrap interval over the kinds of rows u (equal features)
//   helpful, harmful     the rows u with the largest and the smallest Inf_m(u -> i), mean over the
//                        models that i was held out of and u was not
//
// Rows u are all rows, or a random part of `reference_rows` where there are more; with a query file
// held-out influence is on its rows. Nothing of N x N is ever held: blocks of rows are shards.
//
//   Evidence e = collect_evidence(data, chosen, how, options);

#include "experiments/audit/fold_models.h"

namespace leaveout {

struct Evidence {
  Eigen::MatrixXd outputs;              // (O x N) of the models that had not seen the row, mean
  Eigen::VectorXd out_loss, in_loss;    // (N)
  Eigen::VectorXd memorization;         // (N)
  Eigen::VectorXd memorization_noise;   // (N) standard error by the fold models' own scatter
  Eigen::VectorXd self_influence;       // (N)
  Eigen::VectorXd held, low, high;      // (N) held-out influence and its interval
  Eigen::VectorXd held_error;           // (N) its standard error over held-out rows
  std::vector<Index> helpful, harmful;  // (N) examples, -1: none
  Eigen::VectorXd helpful_score, harmful_score;  // (N)
  Index held_rows = 0;                           // how many rows u there are
  Index held_kinds = 0;                          // with different features
  std::vector<bool> seen_class;  // (N) some row of its class was in training when it was held out
};

/// Throws std::invalid_argument where the factors of the models would not fit into memory.
Evidence collect_evidence(const AuditData& data,
                          const TaskSettings& settings,
                          const Chosen& chosen,
                          const AuditHow& how,
                          const TaskOptions& options);

/// Predictions, losses and memorization only: no influence.
Evidence collect_losses(const AuditData& data, const Chosen& chosen);

}  // namespace leaveout
