// SPDX-License-Identifier: MIT
#pragma once
// Influence on what a classifier says: its logits, probabilities, margins and decisions.
//
// Removing example i moves theta by step_i = (1/N) H^-1 g_i, and the outputs of query t by
//
//   Delta f_t = J_t step_i                        J_t (O x P): derivatives of the outputs
//   Delta m_t = (dm/df)' Delta f_t                of any smooth value m of the outputs
//
// For the loss dm/df is the residual e_t, and e_t' Delta f_t is the loss influence: e_t' J_t is the
// query's gradient. A decision has no derivative. Its change is that of the decision at the
// linearised logits f_t + Delta f_t, that is, whether the linearised margin changes its sign.
//
//   MatrixXd steps = influence.steps(all_train).x;                                // (P x n)
//   OutputInfluence o = output_influence(model, query, theta, steps);
//   MatrixXd margins = value_changes(o, QueryOutput::margin);                     // (Q x n)
//   MatrixXd flips = linearised_differences(o, QueryOutput::correct);             // -1, 0 or 1
//
// Positive: removing the example raises the value. Steps of a subset of the parameters, scattered
// (restricted_influence.h), give the same restricted to it. Influence on logits, probabilities and
// decisions is our reading of "classification influence" (Kounavis, Dia and Ramazanli 2023): the
// paper's own definition was not available. `correct` is minus the linearised analogue of the
// influence that Feldman and Zhang 2020 estimate by retraining (with minus without the example).

#include "influence/harmonic/query_output.h"
#include "models/objective.h"

namespace leaveout {

/// What removals do to all outputs of the queries, to first order.
struct OutputInfluence {
  Task task = Task::multiclass;
  Eigen::MatrixXd logits;   // (O x Q) f at theta
  Eigen::MatrixXd targets;  // (O x Q)
  Eigen::MatrixXd changes;  // (O Q x n) row t O + o: output o of query t

  Eigen::Index outputs() const { return logits.rows(); }
  Eigen::Index queries() const { return logits.cols(); }
  Eigen::Index removals() const { return changes.cols(); }
  /// Delta f_t, one removal a column: (O x n).
  auto of_query(Eigen::Index t) const { return changes.middleRows(t * outputs(), outputs()); }
};

/// `steps` (P x n): the change of theta, one removal a column, 1/N included. Costs O sweeps of the
/// queries and forms no Jacobian. Throws std::invalid_argument on steps of another length.
OutputInfluence output_influence(const Model& model,
                                 const Dataset& query,
                                 const Eigen::VectorXd& theta,
                                 const Eigen::MatrixXd& steps);

/// First-order change of a smooth value of each query, (Q x n): loss, probability of the query's
/// class, its logit (`prediction`), log-odds, margin. Throws as output_gradients (query_output.h).
Eigen::MatrixXd value_changes(const OutputInfluence& o, QueryOutput kind);

/// Value at the linearised logits minus the value now, (Q x n), for every kind. `correct`: +1 where
/// the removal turns a wrong decision into a right one, -1 where a right one is lost, else 0.
Eigen::MatrixXd linearised_differences(const OutputInfluence& o, QueryOutput kind);

/// First-order changes of the probabilities of all classes, (O Q x n) in the order of `changes`:
/// (diag p - p p') Delta f, for one logit p (1 - p) Delta f. Throws std::invalid_argument where the
/// task is no classification.
Eigen::MatrixXd probability_changes(const OutputInfluence& o);

}  // namespace leaveout
