// SPDX-License-Identifier: MIT
#include "autodiff/ops/linear.h"

#include <fmt/format.h>

#include "autodiff/families.h"

namespace leaveout {

namespace {

template <class S>
class Add final : public LinearOp<Add<S>, S> {
 public:
  using LinearOp<Add<S>, S>::LinearOp;
  const char* name() const override { return "add"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { put(x); }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const { put(y_bar); }
};

template <class S>
class Scale final : public LinearOp<Scale<S>, S> {
 public:
  Scale(SlotId x, SlotId y, double c) : LinearOp<Scale<S>, S>({x}, y), c_(static_cast<S>(c)) {}
  const char* name() const override { return "scale"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { put(c_ * x); }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const { put(c_ * y_bar); }

 private:
  S c_;
};

template <class S>
class Bias final : public LinearOp<Bias<S>, S> {
 public:
  Bias(SlotId x, SlotId b, SlotId y) : LinearOp<Bias<S>, S>({x, b}, y) {}
  const char* name() const override { return "bias"; }
  void apply(int i, const ConstMatrixMap<S>& x, Sink<S>& put) const {
    if (i == 0)
      put(x);
    else
      put.with_rows(x.rows())(side_by_side(x, put.map.size() / x.rows()));
  }
  void apply_transpose(int i, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    if (i == 0)
      put(y_bar);
    else
      put(with_rows(y_bar, put.map.rows()).rowwise().sum());
  }
};

template <class S>
class Reshape final : public LinearOp<Reshape<S>, S> {
 public:
  Reshape(SlotId x, SlotId y) : LinearOp<Reshape<S>, S>({x}, y) {}
  const char* name() const override { return "reshape"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { copy(x, put); }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    copy(y_bar, put);
  }

 private:
  static void copy(const ConstMatrixMap<S>& from, Sink<S>& put) {
    put(ConstMatrixMap<S>(from.data(), put.map.rows(), put.map.cols()));
  }
};

template <class S>
class Sum final : public LinearOp<Sum<S>, S> {
 public:
  Sum(SlotId x, SlotId y) : LinearOp<Sum<S>, S>({x}, y) {}
  const char* name() const override { return "sum"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { put.scalar(x.sum()); }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    put(Matrix<S>::Constant(put.map.rows(), put.map.cols(), y_bar(0, 0)));
  }
};

template <class S>
class ColumnMean final : public LinearOp<ColumnMean<S>, S> {
 public:
  ColumnMean(SlotId x, SlotId y) : LinearOp<ColumnMean<S>, S>({x}, y) {}
  const char* name() const override { return "column_mean"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const {
    put(x.colwise().sum() / S(static_cast<double>(x.rows())));
  }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    const Index rows = put.map.rows();
    put(on_top_of_itself(y_bar, rows) / S(static_cast<double>(rows)));
  }
};

/// I - 1 1' / rows is its own transpose.
template <class S>
class Centre final : public LinearOp<Centre<S>, S> {
 public:
  Centre(SlotId x, SlotId y) : LinearOp<Centre<S>, S>({x}, y) {}
  const char* name() const override { return "centre"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const { centred(x, put); }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    centred(y_bar, put);
  }

