// SPDX-License-Identifier: MIT
#include "influence/decomposition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "datasets/sha256.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::string hash(const MatrixXd& m) {
  return sha256_numbers({m.data(), static_cast<std::size_t>(m.size())});
}

/// K/2 further epochs on fresh batches, buffers at zero: what every branch of `paper` shares.
Protocol further(const Protocol& base) {
  Protocol p = base;
  p.first_epoch = base.first_epoch + base.epochs;
  p.epochs = base.epochs / 2;
  return p;
}

/// One response under one protocol. The cold start repeats the base run without the example, then
/// goes on exactly like the others, so that its budget equals theirs.
Run respond(const LeaveOneOut& loo,
            Response response,
            const Group& removed,
            ProtocolKind protocol,
            const DecompositionOptions& options) {
  const Objective q = loo.objective(response, removed);
  if (protocol == ProtocolKind::exact) return minimise(q, loo.start(response), options.newton);
  VectorXd start = loo.start(response);
  if (response == Response::cold_start) start = train(q, start, options.base).theta;
  return train(q, start, further(options.base));
}

MatrixXd mean_outputs(const Model& model, const Dataset& data, const MatrixXd& outputs) {
  return output_residuals(model, data, outputs) + data.targets;
}

/// Distances between successive stages for the removed example in column j.
void compare(const LeaveOneOut& loo, const Dataset& query, Index j, Decomposition& d) {
  MatrixXd before, before_mean;
  for (std::size_t s = 0; s < 6; ++s) {
    const VectorXd theta = d.theta[s].col(j);
    const MatrixXd after = outputs(loo.model(), loo.train().inputs, theta);
    const MatrixXd after_mean = mean_outputs(loo.model(), loo.train(), after);
    const Index row = static_cast<Index>(s);
    d.query_loss(row, j) = losses(loo.model(), query, theta).mean();
    if (s > 0) {
      d.gaps(row - 1, j) = mean_output_distance(before, after);
      d.gaps_in_means(row - 1, j) = mean_output_distance(before_mean, after_mean);
      d.gaps_in_parameters(row - 1, j) = (d.theta[s - 1].col(j) - theta).norm();
      d.signed_gaps(row - 1, j) = d.query_loss(row - 1, j) - d.query_loss(row, j);
    }
    before = after;
    before_mean = after_mean;
  }
}

/// Trains all responses in one pool, so that no thread waits for a stage to end.
void train_stages(const LeaveOneOut& loo, const DecompositionOptions& options, Decomposition& d) {
  std::vector<RetrainingTask> tasks;
  for (const Response response : kResponses)
    for (const Group& group : d.removed)
      tasks.push_back(response_task(loo, response, group, d.protocol, options));
  std::vector<Run> runs = retrain(tasks, options.pool);
  const std::size_t count = d.removed.size();
  for (std::size_t s = 0; s < kResponses.size(); ++s)
    for (std::size_t j = 0; j < count; ++j) {
      Run& run = runs[s * count + j];
      d.theta[s].col(static_cast<Index>(j)) = run.theta;
      run.theta.resize(0);
      d.runs[s].push_back(std::move(run));
    }
}

}  // namespace

std::string protocol_name(ProtocolKind kind) {
  return kind == ProtocolKind::paper ? "paper" : "exact";
}

std::string gap_title(int gap) {
  constexpr std::array<const char*, 5> kTitles = {
      "warm start", "proximity", "non-convergence", "linearisation", "solver"};
  return kTitles.at(static_cast<std::size_t>(gap));
}

Index unconverged(const Decomposition& d) {
  if (d.protocol == ProtocolKind::paper) return 0;
  Index count = 0;
  for (const std::vector<Run>& runs : d.runs)
    for (const Run& run : runs) count += run.converged ? 0 : 1;
  return count;
}

double mean_output_distance(const MatrixXd& a, const MatrixXd& b) {
  return (a - b).colwise().norm().mean();
}

std::string task_key(const LeaveOneOut& loo,
                     Response response,
                     const Group& removed,
                     ProtocolKind protocol,
                     const DecompositionOptions& options) {
  const ModelSpec& spec = loo.model().spec();
  const bool undamped = response == Response::cold_start || response == Response::warm_start;
  const std::string how = protocol == ProtocolKind::paper
                              ? describe(options.base)
                              : describe(options.newton, loo.theta_s().size());
  return fmt::format(
      "{}\nresponse={} removed={} convention={}\nmodel={} loss={}\n"
      "weight_decay={} damping={}\ninputs={} targets={}\ntheta_init={} theta_s={}\n{} {}\n",
      options.provenance,
      response_name(response),
      fmt::join(removed, ","),
      loo.removal() == Removal::keep_weights ? "keep" : "renormalise",
      describe(spec),
      loss_name(spec.loss),
      loo.weight_decay(),
      undamped ? 0.0 : loo.damping(),  // so that a sweep over damping trains these once
      hash(loo.train().inputs),
      hash(loo.train().targets),
      hash(loo.theta_init()),
      hash(loo.theta_s()),
      protocol_name(protocol),
      how);
}

RetrainingTask response_task(const LeaveOneOut& loo,
                             Response response,
                             const Group& removed,
                             ProtocolKind protocol,
                             const DecompositionOptions& options) {
  return {task_key(loo, response, removed, protocol, options),
          [&loo, response, removed, protocol, options] {
            return respond(loo, response, removed, protocol, options);
          }};
}

Decomposition decompose(const LeaveOneOut& loo,
                        const Dataset& query,
                        const std::vector<Index>& removed,
                        ProtocolKind protocol,
                        const DecompositionOptions& options) {
  return decompose(loo, query, one_by_one(removed), protocol, options);
}

Decomposition decompose(const LeaveOneOut& loo,
                        const Dataset& query,
                        const std::vector<Group>& removed,
                        ProtocolKind protocol,
                        const DecompositionOptions& options) {
  const Index p = loo.theta_s().size(), r = static_cast<Index>(removed.size());
  Decomposition d;
  d.protocol = protocol;
  d.removed = removed;
  for (MatrixXd& theta : d.theta) theta.resize(p, r);
  for (MatrixXd* m : {&d.gaps, &d.gaps_in_means, &d.gaps_in_parameters, &d.signed_gaps})
    m->resize(5, r);
  d.query_loss.resize(6, r);
  d.query_loss_s = losses(loo.model(), query, loo.theta_s()).mean();
  train_stages(loo, options, d);
  const InfluenceFunction influence(loo, options.estimator);
  d.estimate = influence.steps(removed);
  d.scores = influence.scores(query, removed, d.estimate);
  d.theta[5] = d.estimate.x.colwise() + loo.theta_s();
  for (Index j = 0; j < r; ++j) compare(loo, query, j, d);
  return d;
}

}  // namespace leaveout
