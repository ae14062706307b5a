// SPDX-License-Identifier: MIT
#pragma once
// What an engineer would write for one multilayer perceptron, without any engine: the yardstick.
//
//   forward   h_l = f(W_l h_(l-1) + b_l),  y = W_L h_(L-1) + b_L
//   gradient  delta_L = w (mu(y) - t),  h_bar = W' delta,  delta = f' h_bar,  W_bar = delta h'
//   product   the same differentiated once along V (Pearlmutter's R-operator)
//
// Buffers are made once, every product writes straight into its place, tiles are added in order.
//
//   HandMlp hand({{10, 20, 20, 1}, false, false}, 128);
//   double value = hand.gradient(theta, data, g);

#include <vector>

#include "autodiff/types.h"

namespace leaveout {

/// Columns are examples. S is the scalar, double or float.
template <class S>
struct BenchDataOf {
  Matrix<S> x;  // (features x N)
  Matrix<S> t;  // (outputs x N)
  Vector<S> w;  // (N)
};
using BenchData = BenchDataOf<double>;

/// A multilayer perceptron and its loss.
struct BenchNet {
  std::vector<Eigen::Index> widths;  // inputs, hidden layers, outputs
  bool relu = false;                 // else tanh
  bool classifier = false;           // softmax cross-entropy, else half squared error

  Eigen::Index parameter_count() const;
};

template <class S>
class HandMlpOf {
 public:
  using Index = Eigen::Index;
  HandMlpOf(BenchNet net, Index tile);

  Index parameter_count() const { return parameter_count_; }

  /// sum_n w_n loss_n; overwrites g (P).
  S gradient(const Vector<S>& theta, const BenchDataOf<S>& data, Vector<S>& g);

  /// hv (P) = H v or G v by the R-operator, over values and adjoints that gradient() left behind:
  /// only for data of one tile.
  void product(const Vector<S>& theta,
               const BenchDataOf<S>& data,
               const Vector<S>& v,
               bool gauss_newton,
               Vector<S>& hv);

  /// What gradient() left behind of its last tile, layer by layer: example n's gradient in [W b] is
  /// w_n times delta_n [x_n' 1]. Valid until the next call.
  struct Factors {
    ConstMatrixMap<S> delta;  // (out x n), weights included
    ConstMatrixMap<S> x;      // (in x n)
    Index offset;             // of [W b] in theta
  };
  std::vector<Factors> factors(const BenchDataOf<S>& data) const;

  /// The Hessian (P x P), column by column.
  Matrix<S> hessian(const Vector<S>& theta, const BenchDataOf<S>& data);

 private:
  struct Layer {
    Index out, in, offset;
    Matrix<S> h, h_bar, delta;        // (out x tile); the last layer's h is y
    Matrix<S> r_h, r_h_bar, r_delta;  // (out x tile)
  };
  S forward(const Vector<S>& theta, const BenchDataOf<S>& data, Index begin, Index n);
  S head(const BenchDataOf<S>& data, Index begin, Index n);
  void backward(const Vector<S>& theta, const ConstMatrixMap<S>& x, Index n, S* g, bool add);
  void r_forward(const Vector<S>& theta, const S* v, const ConstMatrixMap<S>& x, Index n);
  void r_head(const BenchDataOf<S>& data, Index begin, Index n);
  void r_backward(const Vector<S>& theta,
                  const S* v,
                  const ConstMatrixMap<S>& x,
                  Index n,
                  bool gauss_newton,
                  S* hv,
                  bool add);

  BenchNet net_;
  Index tile_, parameter_count_;
  std::vector<Layer> layers_;
  Matrix<S> p_;  // (outputs x tile), classifier: softmax of y
};
using HandMlp = HandMlpOf<double>;

}  // namespace leaveout
