// SPDX-License-Identifier: MIT
#include "models/model.h"

#include <cmath>
#include <utility>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "datasets/random.h"
#include "models/architecture.h"
#include "models/names.h"

namespace leaveout {

namespace {

constexpr Names<Pooling, 2> kPoolings = {{{Pooling::average, "average"}, {Pooling::max, "max"}}};
constexpr Names<LossKind, 3> kLosses = {{{LossKind::half_squared_error, "half_squared_error"},
                                         {LossKind::binary_cross_entropy, "binary_cross_entropy"},
                                         {LossKind::cross_entropy, "cross_entropy"}}};
constexpr Names<Initialisation, 5> kInitialisations = {
    {{Initialisation::zeros, "zeros"},
     {Initialisation::lecun_normal, "lecun_normal"},
     {Initialisation::he_normal, "he_normal"},
     {Initialisation::glorot_normal, "glorot_normal"},
     {Initialisation::glorot_uniform, "glorot_uniform"}}};

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

std::string pooling_name(Pooling p) {
  return name_of(kPoolings, p);
}
Pooling parse_pooling(const std::string& name) {
  return parse_name(kPoolings, name, "pooling");
}
std::string loss_name(LossKind loss) {
  return name_of(kLosses, loss);
}
std::string initialisation_name(Initialisation i) {
  return name_of(kInitialisations, i);
}
Initialisation parse_initialisation(const std::string& name) {
  return parse_name(kInitialisations, name, "initialisation");
}

LossKind loss_of_task(Task task) {
  switch (task) {
    case Task::binary:
    case Task::reconstruction:
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
  const std::vector<ParameterBlock> blocks = parameter_blocks(architecture(*this));
  return blocks.empty() ? 0 : blocks.back().offset + blocks.back().size();
}

bool ModelSpec::smooth() const {
  return !any_layer(architecture(*this), [](const Layer& layer) {
    return layer.kind == LayerKind::max_pool ||
           (layer.kind == LayerKind::activation && layer.activation == Activation::relu);
  });
}

std::string describe(const ModelSpec& spec) {
  return describe(architecture(spec));
}

template <class S>
Program<S> record(const ModelSpec& spec, Term term) {
  Recorder<S> r;
  const SlotId x = r.input(spec.inputs);
  const SlotId reference = r.input(spec.outputs);
  const SlotId weights = r.input(1);
  const SlotId h = record(r, architecture(spec), x);
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

namespace {

double variance(const ParameterBlock& weight, Initialisation how) {
  const double in = static_cast<double>(weight.fan_in), out = static_cast<double>(weight.fan_out);
  return how == Initialisation::lecun_normal ? 1 / in
         : how == Initialisation::he_normal  ? 2 / in
                                             : 2 / (in + out);
}

void draw(const ParameterBlock& weight,
          Initialisation how,
          Random& random,
          Eigen::VectorXd& theta) {
  const double v = variance(weight, how);
  for (Index i = 0; i < weight.size(); ++i)
    theta(weight.offset + i) = how == Initialisation::glorot_uniform
                                   ? std::sqrt(3 * v) * (2 * random.uniform() - 1)
                                   : std::sqrt(v) * random.normal();
}

}  // namespace

Eigen::VectorXd initialise(const ModelSpec& spec, Initialisation how, std::uint64_t seed) {
  Eigen::VectorXd theta = Eigen::VectorXd::Zero(spec.parameter_count());
  std::uint64_t weights = 0;  // so far: each draws from a stream of its own
  for (const ParameterBlock& block : parameter_blocks(architecture(spec))) {
    if (block.kind == BlockKind::gain) theta.segment(block.offset, block.size()).setOnes();
    if (block.kind != BlockKind::weight || how == Initialisation::zeros) continue;
    Random random(seed, {0x696e6974 /* "init" */, weights++});
    draw(block, how, random, theta);
  }
  return theta;
}

}  // namespace leaveout
