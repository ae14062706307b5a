// SPDX-License-Identifier: MIT
// Arrays and run.json of the correlation experiment: what another tool needs to check us.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "datasets/npy.h"
#include "experiments/decomposition/correlation_report.h"

namespace leaveout {

using Json = nlohmann::ordered_json;

namespace {

Json part_json(const CorrelationPart& part) {
  Json j;
  for (const ScoredEstimate& e : part.estimates) {
    j["estimates"][e.name]["method"] = e.method;
    if (!e.warning.empty()) j["estimates"][e.name]["warning"] = e.warning;
  }
  if (!part.left_out.empty()) j["left_out"] = part.left_out;
  if (part.protocol == ProtocolKind::exact) {
    j["left_out_truths"] = {"further_training: an argmin has no batches to average over"};
    j["responses_not_converged"] = part.unconverged;
  } else {
    j["further_seeds"] = part.seeds.rows();
  }
  return j;
}

Json task_json(const CorrelationResult& r) {
  const Protocol& p = r.settings.base;
  Json j;
  j["task"] = task_name(r.train->task);
  j["data"] = {{"name", r.train->name},
               {"source", r.train->provenance.source},
               {"sha256", r.train->provenance.sha256},
               {"training_examples", r.train->size()},
               {"query_examples", r.query->size()}};
  j["model"] = {{"name", r.model->spec().name},
                {"architecture", describe(r.model->spec())},
                {"loss", loss_name(r.model->spec().loss)},
                {"parameters", r.model->parameter_count()},
                {"weight_decay", r.loo->weight_decay()},
                {"damping", r.loo->damping()}};
  j["base_run"] = {{"optimiser", optimiser_name(p.optimiser)},
                   {"learning_rate", p.learning_rate},
                   {"momentum", p.momentum},
                   {"batch_size", p.batch_size},
                   {"epochs", p.epochs},
                   {"further_epochs", p.epochs / 2},
                   {"objective_at_theta_s", r.base.objective},
                   {"gradient_norm_at_theta_s", r.base.gradient_norm}};
  j["seed"] = r.settings.seed;
  j["removed"] = r.removed;
  for (const CorrelationPart& part : r.parts)
    j["protocols"][protocol_name(part.protocol)] = part_json(part);
  return j;
}

Json conventions() {
  return {
      {"objective",
       "Q(theta) = sum_i w_i loss_i + weight_decay/2 |theta|^2, w_i = 1/N; removing example k sets "
       "w_k = 0 and keeps 1/N for the others"},
      {"truths",
       "change of a query's loss: cold_start: trained from the initialisation without k, minus "
       "theta_s; warm_start: trained on from theta_s without k, minus theta_s; two_stage: the "
       "same, minus trained on with all examples on the same batches; further_training: two_stage, "
       "mean over seeds of the batch order; pbrf: the proximal Bregman response, minus theta_s"},
      {"estimates",
       "g_q' (C + damping I)^-1 g_k / N at theta_s; influence: C by `method`; hessian: the exact "
       "one; gradient_dot: C = 0"},
      {"sign", "positive: removal raises the query's loss"},
      {"measurements",
       "pearson, spearman, slope (truth on estimate): of the mean query loss over removed "
       "examples; per_query_spearman: mean over queries of Spearman over removed examples; "
       "pooled_spearman: over all pairs of query and removed example; intervals: 95 % bootstrap "
       "over removed examples"},
      {"two_stage and warm_start",
       "they differ by a number of each query that does not depend on k, since all runs share "
       "their batches: equal in all but pooled_spearman"},
      {"noise",
       "split_half: Spearman between means over two halves of the seeds, mean over splits; "
       "reliability: carried to all seeds by Spearman-Brown; ceiling: its square root"},
      {"paper protocol",
       "base run of K epochs; cold start repeats it without k; then K/2 further epochs on shared "
       "batches; a removed example keeps its place in the batch with weight zero"},
      {"exact protocol",
       "every argmin to a gradient norm below the tolerance by trust-region Newton"}};
}

Json array_guide() {
  return {{"train_x, train_y, query_x, query_y", "one row per example, as the model sees them"},
          {"theta_init, theta_s", "(P), the initialisation and the base run's result"},
          {"removed", "positions among the training rows, 0-based"},
          {"PROTOCOL_change_TRUTH", "(query x removed) change of each query's loss"},
          {"PROTOCOL_scores_ESTIMATE", "(query x removed) the same, foretold"},
          {"paper_further_seeds", "(seeds x removed) two_stage change of the mean query loss"}};
}

}  // namespace

void write_arrays(const CorrelationResult& r, const std::filesystem::path& folder) {
  const auto path = [&](const std::string& name) { return (folder / (name + ".npy")).string(); };
  write_npy_examples_in_rows(path("train_x"), r.train->inputs);
  write_npy_examples_in_rows(path("train_y"), r.train->targets);
  write_npy_examples_in_rows(path("query_x"), r.query->inputs);
  write_npy_examples_in_rows(path("query_y"), r.query->targets);
  write_npy_vector(path("theta_init"), r.loo->theta_init());
  write_npy_vector(path("theta_s"), r.loo->theta_s());
  write_npy_integers(path("removed"), {r.removed.begin(), r.removed.end()});
  for (const CorrelationPart& part : r.parts) {
    const std::string protocol = protocol_name(part.protocol);
    for (const Truth& t : part.truths)
      write_npy(path(protocol + "_change_" + truth_name(t.kind)), t.change);
    for (const ScoredEstimate& e : part.estimates)
      write_npy(path(protocol + "_scores_" + e.name), e.scores);
    if (part.seeds.size() > 0) write_npy(path(protocol + "_further_seeds"), part.seeds);
  }
}

void describe(const std::vector<CorrelationResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = conventions();
  run["arrays"] = array_guide();
  for (const CorrelationResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

}  // namespace leaveout
