// SPDX-License-Identifier: MIT
#include "autodiff/ops/bilinear.h"

#include <fmt/format.h>

#include <type_traits>

#include "autodiff/families.h"
#include "autodiff/layer_product.h"
#include "autodiff/small_product.h"

namespace leaveout {

namespace {

/// put = y b'.
template <class S>
void accumulate(const ConstMatrixMap<S>& y, const ConstMatrixMap<S>& b, Sink<S>& put) {
  if constexpr (std::is_same_v<S, double>) {
    if (small_enough(y.rows(), b.rows(), y.cols())) {
      accumulate_small(
          y.data(), y.rows(), b.data(), b.rows(), y.cols(), put.map.data(), !put.fresh);
      put.fresh = false;
      return;
    }
  }
  put(y * b.transpose());
}

// The three products of Y = A B, shared by matmul and affine:
//   Y = A B,  A_bar = Y_bar B',  B_bar = A' Y_bar      (m x n · (k x n)' -> m x k, and so on)
// Where B has several times as many rows as A has columns, A acts on each piece of a column: the
// columns of a position each (ops/convolution.h). In memory the pieces are columns already.
template <class Derived, class S>
class MatrixProduct : public BilinearOp<Derived, S> {
 public:
  using BilinearOp<Derived, S>::BilinearOp;
  static constexpr bool kActsOnColumns = true;
  void product(const ConstMatrixMap<S>& a, const ConstMatrixMap<S>& b, Sink<S>& put) const {
    multiply(a, false, with_rows(b, a.cols()), put.with_rows(a.rows()));
  }
  void adjoint_left(const ConstMatrixMap<S>& y_bar,
                    const ConstMatrixMap<S>& b,
                    Sink<S>& put) const {
    accumulate(with_rows(y_bar, put.map.rows()), with_rows(b, put.map.cols()), put);
  }
  void adjoint_right(const ConstMatrixMap<S>& a,
                     const ConstMatrixMap<S>& y_bar,
                     Sink<S>& put) const {
    multiply(a, true, with_rows(y_bar, a.rows()), put.with_rows(a.cols()));
  }
};

template <class S>
class Matmul final : public MatrixProduct<Matmul<S>, S> {
 public:
  using MatrixProduct<Matmul<S>, S>::MatrixProduct;
  const char* name() const override { return "matmul"; }
};

/// The product's sweeps, and the bias added where the product has just been written.
template <class S>
class Affine final : public MatrixProduct<Affine<S>, S> {
  using Base = MatrixProduct<Affine<S>, S>;

 public:
  Affine(SlotId weight, SlotId b, SlotId x, SlotId z) : Base({weight, x, b}, z) {}
  const char* name() const override { return "affine"; }

  void forward(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> w = ws.x(this->a());
    Sink<S> z{ws.y(this->output()), true};
    multiply(
        w, false, with_rows(ws.x(this->b()), w.cols()), z.with_rows(w.rows()), ws.x(bias()).data());
  }
  void tangent(Workspace<S>& ws) const override {
    this->tangent_of_right(ws);
    const ConstMatrixMap<S> w = ws.x(this->a());
    const ConstMatrixMap<S> x = with_rows(ws.x(this->b()), w.cols());
    for (Index t = 0; t < ws.directions(); ++t) {
      const bool shifts = ws.dot_active(bias(), t);
      if (ws.dot_active(this->a(), t))
        multiply(ws.x_dot(this->a(), t),
                 false,
                 x,
                 ws.sink_dot(this->output(), t).with_rows(w.rows()),
                 shifts ? ws.x_dot(bias(), t).data() : nullptr);
      else if (shifts)
        ws.sink_dot(this->output(), t)
            .with_rows(w.rows())(side_by_side(ws.x_dot(bias(), t), x.cols()));
    }
  }
  void reverse(Workspace<S>& ws) const override {
    Base::reverse(ws);
    if (ws.wants_bar(bias())) add_columns(ws.x_bar(this->output()), ws.sink_bar(bias()));
  }
  void reverse_tangent(Workspace<S>& ws, Curvature curvature) const override {
    Base::reverse_tangent(ws, curvature);
    if (!ws.wants_bar_dot(bias())) return;
    for (Index t = 0; t < ws.directions(); ++t)
      if (ws.bar_dot_active(this->output(), t))
        add_columns(ws.x_bar_dot(this->output(), t), ws.sink_bar_dot(bias(), t));
  }

