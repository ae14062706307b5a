// SPDX-License-Identifier: MIT
#include "experiments/trajectory/trajectory_accuracy_estimates.h"

#include <algorithm>
#include <stdexcept>

#include "experiments/trajectory/recorded_task.h"
#include "influence/trajectory/estimators.h"
#include "influence/trajectory/unrolled.h"

namespace leaveout {

using Eigen::MatrixXd;

namespace {

constexpr Index kCheckpoints = 5;        // the paper's m
constexpr double kDifference = 1e-3;     // the authors'
constexpr Index kSourceSegments = 3;     // those of Bae et al.
constexpr Index kPaperProxyBatch = 128;  // the authors'

using Kind = TrajectoryEstimator;

/// Without those equal to `unrolled`, whose equality is a law of its own, and Diff-In.
constexpr Kind kRegistered[] = {Kind::unrolled,
                                Kind::accumulated_sgd_influence,
                                Kind::first_order,
                                Kind::hydra_fast,
                                Kind::data_value_embedding,
                                Kind::source_hessian,
                                Kind::source_gauss_newton,
                                Kind::source_ek_fac,
                                Kind::influence_function,
                                Kind::tracin_ideal,
                                Kind::tracin_first_order,
                                Kind::tracin_checkpoints,
                                Kind::grad_dot,
                                Kind::grad_cos};

CheckpointChoice sampled(const Trajectory& path, std::uint64_t seed) {
  return {Sampling::random, std::min(kCheckpoints, path.steps()), seed};
}

template <class F>
EstimatedScores attempt(const std::string& name, const F& scores) {
  EstimatedScores e{name, {}, {}};
  try {
    Scores found = scores();
    if (within_bounds(found.values))
      e.values = std::move(found.values);
    else
      e.refused = kBeyondBoundsWords;
  } catch (const std::invalid_argument& refusal) {
    e.refused = refusal.what();
  }
  return e;
}

MatrixXd tangents(const Trajectory& path,
                  const std::vector<Index>& examples,
                  const UnrollOptions& options) {
  return removal_tangents(path, one_by_one(examples), options);
}

}  // namespace

std::vector<DiffInVariant> diff_in_variants(const Trajectory& path, std::uint64_t seed) {
  DiffInOptions paper;
  paper.checkpoints = sampled(path, seed);
  paper.products = {HessianProducts::forward_difference, kDifference, false};
  paper.proxy = ProxyBatch::random;
  paper.proxy_size = std::min({kPaperProxyBatch, path.examples(), path.log->protocol.batch_size});
  paper.proxy_seed = seed;
  DiffInOptions sum = paper;
  sum.sum_over_steps = true;
  DiffInOptions exact;
  exact.checkpoints = paper.checkpoints;
  DiffInOptions every;
  every.checkpoints.sampling = Sampling::all;
  every.sum_over_steps = true;
  DiffInOptions first = every;
  first.first_order = FirstOrderTerm::start;
  first.query_gradient_at_end = true;
  return {{kPaper, paper},
          {kPaperSum, sum},
          {"diff_in", exact},
          {"diff_in_every_step", every},
          {"diff_in_first_order", first},
          {kConsistent, consistent_diff_in()}};
}

std::vector<std::string> accuracy_estimators() {
  std::vector<std::string> names;
  for (const Kind kind : kRegistered) names.push_back(trajectory_estimator_name(kind));
  for (const char* name :
       {kPaper, kPaperSum, "diff_in", "diff_in_every_step", "diff_in_first_order", kConsistent})
    names.emplace_back(name);
  return names;
}

std::vector<EstimatedScores> estimate_all(const Trajectory& path,
                                          const QueryLosses& queries,
                                          const EstimateOptions& how) {
  TrajectoryOptions options;
  options.segments = std::min(kSourceSegments, path.steps());
  options.sampled = sampled(path, how.seed);
  options.damping = how.damping;
  std::vector<EstimatedScores> all;
  for (const Kind kind : kRegistered)
    all.push_back(attempt(trajectory_estimator_name(kind),
                          [&] { return trajectory_estimate(kind, path, queries, options); }));
  for (const DiffInVariant& v : diff_in_variants(path, how.seed))
    all.push_back(attempt(v.name, [&] { return diff_in_scores(path, queries, v.options); }));
  return all;
}

std::vector<EstimatedParameters> estimate_parameters(const Trajectory& path,
                                                     const std::vector<Index>& examples,
                                                     std::uint64_t seed) {
  std::vector<EstimatedParameters> all;
  UnrollOptions accumulated, first, decay;
  accumulated.without_own_curvature = true;
  first.propagate = false;
  decay.loss_curvature = false;
  all.push_back({kUnrolled, tangents(path, examples, {})});
  all.push_back({"accumulated_sgd_influence", tangents(path, examples, accumulated)});
  all.push_back({"first_order", tangents(path, examples, first)});
  all.push_back({"hydra_fast", tangents(path, examples, decay)});
  for (const DiffInVariant& v : diff_in_variants(path, seed))
    all.push_back({v.name, diff_in_parameters(path, examples, v.options)});
  return all;
}

}  // namespace leaveout
