// SPDX-License-Identifier: MIT
#include "models/layer.h"

#include <fmt/format.h>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/normalisation.h"
#include "models/names.h"

namespace leaveout {

namespace {

constexpr Names<Activation, 5> kActivations = {{{Activation::relu, "relu"},
                                                {Activation::tanh, "tanh"},
                                                {Activation::sigmoid, "sigmoid"},
                                                {Activation::softplus, "softplus"},
                                                {Activation::gelu, "gelu"}}};

constexpr Names<BlockKind, 3> kBlockKinds = {
    {{BlockKind::weight, "weight"}, {BlockKind::bias, "bias"}, {BlockKind::gain, "gain"}}};

template <class S>
SlotId activate(Recorder<S>& r, Activation activation, SlotId z) {
  switch (activation) {
    case Activation::relu:
      return relu(r, z);
    case Activation::sigmoid:
      return sigmoid(r, z);
    case Activation::softplus:
      return softplus(r, z);
    case Activation::gelu:
      return gelu(r, z);
    default:
      return tanh(r, z);
  }
}

/// Rows and columns of a layer's weight; none for a layer without.
struct WeightShape {
  Index rows = 0, cols = 0, biases = 0;
};

WeightShape weight_shape(const Layer& layer) {
  const Index square = layer.window.size * layer.window.size;
  switch (layer.kind) {
    case LayerKind::dense:
      return {layer.out.size(), layer.in.size(), layer.out.size()};
    case LayerKind::conv:
      return {layer.out.channels, layer.in.channels * square, layer.out.channels};
    case LayerKind::conv_transpose:
      return {layer.out.channels * square, layer.in.channels, layer.out.channels};
    default:
      return {};
  }
}

template <class S>
SlotId record_weighted(Recorder<S>& r, const Layer& layer, SlotId x) {
  const WeightShape shape = weight_shape(layer);
  const SlotId w = r.parameter(shape.rows, shape.cols);
  const SlotId b = layer.bias ? r.parameter(shape.biases, 1) : -1;
  switch (layer.kind) {
    case LayerKind::conv:
      return conv2d(r, w, b, x, layer.in, layer.window);
    case LayerKind::conv_transpose:
      return conv2d_transpose(r, w, b, x, layer.out, layer.window);
    default:
      return affine(r, w, b, x);
  }
}

template <class S>
SlotId record_layer(Recorder<S>& r, const Layer& layer, SlotId x) {
  switch (layer.kind) {
    case LayerKind::max_pool:
      return max_pool(r, x, layer.in, layer.window);
    case LayerKind::avg_pool:
      return avg_pool(r, x, layer.in, layer.window);
    case LayerKind::activation:
      return activate(r, layer.activation, x);
    case LayerKind::layer_norm: {
      const SlotId gain = r.parameter(layer.in.size(), 1);
      const SlotId shift = r.parameter(layer.in.size(), 1);
      return layer_norm(r, x, gain, shift);
    }
    case LayerKind::residual:
      return add(r, x, record(r, layer.inner, x));
    default:
      return record_weighted(r, layer, x);
  }
}

void append_blocks(const Architecture& layers, std::vector<ParameterBlock>& blocks) {
  const auto append = [&](Index rows, Index cols, BlockKind kind, Index in = 0, Index out = 0) {
    const Index offset = blocks.empty() ? 0 : blocks.back().offset + blocks.back().size();
    blocks.push_back({offset, rows, cols, in, out, kind});
  };
  for (const Layer& layer : layers) {
    const WeightShape shape = weight_shape(layer);
    if (shape.rows > 0) {
      const bool dense = layer.kind == LayerKind::dense;
      const Index square = layer.window.size * layer.window.size;
      append(shape.rows,
             shape.cols,
             BlockKind::weight,
             dense ? shape.cols : layer.in.channels * square,
             dense ? shape.rows : layer.out.channels * square);
      if (layer.bias) append(shape.biases, 1, BlockKind::bias);
    } else if (layer.kind == LayerKind::layer_norm) {
      append(layer.in.size(), 1, BlockKind::gain);
      append(layer.in.size(), 1, BlockKind::bias);
    }
    append_blocks(layer.inner, blocks);
  }
}

std::string text(const ImageShape& s) {
  return s.positions() == 1 ? fmt::format("{}", s.channels)
                            : fmt::format("{}x{}x{}", s.channels, s.height, s.width);
}

std::string text(const Window& w) {
  return fmt::format("{0}x{0} stride {1} padding {2}", w.size, w.stride, w.padding);
}

std::string text(const Layer& layer) {
  const char* const bias = layer.bias ? "" : " without bias";
  switch (layer.kind) {
    case LayerKind::dense:
      return fmt::format("dense {}{}", text(layer.out), bias);
    case LayerKind::conv:
      return fmt::format("conv {} by {}{}", layer.out.channels, text(layer.window), bias);
    case LayerKind::conv_transpose:
      return fmt::format("conv_transpose {} by {}{}", text(layer.out), text(layer.window), bias);
    case LayerKind::max_pool:
      return fmt::format("max_pool {}", text(layer.window));
    case LayerKind::avg_pool:
      return fmt::format("avg_pool {}", text(layer.window));
    case LayerKind::layer_norm:
      return "layer_norm";
    case LayerKind::residual:
      return fmt::format("residual [{}]", describe(layer.inner));
    default:
      return activation_name(layer.activation);
  }
}

}  // namespace

std::string activation_name(Activation a) {
  return name_of(kActivations, a);
}
Activation parse_activation(const std::string& name) {
  return parse_name(kActivations, name, "activation");
}

std::string block_kind_name(BlockKind kind) {
  return name_of(kBlockKinds, kind);
}

template <class S>
SlotId record(Recorder<S>& r, const Architecture& layers, SlotId x) {
  for (const Layer& layer : layers) x = record_layer(r, layer, x);
  return x;
}

template SlotId record(Recorder<double>&, const Architecture&, SlotId);
template SlotId record(Recorder<std::complex<double>>&, const Architecture&, SlotId);

std::vector<ParameterBlock> parameter_blocks(const Architecture& layers) {
  std::vector<ParameterBlock> blocks;
  append_blocks(layers, blocks);
  return blocks;
}

std::string describe(const Architecture& layers) {
  std::vector<std::string> texts;
  if (!layers.empty()) texts.push_back("input " + text(layers.front().in));
  for (const Layer& layer : layers) texts.push_back(text(layer));
  return fmt::format("{}", fmt::join(texts, " > "));
}

}  // namespace leaveout
