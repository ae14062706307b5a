// SPDX-License-Identifier: MIT
#pragma once
// Layers: a network as a list of plain descriptions, and what follows from it.
//
// One walk over the list records the network, one lists its parameters, one puts it into words.
// A vector of n numbers is an image of n channels and one pixel, so shapes are images throughout;
// in memory an image is a column of numbers already (autodiff/ops/convolution.h), and a dense layer
// takes it as it is.
//
//   Layer layer{.kind = LayerKind::dense, .in = {64, 1, 1}, .out = {10, 1, 1}, .bias = true};
//   SlotId y = record(r, Architecture{layer}, x);           // y = W x + b
//   parameter_blocks({layer});                              // W (10 x 64), then b (10)

#include <string>
#include <vector>

#include "autodiff/ops/convolution.h"

namespace leaveout {

enum class Activation { relu, tanh, sigmoid, softplus, gelu };
std::string activation_name(Activation a);
/// Throws std::invalid_argument that lists the names.
Activation parse_activation(const std::string& name);

/// With x the layer's input:
///   dense           W x + b
///   conv            W on each square of `window` over `in`, + b
///   conv_transpose  the transpose of a convolution of `out` by `window`, + b at each pixel
///   max_pool        the largest, avg_pool the mean, of each square of `window`, in each channel
///   activation      h(x) entry by entry
///   layer_norm      gain * (x - mean) / sqrt(variance + 1e-5) + shift, over each example's entries
///   residual        x + inner(x)
enum class LayerKind {
  dense,
  conv,
  conv_transpose,
  max_pool,
  avg_pool,
  activation,
  layer_norm,
  residual
};

struct Layer {
  LayerKind kind;
  ImageShape in, out;
  Window window{};                           // conv, pooling: over `in`; conv_transpose: over `out`
  Activation activation = Activation::tanh;  // activation only
  bool bias = false;                         // dense, conv, conv_transpose
  std::vector<Layer> inner{};                // residual only
};

/// From the input on; each layer takes what the one before it gives.
using Architecture = std::vector<Layer>;

/// Records the layers over x (a column of `in.size()` numbers per example). Parameters are recorded
/// in the order of parameter_blocks.
template <class S>
SlotId record(Recorder<S>& r, const Architecture& layers, SlotId x);

enum class BlockKind { weight, bias, gain };
std::string block_kind_name(BlockKind kind);

/// A matrix of theta, column by column. A layer's weight is followed by its bias, a layer norm's
/// gain by its shift (which counts as a bias).
struct ParameterBlock {
  Index offset;      // first entry in theta
  Index rows, cols;  // out x in; convolutions: out x (channels in * size * size), transposed ones:
                     // (channels out * size * size) x channels in; others: a column
  Index fan_in, fan_out;  // weights: in and out; convolutions: channels times size * size
  BlockKind kind;
  Index size() const { return rows * cols; }
};

std::vector<ParameterBlock> parameter_blocks(const Architecture& layers);

/// The layers in words: two architectures are the same if and only if their texts are.
std::string describe(const Architecture& layers);

/// True if some layer, inner ones included, satisfies `holds`.
template <class Predicate>
bool any_layer(const Architecture& layers, const Predicate& holds) {
  for (const Layer& layer : layers)
    if (holds(layer) || any_layer(layer.inner, holds)) return true;
  return false;
}

}  // namespace leaveout
