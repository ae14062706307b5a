// SPDX-License-Identifier: MIT
#pragma once
// An operation alone in a Program, its sweeps as plain functions from columns to columns.
//
//   OpProbe<double> probe(op_case, op_case.record, 3);   // up to 3 directions
//   probe.move_to(x, data);
//   Vector<double> y = probe.forward();                  // (M)
//   Matrix<double> j = probe.tangent(v);                 // J v, (M x k)
//   Matrix<double> k = probe.reverse_tangent(v, u, {}, Curvature::full);      // K(u) v, (D x k)

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/workspace.h"
#include "tests/support/check_op.h"

namespace leaveout {

/// The operation's differentiable arguments are one long column x (D), its output another, y (M);
/// directions are columns. A matrix without columns stands for "untouched".
template <class S>
class OpProbe {
 public:
  OpProbe(const OpCase& c, const RecordOp<S>& record, Index directions)
      : case_(c), program_(recorded(record)), ws_(program_, c.columns, directions) {
    const Index p = program_.parameter_count();
    theta_.setZero(p);
    gradient_.setZero(p);
    v_.setZero(p, directions);
    hv_.setZero(p, directions);
    for (const OpArgument& a : c.arguments)
      if (a.role == OpArgument::Role::data) data_.emplace_back(a.rows, c.columns);
    ws_.bind_parameters(theta_.data());
  }

  const Op<S>& op() const { return *program_.ops().front(); }
  Index outputs() const { return program_.slot(op().output()).size(case_.columns); }

  /// Moves to x and the given data.
  void move_to(const Vector<S>& x, const std::vector<Matrix<double>>& data) {
    Batch<S> batch{{}, case_.columns};
    for (std::size_t i = 0; i < data.size(); ++i) {
      data_[i] = data[i].template cast<S>();
      batch.data.push_back(data_[i].data());
    }
    ws_.bind_batch(batch);
    each_argument([&](SlotId id, Index at, Index size) {
      if (ws_.is_parameter(id))
        theta_.segment(program_.slot(id).offset, size) = x.segment(at, size);
      else
        Vector<S>::Map(ws_.y(id).data(), size) = x.segment(at, size);
    });
  }

  /// y, computed over outputs full of NaN.
  Vector<S> forward() {
    for (std::size_t i = 0; i < program_.slots().size(); ++i) {
      const auto id = static_cast<SlotId>(i);
      if (program_.slots()[i].kind == SlotKind::value && !is_argument(id))
        ws_.y(id).setConstant(S(std::numeric_limits<double>::quiet_NaN()));
    }
    op().forward(ws_);
    return flat(ws_.x(op().output()));
  }

  /// J v, for directions with v.col(t) not NaN; `before` is what the output's tangent held.
  Matrix<S> tangent(const Matrix<S>& v, double before = 0) {
    start(v);
    for (Index t = 0; before != 0 && t < v.cols(); ++t) put(ws_.sink_dot(op().output(), t), before);
    op().tangent(ws_);
    Matrix<S> result = Matrix<S>::Zero(outputs(), v.cols());
    for (Index t = 0; t < v.cols(); ++t)
      if (ws_.dot_active(op().output(), t)) result.col(t) = flat(ws_.x_dot(op().output(), t));
    return result;
  }

  /// J' u (D).
  Vector<S> reverse(const Vector<S>& u, double before = 0) {
    adjoint(u);
    each_argument([&](SlotId id, Index, Index) {
      if (before != 0) put(ws_.sink_bar(id), before);
    });
    op().reverse(ws_);
    Vector<S> result = Vector<S>::Zero(size_);
    each_argument([&](SlotId id, Index at, Index size) {
      if (ws_.bar_active(id)) result.segment(at, size) = flat(ws_.x_bar(id));
    });
    return result;
  }

