// SPDX-License-Identifier: MIT
#include "autodiff/workspace.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace leaveout {

namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

template <class S>
Index padded(Index numbers) {
  constexpr Index unit = static_cast<Index>(kAlignment / sizeof(S));
  return (numbers + unit - 1) / unit * unit;
}

}  // namespace

template <class S>
Index default_tile(const Program<S>& program) {
  constexpr std::size_t kClose = std::size_t(2) << 20;
  Index tile = 128;
  while (tile > 4 && Workspace<S>::bytes(program, tile, 0) > kClose) tile /= 2;
  return tile;
}

template <class S>
Index Workspace<S>::layout(const Program<S>& program,
                           Index columns,
                           Index directions,
                           std::vector<Place>* places) {
  Index next = 0;
  const auto take = [&next](Index numbers) {
    const Index here = next;
    next += padded<S>(numbers);
    return here;
  };
  // Plane by plane, so that a first-order sweep touches one contiguous half of the block.
  std::vector<Place> p(program.slots().size());
  const auto each = [&](auto&& place) {
    for (std::size_t i = 0; i < p.size(); ++i)
      if (program.slots()[i].kind == SlotKind::value) place(p[i], program.slots()[i]);
  };
  each([&](Place& at, const Slot& s) { at.x = take(s.size(columns)); });
  each([&](Place& at, const Slot& s) {
    if (s.needs_gradient) at.x_bar = take(s.size(columns));
  });
  if (directions > 0) {
    each([&](Place& at, const Slot& s) {
      if (s.needs_gradient) at.x_dot = take(s.size(columns) * directions);
    });
    each([&](Place& at, const Slot& s) {
      if (s.needs_gradient) at.x_bar_dot = take(s.size(columns) * directions);
    });
  }
  if (places) *places = std::move(p);
  return next;
}

template <class S>
std::size_t Workspace<S>::bytes(const Program<S>& program, Index columns, Index directions) {
  return static_cast<std::size_t>(layout(program, columns, directions, nullptr)) * sizeof(S);
}

template <class S>
Workspace<S>::Workspace(const Program<S>& program, Index columns, Index directions)
    : program_(&program), capacity_(columns), max_directions_(directions) {
  if (columns < 1 || directions < 0 || directions > kMaxDirections)
    throw std::invalid_argument(
        fmt::format("[workspace] size, expected columns >= 1 and 0 to {} directions, got {} and {}",
                    kMaxDirections,
                    columns,
                    directions));
  const Index numbers = std::max<Index>(layout(program, columns, directions, &places_), 1);
  const std::size_t bytes =
      (static_cast<std::size_t>(numbers) * sizeof(S) + kAlignment - 1) / kAlignment * kAlignment;
  block_.reset(static_cast<S*>(std::aligned_alloc(kAlignment, bytes)));
  if (!block_) throw std::bad_alloc();
  std::fill_n(block_.get(), numbers, S(0));
  inputs_.assign(program.inputs().size(), nullptr);
  dot_mask_.assign(program.slots().size(), 0);
  bar_mask_.assign(program.slots().size(), 0);
  bar_dot_mask_.assign(program.slots().size(), 0);
}

template <class S>
void Workspace<S>::bind_batch(const Batch<S>& batch, Index begin, Index count) {
  if (count < 1 || count > capacity_ || begin < 0 || begin + count > batch.columns)
    throw std::invalid_argument(
        fmt::format("[workspace] batch, expected 1 to {} columns within {}, got [{}, {})",
                    capacity_,
                    batch.columns,
                    begin,
                    begin + count));
  if (batch.data.size() != inputs_.size())
    throw std::invalid_argument(
        fmt::format("[workspace] inputs, expected {}, got {}", inputs_.size(), batch.data.size()));
  columns_ = count;
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    inputs_[i] = batch.data[i] + begin * program_->slot(program_->inputs()[i]).rows;
}

template <class S>
void Workspace<S>::bind_gradient(S* gradient, bool add) {
  gradient_ = gradient;
  for (const SlotId id : program_->parameters()) bar_mask_[at(id)] = add ? 1U : 0U;
}

template <class S>
void Workspace<S>::bind_directions(const S* v, Index k, SlotId only) {
  if (k < 1 || k > max_directions_)
    throw std::invalid_argument(
        fmt::format("[workspace] directions, expected 1 to {}, got {}", max_directions_, k));
  v_ = v;
  directions_ = k;
  all_ = k == kMaxDirections ? ~0U : (1U << k) - 1U;
  clear_tangents();
  clear_adjoint_tangents();
  for (const SlotId id : program_->parameters()) {
    dot_mask_[at(id)] = v && (only < 0 || only == id) ? all_ : 0U;
    bar_dot_mask_[at(id)] = 0;
  }
}

template <class S>
void Workspace<S>::bind_products(S* hv, bool add) {
  hv_ = hv;
  for (const SlotId id : program_->parameters()) bar_dot_mask_[at(id)] = add ? all_ : 0U;
}

template <class S>
void Workspace<S>::finish_gradient() {
  for (const SlotId id : program_->parameters())
    if (!bar_active(id)) sink_bar(id).cleared();
}

template <class S>
void Workspace<S>::finish_products() {
  for (const SlotId id : program_->parameters())
    for (Index t = 0; t < directions_; ++t)
      if (!bar_dot_active(id, t)) sink_bar_dot(id, t).cleared();
}

template <class S>
void Workspace<S>::forget(std::vector<std::uint32_t>& mask, bool parameters_too) {
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (parameters_too || program_->slots()[i].kind != SlotKind::parameter) mask[i] = 0;
}

// Parameters keep their state: their tangents are the caller's seeds, and their adjoints go on
// collecting over the batches of one pass.
template <class S>
void Workspace<S>::clear_tangents() {
  forget(dot_mask_, false);
}

template <class S>
void Workspace<S>::clear_adjoints() {
  forget(bar_mask_, false);
}

template <class S>
void Workspace<S>::clear_adjoint_tangents() {
  forget(bar_dot_mask_, false);
}

template Index default_tile(const Program<float>&);
template Index default_tile(const Program<double>&);
template Index default_tile(const Program<std::complex<double>>&);
template class Workspace<float>;
template class Workspace<double>;
template class Workspace<std::complex<double>>;

}  // namespace leaveout
