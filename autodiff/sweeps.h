// SPDX-License-Identifier: MIT
#pragma once
// The four sweeps: walks over a Program's operations, each a loop over a list.
//
//   forward(ws);                       // values; prepare(ws): all that derivatives need of them
//   seed(ws); reverse(ws);             // adjoints of the objective; gradient if one is bound
//   tangent(ws);                       // tangents of all bound directions
//   reverse_tangent(ws, curvature);    // adjoint-tangents; HV if bound
//
// The walks start at a given operation where the caller knows that nothing before it is active, and
// stop above a given one where nothing below is wanted.

#include <algorithm>

#include "autodiff/workspace.h"

namespace leaveout {

template <class S>
void forward(Workspace<S>& ws) {
  for (const auto& op : ws.program().ops()) op->forward(ws);
}

/// The forward sweep for the other three, where nobody reads the losses and the objective.
template <class S>
void prepare(Workspace<S>& ws) {
  for (const auto& op : ws.program().ops()) op->prepare(ws);
}

/// Starts a reverse sweep at the objective: forgets old adjoints, sets d objective = 1.
template <class S>
void seed(Workspace<S>& ws) {
  ws.clear_adjoints();
  ws.sink_bar(ws.program().roles().objective).scalar(S(1));
}

/// Operations `first`, first - 1, ..., `last` (default: all), skipping those nothing depends on.
template <class S>
void reverse(Workspace<S>& ws, int first = -1, int last = 0) {
  const auto& ops = ws.program().ops();
  if (first < 0) first = static_cast<int>(ops.size()) - 1;
  for (int i = first; i >= last; --i) {
    const Op<S>& op = *ops[static_cast<std::size_t>(i)];
    if (ws.bar_active(op.output())) op.reverse(ws);
  }
}

/// Reverse sweep from row `row` of slot `from`, all columns seeded with 1: of the losses, say, so
/// that no example's weight counts.
template <class S>
void reverse_from(Workspace<S>& ws, SlotId from, Index row = 0) {
  ws.clear_adjoints();
  ws.sink_bar(from).cleared().row(row).setOnes();
  reverse(ws, ws.program().slot(from).producer);
}

/// The reverse sweep that reverse_tangent(ws, curvature) needs, where nobody asks for the gradient.
/// Of a Gauss-Newton sweep only losses look at adjoints, so it ends above the lowest of them.
template <class S>
void reverse_for(Workspace<S>& ws, Curvature curvature) {
  const auto& ops = ws.program().ops();
  const auto is_loss = [](const auto& op) { return op->is_loss(); };
  const auto loss = std::find_if(ops.begin(), ops.end(), is_loss);
  reverse(ws, -1, curvature == Curvature::full ? 0 : static_cast<int>(loss - ops.begin()) + 1);
}

/// Operations from `first` on; those without an active input do nothing.
template <class S>
void tangent(Workspace<S>& ws, int first = 0) {
  const auto& ops = ws.program().ops();
  for (std::size_t i = static_cast<std::size_t>(first); i < ops.size(); ++i) ops[i]->tangent(ws);
}

/// As reverse(), over adjoint-tangents. The objective's own adjoint-tangent is zero.
template <class S>
void reverse_tangent(Workspace<S>& ws, Curvature curvature, int last = 0) {
  const auto& ops = ws.program().ops();
  ws.clear_adjoint_tangents();
  for (int i = static_cast<int>(ops.size()) - 1; i >= last; --i) {
    const Op<S>& op = *ops[static_cast<std::size_t>(i)];
    if (ws.bar_active(op.output()) || ws.bar_dot_active(op.output()))
      op.reverse_tangent(ws, curvature);
  }
}

}  // namespace leaveout
