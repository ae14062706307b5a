// SPDX-License-Identifier: MIT
// The settings of a task: their declarations, and their reading.
#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "datasets/images.h"
#include "datasets/registry.h"
#include "experiments/task.h"

namespace leaveout {

namespace {

using Type = SettingType;

SettingSpec number(const char* key, const char* fallback, const char* help, double minimum) {
  SettingSpec s{key, Type::number, fallback, help};
  s.minimum = minimum;
  return s;
}

SettingSpec share(const char* key, const char* fallback, const char* help) {
  SettingSpec s = number(key, fallback, help, 0);
  s.maximum = 1;
  return s;
}

SettingSpec whole(const char* key, const char* fallback, const char* help, double minimum) {
  SettingSpec s{key, Type::whole, fallback, help};
  s.minimum = minimum;
  return s;
}

SettingSpec choice(const char* key,
                   const char* fallback,
                   const char* help,
                   std::vector<std::string> choices,
                   Type type = Type::text) {
  SettingSpec s{key, type, fallback, help};
  s.choices = std::move(choices);
  return s;
}

const std::vector<std::string> kSolverNames = {
    "automatic", "cholesky", "ldlt", "eigen", "cg", "lissa", "stochastic_lissa"};

std::vector<SettingSpec> data_settings() {
  return {
      {"name", Type::text, "", "name of the task and of its folder; default: the data's name"},
      {"data", Type::text, "", "a data set of `leaveout list`"},
      choice("task",
             "",
             "forces the task of a CSV file, default: read off the target; reconstruction, of any "
             "data: the targets are the inputs, scaled to 0 to 1",
             {"regression", "binary", "multiclass", "reconstruction"}),
      {"image",
       Type::text,
       "",
       "which image a file's columns are, as in 8x8 or 3x32x32 (channels first; in the columns the "
       "channels of a pixel are side by side)"},
      number(
          "data_fraction", "1", "share of a named data set's rows to load, drawn by the seed", 0),
      whole("downsample", "1", "of named images: blocks of so many pixels a side become one", 1),
      {"standardize",
       Type::flag,
       "true",
       "inputs (and a regression's target) by the training rows' mean and deviation; not in a "
       "reconstruction"},
      number("train_fraction", "0.8", "share of the rows for training, where no query is given", 0),
      whole("max_train", "", "at most so many training rows", 2),
      whole("max_query", "", "at most so many query rows", 1),
      share("label_noise", "0", "share of the training labels that are replaced"),
      whole("seed", "1", "of the split, the initialisation, the batches and the removed rows", 0),
      number("estimated_seconds",
             "",
             "of the whole preset on two cores, as measured: for the estimate of `figures` only",
             0),
      {"optional", Type::flag, "false", "leave the task out where its data are not here"}};
}

std::vector<SettingSpec> model_settings() {
  return {
      {"model",
       Type::text,
       "",
       "linear, logistic, softmax, mlp:32,32, mlp_ln:32,32, lenet:4,8, resnet:4,8, autoencoder:16 "
       "or another of `leaveout list`; default: by the task"},
      choice("activation",
             "tanh",
             "of the hidden layers",
             {"relu", "tanh", "sigmoid", "softplus", "gelu"}),
      choice("pooling", "average", "of lenet", {"average", "max"}),
      {"bias", Type::flag, "true", "whether layers have biases"},
      choice("initialisation",
             "",
             "default: he_normal for relu, else glorot_normal",
             {"zeros", "lecun_normal", "he_normal", "glorot_normal", "glorot_uniform"}),
      number("weight_decay", "0.001", "weight_decay / 2 |theta|^2 is part of the objective", 0)};
}

std::vector<SettingSpec> training_settings() {
  return {choice("optimiser",
                 "sgd",
                 "of the base run and of the paper protocol",
                 {"sgd", "nesterov", "adam"}),
          number("learning_rate", "0.03", "of the first step", 0),
          choice("schedule",
                 "constant",
                 "of the learning rate; cosine: down to nearly 0 over the training",
                 {"constant", "cosine"}),
          number("momentum", "0", "of sgd and nesterov", 0),
          whole("batch_size", "128", "N or more: full batch", 1),
          whole("epochs", "400", "K of the base run; the paper protocol goes on for K/2", 0),
          choice("newton",
                 "automatic",
                 "exact: with dense Hessians, or matrix-free by conjugate gradients; automatic: "
                 "dense up to 1500 parameters",
                 {"automatic", "dense", "matrix_free"}),
          number("tolerance", "1e-10", "exact: gradient norm of every argmin", 0),
          whole("max_iterations", "500", "exact: Newton steps of one argmin", 1)};
}

/// What is asked of a base run: responses to removals, and estimates of them.
std::vector<SettingSpec> response_settings() {
  return {
      whole("removed", "20", "how many training examples are removed, one at a time", 1),
      number("damping", "0.001", "lambda / 2 |theta - theta_s|^2, outside the Hessian", 0),
      choice("protocols", "paper,exact", "which to run", {"paper", "exact"}, Type::list),
      choice("curvature", "gauss_newton", "of the influence estimate", {"gauss_newton", "hessian"}),
      choice("paper_solver", "lissa", "of the estimate under the paper protocol", kSolverNames),
      choice("exact_solver",
             "automatic",
             "of the estimate under the exact protocol; automatic: cholesky up to 4000 parameters, "
             "cg to 1e-10 beyond",
             kSolverNames),
      whole("depth", "5000", "lissa: steps", 1),
      whole("repeats", "1", "stochastic_lissa: runs averaged", 1),
      whole("lissa_batch", "128", "stochastic_lissa: examples per step", 1),
      number("scale", "0", "lissa: 0 takes it from the spectrum", 0)};
}

/// The name of a file without its folder and ending, for a task that has no other.
std::string name_of(const Settings& s, const Invocation& invocation) {
  if (s.has("name")) return s.text("name");
  return invocation.data.empty() ? s.text("data")
                                 : std::filesystem::path(invocation.data).stem().string();
}

Index limit(const Settings& s, const char* key) {
  return s.has(key) ? s.whole(key) : kNoLimit;
}

EstimatorOptions estimator(const Settings& s, const char* solver) {
  EstimatorOptions e;
  e.curvature = parse_curvature(s.text("curvature"));
  e.solver = parse_solver(s.text(solver));
  e.depth = s.whole("depth");
  e.repeats = s.whole("repeats");
  e.batch_size = s.whole("lissa_batch");
  e.scale = s.number("scale");
  e.seed = static_cast<std::uint64_t>(s.whole("seed"));
  return e;
}

Protocol base_protocol(const Settings& s) {
  Protocol p;
  p.optimiser = parse_optimiser(s.text("optimiser"));
  p.learning_rate = s.number("learning_rate");
  p.momentum = s.number("momentum");
  p.schedule = parse_schedule(s.text("schedule"));
  p.batch_size = s.whole("batch_size");
  p.epochs = s.whole("epochs");
  p.seed = static_cast<std::uint64_t>(s.whole("seed"));
  return p;
}

/// Of the experiments that remove examples from a base run.
void read_responses(const Settings& s, TaskSettings& t) {
  t.damping = s.number("damping");
  t.removed = s.whole("removed");
  t.paper_estimator = estimator(s, "paper_solver");
  t.exact_estimator = estimator(s, "exact_solver");
  t.protocols.clear();
  for (const std::string& name : s.list("protocols"))
    t.protocols.push_back(name == "paper" ? ProtocolKind::paper : ProtocolKind::exact);
  if (t.protocols.empty())
    throw std::invalid_argument("[task] protocols, expected paper, exact or both, got none");
}

}  // namespace

const std::vector<SettingSpec>& training_task_settings() {
  static const std::vector<SettingSpec> all = [] {
    std::vector<SettingSpec> specs;
    for (const auto& part : {data_settings(), model_settings(), training_settings()})
      specs.insert(specs.end(), part.begin(), part.end());
    return specs;
  }();
  return all;
}

const std::vector<SettingSpec>& task_settings() {
  static const std::vector<SettingSpec> all = [] {
    std::vector<SettingSpec> specs = training_task_settings();
    const std::vector<SettingSpec> more = response_settings();
    specs.insert(specs.end(), more.begin(), more.end());
    return specs;
  }();
  return all;
}

TaskSettings read_task_settings(const Settings& s, const Invocation& invocation) {
  TaskSettings t;
  t.csv = invocation.data;
  t.target = invocation.target;
  t.query_csv = invocation.query;
  if (t.csv.empty()) {
    if (!s.has("data"))
      throw std::invalid_argument(
          "[task] data, expected the name of a data set in the preset or --data FILE.csv");
    t.data = s.text("data");
  }
  if (!t.csv.empty() && s.has("data"))
    throw std::invalid_argument(
        "[task] data, expected either --data FILE.csv or --set data=NAME, got both");
  t.name = name_of(s, invocation);
  if (t.name.empty() || t.name.front() == '.' || t.name.find('/') != std::string::npos)
    throw std::invalid_argument(fmt::format(
        "[task] name, expected a plain folder name, got '{}': --set name=NAME", t.name));
  if (s.has("image")) t.image = parse_image_size(s.text("image"));
  t.data_fraction = s.number("data_fraction");
  t.downsample = s.whole("downsample");
  if (s.has("task")) t.task = parse_task(s.text("task"));
  if (s.has("model")) t.model = s.text("model");
  t.activation = parse_activation(s.text("activation"));
  t.pooling = parse_pooling(s.text("pooling"));
  t.bias = s.flag("bias");
  t.standardize = s.flag("standardize");
  t.train_fraction = s.number("train_fraction");
  t.max_train = limit(s, "max_train");
  t.max_query = limit(s, "max_query");
  t.label_noise = s.number("label_noise");
  t.seed = static_cast<std::uint64_t>(s.whole("seed"));
  if (s.has("initialisation")) t.initialisation = parse_initialisation(s.text("initialisation"));
  if (s.has("weight_decay")) t.weight_decay = s.number("weight_decay");
  t.base = base_protocol(s);
  t.newton.method = parse_newton_method(s.text("newton"));
  t.newton.tolerance = s.number("tolerance");
  t.newton.max_iterations = s.whole("max_iterations");
  if (s.declares("removed")) read_responses(s, t);
  return t;
}

}  // namespace leaveout
