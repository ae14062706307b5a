// SPDX-License-Identifier: MIT
#include "influence/memorization/seeded_training.h"

#include <fmt/format.h>

#include "influence/metrics/correlation.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd full_weights(const SubsetProblem& problem) {
  return VectorXd::Constant(problem.examples(), 1.0 / static_cast<double>(problem.examples()));
}

SeededStart seeded_start(const SubsetProblem& problem, Index repeat) {
  Random stream = shared_seed(problem, repeat);
  SeededStart start{{}, problem.protocol};
  start.theta = initialise(problem.model->spec(), problem.initialisation, stream.bits());
  start.protocol.seed = stream.bits();
  return start;
}

Run train_seeded(const SubsetProblem& problem,
                 const VectorXd& weights,
                 Index repeat,
                 TrainingHook* hook) {
  Objective objective = training_objective(*problem.model, *problem.train, problem.weight_decay);
  objective.weights = weights;
  const SeededStart start = seeded_start(problem, repeat);
  return train(objective, start.theta, start.protocol, hook);
}

std::string seeded_key(const SubsetProblem& problem, Index repeat, const std::string& what) {
  SubsetProblem one = problem;
  one.query = problem.train;
  one.seeds = 1;
  one.shared_seeds = true;
  return fmt::format("{}{} initialisation={} seed={} repeat={} {}\n",
                     describe(one),
                     describe(problem.protocol),  // convex models are trained so as well
                     initialisation_name(problem.initialisation),
                     problem.seed,
                     repeat,
                     what);
}

RepeatMeans repeat_means(const MatrixXd& values) {
  RepeatMeans means{VectorXd(values.rows()), {}};
  if (values.cols() > 1) means.error.resize(values.rows());
  for (Index i = 0; i < values.rows(); ++i) {
    const MeanError one = mean_error(values.row(i).transpose());
    means.mean(i) = *one.mean;
    if (one.standard_error) means.error(i) = *one.standard_error;
  }
  return means;
}

}  // namespace leaveout
