// SPDX-License-Identifier: MIT
#pragma once
// What is asked along the path of a training: values of queries at its end, and what they would
// have been had an example's gradient been left out of every step.
//
// Removing example i multiplies its weight by (1 - s), s from 0 to 1. In the step
//
//   theta' = theta - rate ( (1/b) sum over the batch of N w_j g_j + weight_decay theta )
//
// that takes the share c_i = N w_i / b of i's gradient away, in the steps whose batch holds i and
// in no others: batches, places and b stay ("zero weight"). Scores are query x train in removal
// normalisation, positive where removing i raises the query's value, as everywhere.
//
//   TrainingLog log = record_training(objective, theta_init, protocol);
//   Trajectory path{&objective, &log};
//   QueryLosses queries(model, query_data);
//   Scores exact = unrolled_scores(path, queries);                      // unrolled.h

#include "influence/scores.h"
#include "models/training_log.h"

namespace leaveout {

/// A training and its log. Both must outlive what is made of them.
struct Trajectory {
  const Objective* objective;
  const TrainingLog* log;

  const Model& model() const { return *objective->model; }
  const Dataset& train() const { return *objective->data; }
  Index examples() const { return objective->size(); }
  Index parameters() const { return objective->parameter_count(); }
  Index steps() const { return log->steps(); }
  const Eigen::VectorXd& theta_end() const { return log->end.theta; }
  /// c_i: what example i's gradient is multiplied by in a step whose batch has `batch_size` places.
  double share(Index i, Index batch_size) const {
    return static_cast<double>(examples()) * objective->weights(i) /
           static_cast<double>(batch_size);
  }
};

/// What is asked: the loss of each query, or their mean as one query. Without weight decay.
class QueryLosses {
 public:
  enum class As { each, mean };
  /// Model and data must outlive the object. Throws std::invalid_argument without queries.
  QueryLosses(const Model& model, const Dataset& query, As as = As::each);
  Index count() const { return as_ == As::each ? query_->size() : 1; }  // Q
  Eigen::VectorXd values(const Eigen::VectorXd& theta) const;           // (Q)
  Eigen::MatrixXd gradients(const Eigen::VectorXd& theta) const;        // (P x Q)

 private:
  const Model* model_;
  const Dataset* query_;
  As as_;
};

/// Scores of all examples, (Q x N), in removal normalisation.
Scores trajectory_scores(const Trajectory& path, Eigen::MatrixXd values, std::string method);

/// The batch's gradients, as columns (P x b), at theta: loss only, unweighted.
Eigen::MatrixXd batch_loss_gradients(const Trajectory& path,
                                     const Eigen::VectorXd& theta,
                                     std::span<const Index> batch);

}  // namespace leaveout
