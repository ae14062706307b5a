// SPDX-License-Identifier: MIT
// Arrays and run.json of the decomposition: what another tool needs to check us.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "datasets/npy.h"
#include "experiments/decomposition/decomposition_report.h"
#include "models/architecture.h"

namespace leaveout {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<const char*, 6> kThetaFiles = {
    "theta_cold", "theta_warm", "theta_prox", "theta_pbrf", "theta_lin", "theta_influence"};

std::string prefix(const TaskResult& r, const Decomposition& d) {
  return d.protocol == ProtocolKind::paper && r.decompositions.size() > 1 ? "paper_" : "";
}

/// This experiment removes one example at a time.
std::vector<Index> single_examples(const std::vector<Group>& removed) {
  std::vector<Index> examples;
  for (const Group& group : removed) examples.push_back(group.front());
  return examples;
}

/// Dense matrices and all gradients are left out where they would not fit a few gigabytes.
bool writes_dense(const TaskResult& r) {
  return r.model->parameter_count() <= 6000;
}

std::string parameter_order(const ModelSpec& spec) {
  std::string text = "layers from the input on; in each, W (out x in) column by column";
  if (spec.bias) text += ", then b (out)";
  if (spec.family != Family::mlp || spec.layer_norm)
    text +=
        "; in of a convolution and out of a transposed one count the window's numbers, channel "
        "fastest, then column, then row; a layer norm has gain, then shift";
  return text;
}

/// Where each matrix lies in theta.
Json blocks_json(const ModelSpec& spec) {
  Json blocks = Json::array();
  for (const ParameterBlock& b : parameter_blocks(architecture(spec)))
    blocks.push_back({{"offset", b.offset},
                      {"rows", b.rows},
                      {"columns", b.cols},
                      {"kind", block_kind_name(b.kind)}});
  return blocks;
}

Json model_json(const TaskResult& r) {
  const ModelSpec& spec = r.model->spec();
  Json j;
  j["model"] = spec.name;
  if (spec.family == Family::mlp) j["widths"] = spec.widths();
  j["architecture"] = describe(spec);
  j["activation"] = spec.hidden.empty() ? "none" : activation_name(spec.activation);
  j["bias"] = spec.bias;
  j["loss"] = loss_name(spec.loss);
  j["parameters"] = spec.parameter_count();
  j["parameter_order"] = parameter_order(spec);
  j["parameter_blocks"] = blocks_json(spec);
  j["weight_decay"] = r.loo->weight_decay();
  j["damping"] = r.loo->damping();
  return j;
}

Json base_json(const TaskResult& r) {
  const Protocol& p = r.settings.base;
  Json j;
  j["optimiser"] = optimiser_name(p.optimiser);
  j["learning_rate"] = p.learning_rate;
  j["momentum"] = p.momentum;
  j["batch_size"] = p.batch_size;
  j["epochs"] = p.epochs;
  j["further_epochs"] = p.epochs / 2;
  j["objective_at_theta_s"] = r.base.objective;
  j["gradient_norm_at_theta_s"] = r.base.gradient_norm;
  return j;
}

Json protocol_json(const Decomposition& d) {
  Json j;
  for (std::size_t s = 0; s < d.runs.size(); ++s) {
    double worst = 0;
    Json kinds = Json::object();
    for (const Run& run : d.runs[s]) {
      worst = std::max(worst, run.gradient_norm);
      const bool missed = d.protocol == ProtocolKind::exact && !run.converged;
      const std::string kind = missed ? "not converged" : stationarity_name(run.kind);
      kinds[kind] = kinds.value(kind, 0) + 1;
    }
    j["responses"][kStageNames[s]] = {{"largest_gradient_norm", worst}, {"reached", kinds}};
  }
  j["estimate"] = {{"method", d.scores.method},
                   {"converged", d.estimate.converged},
                   {"largest_relative_residual", d.estimate.residual.maxCoeff()},
                   {"message", d.estimate.message}};
  j["query_loss_at_theta_s"] = d.query_loss_s;
  return j;
}

Json task_json(const TaskResult& r) {
  Json j;
  const ImageSize& image = r.train->image;
  const bool standardized = r.settings.standardize && r.train->task != Task::reconstruction;
  j["task"] = task_name(r.train->task);
  j["data"] = {{"name", r.train->name},
               {"source", r.train->provenance.source},
               {"sha256", r.train->provenance.sha256},
               {"training_examples", r.train->size()},
               {"query_examples", r.query->size()},
               {"features", r.train->feature_names},
               {"target", r.train->target_name},
               {"classes", r.train->class_names},
               {"standardized", standardized}};
  if (!image.empty()) j["data"]["image"] = {image.channels, image.height, image.width};
  j["seed"] = r.settings.seed;
  j["objective"] = model_json(r);
  j["base_run"] = base_json(r);
  j["removed"] = single_examples(r.removed);
  for (const Decomposition& d : r.decompositions)
    j["protocols"][protocol_name(d.protocol)] = protocol_json(d);
  if (!writes_dense(r))
    j["left_out"] = "gradients.npy, hessian.npy and ggn.npy: over 6000 parameters";
  return j;
}

Json conventions() {
  return {
      {"objective",
       "Q(theta) = sum_i w_i loss_i + weight_decay/2 |theta|^2, w_i = 1/N; removing example k sets "
       "w_k = 0 and keeps 1/N for the others; weight decay acts on all parameters, biases "
       "included"},
      {"loss",
       "half_squared_error = |y - t|^2 / 2; binary_cross_entropy on one logit, target 1 = the "
       "second "
       "class, or in a reconstruction summed over the logits of all pixels, target = the pixel in "
       "[0, 1]; cross_entropy = logsumexp(y) - y_label"},
      {"hidden layers", "h = activation(W x + b); outputs y are the last layer's affine values"},
      {"images",
       "a row holds the pixels row by row, the channels of a pixel side by side; pooling leaves "
       "out a last row or column that does not fill a square"},
      {"responses",
       "cold, warm: argmin Q without k; prox: + damping/2 |theta - theta_s|^2; pbrf: argmin (1/N) "
       "sum_i D_i(f(theta), f(theta_s)) - (1/N) loss_k + (damping + weight_decay)/2 |theta - "
       "theta_s|^2, D the Bregman divergence of the loss; lin: its quadratic model at theta_s"},
      {"influence",
       "theta_influence = theta_s + (C + damping I)^-1 grad loss_k / N, as solved; C = ggn, or "
       "hessian "
       "where `method` says so"},
      {"scores",
       "(query x removed): gradient of the query's loss times (theta_influence - theta_s): the "
       "change "
       "when the example is removed (1/N included); positive: removal raises the query's loss"},
      {"hessian, ggn",
       "of Q at theta_s, mean over the data, weight_decay I included, damping not included"},
      {"gaps",
       "mean over training inputs of the Euclidean distance of outputs (logits) of successive "
       "stages"},
      {"metrics of runs.csv",
       "output_distance, mean_output_distance (of probabilities), parameter_distance: the gap "
       "between "
       "successive stages; signed_query_loss: its part of the change of the mean query loss; "
       "query_loss_change: mean query loss at the stage minus that at theta_s; "
       "predicted_query_loss_change: mean of the scores over the queries"},
      {"paper protocol",
       "base run of K epochs; cold start repeats it without k; then K/2 further epochs on shared "
       "batches for every response; a removed example keeps its place in the batch with weight "
       "zero"},
      {"exact protocol",
       "every argmin to a gradient norm below the tolerance by trust-region Newton"}};
}

Json array_guide() {
  return {
      {"train_x, train_y, query_x, query_y",
       "one row per example, as the model sees them (standardized if asked); binary targets are "
       "one "
       "column of 0 and 1 (1: the second of `classes`), more classes one-hot"},
      {"theta_init, theta_s", "(P), the initialisation and the base run's result"},
      {"removed", "positions among the training rows, 0-based"},
      {"theta_cold, theta_warm, theta_prox, theta_pbrf, theta_lin, theta_influence",
       "one row per removed example, (R x P). Plain names: the exact protocol, with paper_* beside "
       "them "
       "for the paper's; where only one protocol was run (see protocols), the plain names are its"},
      {"gradients",
       "gradient of each training example's loss at theta_s, (N x P), no weight decay"},
      {"hessian, ggn", "(P x P)"},
      {"scores", "(query x removed)"}};
}

}  // namespace

