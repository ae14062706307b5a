// SPDX-License-Identifier: MIT
#include "influence/few_parameters/parameter_subset.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "datasets/random.h"
#include "models/architecture.h"
#include "models/objective.h"
#include "tests/models/image_specs.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::vector<Index> range(Index first, Index end) {
  std::vector<Index> all;
  for (Index i = first; i < end; ++i) all.push_back(i);
  return all;
}

std::vector<Index> joined(std::vector<Index> a, const std::vector<Index>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  return a;
}

/// The one-line message of the exception that `text` ends in.
std::string refusal(const ModelSpec& spec, const std::string& text) {
  try {
    parameter_subset(spec, text);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Index weights_of(const ModelSpec& spec) {
  Index n = 0;
  for (const ParameterBlock& b : parameter_blocks(architecture(spec)))
    n += b.kind == BlockKind::weight ? 1 : 0;
  return n;
}

}  // namespace

TEST_CASE("parameter subsets of mlp:4,3 on 2 features are those counted by hand") {
  // W1 4x2: 0-7, b1: 8-11, W2 3x4: 12-23, b2: 24-26, W3 2x3: 27-32, b3: 33-34
  const ModelSpec spec = parse_model("mlp:4,3", Task::multiclass, 2, 2);
  REQUIRE(spec.parameter_count() == 35);
  CHECK(parameter_subset(spec, "last_layer") == range(27, 35));
  CHECK(parameter_subset(spec, "last_layers:1") == range(27, 35));
  CHECK(parameter_subset(spec, "last_layers:2") == range(12, 35));
  CHECK(parameter_subset(spec, "last_layers:3") == range(0, 35));
  CHECK(parameter_subset(spec, "biases") ==
        joined(range(8, 12), joined(range(24, 27), range(33, 35))));
  CHECK(parameter_subset(spec, "weights") ==
        joined(range(0, 8), joined(range(12, 24), range(27, 33))));
  CHECK(parameter_subset(spec, "block:0") == range(0, 8));
  CHECK(parameter_subset(spec, "block:3") == range(24, 27));
  CHECK(parameter_subset(spec, "parameters:30,2-4,3") == std::vector<Index>{2, 3, 4, 30});
  CHECK(describe_blocks(spec) ==
        "0 weight 4x2, 1 bias 4, 2 weight 3x4, 3 bias 3, 4 weight 2x3, 5 bias 2");
}

TEST_CASE("the norm after a layer belongs to it: gain and shift go with its weight") {
  // W1 4x2: 0-7, b1: 8-11, gain 12-15, shift 16-19, W2 2x4: 20-27, b2: 28-29
  const ModelSpec spec = parse_model("mlp_ln:4", Task::multiclass, 2, 2);
  REQUIRE(spec.parameter_count() == 30);
  CHECK(parameter_subset(spec, "last_layer") == range(20, 30));
  CHECK(parameter_subset(spec, "last_layers:2") == range(0, 30));
  CHECK(parameter_subset(spec, "biases") ==
        joined(range(8, 12), joined(range(16, 20), range(28, 30))));
  CHECK(parameter_subset(spec, "block:2") == range(12, 16));
}

TEST_CASE("in every family layers are nested up to the whole and blocks are a partition") {
  for (const ModelSpec& spec : small_networks()) {
    CAPTURE(spec.name);
    const Index layers = weights_of(spec), parameters = spec.parameter_count();
    std::vector<Index> before;
    for (Index k = 1; k <= layers; ++k) {
      const std::vector<Index> now = parameter_subset(spec, fmt::format("last_layers:{}", k));
      CHECK(now.size() > before.size());
      CHECK(now.back() == parameters - 1);
      CHECK(joined(now, complement(now, parameters)) == range(0, parameters));
      before = now;
    }
    CHECK(before == range(0, parameters));
    std::vector<Index> blocks, gains;
    const std::vector<ParameterBlock> all = parameter_blocks(architecture(spec));
    for (std::size_t k = 0; k < all.size(); ++k) {
      const std::vector<Index> block = parameter_subset(spec, fmt::format("block:{}", k));
      blocks.insert(blocks.end(), block.begin(), block.end());
      if (all[k].kind == BlockKind::gain) gains = joined(gains, block);
    }
    CHECK(blocks == range(0, parameters));
    if (spec.bias)
      CHECK(joined(gains,
                   joined(parameter_subset(spec, "weights"), parameter_subset(spec, "biases"))) ==
            range(0, parameters));
  }
}

TEST_CASE("in every family outputs are affine in the last layer and not in the last two") {
  for (const ModelSpec& spec : small_networks()) {
    CAPTURE(spec.name);
    const Model model(spec);
    const VectorXd theta = initialise(spec, Initialisation::lecun_normal, 3);
    const MatrixXd x = Random(4, {1}).normal_matrix(spec.inputs, 5);
    const auto bend = [&](const std::string& subset) {
      VectorXd step = VectorXd::Zero(theta.size());
      Random random(5, {2});
      for (const Index i : parameter_subset(spec, subset)) step(i) = random.normal();
      const MatrixXd plus = outputs(model, x, theta + step),
                     minus = outputs(model, x, theta - step);
      return distance(MatrixXd(0.5 * (plus + minus)), outputs(model, x, theta));
    };
    CHECK(bend("last_layer") < 1e-12);
    CHECK(bend("last_layers:2") > 1e-3);
  }
}

TEST_CASE("a subset that the model does not have is refused with what it has") {
  const ModelSpec spec = parse_model("mlp:4", Task::binary, 2, 1);  // 17 parameters
  for (const SubsetForm& f : parameter_subset_forms()) CHECK(has(refusal(spec, "head"), f.form));
  CHECK(has(refusal(spec, "block:4"), "0 to 3: 0 weight 4x2, 1 bias 4, 2 weight 1x4, 3 bias 1"));
  CHECK(has(refusal(spec, "last_layers:3"), "1 to 2 last layers: the blocks are 0 weight 4x2"));
  CHECK(has(refusal(spec, "last_layers:0"), "1 to 2 last layers"));
  CHECK(has(refusal(spec, "last_layer:1"), "one of last_layer"));
  CHECK(has(refusal(spec, "parameters:17"), "from 0 to 16"));
  for (const char* text : {"",
                           "block:",
                           "block:x",
                           "block:1x",
                           "block:-1",
                           "last_layers:",
                           "biases:",
                           "parameters:",
                           "parameters:3,",
                           "parameters:5-3",
                           "parameters:1--2",
                           "parameters:-1",
                           "block:99999999999999999999"}) {
    CAPTURE(text);
    CHECK(has(refusal(spec, text), "[parameter subset] "));
    CHECK(has(refusal(spec, text), fmt::format("got '{}'", text)));
  }
  ModelSpec plain = spec;
  plain.bias = false;
  CHECK(has(refusal(plain, "biases"), "the model has: 0 weight 4x2, 1 weight 1x4"));
}
