// SPDX-License-Identifier: MIT
#include "autodiff/bench/hand.h"

#include <algorithm>
#include <cmath>

#include "autodiff/vector_math.h"

namespace leaveout {

namespace {

template <class S>
using ConstVec = Eigen::Map<const Vector<S>>;
template <class S>
using ArrayView = Eigen::Map<Eigen::Array<S, Eigen::Dynamic, Eigen::Dynamic>>;

/// The first n columns of a buffer.
template <class S>
MatrixMap<S> view(Matrix<S>& m, Index n) {
  return {m.data(), m.rows(), n};
}
template <class S>
ArrayView<S> array_view(Matrix<S>& m, Index n) {
  return {m.data(), m.rows(), n};
}
/// Columns [begin, begin + n) of the data.
template <class S>
ConstMatrixMap<S> columns(const Matrix<S>& m, Index begin, Index n) {
  return {m.data() + begin * m.rows(), m.rows(), n};
}

template <class S, class Expression>
void put(S* to, Index rows, Index cols, bool add, const Expression& expression) {
  MatrixMap<S> map(to, rows, cols);
  if (add)
    map.noalias() += expression;
  else
    map.noalias() = expression;
}

}  // namespace

Index BenchNet::parameter_count() const {
  Index count = 0;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) count += widths[l + 1] * (widths[l] + 1);
  return count;
}

template <class S>
HandMlpOf<S>::HandMlpOf(BenchNet net, Index tile)
    : net_(std::move(net)), tile_(tile), parameter_count_(net_.parameter_count()) {
  Index offset = 0;
  for (std::size_t l = 0; l + 1 < net_.widths.size(); ++l) {
    const Index out = net_.widths[l + 1], in = net_.widths[l];
    const Matrix<S> buffer(out, tile);
    layers_.push_back({out, in, offset, buffer, buffer, buffer, buffer, buffer, buffer});
    offset += out * (in + 1);
  }
  p_.resize(net_.widths.back(), tile);
}

template <class S>
S HandMlpOf<S>::forward(const Vector<S>& theta, const BenchDataOf<S>& data, Index begin, Index n) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& a = layers_[l];
    const ConstMatrixMap<S> w(theta.data() + a.offset, a.out, a.in);
    MatrixMap<S> h = view(a.h, n);
    if (l == 0)
      h.noalias() = w * columns(data.x, begin, n);
    else
      h.noalias() = w * view(layers_[l - 1].h, n);
    h.colwise() += ConstVec<S>(theta.data() + a.offset + a.out * a.in, a.out);
    if (l + 1 == layers_.size()) break;
    if (net_.relu)
      h = h.cwiseMax(S(0));
    else
      vmath::tanh(a.h.data(), a.h.data(), a.out * n);
  }
  return head(data, begin, n);
}

/// Loss, and delta = w (mu(y) - t).
template <class S>
S HandMlpOf<S>::head(const BenchDataOf<S>& data, Index begin, Index n) {
  Layer& top = layers_.back();
  const MatrixMap<S> y = view(top.h, n);
  const ConstMatrixMap<S> t = columns(data.t, begin, n);
  const ConstVec<S> w(data.w.data() + begin, n);
  MatrixMap<S> delta = view(top.delta, n);
  S value = 0;
  if (!net_.classifier) {
    delta = y - t;
    value = S(0.5) * delta.colwise().squaredNorm().dot(w.transpose());
  } else {
    for (Index j = 0; j < n; ++j) {
      const S top_y = y.col(j).maxCoeff();
      p_.col(j) = y.col(j).array() - top_y;
      value += w(j) * -t.col(j).dot(p_.col(j));
    }
    vmath::exp(p_.data(), p_.data(), top.out * n);
    for (Index j = 0; j < n; ++j) {
      const S total = p_.col(j).sum();
      value += w(j) * std::log(total);
      p_.col(j) /= total;
    }
    delta = view(p_, n) - t;
  }
  delta.array().rowwise() *= w.transpose().array();
  return value;
}

template <class S>
void HandMlpOf<S>::backward(
    const Vector<S>& theta, const ConstMatrixMap<S>& x, Index n, S* g, bool add) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& a = layers_[l];
    const MatrixMap<S> delta = view(a.delta, n);
    if (l == 0)
      put(g + a.offset, a.out, a.in, add, delta * x.transpose());
    else
      put(g + a.offset, a.out, a.in, add, delta * view(layers_[l - 1].h, n).transpose());
    put(g + a.offset + a.out * a.in, a.out, 1, add, delta.rowwise().sum());
    if (l == 0) break;
    Layer& below = layers_[l - 1];
    MatrixMap<S> h_bar = view(below.h_bar, n);
    const ArrayView<S> h = array_view(below.h, n);
    h_bar.noalias() = ConstMatrixMap<S>(theta.data() + a.offset, a.out, a.in).transpose() * delta;
    if (net_.relu)
      view(below.delta, n) = (h > 0).select(h_bar, S(0));
    else
      view(below.delta, n) = (1 - h * h) * h_bar.array();
  }
}

template <class S>
S HandMlpOf<S>::gradient(const Vector<S>& theta, const BenchDataOf<S>& data, Vector<S>& g) {
  S value = 0;
  for (Index begin = 0; begin < data.x.cols(); begin += tile_) {
    const Index n = std::min(tile_, data.x.cols() - begin);
    value += forward(theta, data, begin, n);
    backward(theta, columns(data.x, begin, n), n, g.data(), begin > 0);
  }
  return value;
}

