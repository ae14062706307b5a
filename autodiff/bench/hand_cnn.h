// SPDX-License-Identifier: MIT
#pragma once
// The network of B7, its gradient and its curvature products as an engineer would write them with
// Eigen alone: a convolution is one product with patches, and what was copied to patches is added
// back.
//
//   stage     P = patches(h), Z = W P + b 1', A = relu(Z), h' = largest of each 2 x 2
//   backward  Z_bar = relu' (the largest's h'_bar), W_bar = Z_bar P', P_bar = W' Z_bar,
//             h_bar = back(P_bar)
//   product   the same differentiated once along V (Pearlmutter's R-operator); squares keep their
//             largest pixel
//
//   HandCnn hand(16);
//   hand.gradient(theta, data, g);

#include "autodiff/bench/hand.h"

namespace leaveout {

/// 1x28x28, conv 5x5 to 8, pool 2, conv 5x5 to 16, pool 2, affine to 10; softmax cross-entropy.
/// Images are columns, channels fastest.
class HandCnn {
 public:
  using Index = Eigen::Index;
  /// Takes `tile` examples at a time.
  explicit HandCnn(Index tile);
  /// sum_n w_n loss_n; overwrites g (P).
  double gradient(const Eigen::VectorXd& theta, const BenchData& data, Eigen::VectorXd& g);

  /// The same of the `n` examples from `begin` on, at most a tile; `add`: onto g.
  double tile_gradient(const Eigen::VectorXd& theta,
                       const BenchData& data,
                       Index begin,
                       Index n,
                       Eigen::VectorXd& g,
                       bool add);
  /// hv (P) = H v or G v of the same examples, over the values and adjoints that tile_gradient()
  /// left behind; `add`: onto hv.
  void tile_product(const Eigen::VectorXd& theta,
                    const BenchData& data,
                    Index begin,
                    Index n,
                    const Eigen::VectorXd& v,
                    bool gauss_newton,
                    Eigen::VectorXd& hv,
                    bool add);

 private:
  /// From images of channels x side x side to images of out x half x half.
  struct Stage {
    Index channels, side, out, offset;     // offset of [W b] in theta
    Eigen::MatrixXd patches, patches_bar;  // (25 channels x positions tile)
    Eigen::MatrixXd z, z_bar;              // (out x positions tile), relu taken in place
    Eigen::MatrixXd h, h_bar;              // (out x pooled positions tile)
    Eigen::MatrixXd below_bar;             // (channels x pixels tile)
    std::vector<Index> largest;            // (out pooled positions tile): its place in z
    // Along V, shaped as what they are derivatives of.
    Eigen::MatrixXd r_patches, r_patches_bar, r_z, r_z_bar, r_h, r_h_bar, r_below_bar;
    Index conv_side() const { return side - 4; }
    Index positions() const { return conv_side() * conv_side(); }
    Index pooled() const { return positions() / 4; }
    Index inputs() const { return 25 * channels; }
  };
  static Stage make_stage(Index channels, Index side, Index out, Index offset, Index tile);
  static void take_patches(const Stage& s, const double* images, Index n, double* to);
  static void add_patches_back(const Stage& s, const double* from, Index n, Eigen::MatrixXd& to);
  static void pool(Stage& s, Index n);
  void forward(Stage& s, const double* theta, const double* images, Index n);
  void backward(Stage& s, const double* theta, bool below, Index n, double* g, bool add);
  double head(
      const double* theta, const BenchData& data, Index begin, Index n, double* g, bool add);
  static void r_forward(
      Stage& s, const double* theta, const double* v, const double* r_images, Index n);
  void r_head(const double* theta,
              const double* v,
              const BenchData& data,
              Index begin,
              Index n,
              bool gauss_newton,
              double* hv,
              bool add);
  static void r_backward(Stage& s,
                         const double* theta,
                         const double* v,
                         bool below,
                         Index n,
                         bool gauss_newton,
                         double* hv,
                         bool add);

  Index tile_;
  Stage first_, second_;
  Eigen::MatrixXd y_, delta_, p_;  // (10 x tile), p_: softmax of y
  Eigen::MatrixXd r_y_, r_delta_;  // (10 x tile)
};

}  // namespace leaveout
