// SPDX-License-Identifier: MIT
#pragma once
// What retraining without each example does to a convex model of a grouped task: the truth that
// scores are held against.
//
//   const RetrainedWithout r = retrain_without_each(task, minimum);
//   (self_influence - r.own).norm() < 0.1 * r.own.norm();

#include "experiments/memorization/grouped_task.h"

namespace leaveout {

struct RetrainedWithout {
  Eigen::VectorXd own;   // (N) loss of i without i, minus with it
  Eigen::VectorXd harm;  // (N) mean validation loss with i, minus without it
};

/// `with` (P) is the minimum on all examples.
inline RetrainedWithout retrain_without_each(const GroupedTask& task, const Eigen::VectorXd& with) {
  const Objective q = training_objective(*task.model, *task.train, task.settings.weight_decay);
  const auto validation = [&](const Eigen::VectorXd& theta) {
    return losses(*task.model, *task.validation, theta).mean();
  };
  const auto own = [&](const Eigen::VectorXd& theta, Eigen::Index i) {
    return losses(*task.model, *task.train, theta)(i);
  };
  RetrainedWithout r{Eigen::VectorXd(task.examples()), Eigen::VectorXd(task.examples())};
  for (Eigen::Index i = 0; i < task.examples(); ++i) {
    Objective without = q;
    without.weights(i) = 0;
    const Eigen::VectorXd theta = minimise(without, with).theta;
    r.own(i) = own(theta, i) - own(with, i);
    r.harm(i) = validation(with) - validation(theta);
  }
  return r;
}

}  // namespace leaveout