void write_arrays(const TaskResult& r, const std::filesystem::path& folder) {
  const auto path = [&](const std::string& name) { return (folder / (name + ".npy")).string(); };
  write_npy_examples_in_rows(path("train_x"), r.train->inputs);
  write_npy_examples_in_rows(path("train_y"), r.train->targets);
  write_npy_examples_in_rows(path("query_x"), r.query->inputs);
  write_npy_examples_in_rows(path("query_y"), r.query->targets);
  write_npy_vector(path("theta_init"), r.loo->theta_init());
  write_npy_vector(path("theta_s"), r.loo->theta_s());
  const std::vector<Index> removed = single_examples(r.removed);
  write_npy_integers(path("removed"), {removed.begin(), removed.end()});
  for (const Decomposition& d : r.decompositions) {
    for (std::size_t s = 0; s < d.theta.size(); ++s)
      write_npy_examples_in_rows(path(prefix(r, d) + kThetaFiles[s]), d.theta[s]);
    write_npy(path(prefix(r, d) + "scores"), d.scores.values);
  }
  if (!writes_dense(r)) return;
  write_npy_examples_in_rows(path("gradients"),
                             loss_gradients(*r.model, *r.train, r.loo->theta_s()));
  Evaluator evaluate(r.loo->base_objective());
  write_npy(path("hessian"), evaluate.curvature(r.loo->theta_s(), Curvature::full));
  write_npy(path("ggn"), evaluate.curvature(r.loo->theta_s(), Curvature::gauss_newton));
}

void describe(const std::vector<TaskResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = conventions();
  run["arrays"] = array_guide();
  for (const TaskResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

}  // namespace leaveout
