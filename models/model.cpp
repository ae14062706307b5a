// SPDX-License-Identifier: MIT
#include "models/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "datasets/random.h"

namespace leaveout {

namespace {

/// Names of an enumeration, in one place for printing and parsing.
template <class E, std::size_t n>
using Names = std::array<std::pair<E, const char*>, n>;

template <class E, std::size_t n>
std::string name_of(const Names<E, n>& names, E value) {
  for (const auto& [e, name] : names)
    if (e == value) return name;
  return "?";
}

template <class E, std::size_t n>
E parse(const Names<E, n>& names, const std::string& text, const char* what) {
  std::vector<std::string> known;
  for (const auto& [e, name] : names) {
    if (text == name) return e;
    known.emplace_back(name);
  }
  throw std::invalid_argument(
      fmt::format("[model] {}, expected one of {}, got '{}'", what, fmt::join(known, ", "), text));
}

constexpr Names<Activation, 5> kActivations = {{{Activation::relu, "relu"},
                                                {Activation::tanh, "tanh"},
                                                {Activation::sigmoid, "sigmoid"},
                                                {Activation::softplus, "softplus"},
                                                {Activation::gelu, "gelu"}}};
constexpr Names<LossKind, 3> kLosses = {{{LossKind::half_squared_error, "half_squared_error"},
                                         {LossKind::binary_cross_entropy, "binary_cross_entropy"},
                                         {LossKind::cross_entropy, "cross_entropy"}}};
constexpr Names<Initialisation, 5> kInitialisations = {
    {{Initialisation::zeros, "zeros"},
     {Initialisation::lecun_normal, "lecun_normal"},
     {Initialisation::he_normal, "he_normal"},
     {Initialisation::glorot_normal, "glorot_normal"},
     {Initialisation::glorot_uniform, "glorot_uniform"}}};

std::vector<Index> parse_widths(const std::string& text) {
  std::vector<Index> widths;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end) {
    Index width = 0;
    const auto [next, error] = std::from_chars(at, end, width);
    const bool separated = next == end || (*next == ',' && next + 1 < end);
    if (error != std::errc() || width < 1 || width > 1'000'000 || !separated)
      throw std::invalid_argument(fmt::format(
          "[model] widths, expected positive whole numbers as in mlp:32,32, got 'mlp:{}'", text));
    widths.push_back(width);
    at = next == end ? end : next + 1;
  }
  return widths;
}

template <class S>
SlotId activate(Recorder<S>& r, Activation activation, SlotId z) {
  switch (activation) {
    case Activation::relu:
      return relu(r, z);
    case Activation::sigmoid:
      return sigmoid(r, z);
    case Activation::softplus:
      return softplus(r, z);
    case Activation::gelu:
      return gelu(r, z);
    default:
      return tanh(r, z);
  }
}

template <class S>
SlotId record_term(Recorder<S>& r, LossKind loss, Term term, SlotId y, SlotId reference) {
  const bool bregman = term == Term::bregman;
  switch (loss) {
    case LossKind::binary_cross_entropy:
      return bregman ? bregman_binary_cross_entropy(r, y, reference)
                     : binary_cross_entropy(r, y, reference);
    case LossKind::cross_entropy:
      return bregman ? bregman_cross_entropy(r, y, reference) : cross_entropy(r, y, reference);
    default:
      return bregman ? bregman_half_squared_error(r, y, reference)
                     : half_squared_error(r, y, reference);
  }
}

}  // namespace

std::string activation_name(Activation a) {
  return name_of(kActivations, a);
}
Activation parse_activation(const std::string& name) {
  return parse(kActivations, name, "activation");
}
std::string loss_name(LossKind loss) {
  return name_of(kLosses, loss);
}
std::string initialisation_name(Initialisation i) {
  return name_of(kInitialisations, i);
}
Initialisation parse_initialisation(const std::string& name) {
  return parse(kInitialisations, name, "initialisation");
}

