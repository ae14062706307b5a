// SPDX-License-Identifier: MIT
#pragma once
// Small networks with data, recorded for real and for complex numbers.
//
//   Network net = make_network({.widths = {4, 7, 5, 3}, .loss = Loss::cross_entropy, .examples =
//   9}); Workspace<double> ws(net.program, 9); gradient(ws, net.batch(), net.theta, g);

#include <vector>

#include "autodiff/derivatives.h"

namespace leaveout {

enum class TestActivation { none, relu, tanh, sigmoid, softplus, gelu };
enum class Loss {
  half_squared_error,
  binary_cross_entropy,
  cross_entropy,
  bregman_half_squared_error,
  bregman_binary_cross_entropy,
  bregman_cross_entropy
};

/// What stands between inputs and outputs: affine layers of the given widths, or a network of
/// images or with layer normalisation, of fixed shape (see networks.cpp).
enum class Body { layers, convolutional, residual, normalised, autoencoder };

struct NetworkSpec {
  std::vector<Index> widths;  // inputs, hidden layers, outputs
  TestActivation activation = TestActivation::tanh;
  Loss loss = Loss::half_squared_error;
  Index examples = 11;
  bool bias = true;
  bool tilt = false;   // objective + sum of tilt * outputs: a linear term of the outputs
  bool split = false;  // matmul and bias as two operations: no dense layers are noted
  double penalty = 0;  // objective + penalty / 2 |first weight|^2: no sum over examples
  Body body = Body::layers;
  std::uint64_t seed = 1;
};

/// Inputs of the Program in order: x, reference (targets or centre outputs), weights, tilt.
struct Network {
  NetworkSpec spec;
  Program<double> program;
  Program<std::complex<double>> complex_program;
  std::vector<Matrix<double>> data;  // (in x N), (out x N), (1 x N), (out x N)
  std::vector<Matrix<std::complex<double>>> complex_data;
  Vector<double> theta;  // (P)

  Index examples() const { return data[0].cols(); }
  Matrix<double>& x() { return data[0]; }
  Matrix<double>& reference() { return data[1]; }
  Matrix<double>& weights() { return data[2]; }
  /// Pointers into `data`, as it is now.
  Batch<double> batch() const;
  Batch<std::complex<double>> complex_batch();
};

Network make_network(const NetworkSpec& spec);
/// Its program in single precision, which few tests want.
Program<float> record_float(const NetworkSpec& spec);

/// The specifications that most laws are tested on: each loss, each activation, depths 1 to 3, with
/// and without bias, with a tilt.
std::vector<NetworkSpec> usual_networks();
/// Convolutional and residual networks, an autoencoder, layer normalisation.
std::vector<NetworkSpec> image_networks();
/// Both.
std::vector<NetworkSpec> all_networks();
/// For messages: "4-7-5-3 tanh cross_entropy".
std::string describe(const NetworkSpec& spec);

/// The derivatives of a network as plain values.
double objective_of(Network& net, const Vector<double>& theta);
Vector<double> gradient_of(Network& net, const Vector<double>& theta);
Matrix<double> product_of(Network& net, const Matrix<double>& v, Curvature curvature);
/// Columns Im gradient(theta + i h e_j) / h: the Hessian by complex step.
Matrix<double> complex_step_hessian(Network& net);

}  // namespace leaveout