template <class S>
void HandMlpOf<S>::r_forward(const Vector<S>& theta,
                             const S* v,
                             const ConstMatrixMap<S>& x,
                             Index n) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& a = layers_[l];
    const ConstMatrixMap<S> w(theta.data() + a.offset, a.out, a.in), r_w(v + a.offset, a.out, a.in);
    MatrixMap<S> r_h = view(a.r_h, n);
    if (l == 0) {
      r_h.noalias() = r_w * x;
    } else {
      r_h.noalias() = w * view(layers_[l - 1].r_h, n);
      r_h.noalias() += r_w * view(layers_[l - 1].h, n);
    }
    r_h.colwise() += ConstVec<S>(v + a.offset + a.out * a.in, a.out);
    if (l + 1 == layers_.size()) break;
    const ArrayView<S> h = array_view(a.h, n);
    if (net_.relu)
      r_h = (h > 0).select(r_h, S(0));
    else
      r_h.array() *= 1 - h * h;
  }
}

template <class S>
void HandMlpOf<S>::r_head(const BenchDataOf<S>& data, Index begin, Index n) {
  Layer& top = layers_.back();
  const ConstVec<S> w(data.w.data() + begin, n);
  MatrixMap<S> r_delta = view(top.r_delta, n);
  const MatrixMap<S> r_y = view(top.r_h, n);
  if (!net_.classifier) {
    r_delta = r_y;
    r_delta.array().rowwise() *= w.transpose().array();
    return;
  }
  for (Index j = 0; j < n; ++j) {
    const S mean = p_.col(j).dot(r_y.col(j));
    r_delta.col(j).array() = w(j) * p_.col(j).array() * (r_y.col(j).array() - mean);
  }
}

template <class S>
void HandMlpOf<S>::r_backward(const Vector<S>& theta,
                              const S* v,
                              const ConstMatrixMap<S>& x,
                              Index n,
                              bool gauss_newton,
                              S* hv,
                              bool add) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& a = layers_[l];
    const MatrixMap<S> r_delta = view(a.r_delta, n), delta = view(a.delta, n);
    put(hv + a.offset + a.out * a.in, a.out, 1, add, r_delta.rowwise().sum());
    if (l == 0) {
      put(hv + a.offset, a.out, a.in, add, r_delta * x.transpose());
      break;
    }
    Layer& below = layers_[l - 1];
    put(hv + a.offset, a.out, a.in, add, r_delta * view(below.h, n).transpose());
    MatrixMap<S> r_h_bar = view(below.r_h_bar, n);
    r_h_bar.noalias() =
        ConstMatrixMap<S>(theta.data() + a.offset, a.out, a.in).transpose() * r_delta;
    if (!gauss_newton) {
      put(hv + a.offset, a.out, a.in, true, delta * view(below.r_h, n).transpose());
      r_h_bar.noalias() += ConstMatrixMap<S>(v + a.offset, a.out, a.in).transpose() * delta;
    }
    const ArrayView<S> h = array_view(below.h, n);
    MatrixMap<S> down = view(below.r_delta, n);
    if (net_.relu)
      down = (h > 0).select(r_h_bar, S(0));
    else if (gauss_newton)
      down = (1 - h * h) * r_h_bar.array();
    else
      down = (1 - h * h) * r_h_bar.array() -
             2 * h * array_view(below.r_h, n) * array_view(below.h_bar, n);
  }
}

template <class S>
void HandMlpOf<S>::product(const Vector<S>& theta,
                           const BenchDataOf<S>& data,
                           const Vector<S>& v,
                           bool gauss_newton,
                           Vector<S>& hv) {
  const Index n = data.x.cols();
  r_forward(theta, v.data(), columns(data.x, 0, n), n);
  r_head(data, 0, n);
  r_backward(theta, v.data(), columns(data.x, 0, n), n, gauss_newton, hv.data(), false);
}

template <class S>
std::vector<typename HandMlpOf<S>::Factors> HandMlpOf<S>::factors(
    const BenchDataOf<S>& data) const {
  const Index n = data.x.cols() - (data.x.cols() - 1) / tile_ * tile_, begin = data.x.cols() - n;
  std::vector<Factors> factors;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& a = layers_[l];
    const ConstMatrixMap<S> x =
        l == 0 ? columns(data.x, begin, n) : columns(layers_[l - 1].h, 0, n);
    factors.push_back({columns(a.delta, 0, n), x, a.offset});
  }
  return factors;
}

template <class S>
Matrix<S> HandMlpOf<S>::hessian(const Vector<S>& theta, const BenchDataOf<S>& data) {
  const Index p = parameter_count_;
  Matrix<S> h(p, p);
  Vector<S> v = Vector<S>::Zero(p), g(p);
  for (Index begin = 0; begin < data.x.cols(); begin += tile_) {
    const Index n = std::min(tile_, data.x.cols() - begin);
    const ConstMatrixMap<S> x = columns(data.x, begin, n);
    forward(theta, data, begin, n);
    backward(theta, x, n, g.data(), false);
    for (Index j = 0; j < p; ++j) {
      v(j) = 1;
      r_forward(theta, v.data(), x, n);
      r_head(data, begin, n);
      r_backward(theta, v.data(), x, n, false, h.col(j).data(), begin > 0);
      v(j) = 0;
    }
  }
  return h;
}

template class HandMlpOf<float>;
template class HandMlpOf<double>;

}  // namespace leaveout
