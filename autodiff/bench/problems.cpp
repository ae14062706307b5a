// SPDX-License-Identifier: MIT
#include "autodiff/bench/problems.h"

#include <cmath>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/losses.h"

namespace leaveout {

namespace {

Program<double> record(const std::vector<Index>& widths, bool classifier) {
  Recorder<double> r;
  const SlotId x = r.input(widths.front()), t = r.input(widths.back()), w = r.input(1);
  SlotId h = x;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    if (l > 0) h = classifier ? relu(r, h) : tanh(r, h);
    const SlotId weight = r.parameter(widths[l + 1], widths[l]);
    h = affine(r, weight, r.parameter(widths[l + 1], 1), h);
  }
  const SlotId losses = classifier ? cross_entropy(r, h, t) : half_squared_error(r, h, t);
  return std::move(r).finish({h, losses, dot(r, w, losses)});
}

}  // namespace

Matrix<double> irregular(Index rows, Index cols, double phase) {
  Matrix<double> m(rows, cols);
  for (Index i = 0; i < m.size(); ++i) {
    const double turns = 43758.5453 * std::sin(12.9898 * static_cast<double>(i + 1) + phase);
    m.data()[i] = 2 * (turns - std::floor(turns)) - 1;
  }
  return m;
}

Problem make_problem(const std::vector<Index>& widths, bool classifier, Index examples) {
  Problem p{widths, classifier, record(widths, classifier), nullptr, {}, {}, {}};
  auto data = std::make_unique<BenchData>();
  data->x = irregular(widths.front(), examples, 0.1);
  data->t = irregular(widths.back(), examples, 0.2);
  if (classifier) {
    data->t.setZero();
    for (Index n = 0; n < examples; ++n) data->t((7 * n) % widths.back(), n) = 1;
  }
  data->w = Vector<double>::Constant(examples, 1 / static_cast<double>(examples));
  p.batch = {{data->x.data(), data->t.data(), data->w.data()}, examples};
  p.data = std::move(data);
  p.theta = irregular(p.program.parameter_count(), 1, 0.3);
  Index offset = 0;  // variance 2 / (in + out) for each layer
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    const Index size = widths[l + 1] * (widths[l] + 1);
    p.theta.segment(offset, size) *=
        std::sqrt(6.0 / static_cast<double>(widths[l] + widths[l + 1]));
    offset += size;
  }
  p.direction = irregular(p.program.parameter_count(), 1, 0.4);
  return p;
}

}  // namespace leaveout
