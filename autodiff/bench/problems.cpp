// SPDX-License-Identifier: MIT
#include "autodiff/bench/problems.h"

#include <fmt/ranges.h>

#include <cmath>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/convolution.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/losses.h"

namespace leaveout {

namespace {

template <class S>
Program<S> record(const BenchNet& net) {
  const std::vector<Index>& widths = net.widths;
  Recorder<S> r;
  const SlotId x = r.input(widths.front()), t = r.input(widths.back()), w = r.input(1);
  SlotId h = x;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    if (l > 0) h = net.relu ? relu(r, h) : tanh(r, h);
    const SlotId weight = r.parameter(widths[l + 1], widths[l]);
    h = affine(r, weight, r.parameter(widths[l + 1], 1), h);
  }
  const SlotId losses = net.classifier ? cross_entropy(r, h, t) : half_squared_error(r, h, t);
  return std::move(r).finish({h, losses, dot(r, w, losses)});
}

Program<double> record_cnn() {
  constexpr Window kKernel{.size = 5}, kPool{.size = 2, .stride = 2};
  Recorder<double> r;
  const SlotId x = r.input(784), t = r.input(10), w = r.input(1);
  ImageShape image{1, 28, 28};
  SlotId h = x;
  for (const Index channels : {8, 16}) {
    const SlotId weight = r.parameter(channels, image.channels * 25);
    h = relu(r, conv2d(r, weight, r.parameter(channels, 1), h, image, kKernel));
    image = kKernel.over(image, channels);
    h = max_pool(r, h, image, kPool);
    image = kPool.over(image, channels);
  }
  const SlotId weight = r.parameter(10, image.size());
  h = affine(r, weight, r.parameter(10, 1), h);
  const SlotId losses = cross_entropy(r, h, t);
  return std::move(r).finish({h, losses, dot(r, w, losses)});
}

Problem with_data(const BenchNet& net,
                  Program<double> program,
                  const Blocks& blocks,
                  Index examples) {
  Problem p{net, std::move(program), nullptr, {}, {}, {}};
  auto data = std::make_unique<BenchData>();
  data->x = irregular(net.widths.front(), examples, 0.1);
  data->t = irregular(net.widths.back(), examples, 0.2);
  if (net.classifier) {
    data->t.setZero();
    for (Index n = 0; n < examples; ++n) data->t((7 * n) % net.widths.back(), n) = 1;
  }
  data->w = Vector<double>::Constant(examples, 1 / static_cast<double>(examples));
  p.batch = {{data->x.data(), data->t.data(), data->w.data()}, examples};
  p.data = std::move(data);
  p.theta = irregular(p.program.parameter_count(), 1, 0.3);
  Index offset = 0;  // variance 2 / (in + out) for each layer
  for (const auto& [out, in] : blocks) {
    p.theta.segment(offset, out * (in + 1)) *= std::sqrt(6.0 / static_cast<double>(in + out));
    offset += out * (in + 1);
  }
  p.direction = irregular(p.program.parameter_count(), 1, 0.4);
  return p;
}

}  // namespace

std::string net_title(const BenchNet& net) {
  return fmt::format("{} {}{}",
                     fmt::join(net.widths, "-"),
                     net.relu ? "relu" : "tanh",
                     net.classifier ? " softmax" : "");
}

Matrix<double> irregular(Index rows, Index cols, double phase) {
  Matrix<double> m(rows, cols);
  for (Index i = 0; i < m.size(); ++i) {
    const double turns = 43758.5453 * std::sin(12.9898 * static_cast<double>(i + 1) + phase);
    m.data()[i] = 2 * (turns - std::floor(turns)) - 1;
  }
  return m;
}

Blocks blocks_of(const BenchNet& net) {
  Blocks blocks;
  for (std::size_t l = 0; l + 1 < net.widths.size(); ++l)
    blocks.emplace_back(net.widths[l + 1], net.widths[l]);
  return blocks;
}

Problem make_problem(const BenchNet& net, Index examples) {
  return with_data(net, record<double>(net), blocks_of(net), examples);
}

ProblemOf<float> make_float_problem(const BenchNet& net, Index examples) {
  const Problem p = make_problem(net, examples);
  auto data = std::make_unique<BenchDataOf<float>>(
      p.data->x.cast<float>(), p.data->t.cast<float>(), p.data->w.cast<float>());
  const Batch<float> batch{{data->x.data(), data->t.data(), data->w.data()}, examples};
  return {net,
          record<float>(net),
          std::move(data),
          batch,
          p.theta.cast<float>(),
          p.direction.cast<float>()};
}

Blocks cnn_blocks() {
  return {{8, 25}, {16, 200}, {10, 256}};
}

Problem make_cnn_problem(Index examples) {
  return with_data({{784, 10}, true, true}, record_cnn(), cnn_blocks(), examples);
}

}  // namespace leaveout
