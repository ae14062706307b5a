// SPDX-License-Identifier: MIT
#pragma once
// Networks and data of the benchmarks, once for the engine and once for the hand-written version.
//
//   Problem p = make_problem({{10, 20, 20, 1}}, 1000);
//   gradient<double>(ws, p.batch, p.theta, g);

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/bench/hand.h"
#include "autodiff/derivatives.h"

namespace leaveout {

template <class S>
struct ProblemOf {
  BenchNet net;  // of the convolutional network: what lies before and after its layers
  Program<S> program;
  std::unique_ptr<BenchDataOf<S>> data;  // `batch` points into it
  Batch<S> batch;
  Vector<S> theta, direction;  // (P)
};
using Problem = ProblemOf<double>;

/// Weights 1/N, parameters of variance 2 / (in + out) in each layer.
Problem make_problem(const BenchNet& net, Index examples);
/// The same numbers, rounded.
ProblemOf<float> make_float_problem(const BenchNet& net, Index examples);

/// (out, in) of each layer: theta is the blocks [W b].
using Blocks = std::vector<std::pair<Index, Index>>;
Blocks blocks_of(const BenchNet& net);

/// 1x28x28, conv 5x5 to 8 channels, max pool 2, conv 5x5 to 16, max pool 2, affine to 10; relu,
/// softmax cross-entropy.
Problem make_cnn_problem(Index examples);
Blocks cnn_blocks();

/// Networks that several benchmarks use.
inline const BenchNet kSmallNet{{10, 20, 20, 1}};
inline const BenchNet kClassifier{{784, 128, 128, 10}, true, true};

/// "10-20-20-1 tanh".
std::string net_title(const BenchNet& net);

/// Numbers in [-1, 1] that look irregular and are the same everywhere.
Matrix<double> irregular(Index rows, Index cols, double phase);

class Suite;
void add_first_order_benchmarks(Suite& suite);
void add_classifier_benchmarks(Suite& suite);
void add_hessian_benchmarks(Suite& suite);
void add_per_example_benchmarks(Suite& suite);
void add_scaling_benchmarks(Suite& suite);
void add_cnn_benchmarks(Suite& suite);
void add_size_benchmarks(Suite& suite);
void add_stacked_benchmarks(Suite& suite);
/// In models/bench: whole trainings.
void add_retraining_benchmarks(Suite& suite);

}  // namespace leaveout
