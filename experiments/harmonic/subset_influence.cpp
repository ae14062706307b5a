// SPDX-License-Identifier: MIT
#include "experiments/harmonic/subset_influence.h"

#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Where Newton's method starts: anywhere for a convex model, else at the end of a training.
VectorXd start(const SubsetProblem& p, const Objective& objective, Index seed) {
  const ModelSpec& spec = p.model->spec();
  if (is_convex(spec)) return VectorXd::Zero(p.model->parameter_count());
  Random stream = p.shared_seeds
                      ? shared_seed(p, seed)
                      : Random(p.seed, {0x696e666c /* "infl" */, static_cast<std::uint64_t>(seed)});
  Protocol protocol = p.protocol;
  const VectorXd init = initialise(spec, p.initialisation, stream.bits());
  protocol.seed = stream.bits();
  return train(objective, init, protocol).theta;
}

}  // namespace

std::vector<WeightedResponse> weighted_minima(const SubsetTask& task, double weight) {
  const SubsetProblem& p = task.problem;
  const Objective full = training_objective(*p.model, *p.train, p.weight_decay);
  const VectorXd weights = VectorXd::Constant(p.examples(), weight);
  Objective weighted = full;
  weighted.weights *= weight;
  std::vector<WeightedResponse> minima;
  for (Index seed = 0; seed < p.repeats(); ++seed) {
    try {
      minima.emplace_back(full, weights, start(p, weighted, seed), p.newton);
    } catch (const std::invalid_argument&) {
      // A training that ends at no minimum has no derivative and does not count.
    }
  }
  return minima;
}

MatrixXd mean_first(const std::vector<WeightedResponse>& minima,
                    const SubsetTask& task,
                    QueryOutput output) {
  if (minima.empty() || !differentiable(output)) return {};
  MatrixXd sum = MatrixXd::Zero(task.queries(), task.examples());
  for (const WeightedResponse& at : minima) sum += at.first(*task.query, output);
  return sum / static_cast<double>(minima.size());
}

InfluencePair influence_pair(const SubsetTask& task) {
  if (!differentiable(task.output)) return {};
  return {mean_first(weighted_minima(task, 1), task, task.output),
          mean_first(weighted_minima(task, task.p), task, task.output)};
}

}  // namespace leaveout
