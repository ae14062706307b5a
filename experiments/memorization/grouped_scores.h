// SPDX-License-Identifier: MIT
#pragma once
// What several experiments ask of a grouped task: the run that is explained, scores that take
// trainings of their own, orders to compare with, and what a network is worth on the test part.
//
//   const Run base = base_run(task.problem);
//   EarlyScores early = early_scores_of(task, job.settings, options);   // runs, early_epochs
//   VectorXd first = wrong_first(task, random_order(task, kMyStream));
//   test(task, base.theta).accuracy;

#include "experiments/memorization/grouped_task.h"
#include "influence/memorization/early_scores.h"

namespace leaveout {

/// Convex models to their minimum, networks to where the protocol ends.
Run base_run(const SubsetProblem& problem);

/// EL2N, GraNd and margins after `early_epochs`, means over `runs` trainings.
EarlyScores early_scores_of(const GroupedTask& task,
                            const Settings& settings,
                            const TaskOptions& options);

/// Forgetting events, (N), sums over the same `runs` trainings.
Eigen::VectorXd forgetting_events_of(const GroupedTask& task,
                                     const Settings& settings,
                                     const TaskOptions& options);

/// Uniform numbers in [0, 1), (N); `stream` names the experiment's stream of random numbers.
Eigen::VectorXd random_order(const GroupedTask& task, std::uint64_t stream);

/// The same with 1 added to those with a wrong label: before all others, who keep their order.
Eigen::VectorXd wrong_first(const GroupedTask& task, Eigen::VectorXd order);

/// Of the test part.
struct Tested {
  double accuracy = 0, loss = 0;
};
Tested test(const GroupedTask& task, const Eigen::VectorXd& theta);

}  // namespace leaveout