 private:
  static void centred(const ConstMatrixMap<S>& x, Sink<S>& put) {
    put(x);
    for (Index n = 0; n < x.cols(); ++n)
      put.map.col(n).array() -= x.col(n).sum() / S(static_cast<double>(x.rows()));
  }
};

template <class S>
class RepeatRow final : public LinearOp<RepeatRow<S>, S> {
 public:
  RepeatRow(SlotId x, SlotId y) : LinearOp<RepeatRow<S>, S>({x}, y) {}
  const char* name() const override { return "repeat_row"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const {
    put(on_top_of_itself(x, put.map.rows()));
  }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    put(y_bar.colwise().sum());
  }
};

template <class S>
class RepeatColumn final : public LinearOp<RepeatColumn<S>, S> {
 public:
  RepeatColumn(SlotId x, SlotId y) : LinearOp<RepeatColumn<S>, S>({x}, y) {}
  const char* name() const override { return "repeat_column"; }
  void apply(int, const ConstMatrixMap<S>& x, Sink<S>& put) const {
    put(side_by_side(x, put.map.cols()));
  }
  void apply_transpose(int, const ConstMatrixMap<S>& y_bar, Sink<S>& put) const {
    put(y_bar.rowwise().sum());
  }
};

}  // namespace

template <class S>
SlotId add(Recorder<S>& r, SlotId a, SlotId b) {
  const Slot& s = r.slot(a);
  r.require(s.rows == r.slot(b).rows && s.cols == r.slot(b).cols,
            "add",
            fmt::format("shapes, expected equal, got {} and {}", r.shape(a), r.shape(b)));
  const SlotId y = r.value(s.rows, s.cols, r.needs_gradient(a) || r.needs_gradient(b));
  return r.append(std::make_unique<Add<S>>(std::vector<SlotId>{a, b}, y));
}

template <class S>
SlotId scale(Recorder<S>& r, SlotId x, double c) {
  const SlotId y = r.value(r.slot(x).rows, r.slot(x).cols, r.needs_gradient(x));
  return r.append(std::make_unique<Scale<S>>(x, y, c));
}

template <class S>
SlotId bias(Recorder<S>& r, SlotId x, SlotId b) {
  r.require(
      r.slot(x).rows % r.slot(b).rows == 0 && r.slot(b).cols == 1,
      "bias",
      fmt::format("bias, expected {} x 1 or a part of it, got {}", r.slot(x).rows, r.shape(b)));
  const SlotId y =
      r.value(r.slot(x).rows, r.slot(x).cols, r.needs_gradient(x) || r.needs_gradient(b));
  r.append(std::make_unique<Bias<S>>(x, b, y));
  r.note_spread_column(b, y);
  return y;
}

template <class S>
SlotId reshape(Recorder<S>& r, SlotId x, Index rows, Index cols) {
  const Slot& s = r.slot(x);
  const bool batch = s.cols == kBatch;
  const bool fits = batch ? (cols == kBatch && rows == s.rows)
                          : (cols != kBatch && rows * cols == s.rows * s.cols);
  r.require(
      fits,
      "reshape",
      fmt::format("sizes, expected as many entries as {}, got {} x {}", r.shape(x), rows, cols));
  const SlotId y = r.value(rows, cols, r.needs_gradient(x));
  return r.append(std::make_unique<Reshape<S>>(x, y));
}

template <class S>
SlotId sum(Recorder<S>& r, SlotId x) {
  const SlotId y = r.value(1, 1, r.needs_gradient(x));
  return r.append(std::make_unique<Sum<S>>(x, y));
}

template <class S>
SlotId column_mean(Recorder<S>& r, SlotId x) {
  const SlotId y = r.value(1, r.slot(x).cols, r.needs_gradient(x));
  return r.append(std::make_unique<ColumnMean<S>>(x, y));
}

template <class S>
SlotId centre(Recorder<S>& r, SlotId x) {
  const SlotId y = r.value(r.slot(x).rows, r.slot(x).cols, r.needs_gradient(x));
  return r.append(std::make_unique<Centre<S>>(x, y));
}

template <class S>
SlotId repeat_row(Recorder<S>& r, SlotId x, Index rows) {
  r.require(r.slot(x).rows == 1,
            "repeat_row",
            fmt::format("input, expected one row, got {}", r.shape(x)));
  const SlotId y = r.value(rows, r.slot(x).cols, r.needs_gradient(x));
  return r.append(std::make_unique<RepeatRow<S>>(x, y));
}

template <class S>
SlotId repeat_column(Recorder<S>& r, SlotId x) {
  r.require(r.slot(x).cols == 1,
            "repeat_column",
            fmt::format("input, expected one column, got {}", r.shape(x)));
  const SlotId y = r.value(r.slot(x).rows, kBatch, r.needs_gradient(x));
  r.append(std::make_unique<RepeatColumn<S>>(x, y));
  r.note_spread_column(x, y);
  return y;
}

#define LEAVEOUT_INSTANTIATE(S)                                \
  template SlotId column_mean(Recorder<S>&, SlotId);           \
  template SlotId centre(Recorder<S>&, SlotId);                \
  template SlotId repeat_row(Recorder<S>&, SlotId, Index);     \
  template SlotId repeat_column(Recorder<S>&, SlotId);         \
  template SlotId add(Recorder<S>&, SlotId, SlotId);           \
  template SlotId scale(Recorder<S>&, SlotId, double);         \
  template SlotId bias(Recorder<S>&, SlotId, SlotId);          \
  template SlotId reshape(Recorder<S>&, SlotId, Index, Index); \
  template SlotId sum(Recorder<S>&, SlotId);
LEAVEOUT_INSTANTIATE(float)
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
