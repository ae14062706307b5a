// SPDX-License-Identifier: MIT
#pragma once
// The numbers of one replay: all that a Program writes, in one aligned block, one per thread.
//
// Four planes per slot, with fixed names everywhere:
//   x            value              (rows x cols)
//   x_dot[t]     tangent            (rows x cols) for each direction t
//   x_bar        adjoint            (rows x cols)
//   x_bar_dot[t] adjoint-tangent    (rows x cols) for each direction t
// Directions are stacked as blocks of columns, [t][example][feature].
// Parameters are maps into the caller's theta, gradient, V and HV; inputs are maps into the data.
//
// A plane is *untouched* or holds numbers. A rule adds through a Sink: the first one assigns, later
// ones add, so nothing is cleared by writing zeros, and what stays untouched is known to be zero
// and is skipped (tangents below the first seeded layer, adjoints of what no result depends on).
//
//   Workspace<double> ws(program, 100, 4);       // up to 100 columns, up to 4 directions
//   ws.bind_parameters(theta.data());
//   ws.bind_batch(batch);                        // then forward(program, ws), see sweeps.h

#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "autodiff/program.h"

namespace leaveout {

/// Columns of a tile that keeps values and adjoints close to the processor: a power of two from 4
/// to 128. It depends on the program alone, because tile sizes decide the last bits of a sum.
template <class S>
Index default_tile(const Program<S>& program);

/// The data of a replay: one pointer per input of the Program, each to rows x columns numbers.
template <class S>
struct Batch {
  std::vector<const S*> data;
  Index columns = 0;
};

/// Assigns or adds an expression to a plane. `fresh` is decided by the workspace.
template <class S>
struct Sink {
  MatrixMap<S> map;
  bool fresh;
  template <class E>
  void operator()(const E& expression) {
    if (fresh)
      map.noalias() = expression;
    else
      map.noalias() += expression;
    fresh = false;
  }
  /// The same plane with another number of rows (see with_rows).
  Sink with_rows(Index rows) { return {MatrixMap<S>(map.data(), rows, map.size() / rows), fresh}; }
  /// Assigns or adds one number to a 1 x 1 plane.
  void scalar(const S& value) {
    map(0, 0) = fresh ? value : map(0, 0) + value;
    fresh = false;
  }
  /// The plane itself, cleared if it was fresh, for rules that scatter.
  MatrixMap<S>& cleared() {
    if (fresh) map.setZero();
    fresh = false;
    return map;
  }
};

template <class S>
class Workspace {
 public:
  static constexpr Index kMaxDirections = 32;

  /// Memory for up to `columns` examples and `directions` tangents (0: first order only).
  Workspace(const Program<S>& program, Index columns, Index directions = 0);
  /// Bytes that such a workspace takes, to be asked before it is made.
  static std::size_t bytes(const Program<S>& program, Index columns, Index directions);

  const Program<S>& program() const { return *program_; }
  Index capacity() const { return capacity_; }
  Index max_directions() const { return max_directions_; }
  Index columns() const { return columns_; }
  Index directions() const { return directions_; }

  // --- Binding: what the caller owns. Pointers must stay valid during the sweeps. ---
  void bind_parameters(const S* theta) { theta_ = theta; }
  /// Data columns [begin, begin + count) of `batch`. Throws if count exceeds the capacity.
  void bind_batch(const Batch<S>& batch, Index begin, Index count);
  void bind_batch(const Batch<S>& batch) { bind_batch(batch, 0, batch.columns); }
  /// Where reverse() puts the gradient; nullptr: parameters' adjoints are not computed. `add`: the
  /// gradient holds numbers (P), of earlier tiles say, and sweeps go on adding to them.
  void bind_gradient(S* gradient, bool add = false);
  /// k directions (columns of V, P x k) seeded on all parameters, or on the parameter `only` (the
  /// rest of V is then known to be zero). V = nullptr: the caller seeds slots by sink_dot.
  void bind_directions(const S* v, Index k, SlotId only = -1);
  /// Where reverse_tangent() puts HV (P x k), k those of bind_directions, which comes before;
  /// nullptr: not computed. `add`: HV holds numbers, and sweeps go on adding to them.
  void bind_products(S* hv, bool add = false);
  /// Zeros for parameters that nothing reached, once all batches are done.
  void finish_gradient();
  void finish_products();

  // --- Forgetting what an earlier sweep left (flags only, no writing). ---
  void clear_tangents();
  void clear_adjoints();
  void clear_adjoint_tangents();

  // --- Planes, as the rules see them. ---
  Index cols(SlotId id) const {
    const Index c = program_->slot(id).cols;
    return c == kBatch ? columns_ : c;
  }
  ConstMatrixMap<S> x(SlotId id) const { return {value(id), rows(id), cols(id)}; }
  MatrixMap<S> y(SlotId id) { return {block_.get() + places_[at(id)].x, rows(id), cols(id)}; }
  ConstMatrixMap<S> x_dot(SlotId id, Index t) const { return {dot(id, t), rows(id), cols(id)}; }
  ConstMatrixMap<S> x_bar(SlotId id) const { return {bar(id), rows(id), cols(id)}; }
  ConstMatrixMap<S> x_bar_dot(SlotId id, Index t) const {
    return {bar_dot(id, t), rows(id), cols(id)};
  }
  /// All directions side by side, (rows x cols k); not for parameters.
  ConstMatrixMap<S> x_dot_stack(SlotId id) const {
    return {dot(id, 0), rows(id), cols(id) * directions_};
  }
  ConstMatrixMap<S> x_bar_dot_stack(SlotId id) const {
    return {bar_dot(id, 0), rows(id), cols(id) * directions_};
  }

