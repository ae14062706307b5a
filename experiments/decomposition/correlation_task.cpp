// SPDX-License-Identifier: MIT
#include "experiments/decomposition/correlation_task.h"

#include <fmt/format.h>

#include <stdexcept>

#include "influence/metrics/query_correlation.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

struct TruthWords {
  TruthKind kind;
  const char* name;
  const char* title;
};
constexpr std::array<TruthWords, 5> kTruths = {
    {{TruthKind::cold_start, "cold_start", "cold start"},
     {TruthKind::warm_start, "warm_start", "warm start"},
     {TruthKind::two_stage, "two_stage", "two-stage"},
     {TruthKind::further_training, "further_training", "further training"},
     {TruthKind::pbrf, "pbrf", "PBRF"}}};

/// Up to so many parameters the exact Hessian is formed and factorised.
constexpr Index kDenseLimit = 4000;

/// Resamples for one number over removed examples, and for one over queries times them.
constexpr Index kResamples = 2000, kQueryResamples = 500;

/// Every query's loss after each training, (query x removed) unless said.
struct Losses {
  VectorXd now;  // (query) at theta_s
  MatrixXd cold, pbrf;
  std::vector<MatrixXd> warm;  // by seed of the batch order
  std::vector<VectorXd> with;  // (query) trained on with all examples, by seed
  Index unconverged = 0;
};

/// Runs in the order: cold start, PBRF, and for each seed: on with all, on without each.
std::vector<RetrainingTask> trainings(const CorrelationResult& r,
                                      ProtocolKind protocol,
                                      Index seeds,
                                      const DecompositionOptions& how) {
  std::vector<RetrainingTask> tasks;
  const auto add = [&](Response response, const Group& removed, const DecompositionOptions& o) {
    tasks.push_back(response_task(*r.loo, response, removed, protocol, o));
  };
  for (const Response response : {Response::cold_start, Response::pbrf})
    for (const Index k : r.removed) add(response, {k}, how);
  for (Index s = 0; s < seeds; ++s) {
    DecompositionOptions other = how;  // a warm start takes nothing but its batches from the seed
    other.base.seed += static_cast<std::uint64_t>(s);
    add(Response::warm_start, {}, other);
    for (const Index k : r.removed) add(Response::warm_start, {k}, other);
  }
  return tasks;
}

Losses train_all(const CorrelationResult& r,
                 ProtocolKind protocol,
                 Index seeds,
                 const TaskOptions& options) {
  const std::string title = fmt::format("{} ({})", r.settings.name, protocol_name(protocol));
  const DecompositionOptions how = response_options(r, protocol, options, title);
  const std::vector<Run> runs = retrain(trainings(r, protocol, seeds, how), how.pool);
  std::size_t next = 0;
  Losses all;
  const auto take = [&](std::size_t count) {
    MatrixXd block(r.query->size(), static_cast<Index>(count));  // (query x count)
    for (std::size_t j = 0; j < count; ++j, ++next) {
      block.col(static_cast<Index>(j)) = losses(*r.model, *r.query, runs[next].theta);
      if (protocol == ProtocolKind::exact && !runs[next].converged) ++all.unconverged;
    }
    return block;
  };
  all.now = losses(*r.model, *r.query, r.loo->theta_s());
  all.cold = take(r.removed.size());
  all.pbrf = take(r.removed.size());
  for (Index s = 0; s < seeds; ++s) {
    all.with.push_back(take(1).col(0));
    all.warm.push_back(take(r.removed.size()));
  }
  return all;
}

MatrixXd two_stage(const Losses& all, std::size_t seed) {
  return all.warm[seed].colwise() - all.with[seed];
}

/// Under `exact` there are no batches, so further training has nothing to average over.
void define_truths(const Losses& all, CorrelationPart& part) {
  const auto add = [&](TruthKind kind, const MatrixXd& change) {
    part.truths.push_back({kind, change});
  };
  add(TruthKind::cold_start, all.cold.colwise() - all.now);
  add(TruthKind::warm_start, all.warm.front().colwise() - all.now);
  add(TruthKind::two_stage, two_stage(all, 0));
  if (part.protocol == ProtocolKind::paper) {
    MatrixXd sum = MatrixXd::Zero(all.cold.rows(), all.cold.cols());
    part.seeds.resize(static_cast<Index>(all.warm.size()), all.cold.cols());
    for (std::size_t s = 0; s < all.warm.size(); ++s) {
      const MatrixXd change = two_stage(all, s);
      sum += change;
      part.seeds.row(static_cast<Index>(s)) = change.colwise().mean();
    }
    add(TruthKind::further_training, sum / static_cast<double>(all.warm.size()));
  }
  add(TruthKind::pbrf, all.pbrf.colwise() - all.now);
}

ScoredEstimate influence(const CorrelationResult& r,
                         const std::string& name,
                         const EstimatorOptions& how) {
  const InfluenceFunction function(*r.loo, how);
  const std::vector<Group> removed = one_by_one(r.removed);
  const Solution steps = function.steps(removed);
  const Scores scores = function.scores(*r.query, removed, steps);
  ScoredEstimate e{name, scores.method, steps.message, scores.values};
  if (e.warning.empty() && steps.negative_eigenvalues > 0)
    e.warning = fmt::format(
        "the damped Hessian has {} negative eigenvalues of {}: its solution is a saddle's",
        steps.negative_eigenvalues,
        r.model->parameter_count());
  return e;
}

