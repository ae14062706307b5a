// SPDX-License-Identifier: MIT
#include "models/architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <utility>

namespace leaveout {

namespace {

constexpr Window kSame{.size = 3, .stride = 1, .padding = 1};
constexpr Window kHalve{.size = 3, .stride = 2, .padding = 1};
constexpr Index kShorterSideForFive = 16;  // pixels: from here on windows are 5x5

void require(bool ok, const ModelSpec& spec, const std::string& what) {
  if (!ok) throw std::invalid_argument(fmt::format("[model] model, {}: {}", spec.name, what));
}

/// Appends layers, each over what the one before it gives.
class Layers {
 public:
  Layers(const ModelSpec& spec, const ImageShape& in) : spec_(spec), at_(in) {}
  const ImageShape& at() const { return at_; }

  void dense(Index width) { append({LayerKind::dense, at_, {width, 1, 1}, {}, {}, spec_.bias}); }
  void dense(const ImageShape& out) { append({LayerKind::dense, at_, out, {}, {}, spec_.bias}); }
  void conv(Index channels, const Window& w) {
    require_fit(w, "convolve");
    append({LayerKind::conv, at_, w.over(at_, channels), w, {}, spec_.bias});
  }
  void conv_transpose(const ImageShape& out, const Window& w) {
    append({LayerKind::conv_transpose, at_, out, w, {}, spec_.bias});
  }
  void pool(LayerKind kind, const Window& w) {
    require_fit(w, "pool");
    append({kind, at_, w.over(at_, at_.channels), w});
  }
  /// The activation, and before it the layer norm where the spec asks for one.
  void activate() {
    if (spec_.layer_norm) {
      require(at_.size() > 1,
              spec_,
              "expected two or more units in a layer that is normalised (one is always its mean)");
      append({LayerKind::layer_norm, at_, at_});
    }
    append({LayerKind::activation, at_, at_, {}, spec_.activation});
  }
  void residual(Layers inner) {
    assert(inner.at_ == at_);
    append({LayerKind::residual, at_, at_, {}, {}, false, std::move(inner).finish()});
  }
  Architecture finish() && { return std::move(layers_); }

 private:
  void append(Layer layer) {
    at_ = layer.out;
    layers_.push_back(std::move(layer));
  }
  void require_fit(const Window& w, const char* verb) const {
    require(std::min(at_.height, at_.width) + 2 * w.padding >= w.size,
            spec_,
            fmt::format("nothing is left to {0} by {1} x {1} in the image of {2} x {3} pixels that "
                        "arrives there: give fewer numbers of channels, or larger images",
                        verb,
                        w.size,
                        at_.height,
                        at_.width));
  }
  const ModelSpec& spec_;
  ImageShape at_;
  Architecture layers_;
};

/// The image that the spec describes.
const ImageShape& image_of(const ModelSpec& spec) {
  require(spec.image.size() > 0, spec, "expected images, got inputs without a shape");
  require(spec.image.size() == spec.inputs,
          spec,
          fmt::format("expected {} inputs for images of {} x {} x {}, got {}",
                      spec.image.size(),
                      spec.image.channels,
                      spec.image.height,
                      spec.image.width,
                      spec.inputs));
  return spec.image;
}

Layers mlp(const ModelSpec& spec) {
  Layers l(spec, {spec.inputs, 1, 1});
  for (const Index width : spec.hidden) {
    l.dense(width);
    l.activate();
  }
  return l;
}

Layers lenet(const ModelSpec& spec) {
  Layers l(spec, image_of(spec));
  const bool large = std::min(l.at().height, l.at().width) >= kShorterSideForFive;
  const LayerKind pool = spec.pooling == Pooling::max ? LayerKind::max_pool : LayerKind::avg_pool;
  for (const Index channels : spec.hidden) {
    l.conv(channels, large ? Window{.size = 5} : kSame);
    l.activate();
    l.pool(pool, {.size = 2, .stride = 2});
  }
  for (const Index width : spec.dense) {
    l.dense(width);
    l.activate();
  }
  return l;
}

Layers resnet(const ModelSpec& spec) {
  Layers l(spec, image_of(spec));
  for (std::size_t stage = 0; stage < spec.hidden.size(); ++stage) {
    l.conv(spec.hidden[stage], stage == 0 ? kSame : kHalve);
    l.activate();
    Layers block(spec, l.at());
    block.conv(spec.hidden[stage], kSame);
    block.activate();
    block.conv(spec.hidden[stage], kSame);
    l.residual(std::move(block));
    l.activate();
  }
  const Index side = l.at().height;
  require(side == l.at().width,
          spec,
          fmt::format("expected a square before the mean of each channel, got {} x {} pixels: use "
                      "square images",
                      side,
                      l.at().width));
  l.pool(LayerKind::avg_pool, {.size = side, .stride = side});
  return l;
}

void require_same_size(const ModelSpec& spec) {
  require(spec.outputs == spec.inputs,
          spec,
          fmt::format("expected as many outputs as inputs, {}, got {}: its targets are its inputs",
                      spec.inputs,
                      spec.outputs));
}

Layers autoencoder(const ModelSpec& spec) {
  require_same_size(spec);
  Layers l(spec, {spec.inputs, 1, 1});
  const std::size_t code = spec.hidden.size() - 1;
  for (std::size_t i = 0; i < code; ++i) {
    l.dense(spec.hidden[i]);
    l.activate();
  }
  l.dense(spec.hidden[code]);
  for (std::size_t i = code; i-- > 0;) {
    l.dense(spec.hidden[i]);
    l.activate();
  }
  return l;
}

Architecture conv_autoencoder(const ModelSpec& spec) {
  require_same_size(spec);
  require(spec.dense.size() == 1, spec, "expected one width after '/', the code's");
  Layers l(spec, image_of(spec));
  std::vector<ImageShape> images;  // that the convolutions take, outermost first
  for (const Index channels : spec.hidden) {
    images.push_back(l.at());
    l.conv(channels, kHalve);
    l.activate();
  }
  const ImageShape smallest = l.at();
  l.dense(spec.dense.front());
  l.dense(smallest);
  for (std::size_t i = images.size(); i-- > 0;) {
    l.activate();
    l.conv_transpose(images[i], kHalve);
  }
  return std::move(l).finish();
}

}  // namespace

Architecture architecture(const ModelSpec& spec) {
  require(spec.family == Family::mlp || !spec.hidden.empty(), spec, "expected one width or more");
  if (spec.family == Family::conv_autoencoder) return conv_autoencoder(spec);
  Layers layers = spec.family == Family::lenet         ? lenet(spec)
                  : spec.family == Family::resnet      ? resnet(spec)
                  : spec.family == Family::autoencoder ? autoencoder(spec)
                                                       : mlp(spec);
  layers.dense(spec.outputs);
  return std::move(layers).finish();
}

}  // namespace leaveout