  /// J' u_dot + K(u) v (D x k), k the columns of v or u_dot.
  Matrix<S> reverse_tangent(const Matrix<S>& v,
                            const Vector<S>& u,
                            const Matrix<S>& u_dot,
                            Curvature curvature,
                            double before = 0) {
    const Index k = std::max(v.cols(), u_dot.cols());
    adjoint(u);
    start(v, k);
    ws_.bind_products(hv_.data());
    for (Index t = 0; t < u_dot.cols(); ++t)
      ws_.sink_bar_dot(op().output(), t)(shaped(u_dot.col(t)));
    each_argument([&](SlotId id, Index, Index) {
      for (Index t = 0; before != 0 && t < k; ++t) put(ws_.sink_bar_dot(id, t), before);
    });
    op().reverse_tangent(ws_, curvature);
    Matrix<S> result = Matrix<S>::Zero(size_, k);
    each_argument([&](SlotId id, Index at, Index size) {
      for (Index t = 0; t < k; ++t)
        if (ws_.bar_dot_active(id, t)) result.col(t).segment(at, size) = flat(ws_.x_bar_dot(id, t));
    });
    return result;
  }

  Index size() const { return size_; }

 private:
  Program<S> recorded(const RecordOp<S>& record) {
    Recorder<S> r;
    for (const OpArgument& a : case_.arguments) {
      const bool data = a.role == OpArgument::Role::data;
      const SlotId id = a.role == OpArgument::Role::parameter ? r.parameter(a.rows, a.cols)
                        : data                                ? r.input(a.rows)
                                                              : r.value(a.rows, a.cols, true);
      slots_.push_back(id);
      if (!data) size_ += r.slot(id).size(case_.columns);
    }
    record(r, slots_);
    const SlotId row = r.value(1, kBatch, true), number = r.value(1, 1, true);
    return std::move(r).finish({row, row, number});
  }

  /// Tangents v, k of them (NaN columns and missing columns stay untouched where they can).
  void start(const Matrix<S>& v, Index k = 0) {
    k = std::max(k, v.cols());
    const bool moving = v.cols() > 0;
    each_argument([&](SlotId id, Index at, Index size) {
      if (ws_.is_parameter(id) && moving)
        for (Index t = 0; t < k; ++t)
          v_.col(t).segment(program_.slot(id).offset, size) =
              still(v, t) ? Vector<S>::Zero(size) : Vector<S>(v.col(t).segment(at, size));
    });
    ws_.bind_directions(moving ? v_.data() : nullptr, k);
    each_argument([&](SlotId id, Index at, Index) {
      for (Index t = 0; t < v.cols() && !ws_.is_parameter(id); ++t)
        if (!still(v, t))
          ws_.sink_dot(
              id, t)(ConstMatrixMap<S>(v.col(t).data() + at, ws_.x(id).rows(), ws_.x(id).cols()));
    });
  }
  static bool still(const Matrix<S>& v, Index t) { return std::isnan(real_part(v(0, t))); }

  void adjoint(const Vector<S>& u) {
    ws_.clear_adjoints();
    ws_.bind_gradient(gradient_.data());
    if (u.size() > 0) ws_.sink_bar(op().output())(shaped(u));
  }
  template <class Column>
  Matrix<S> shaped(const Column& column) const {
    Matrix<S> result = column;
    result.resize(ws_.x(op().output()).rows(), ws_.x(op().output()).cols());
    return result;
  }
  static Vector<S> flat(const ConstMatrixMap<S>& m) { return Vector<S>::Map(m.data(), m.size()); }
  static void put(Sink<S> sink, double number) {
    sink(Matrix<S>::Constant(sink.map.rows(), sink.map.cols(), S(number)));
  }
  bool is_argument(SlotId id) const {
    return std::find(slots_.begin(), slots_.end(), id) != slots_.end();
  }
  template <class Body>
  void each_argument(Body&& body) const {
    Index at = 0;
    for (const SlotId id : slots_) {
      const Slot& slot = program_.slot(id);
      if (slot.kind == SlotKind::input) continue;
      const Index size = slot.size(case_.columns);
      body(id, at, size);
      at += size;
    }
  }

  const OpCase& case_;
  std::vector<SlotId> slots_;  // the arguments
  Index size_ = 0;             // D
  Program<S> program_;
  Workspace<S> ws_;
  Vector<S> theta_, gradient_;   // (P)
  Matrix<S> v_, hv_;             // (P x k)
  std::vector<Matrix<S>> data_;  // (rows x columns) each
};

}  // namespace leaveout