/// The curvature is the damping alone; without damping it is 1.
ScoredEstimate gradient_dot(const CorrelationResult& r) {
  const double damping = r.loo->damping() > 0 ? r.loo->damping() : 1;
  MatrixXd removal(r.model->parameter_count(), static_cast<Index>(r.removed.size()));  // (P x R)
  for (std::size_t j = 0; j < r.removed.size(); ++j)
    removal.col(static_cast<Index>(j)) = r.loo->removal_gradient({r.removed[j]}) / damping;
  const MatrixXd queries = loss_gradients(*r.model, *r.query, r.loo->theta_s());  // (P x query)
  ScoredEstimate e{"gradient_dot", fmt::format("g_q' g_k / (N {:g})", damping), "", {}};
  e.scores.noalias() = queries.transpose() * removal;
  return e;
}

void estimate(const CorrelationResult& r, const CorrelationOptions& how, CorrelationPart& part) {
  const bool paper = part.protocol == ProtocolKind::paper;
  const auto keep = [&](ScoredEstimate e) {
    if (e.scores.allFinite())
      part.estimates.push_back(std::move(e));
    else
      part.left_out.push_back(
          fmt::format("{}: its scores are not finite numbers; {}", e.name, e.warning));
  };
  for (const std::string& name : how.estimates) {
    if (name == "gradient_dot") {
      keep(gradient_dot(r));
    } else if (name == "influence") {
      keep(influence(r, name, paper ? r.settings.paper_estimator : r.settings.exact_estimator));
    } else if (r.model->parameter_count() <= kDenseLimit) {
      keep(influence(r, name, {.curvature = Curvature::full, .solver = SolverKind::ldlt}));
    } else {
      part.left_out.push_back(
          fmt::format("{}: {} parameters are more than the {} of a dense Hessian",
                      name,
                      r.model->parameter_count(),
                      kDenseLimit));
    }
  }
}

AgreementCell compare(const ScoredEstimate& e, const Truth& t, std::uint64_t seed) {
  AgreementCell cell;
  cell.truth = t.kind;
  cell.estimate = e.name;
  cell.mean_loss = agreement(e.scores.colwise().mean().transpose(),
                             t.change.colwise().mean().transpose(),
                             {.resamples = kResamples, .seed = seed});
  const Bootstrap fewer{.resamples = kQueryResamples, .seed = seed};
  cell.per_query = mean_query_spearman(e.scores, t.change, fewer);
  cell.pooled = pooled_spearman(e.scores, t.change, fewer);
  return cell;
}

/// All estimates against all truths: each cell is a task of its own for the threads.
void compare_all(std::uint64_t seed, int threads, CorrelationPart& part) {
  const std::size_t estimates = part.estimates.size();
  const std::size_t cells = part.truths.size() * estimates;
  part.cells.resize(cells);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (std::size_t i = 0; i < cells; ++i)
    part.cells[i] = compare(part.estimates[i % estimates], part.truths[i / estimates], seed);
}

}  // namespace

std::string truth_name(TruthKind kind) {
  return kTruths[static_cast<std::size_t>(kind)].name;
}

std::string truth_title(TruthKind kind) {
  return kTruths[static_cast<std::size_t>(kind)].title;
}

bool CorrelationPart::has(TruthKind kind) const {
  for (const Truth& t : truths)
    if (t.kind == kind) return true;
  return false;
}

const Truth& CorrelationPart::truth(TruthKind kind) const {
  for (const Truth& t : truths)
    if (t.kind == kind) return t;
  throw std::logic_error("[correlation] no truth " + truth_name(kind));
}

const AgreementCell& CorrelationPart::cell(TruthKind kind, const std::string& estimate) const {
  for (const AgreementCell& c : cells)
    if (c.truth == kind && c.estimate == estimate) return c;
  throw std::logic_error("[correlation] no cell " + truth_name(kind) + ", " + estimate);
}

CorrelationResult correlate(TrainedTask task,
                            const CorrelationOptions& how,
                            const TaskOptions& options) {
  if (how.estimates.empty())
    throw std::invalid_argument("[correlation] estimates, expected at least one, got none");
  CorrelationResult r{std::move(task), {}, {}};
  r.removed = draw_removed(r, r.settings.removed);
  for (const ProtocolKind protocol : r.settings.protocols) {
    CorrelationPart part;
    part.protocol = protocol;
    const Index seeds = protocol == ProtocolKind::paper ? how.further_seeds : 1;
    const Losses all = train_all(r, protocol, seeds, options);
    part.unconverged = all.unconverged;
    define_truths(all, part);
    estimate(r, how, part);
    if (part.estimates.empty())
      throw std::invalid_argument(
          fmt::format("[correlation] estimates of {}, {}", r.settings.name, part.left_out.front()));
    compare_all(r.settings.seed, options.threads, part);
    if (part.seeds.size() > 0)
      part.noise = split_half(part.seeds, {.resamples = kQueryResamples, .seed = r.settings.seed});
    r.parts.push_back(std::move(part));
  }
  return r;
}

}  // namespace leaveout
