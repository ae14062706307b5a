// SPDX-License-Identifier: MIT
// The families of networks: how many parameters they have, and what they compute.
#include "models/architecture.h"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>
#include <string>

#include "models/objective.h"
#include "tests/models/image_specs.h"
#include "tests/models/plain_networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Window kSame{.size = 3, .stride = 1, .padding = 1};
constexpr Window kHalve{.size = 3, .stride = 2, .padding = 1};

Index parameters(const std::string& text, const ImageShape& image, Index outputs) {
  const bool encodes = outputs == image.size();
  return parse_model(
             text, encodes ? Task::reconstruction : Task::multiclass, image.size(), outputs, image)
      .parameter_count();
}

std::string message_of(const std::string& text, const ImageShape& image) {
  try {
    small_network(text, image);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

/// What the definition of a family gives for one example.
Tensor plain_outputs(PlainNetwork& net, const ModelSpec& spec, const Tensor& x) {
  Tensor h = x;
  std::vector<Tensor> passed;
  switch (spec.family) {
    case Family::lenet:
      for (const Index c : spec.hidden) {
        const bool large = std::min(spec.image.height, spec.image.width) >= 16;
        h = net.pool(net.activate(net.conv(h, c, large ? Window{.size = 5} : kSame)), 2);
      }
      for (const Index w : spec.dense) h = net.activate(net.dense(h, w));
      break;
    case Family::resnet:
      for (const Index c : spec.hidden) {
        h = net.activate(net.conv(h, c, c == spec.hidden.front() ? kSame : kHalve));
        const Tensor inner = net.activate(net.conv(h, c, kSame));
        h = net.activate(PlainNetwork::sum(h, net.conv(inner, c, kSame)));
      }
      h = net.pool(h, h.h);
      break;
    case Family::autoencoder:  // of two widths: the second is the code, without activation
      h = net.dense(net.activate(net.dense(h, spec.hidden[0])), spec.hidden[1]);
      h = net.activate(net.dense(h, spec.hidden[0]));
      break;
    case Family::conv_autoencoder:
      for (const Index c : spec.hidden) {
        passed.push_back(h);
        h = net.activate(net.conv(h, c, kHalve));
      }
      passed.push_back(h);
      h = net.dense(h, spec.dense[0]);
      h = net.dense(h, passed.back().c, passed.back().h, passed.back().w);
      for (std::size_t i = passed.size() - 1; i-- > 0;)
        h = net.conv_transpose(net.activate(h), {passed[i].c, passed[i].h, passed[i].w}, kHalve);
      return h;
    default:
      for (const Index w : spec.hidden) h = net.activate(net.dense(h, w));
  }
  return net.dense(h, spec.outputs);
}

}  // namespace

TEST_CASE("parameters are counted as by hand") {
  // conv 5x5: 25 weights a pair of channels; 28 -> 24 -> 12 -> 8 -> 4: 16 * 16 numbers are left.
  const Index lenet = 8 * 25 + 8 + 16 * 8 * 25 + 16 + 256 * 10 + 10;
  CHECK(lenet == 5994);
  CHECK(parameters("lenet:8,16", {1, 28, 28}, 10) == lenet);
  CHECK(parameters("lenet", {1, 28, 28}, 10) == lenet);
  ModelSpec max = parse_model("lenet:8,16", Task::multiclass, 784, 10, {1, 28, 28});
  max.pooling = Pooling::max;
  CHECK(max.parameter_count() == lenet);
  max.bias = false;
  CHECK(max.parameter_count() == lenet - 8 - 16 - 10);
  // LeNet-5's sizes; windows of 3x3 keep 8x8 pixels, pooled to 2x2.
  CHECK(parameters("lenet:6,16/120,84", {1, 28, 28}, 10) ==
        6 * 26 + 16 * (6 * 25 + 1) + 257 * 120 + 121 * 84 + 85 * 10);
  CHECK(parameters("lenet:2,4", {1, 8, 8}, 10) == 2 * 10 + 4 * (2 * 9 + 1) + (4 * 4 + 1) * 10);
  CHECK(parameters("lenet:3", {2, 15, 40}, 4) == 3 * (2 * 9 + 1) + (3 * 7 * 20 + 1) * 4);
  CHECK(parameters("lenet:3", {2, 16, 40}, 4) == 3 * (2 * 25 + 1) + (3 * 6 * 18 + 1) * 4);
  // Three convolutions a stage but the mean of each channel alone before the dense layer.
  CHECK(parameters("resnet:8,16", {1, 8, 8}, 10) ==
        8 * 10 + 2 * 8 * 73 + 16 * 73 + 2 * 16 * 145 + 17 * 10);
  CHECK(parameters("resnet", {1, 8, 8}, 10) == parameters("resnet:8,16", {1, 8, 8}, 10));
  CHECK(parameters("resnet_ln:4", {1, 5, 5}, 3) == 4 * 10 + 2 * 4 * 37 + 3 * 2 * 4 * 25 + 5 * 3);
  CHECK(parameters("mlp_ln:5,7", {1, 2, 2}, 3) == 5 * 5 + 2 * 5 + 6 * 7 + 2 * 7 + 8 * 3);
  CHECK(parameters("autoencoder:6,2", {1, 3, 3}, 9) == 10 * 6 + 7 * 2 + 3 * 6 + 7 * 9);
  CHECK(parameters("autoencoder:6", {1, 3, 3}, 9) == 10 * 6 + 7 * 9);
  // 8x8 -> 4x4 -> 2x2 of 8 channels, code of 16, and back; a bias for each channel of a result.
  CHECK(parameters("conv_autoencoder:4,8/16", {1, 8, 8}, 64) ==
        4 * 10 + 8 * 37 + 33 * 16 + 17 * 32 + (8 * 36 + 4) + (4 * 9 + 1));
}

TEST_CASE("the blocks of theta follow one another, and are the recorded network's parameters") {
  for (const ModelSpec& spec : small_networks()) {
    CAPTURE(spec.name);
    const Program<double> program = record<double>(spec, Term::loss);
    const std::vector<ParameterBlock> blocks = parameter_blocks(architecture(spec));
    REQUIRE(blocks.size() == program.parameters().size());
    Index next = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Slot& slot = program.slot(program.parameters()[i]);
      CHECK(blocks[i].offset == next);
      CHECK(blocks[i].offset == slot.offset);
      CHECK(blocks[i].rows == slot.rows);
      CHECK(blocks[i].cols == slot.cols);
      next += blocks[i].size();
    }
    CHECK(next == program.parameter_count());
    CHECK(next == spec.parameter_count());
    CHECK(record<double>(spec, Term::bregman).parameter_count() == next);
  }
}