LossKind loss_of_task(Task task) {
  switch (task) {
    case Task::binary:
      return LossKind::binary_cross_entropy;
    case Task::multiclass:
      return LossKind::cross_entropy;
    default:
      return LossKind::half_squared_error;
  }
}

std::vector<Index> ModelSpec::widths() const {
  std::vector<Index> all{inputs};
  all.insert(all.end(), hidden.begin(), hidden.end());
  all.push_back(outputs);
  return all;
}

Index ModelSpec::parameter_count() const {
  const std::vector<Index> w = widths();
  Index count = 0;
  for (std::size_t l = 0; l + 1 < w.size(); ++l) count += w[l + 1] * (w[l] + (bias ? 1 : 0));
  return count;
}

ModelSpec parse_model(const std::string& text, Task task, Index features, Index outputs) {
  ModelSpec spec;
  spec.name = text;
  spec.inputs = features;
  spec.outputs = outputs;
  spec.loss = loss_of_task(task);
  const std::string plain = task == Task::regression ? "linear"
                            : task == Task::binary   ? "logistic"
                                                     : "softmax";
  if (text == "mlp") {
    spec.hidden = {32, 32};
  } else if (text.starts_with("mlp:") && text.size() > 4) {
    spec.hidden = parse_widths(text.substr(4));
  } else if (text != plain) {
    throw std::invalid_argument(
        fmt::format("[model] model, expected {} or mlp:W1,W2,... for a {} task, got '{}'",
                    plain,
                    task_name(task),
                    text));
  }
  return spec;
}

template <class S>
Program<S> record(const ModelSpec& spec, Term term) {
  Recorder<S> r;
  const SlotId x = r.input(spec.inputs);
  const SlotId reference = r.input(spec.outputs);
  const SlotId weights = r.input(1);
  const std::vector<Index> widths = spec.widths();
  SlotId h = x;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    if (l > 0) h = activate(r, spec.activation, h);
    const SlotId w = r.parameter(widths[l + 1], widths[l]);
    const SlotId b = spec.bias ? r.parameter(widths[l + 1], 1) : -1;
    h = affine(r, w, b, h);
  }
  const SlotId losses = record_term(r, spec.loss, term, h, reference);
  SlotId objective = dot(r, weights, losses);
  if (term == Term::bregman) {
    const SlotId tilt = r.input(spec.outputs);
    objective = add(r, objective, dot(r, tilt, h));
  }
  return std::move(r).finish({h, losses, objective});
}

template Program<double> record(const ModelSpec&, Term);
template Program<std::complex<double>> record(const ModelSpec&, Term);

Model::Model(ModelSpec spec)
    : spec_(std::move(spec)),
      loss_(record<double>(spec_, Term::loss)),
      bregman_(record<double>(spec_, Term::bregman)) {}

Initialisation default_initialisation(const ModelSpec& spec) {
  if (spec.hidden.empty()) return Initialisation::zeros;
  return spec.activation == Activation::relu ? Initialisation::he_normal
                                             : Initialisation::glorot_normal;
}

Eigen::VectorXd initialise(const ModelSpec& spec, Initialisation how, std::uint64_t seed) {
  Eigen::VectorXd theta = Eigen::VectorXd::Zero(spec.parameter_count());
  if (how == Initialisation::zeros) return theta;
  const std::vector<Index> widths = spec.widths();
  Index offset = 0;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    const double in = static_cast<double>(widths[l]), out = static_cast<double>(widths[l + 1]);
    const double variance = how == Initialisation::lecun_normal ? 1 / in
                            : how == Initialisation::he_normal  ? 2 / in
                                                                : 2 / (in + out);
    Random random(seed, {0x696e6974 /* "init" */, l});
    for (Index i = 0; i < widths[l] * widths[l + 1]; ++i)
      theta(offset + i) = how == Initialisation::glorot_uniform
                              ? std::sqrt(3 * variance) * (2 * random.uniform() - 1)
                              : std::sqrt(variance) * random.normal();
    offset += widths[l + 1] * (widths[l] + (spec.bias ? 1 : 0));
  }
  return theta;
}

}  // namespace leaveout
