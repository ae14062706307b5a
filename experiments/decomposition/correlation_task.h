// SPDX-License-Identifier: MIT
#pragma once
// A task of the correlation experiment: what each removal did to every query's loss under five
// definitions of "what happens", what estimates foretold, and how well the two agree.
//
//   CorrelationResult r = correlate(train_task(settings, options), {.further_seeds = 5}, options);
//   r.parts[0].cells[0].mean_loss.spearman;

#include <array>

#include "experiments/task.h"
#include "influence/metrics/correlation.h"
#include "influence/metrics/split_half.h"

namespace leaveout {

enum class TruthKind { cold_start, warm_start, two_stage, further_training, pbrf };
/// Names for files ("cold_start") and for readers ("cold start").
std::string truth_name(TruthKind kind);
std::string truth_title(TruthKind kind);

/// What came of the removals.
struct Truth {
  TruthKind kind = TruthKind::cold_start;
  Eigen::MatrixXd change;  // (query x removed) of each query's loss
};

/// What was foretold.
struct ScoredEstimate {
  std::string name;        // influence, hessian, gradient_dot
  std::string method;      // how it was computed, in words
  std::string warning;     // empty, or one line on what the solver says
  Eigen::MatrixXd scores;  // (query x removed) in the units of `change`
};

/// One estimate against one truth.
struct AgreementCell {
  TruthKind truth = TruthKind::cold_start;
  std::string estimate;
  Agreement mean_loss;  // of the mean query loss, over removed examples
  Estimate per_query;   // mean over queries of Spearman over removed examples
  Estimate pooled;      // Spearman over all pairs of query and removed example
};

/// A task under one protocol.
struct CorrelationPart {
  ProtocolKind protocol = ProtocolKind::exact;
  std::vector<Truth> truths;
  std::vector<ScoredEstimate> estimates;
  std::vector<std::string> left_out;  // estimates and why
  std::vector<AgreementCell> cells;   // estimates within truths
  Eigen::MatrixXd seeds;  // (seeds x removed) two-stage change of the mean query loss; paper only
  SplitHalf noise;        // of `seeds`
  Index unconverged = 0;  // responses that missed the tolerance of the exact protocol

  const Truth& truth(TruthKind kind) const;
  const AgreementCell& cell(TruthKind kind, const std::string& estimate) const;
  bool has(TruthKind kind) const;
};

struct CorrelationResult : TrainedTask {
  std::vector<Index> removed;  // positions in `train`
  std::vector<CorrelationPart> parts;
};

struct CorrelationOptions {
  Index further_seeds = 5;
  std::vector<std::string> estimates = {"influence", "hessian", "gradient_dot"};
};

/// Removes `settings.removed` examples of a trained task, one at a time, under each of its
/// protocols. Throws std::invalid_argument where no estimate is asked for.
CorrelationResult correlate(TrainedTask task,
                            const CorrelationOptions& how,
                            const TaskOptions& options);

}  // namespace leaveout