TEST_CASE("networks compute what their definition says, by plain loops") {
  TestNumbers numbers(41);
  for (const ModelSpec& spec : small_networks()) {
    CAPTURE(spec.name);
    CAPTURE(activation_name(spec.activation));
    const Model model(spec);
    const MatrixXd x = numbers.normal(spec.inputs, 3);
    const VectorXd theta = 0.6 * numbers.normal(model.parameter_count(), 1);
    const MatrixXd y = outputs(model, x, theta);
    for (Index n = 0; n < 3; ++n) {
      PlainNetwork net(theta, spec);
      CHECK(distance(y.col(n), column(plain_outputs(net, spec, tensor(x.col(n), spec.image)))) <
            1e-13);
      CHECK(net.read() == theta.size());
    }
  }
}

TEST_CASE("descriptions tell every two networks apart, and equal ones not") {
  std::vector<ModelSpec> specs = small_networks();
  for (const char* text : {"lenet:3,2", "lenet:3,2/4", "lenet:3,2/5", "resnet:3,2", "mlp:3,2"})
    specs.push_back(small_network(text, {2, 8, 8}));
  specs.push_back(small_network("lenet:3,2", {1, 16, 8}));  // as many inputs, another image
  specs.push_back(small_network("lenet:3,2", {2, 8, 8}));
  specs.back().pooling = Pooling::max;
  specs.push_back(small_network("lenet:3,2", {2, 8, 8}));
  specs.back().layer_norm = true;
  specs.push_back(small_network("lenet:3,2", {2, 8, 8}));
  specs.back().bias = false;
  specs.push_back(small_network("lenet:3,2", {2, 8, 8}));
  specs.back().activation = Activation::gelu;
  specs.push_back(small_network("lenet:3,2", {2, 8, 8}));
  specs.back().outputs = 4;
  std::set<std::string> texts;
  for (const ModelSpec& spec : specs) texts.insert(describe(spec));
  CHECK(texts.size() == specs.size());
  CHECK(describe(small_network("lenet", {1, 8, 8})) ==
        describe(small_network("lenet:8,16", {1, 8, 8})));
  CHECK(describe(small_network("lenet:2/4", {1, 8, 8})) ==
        "input 1x8x8 > conv 2 by 3x3 stride 1 padding 1 > tanh > avg_pool 2x2 stride 2 padding 0 > "
        "dense 4 > tanh > dense 3");
}

TEST_CASE("a network is smooth unless it has a relu or takes maxima") {
  for (const char* text : {"lenet:2", "resnet:2", "mlp_ln:2", "autoencoder:3,2"}) {
    ModelSpec spec = small_network(text, {1, 4, 4});
    CHECK(spec.smooth());
    spec.activation = Activation::relu;
    CHECK_FALSE(spec.smooth());
  }
  ModelSpec spec = small_network("autoencoder:3", {1, 4, 4});
  spec.activation = Activation::relu;
  CHECK(spec.smooth());  // linear to its code and back
  spec = small_network("lenet:2", {1, 4, 4});
  spec.pooling = Pooling::max;
  CHECK_FALSE(spec.smooth());
  spec = small_network("resnet:2", {1, 4, 4});
  spec.pooling = Pooling::max;
  CHECK(spec.smooth());  // its pooling is a mean
}

