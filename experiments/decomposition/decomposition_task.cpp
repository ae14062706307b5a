// SPDX-License-Identifier: MIT
#include "experiments/decomposition/decomposition_task.h"

#include <fmt/format.h>

namespace leaveout {

namespace {

/// What the estimate foretells of the mean query loss, against what happened.
Prediction predict(const Decomposition& d,
                   int stage,
                   const std::string& against,
                   std::uint64_t seed) {
  Prediction p;
  p.against = against;
  p.protocol = d.protocol;
  p.predicted = d.scores.values.colwise().mean().transpose();
  p.actual = d.query_loss.row(stage).transpose().array() - d.query_loss_s;
  p.agreement = agreement(p.predicted, p.actual, {.resamples = 2000, .seed = seed});
  return p;
}

}  // namespace

TaskResult decompose_task(TrainedTask task,
                          const std::vector<Group>& removed,
                          const TaskOptions& options) {
  TaskResult r{std::move(task), removed, {}, {}};
  const TaskSettings& s = r.settings;
  for (const ProtocolKind protocol : s.protocols) {
    const std::string title = fmt::format("{} ({})", s.name, protocol_name(protocol));
    r.decompositions.push_back(decompose(
        *r.loo, *r.query, removed, protocol, response_options(r, protocol, options, title)));
    const Decomposition& d = r.decompositions.back();
    r.predictions.push_back(predict(d, 0, "cold-start retraining", s.seed));
    r.predictions.push_back(predict(d, 3, "PBRF", s.seed));
  }
  return r;
}

TaskResult run_task(const TaskSettings& settings, const TaskOptions& options) {
  TrainedTask task = train_task(settings, options);
  const std::vector<Index> removed = draw_removed(task, settings.removed);
  return decompose_task(std::move(task), one_by_one(removed), options);
}

}  // namespace leaveout