  /// Is there a tangent (of direction t, of any, of all directions)?
  bool dot_active(SlotId id, Index t) const { return (dot_mask_[at(id)] >> t) & 1U; }
  bool dot_active(SlotId id) const { return dot_mask_[at(id)] != 0; }
  bool dot_active_all(SlotId id) const { return dot_mask_[at(id)] == all_; }
  bool bar_active(SlotId id) const { return bar_mask_[at(id)] != 0; }
  bool bar_dot_active(SlotId id, Index t) const { return (bar_dot_mask_[at(id)] >> t) & 1U; }
  bool bar_dot_active(SlotId id) const { return bar_dot_mask_[at(id)] != 0; }
  bool bar_dot_active_all(SlotId id) const { return bar_dot_mask_[at(id)] == all_; }
  bool bar_dot_untouched(SlotId id) const { return bar_dot_mask_[at(id)] == 0; }

  /// Does anybody ask for this slot's adjoint (adjoint-tangent)?
  bool wants_bar(SlotId id) const;
  bool wants_bar_dot(SlotId id) const;
  bool is_parameter(SlotId id) const { return program_->slot(id).kind == SlotKind::parameter; }

  Sink<S> sink_dot(SlotId id, Index t) { return sink(dot_mask_, id, t, dot(id, t)); }
  Sink<S> sink_bar(SlotId id) { return sink(bar_mask_, id, 0, bar(id)); }
  Sink<S> sink_bar_dot(SlotId id, Index t) { return sink(bar_dot_mask_, id, t, bar_dot(id, t)); }
  /// All directions at once; every direction must be in the same state (all active or none).
  Sink<S> sink_dot_stack(SlotId id) { return sink_stack(dot_mask_, id, dot(id, 0)); }
  Sink<S> sink_bar_dot_stack(SlotId id) { return sink_stack(bar_dot_mask_, id, bar_dot(id, 0)); }

 private:
  struct Place {  // offsets into the block, in numbers
    Index x = 0, x_bar = 0, x_dot = 0, x_bar_dot = 0;
  };
  struct Free {
    void operator()(S* p) const { std::free(p); }
  };

  static std::size_t at(SlotId id) { return static_cast<std::size_t>(id); }
  static Index layout(const Program<S>& program,
                      Index columns,
                      Index directions,
                      std::vector<Place>* places);
  Index rows(SlotId id) const { return program_->slot(id).rows; }
  const S* value(SlotId id) const;
  S* dot(SlotId id, Index t) const;
  S* bar(SlotId id) const;
  S* bar_dot(SlotId id, Index t) const;
  Sink<S> sink(std::vector<std::uint32_t>& mask, SlotId id, Index t, S* plane) {
    const std::uint32_t bit = 1U << t;
    const bool fresh = (mask[at(id)] & bit) == 0;
    mask[at(id)] |= bit;
    return {MatrixMap<S>(plane, rows(id), cols(id)), fresh};
  }
  Sink<S> sink_stack(std::vector<std::uint32_t>& mask, SlotId id, S* plane) {
    assert(mask[at(id)] == 0 || mask[at(id)] == all_);
    const bool fresh = mask[at(id)] == 0;
    mask[at(id)] = all_;
    return {MatrixMap<S>(plane, rows(id), cols(id) * directions_), fresh};
  }
  void forget(std::vector<std::uint32_t>& mask, bool parameters_too);

  const Program<S>* program_;
  Index capacity_, max_directions_;
  Index columns_ = 0, directions_ = 0;
  std::uint32_t all_ = 0;  // a bit for each direction in use
  std::vector<Place> places_;
  std::unique_ptr<S[], Free> block_;
  std::vector<const S*> inputs_;
  std::vector<std::uint32_t> dot_mask_, bar_mask_, bar_dot_mask_;
  const S* theta_ = nullptr;
  const S* v_ = nullptr;
  S* gradient_ = nullptr;
  S* hv_ = nullptr;
};

// --- Inline: on the path of every rule. ---

template <class S>
const S* Workspace<S>::value(SlotId id) const {
  const Slot& s = program_->slot(id);
  if (s.kind == SlotKind::parameter) return theta_ + s.offset;
  if (s.kind == SlotKind::input) return inputs_[static_cast<std::size_t>(s.offset)];
  return block_.get() + places_[at(id)].x;
}

template <class S>
S* Workspace<S>::dot(SlotId id, Index t) const {
  const Slot& s = program_->slot(id);
  // V is only ever read: a sink on a parameter's tangent does not exist in any rule.
  if (s.kind == SlotKind::parameter)
    return const_cast<S*>(v_) + t * program_->parameter_count() + s.offset;
  return block_.get() + places_[at(id)].x_dot + t * s.size(columns_);
}

template <class S>
S* Workspace<S>::bar(SlotId id) const {
  const Slot& s = program_->slot(id);
  if (s.kind == SlotKind::parameter) return gradient_ + s.offset;
  return block_.get() + places_[at(id)].x_bar;
}

template <class S>
S* Workspace<S>::bar_dot(SlotId id, Index t) const {
  const Slot& s = program_->slot(id);
  if (s.kind == SlotKind::parameter) return hv_ + t * program_->parameter_count() + s.offset;
  return block_.get() + places_[at(id)].x_bar_dot + t * s.size(columns_);
}

template <class S>
bool Workspace<S>::wants_bar(SlotId id) const {
  const Slot& s = program_->slot(id);
  return s.kind == SlotKind::parameter ? gradient_ != nullptr : s.needs_gradient;
}

template <class S>
bool Workspace<S>::wants_bar_dot(SlotId id) const {
  const Slot& s = program_->slot(id);
  return s.kind == SlotKind::parameter ? hv_ != nullptr : s.needs_gradient;
}

}  // namespace leaveout