TEST_CASE("images that are too small, oblong or of another size are refused, and why") {
  const auto refused = [](const std::string& message, const std::string& why) {
    CAPTURE(message);
    CHECK(message.starts_with("[model] model, "));
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.find(why) != std::string::npos);
  };
  refused(message_of("lenet:1,1,1,1", {1, 8, 8}), "nothing is left to pool by 2 x 2");
  refused(message_of("lenet:1,1,1", {1, 28, 28}),
          "lenet:1,1,1: nothing is left to convolve by 5 x 5 in the image of 4 x 4 pixels");
  refused(message_of("resnet:2", {1, 4, 5}), "got 4 x 5 pixels: use square images");
  refused(message_of("mlp_ln:3,1", {1, 2, 2}), "two or more units");
  refused(message_of("lenet:2", {}), "use a data set of images (digits, ");
  ModelSpec spec = small_network("lenet:2", {1, 4, 4});
  spec.inputs = 17;
  CHECK_THROWS_AS(Model{spec}, std::invalid_argument);
  spec = small_network("autoencoder:2", {1, 4, 4});
  spec.outputs = 3;
  CHECK_THROWS_AS(Model{spec}, std::invalid_argument);
  spec = small_network("conv_autoencoder:2/3", {1, 4, 4});
  spec.dense.clear();
  CHECK_THROWS_AS(Model{spec}, std::invalid_argument);
}

TEST_CASE("each weight has the variance of its law, biases are zero and gains one") {
  for (const auto& [text, image] :
       std::vector<std::pair<std::string, ImageShape>>{{"lenet:20,30/40", {3, 16, 16}},
                                                       {"resnet_ln:16,20", {4, 6, 6}},
                                                       {"conv_autoencoder:16,24/40", {4, 8, 8}}}) {
    const ModelSpec spec = small_network(text, image);
    struct Law {
      Initialisation how;
      double of_in, of_both, kurtosis;
    };
    for (const Law& law : {Law{Initialisation::lecun_normal, 1, 0, 3},
                           Law{Initialisation::he_normal, 2, 0, 3},
                           Law{Initialisation::glorot_normal, 0, 2, 3},
                           Law{Initialisation::glorot_uniform, 0, 2, 1.8}}) {
      const VectorXd theta = initialise(spec, law.how, 7);
      for (const ParameterBlock& b : parameter_blocks(architecture(spec))) {
        CAPTURE(spec.name);
        CAPTURE(b.offset);
        const VectorXd part = theta.segment(b.offset, b.size());
        if (b.kind == BlockKind::bias) CHECK(part.isZero(0));
        if (b.kind == BlockKind::gain) CHECK((part.array() == 1).all());
        if (b.kind != BlockKind::weight) continue;
        const double n = static_cast<double>(b.size());
        const double variance = law.of_in / static_cast<double>(b.fan_in) +
                                law.of_both / static_cast<double>(b.fan_in + b.fan_out);
        CHECK(std::abs(part.mean()) < 4 * std::sqrt(variance / n));
        CHECK(std::abs(part.squaredNorm() / n - variance) <
              4 * variance * std::sqrt((law.kurtosis - 1) / n));
      }
    }
  }
}

TEST_CASE("a layer norm's gain and shift follow the layer that it normalises") {
  for (const Initialisation how : {Initialisation::zeros, Initialisation::he_normal}) {
    const VectorXd theta = initialise(small_network("mlp_ln:5", {1, 2, 2}), how, 3);
    REQUIRE(theta.size() == 25 + 10 + 18);  // [W b], gain and shift, [W b]
    CHECK(theta.head(20).isZero(0) == (how == Initialisation::zeros));
    CHECK(theta.segment(20, 5).isZero(0));
    CHECK(theta.segment(25, 5) == VectorXd::Ones(5));
    CHECK(theta.segment(30, 5).isZero(0));
  }
  ModelSpec spec = small_network("resnet_ln:2", {1, 4, 4});
  spec.bias = false;
  CHECK(spec.parameter_count() == 2 * 9 + 2 * 2 * 18 + 3 * 2 * 32 + 2 * 3);
}

TEST_CASE("fans count channels times the pixels of a window, and of dense layers the units") {
  const auto fans = [](const std::string& text, const ImageShape& image) {
    std::vector<std::pair<Index, Index>> all;
    for (const ParameterBlock& b : parameter_blocks(architecture(small_network(text, image))))
      if (b.kind == BlockKind::weight) all.emplace_back(b.fan_in, b.fan_out);
    return all;
  };
  using Fans = std::vector<std::pair<Index, Index>>;
  CHECK(fans("lenet:3,4/5", {2, 16, 16}) == Fans{{50, 75}, {75, 100}, {4, 5}, {5, 3}});
  CHECK(fans("conv_autoencoder:3/5", {2, 4, 4}) == Fans{{18, 27}, {12, 5}, {5, 12}, {27, 18}});
  CHECK(fans("resnet:3", {2, 4, 4}) == Fans{{18, 27}, {27, 27}, {27, 27}, {3, 3}});
}
