// SPDX-License-Identifier: MIT
#pragma once
// Networks and data of the benchmarks, once for the engine and once for the hand-written version.
//
//   Problem p = make_problem({10, 20, 20, 1}, false, 1000);
//   gradient<double>(ws, p.batch, p.theta, g);

#include <memory>
#include <vector>

#include "autodiff/bench/hand.h"
#include "autodiff/derivatives.h"

namespace leaveout {

struct Problem {
  std::vector<Index> widths;
  bool classifier = false;
  Program<double> program;
  std::unique_ptr<BenchData> data;  // `batch` points into it
  Batch<double> batch;
  Vector<double> theta, direction;  // (P)
};

/// tanh network with half squared error, or relu network with softmax cross-entropy; weights 1/N.
Problem make_problem(const std::vector<Index>& widths, bool classifier, Index examples);

/// Numbers in [-1, 1] that look irregular and are the same everywhere.
Matrix<double> irregular(Index rows, Index cols, double phase);

class Suite;
void add_first_order_benchmarks(Suite& suite);
void add_classifier_benchmarks(Suite& suite);
void add_hessian_benchmarks(Suite& suite);
/// In models/bench: whole trainings.
void add_retraining_benchmarks(Suite& suite);

}  // namespace leaveout
