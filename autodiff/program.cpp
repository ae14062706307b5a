// SPDX-License-Identifier: MIT
#include "autodiff/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace leaveout {

template <class S>
SlotId Recorder<S>::add_slot(Slot slot) {
  require(
      slot.rows > 0 && (slot.cols > 0 || slot.cols == kBatch),
      "record",
      fmt::format(
          "empty slot, expected at least one row and column, got {} x {}", slot.rows, slot.cols));
  program_.slots_.push_back(slot);
  return static_cast<SlotId>(program_.slots_.size()) - 1;
}

template <class S>
SlotId Recorder<S>::parameter(Index rows, Index cols) {
  require(cols != kBatch, "parameter", "a parameter has a fixed number of columns");
  const SlotId id =
      add_slot({SlotKind::parameter, rows, cols, program_.parameter_count_, true, -1});
  program_.parameter_count_ += rows * cols;
  program_.parameters_.push_back(id);
  return id;
}

template <class S>
SlotId Recorder<S>::input(Index rows) {
  const Index position = static_cast<Index>(program_.inputs_.size());
  const SlotId id = add_slot({SlotKind::input, rows, kBatch, position, false, -1});
  program_.inputs_.push_back(id);
  return id;
}

template <class S>
SlotId Recorder<S>::value(Index rows, Index cols, bool needs_gradient) {
  return add_slot({SlotKind::value, rows, cols, 0, needs_gradient, -1});
}

template <class S>
SlotId Recorder<S>::append(std::unique_ptr<const Op<S>> op) {
  const SlotId output = op->output();
  program_.slots_[static_cast<std::size_t>(output)].producer =
      static_cast<int>(program_.ops_.size());
  program_.ops_.push_back(std::move(op));
  return output;
}

template <class S>
void Recorder<S>::note_affine_layer(SlotId weight, SlotId bias, SlotId x, SlotId z) {
  const Slot& w = slot(weight);
  if (w.kind != SlotKind::parameter || slot(x).cols != kBatch) return;
  const bool has_bias = bias >= 0;
  // [W b] must be one block of theta.
  if (has_bias &&
      (slot(bias).kind != SlotKind::parameter || slot(bias).offset != w.offset + w.rows * w.cols))
    return;
  const int op = static_cast<int>(program_.ops_.size()) - 1;
  program_.affine_layers_.push_back(
      {x, z, w.offset, w.rows, w.cols, slot(x).rows / w.cols, has_bias, op});
}

template <class S>
void Recorder<S>::note_spread_column(SlotId b, SlotId z) {
  const Slot& column = slot(b);
  if (column.kind != SlotKind::parameter || slot(z).cols != kBatch) return;
  const int op = static_cast<int>(program_.ops_.size()) - 1;
  program_.spread_columns_.push_back(
      {-1, z, column.offset, column.rows, 0, slot(z).rows / column.rows, true, op});
}

template <class S>
void Recorder<S>::require(bool ok, const char* op, const std::string& what) const {
  if (!ok) throw std::invalid_argument(fmt::format("[{}] {}", op, what));
}

template <class S>
std::string Recorder<S>::shape(SlotId id) const {
  const Slot& s = slot(id);
  return s.cols == kBatch ? fmt::format("{} x batch", s.rows)
                          : fmt::format("{} x {}", s.rows, s.cols);
}

namespace {

/// How often each slot is an input of an operation.
template <class S>
std::vector<int> count_reads(const Program<S>& program) {
  std::vector<int> reads(program.slots().size(), 0);
  for (const auto& op : program.ops())
    for (const SlotId id : op->inputs()) ++reads[static_cast<std::size_t>(id)];
  return reads;
}

/// The layers whose parameters nobody else reads, in the order of theta.
template <class S>
std::vector<AffineLayer> layers_of_their_own(const Program<S>& program,
                                             const std::vector<AffineLayer>& noted) {
  const std::vector<int> reads = count_reads(program);
  std::vector<AffineLayer> layers;
  Index next = 0;
  for (const AffineLayer& layer : noted) {
    bool own = layer.offset >= next;
    for (const SlotId id : program.parameters()) {
      const Index offset = program.slot(id).offset;
      const bool part = offset >= layer.offset && offset < layer.offset + layer.size();
      if (part && reads[static_cast<std::size_t>(id)] != 1) own = false;
    }
    if (!own) continue;
    layers.push_back(layer);
    next = layer.offset + layer.size();
  }
  return layers;
}

/// Walks from the parameters to the objective. A fixed-size value is *alone* if parameters reach it
/// without passing a batch, and *summed* if it holds a sum over the batch: from there on, only
/// linear operations keep examples apart.
template <class S>
bool objective_sums_over_examples(const Program<S>& program) {
  std::vector<char> alone(program.slots().size(), 0), summed = alone;
  for (const SlotId id : program.parameters()) alone[static_cast<std::size_t>(id)] = 1;
  for (const auto& op : program.ops()) {
    const auto out = static_cast<std::size_t>(op->output());
    const bool batch = program.slot(op->output()).cols == kBatch;
    for (const SlotId id : op->inputs()) {
      const auto in = static_cast<std::size_t>(id);
      if (summed[in] && (batch || !op->is_linear())) return false;
      if (batch || !program.slot(id).needs_gradient) continue;
      if (program.slot(id).cols == kBatch || summed[in]) summed[out] = 1;
      if (alone[in]) alone[out] = 1;
    }
  }
  return !alone[static_cast<std::size_t>(program.roles().objective)];
}

}  // namespace

template <class S>
void Recorder<S>::require_roles(const ProgramRoles& roles) const {
  const auto check = [this](SlotId id, const char* role, bool ok, const char* expected) {
    require(ok, "finish", fmt::format("{}, expected {}, got {}", role, expected, shape(id)));
    require(needs_gradient(id), "finish", fmt::format("{} must depend on a parameter", role));
  };
  const Slot &outputs = slot(roles.outputs), &losses = slot(roles.losses);
  const Slot& objective = slot(roles.objective);
  check(roles.outputs, "outputs", outputs.cols == kBatch, "a column per example");
  check(roles.losses, "losses", losses.rows == 1 && losses.cols == kBatch, "1 x batch");
  check(roles.objective, "objective", objective.rows == 1 && objective.cols == 1, "1 x 1");
}

template <class S>
Program<S> Recorder<S>::finish(ProgramRoles roles) && {
  require(roles.outputs >= 0 && roles.losses >= 0 && roles.objective >= 0,
          "finish",
          "outputs, losses and objective must be named");
  require_roles(roles);
  program_.roles_ = roles;
  program_.sums_over_examples_ = objective_sums_over_examples(program_);
  Index covered = 0;
  for (auto* layers : {&program_.affine_layers_, &program_.spread_columns_}) {
    *layers = program_.sums_over_examples_ ? layers_of_their_own(program_, *layers)
                                           : std::vector<AffineLayer>();
    for (const AffineLayer& layer : *layers) covered += layer.size();
  }
  program_.factored_ = covered == program_.parameter_count();
  return std::move(program_);
}

template class Program<float>;
template class Program<double>;
template class Program<std::complex<double>>;
template class Recorder<float>;
template class Recorder<double>;
template class Recorder<std::complex<double>>;

}  // namespace leaveout
