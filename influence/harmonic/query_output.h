// SPDX-License-Identifier: MIT
#pragma once
// What a training is asked about a query: one number from the network's outputs z, and its
// derivatives in z.
//
//   margin       z_y - max_{j != y} z_j                 one logit: (2y - 1) z
//   logodds      log P / (1 - P) = z_y - log sum_{j != y} exp z_j              (2y - 1) z
//   probability  P = sigmoid(logodds), of the query's class
//   loss         -log P = softplus(-logodds); regression: |z - t|^2 / 2
//   correct      1 where margin > 0, else 0 (a tie, up to 1e-6 of the largest logit, is no answer)
//   prediction   the output itself; of classes the query's own logit z_y
//
// Margins are those of Ilyas et al. 2022, log-odds those of Park et al. 2023 (TRAK); for two
// classes they are the same number. All are finite for logits of any size.
//
//   VectorXd f = output_values(QueryOutput::margin, logits, query.targets, query.task);  // (Q)
//   MatrixXd g = output_gradients(QueryOutput::margin, logits, query.targets, query.task);

#include <Eigen/Core>
#include <string>

#include "datasets/dataset.h"

namespace leaveout {

enum class QueryOutput { margin, logodds, probability, loss, correct, prediction };

std::string output_name(QueryOutput kind);
/// Throws std::invalid_argument that lists the names.
QueryOutput parse_output(const std::string& name);

/// Regression has prediction (of one output) and loss, reconstruction loss, classification all.
bool allows(Task task, QueryOutput kind);
/// Regression: prediction. Reconstruction: loss. Classification: margin.
QueryOutput default_output(Task task);
/// All kinds but correct. A margin has the derivatives of the piece that z lies in.
bool differentiable(QueryOutput kind);

/// (Q). Columns of logits and targets (O x Q) are queries; targets as in Dataset, with one logit
/// for binary tasks. Throws std::invalid_argument on a kind that the task does not allow and on
/// shapes that do not fit it.
Eigen::VectorXd output_values(QueryOutput kind,
                              const Eigen::Ref<const Eigen::MatrixXd>& logits,
                              const Eigen::Ref<const Eigen::MatrixXd>& targets,
                              Task task);

/// Gradients in the logits as columns, (O x Q). Throws also where there is no derivative.
Eigen::MatrixXd output_gradients(QueryOutput kind,
                                 const Eigen::Ref<const Eigen::MatrixXd>& logits,
                                 const Eigen::Ref<const Eigen::MatrixXd>& targets,
                                 Task task);

/// Hessian in the logits of one query, (O x O). Throws as output_gradients.
Eigen::MatrixXd output_hessian(QueryOutput kind,
                               const Eigen::Ref<const Eigen::VectorXd>& logits,
                               const Eigen::Ref<const Eigen::VectorXd>& target,
                               Task task);

}  // namespace leaveout