 private:
  static void add_columns(const ConstMatrixMap<S>& z_bar, Sink<S> put) {
    const ConstMatrixMap<S> columns = with_rows(z_bar, put.map.rows());
    if constexpr (std::is_same_v<S, double>) {
      if (small_enough(columns.rows(), 1, columns.cols())) {
        sum_columns_small(
            columns.data(), columns.rows(), columns.cols(), put.map.data(), !put.fresh);
        return;
      }
    }
    put(columns.rowwise().sum());
  }
  SlotId bias() const { return this->input(2); }
};

template <class S>
class Mul final : public BilinearOp<Mul<S>, S> {
 public:
  using BilinearOp<Mul<S>, S>::BilinearOp;
  static constexpr bool kActsOnColumns = false;
  const char* name() const override { return "mul"; }
  void product(const ConstMatrixMap<S>& a, const ConstMatrixMap<S>& b, Sink<S>& put) const {
    put(a.cwiseProduct(b));
  }
  void adjoint_left(const ConstMatrixMap<S>& y_bar,
                    const ConstMatrixMap<S>& b,
                    Sink<S>& put) const {
    put(y_bar.cwiseProduct(b));
  }
  void adjoint_right(const ConstMatrixMap<S>& a,
                     const ConstMatrixMap<S>& y_bar,
                     Sink<S>& put) const {
    put(y_bar.cwiseProduct(a));
  }
};

template <class S>
class Dot final : public BilinearOp<Dot<S>, S> {
 public:
  using BilinearOp<Dot<S>, S>::BilinearOp;
  static constexpr bool kActsOnColumns = false;
  const char* name() const override { return "dot"; }
  void product(const ConstMatrixMap<S>& a, const ConstMatrixMap<S>& b, Sink<S>& put) const {
    put.scalar(a.cwiseProduct(b).sum());
  }
  void adjoint_left(const ConstMatrixMap<S>& y_bar,
                    const ConstMatrixMap<S>& b,
                    Sink<S>& put) const {
    put(y_bar(0, 0) * b);
  }
  void adjoint_right(const ConstMatrixMap<S>& a,
                     const ConstMatrixMap<S>& y_bar,
                     Sink<S>& put) const {
    put(y_bar(0, 0) * a);
  }
};

template <class S>
bool either_needs_gradient(const Recorder<S>& r, SlotId a, SlotId b) {
  return r.needs_gradient(a) || r.needs_gradient(b);
}

template <class S>
void require_product(const Recorder<S>& r, const char* op, SlotId a, SlotId b) {
  r.require(r.slot(a).cols == r.slot(b).rows,
            op,
            fmt::format("inner sizes, expected equal, got {} and {}", r.shape(a), r.shape(b)));
}

template <class S>
void require_equal(const Recorder<S>& r, const char* op, SlotId a, SlotId b) {
  r.require(r.slot(a).rows == r.slot(b).rows && r.slot(a).cols == r.slot(b).cols,
            op,
            fmt::format("shapes, expected equal, got {} and {}", r.shape(a), r.shape(b)));
}

}  // namespace

template <class S>
SlotId matmul(Recorder<S>& r, SlotId a, SlotId b) {
  require_product(r, "matmul", a, b);
  const SlotId y = r.value(r.slot(a).rows, r.slot(b).cols, either_needs_gradient(r, a, b));
  return r.append(std::make_unique<Matmul<S>>(std::vector<SlotId>{a, b}, y));
}

template <class S>
SlotId affine(Recorder<S>& r, SlotId weight, SlotId b, SlotId x) {
  const Slot w = r.slot(weight), s = r.slot(x);
  r.require(s.rows % w.cols == 0,
            "affine",
            fmt::format("input, expected a multiple of {} rows, got {}", w.cols, r.shape(x)));
  r.require(b < 0 || (r.slot(b).rows == w.rows && r.slot(b).cols == 1),
            "affine",
            fmt::format("bias, expected {} x 1, got {}", w.rows, b < 0 ? "none" : r.shape(b)));
  const bool needs = either_needs_gradient(r, weight, x) || (b >= 0 && r.needs_gradient(b));
  const SlotId z = r.value(w.rows * (s.rows / w.cols), s.cols, needs);
  if (b < 0)
    r.append(std::make_unique<Matmul<S>>(std::vector<SlotId>{weight, x}, z));
  else
    r.append(std::make_unique<Affine<S>>(weight, b, x, z));
  r.note_affine_layer(weight, b, x, z);
  return z;
}

template <class S>
SlotId mul(Recorder<S>& r, SlotId a, SlotId b) {
  require_equal(r, "mul", a, b);
  const SlotId y = r.value(r.slot(a).rows, r.slot(a).cols, either_needs_gradient(r, a, b));
  return r.append(std::make_unique<Mul<S>>(std::vector<SlotId>{a, b}, y));
}

template <class S>
SlotId dot(Recorder<S>& r, SlotId a, SlotId b) {
  require_equal(r, "dot", a, b);
  const SlotId y = r.value(1, 1, either_needs_gradient(r, a, b));
  return r.append(std::make_unique<Dot<S>>(std::vector<SlotId>{a, b}, y));
}

#define LEAVEOUT_INSTANTIATE(S)                                 \
  template SlotId matmul(Recorder<S>&, SlotId, SlotId);         \
  template SlotId affine(Recorder<S>&, SlotId, SlotId, SlotId); \
  template SlotId mul(Recorder<S>&, SlotId, SlotId);            \
  template SlotId dot(Recorder<S>&, SlotId, SlotId);
LEAVEOUT_INSTANTIATE(float)
LEAVEOUT_INSTANTIATE(double)
LEAVEOUT_INSTANTIATE(std::complex<double>)
#undef LEAVEOUT_INSTANTIATE

}  // namespace leaveout
