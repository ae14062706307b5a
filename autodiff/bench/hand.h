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

#include <Eigen/Core>
#include <vector>

namespace leaveout {

/// Columns are examples.
struct BenchData {
  Eigen::MatrixXd x;  // (features x N)
  Eigen::MatrixXd t;  // (outputs x N)
  Eigen::VectorXd w;  // (N)
};

/// A multilayer perceptron and its loss.
struct BenchNet {
  std::vector<Eigen::Index> widths;  // inputs, hidden layers, outputs
  bool relu = false;                 // else tanh
  bool classifier = false;           // softmax cross-entropy, else half squared error

  Eigen::Index parameter_count() const;
};

class HandMlp {
 public:
  using Index = Eigen::Index;
  HandMlp(BenchNet net, Index tile);

  Index parameter_count() const { return parameter_count_; }

  /// sum_n w_n loss_n; overwrites g (P).
  double gradient(const Eigen::VectorXd& theta, const BenchData& data, Eigen::VectorXd& g);

  /// hv (P) = H v or G v by the R-operator, over values and adjoints that gradient() left behind:
  /// only for data of one tile.
  void product(const Eigen::VectorXd& theta,
               const BenchData& data,
               const Eigen::VectorXd& v,
               bool gauss_newton,
               Eigen::VectorXd& hv);

  /// What gradient() left behind of its last tile, layer by layer: example n's gradient in [W b] is
  /// w_n times delta_n [x_n' 1]. Valid until the next call.
  struct Factors {
    Eigen::Map<const Eigen::MatrixXd> delta;  // (out x n), weights included
    Eigen::Map<const Eigen::MatrixXd> x;      // (in x n)
    Index offset;                             // of [W b] in theta
  };
  std::vector<Factors> factors(const BenchData& data) const;

  /// The Hessian (P x P), column by column.
  Eigen::MatrixXd hessian(const Eigen::VectorXd& theta, const BenchData& data);

 private:
  struct Layer {
    Index out, in, offset;
    Eigen::MatrixXd h, h_bar, delta;        // (out x tile); the last layer's h is y
    Eigen::MatrixXd r_h, r_h_bar, r_delta;  // (out x tile)
  };
  using ConstMap = Eigen::Map<const Eigen::MatrixXd>;
  double forward(const Eigen::VectorXd& theta, const BenchData& data, Index begin, Index n);
  double head(const BenchData& data, Index begin, Index n);
  void backward(const Eigen::VectorXd& theta, const ConstMap& x, Index n, double* g, bool add);
  void r_forward(const Eigen::VectorXd& theta, const double* v, const ConstMap& x, Index n);
  void r_head(const BenchData& data, Index begin, Index n);
  void r_backward(const Eigen::VectorXd& theta,
                  const double* v,
                  const ConstMap& x,
                  Index n,
                  bool gauss_newton,
                  double* hv,
                  bool add);

  BenchNet net_;
  Index tile_, parameter_count_;
  std::vector<Layer> layers_;
  Eigen::MatrixXd p_;  // (outputs x tile), classifier: softmax of y
};

}  // namespace leaveout
