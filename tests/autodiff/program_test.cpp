// SPDX-License-Identifier: MIT
#include "autodiff/program.h"

#include <doctest/doctest.h>

#include <functional>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "tests/support/networks.h"

using namespace leaveout;

namespace {

struct Refusal {
  std::function<void(Recorder<double>&)> record;
  std::string message;
};

/// A layer of 2 outputs on 3 inputs whose objective is made by `objective` from (w, b, y, losses).
using Objective =
    std::function<SlotId(Recorder<double>&, SlotId w, SlotId b, SlotId y, SlotId losses)>;
Program<double> layer_with(const Objective& objective) {
  Recorder<double> r;
  const SlotId x = r.input(3), t = r.input(2), w = r.parameter(2, 3), b = r.parameter(2, 1);
  const SlotId y = affine(r, w, b, x), l = half_squared_error(r, y, t);
  return std::move(r).finish({y, l, objective(r, w, b, y, l)});
}

SlotId weighted(Recorder<double>& r, SlotId losses) {
  return dot(r, r.input(1), losses);
}

}  // namespace

TEST_CASE("shape mismatches are refused while recording, in one line") {
  const std::vector<Refusal> refusals = {
      {[](auto& r) { r.parameter(0, 3); },
       "[record] empty slot, expected at least one row and column, got 0 x 3"},
      {[](auto& r) { r.parameter(2, 0); },
       "[record] empty slot, expected at least one row and column, got 2 x 0"},
      {[](auto& r) { r.input(0); },
       "[record] empty slot, expected at least one row and column, got 0 x -1"},
      {[](auto& r) { r.parameter(2, kBatch); },
       "[parameter] a parameter has a fixed number of columns"},
      {[](auto& r) { matmul(r, r.parameter(2, 3), r.input(4)); },
       "[matmul] inner sizes, expected equal, got 2 x 3 and 4 x batch"},
      {[](auto& r) { affine(r, r.parameter(2, 3), r.parameter(2, 1), r.input(2)); },
       "[affine] input, expected a multiple of 3 rows, got 2 x batch"},
      {[](auto& r) { affine(r, r.parameter(2, 3), r.parameter(3, 1), r.input(3)); },
       "[affine] bias, expected 2 x 1, got 3 x 1"},
      {[](auto& r) { mul(r, r.parameter(2, 3), r.parameter(3, 2)); },
       "[mul] shapes, expected equal, got 2 x 3 and 3 x 2"},
      {[](auto& r) { dot(r, r.parameter(2, 3), r.input(2)); },
       "[dot] shapes, expected equal, got 2 x 3 and 2 x batch"},
      {[](auto& r) { add(r, r.parameter(2, 3), r.input(2)); },
       "[add] shapes, expected equal, got 2 x 3 and 2 x batch"},
      {[](auto& r) { bias(r, r.input(2), r.parameter(2, 2)); },
       "[bias] bias, expected 2 x 1 or a part of it, got 2 x 2"},
      {[](auto& r) { reshape(r, r.parameter(2, 3), 4, 2); },
       "[reshape] sizes, expected as many entries as 2 x 3, got 4 x 2"},
      {[](auto& r) { reshape(r, r.input(4), 2, 2); },
       "[reshape] sizes, expected as many entries as 4 x batch, got 2 x 2"},
      {[](auto& r) { cross_entropy(r, r.input(3), r.input(2)); },
       "[cross_entropy] shapes, expected equal, got outputs 3 x batch and 2 x batch"},
      {[](auto& r) { half_squared_error(r, r.input(1), matmul(r, r.parameter(1, 1), r.input(1))); },
       "[half_squared_error] targets must not depend on parameters"}};
  for (const Refusal& refusal : refusals) {
    Recorder<double> r;
    CHECK_THROWS_WITH_AS(refusal.record(r), refusal.message.c_str(), std::invalid_argument);
  }
}

TEST_CASE("roles are checked when the recording ends") {
  const auto finish = [](ProgramRoles (*roles)(Recorder<double>&)) {
    Recorder<double> r;
    const ProgramRoles chosen = roles(r);
    std::move(r).finish(chosen);
  };
  CHECK_THROWS_WITH_AS(finish([](auto&) { return ProgramRoles{}; }),
                       "[finish] outputs, losses and objective must be named",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(finish([](auto& r) {
                         const SlotId y = matmul(r, r.parameter(1, 1), r.input(1));
                         return ProgramRoles{y, y, y};
                       }),
                       "[finish] objective, expected 1 x 1, got 1 x batch",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(finish([](auto& r) {
                         const SlotId y = matmul(r, r.parameter(2, 1), r.input(1));
                         return ProgramRoles{y, y, sum(r, y)};
                       }),
                       "[finish] losses, expected 1 x batch, got 2 x batch",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(finish([](auto& r) {
                         const SlotId y = matmul(r, r.parameter(1, 1), r.input(1));
                         return ProgramRoles{y, y, sum(r, r.input(1))};
                       }),
                       "[finish] objective must depend on a parameter",
                       std::invalid_argument);
}

TEST_CASE("parameters lie in theta in the order of recording, inputs in the order of the batch") {
  Network net = make_network({.widths = {3, 4, 2}});
  const Program<double>& p = net.program;
  CHECK(p.parameter_count() == 4 * 3 + 4 + 2 * 4 + 2);
  CHECK(p.output_count() == 2);
  CHECK(p.inputs().size() == 4);
  Index next = 0;
  for (const SlotId id : p.parameters()) {
    CHECK(p.slot(id).offset == next);
    next += p.slot(id).size(1);
  }
  CHECK(next == p.parameter_count());
}

TEST_CASE("affine layers are noted with their place in theta") {
  for (const bool bias : {true, false}) {
    Network net = make_network({.widths = {3, 4, 2}, .bias = bias});
    const auto& layers = net.program.affine_layers();
    REQUIRE(layers.size() == 2);
    CHECK(layers[0].has_bias == bias);
    CHECK(layers[0].in == 3);
    CHECK(layers[0].positions == 1);
    CHECK(net.program.factored());
    CHECK(layers[0].out == 4);
    CHECK(layers[0].columns() == (bias ? 4 : 3));
    CHECK(layers[1].offset == layers[0].size());
    CHECK(layers[1].offset + layers[1].size() == net.program.parameter_count());
    for (const AffineLayer& layer : layers) {
      CHECK(net.program.ops()[static_cast<std::size_t>(layer.op)]->output() == layer.output);
      CHECK(net.program.slot(layer.output).producer == layer.op);
    }
  }
}

TEST_CASE("affine layers are given up where a parameter is anything else too") {
  CHECK(layer_with([](auto& r, SlotId, SlotId, SlotId, SlotId l) { return weighted(r, l); })
            .affine_layers()
            .size() == 1);
  const std::vector<Objective> spoiled = {
      [](auto& r, SlotId w, SlotId, SlotId, SlotId l) {  // penalised
        return add(r, weighted(r, l), l2_penalty(r, w));
      },
      [](auto& r, SlotId w, SlotId, SlotId, SlotId l) {  // used in a second layer
        return add(r, weighted(r, l), sum(r, matmul(r, w, r.input(3))));
      },
      [](auto& r, SlotId, SlotId, SlotId, SlotId l) {  // examples meet outside of a sum
        return square(r, weighted(r, l));
      }};
  for (const Objective& objective : spoiled) CHECK(layer_with(objective).affine_layers().empty());
  const Program<double> idle = layer_with([](auto& r, SlotId, SlotId, SlotId, SlotId l) {
    r.parameter(1, 1);  // read by nobody, and no part of the layer
    return weighted(r, l);
  });
  CHECK(idle.affine_layers().size() == 1);
  CHECK_FALSE(idle.factored());
  Recorder<double> r;  // the bias lies before its weight
  const SlotId x = r.input(3), b = r.parameter(2, 1), y = affine(r, r.parameter(2, 3), b, x);
  const SlotId l = half_squared_error(r, y, r.input(2));
  CHECK(std::move(r).finish({y, l, sum(r, l)}).affine_layers().empty());
}

TEST_CASE("columns spread over the examples are noted, unless they are anything else too") {
  // y = W x + b 1' + c 1' at two positions: c alone is spread, b belongs to its layer.
  const auto program = [](bool again, bool penalised) {
    Recorder<double> r;
    const SlotId x = r.input(3), w = r.parameter(4, 3), b = r.parameter(4, 1);
    const SlotId c = r.parameter(2, 1);
    SlotId y = bias(r, affine(r, w, b, x), c);
    if (again) y = bias(r, y, c);
    const SlotId l = half_squared_error(r, y, r.input(4));
    SlotId objective = sum(r, l);
    if (penalised) objective = add(r, objective, l2_penalty(r, c));
    return std::move(r).finish({y, l, objective});
  };
  const Program<double> plain = program(false, false);
  REQUIRE(plain.spread_columns().size() == 1);
  const SpreadColumn& c = plain.spread_columns()[0];
  CHECK(c.offset == 16);
  CHECK(c.size() == 2);
  CHECK(c.positions == 2);
  CHECK(plain.ops()[static_cast<std::size_t>(c.op)]->output() == c.output);
  CHECK(plain.affine_layers().size() == 1);
  CHECK(plain.factored());
  for (const Program<double>& spoiled : {program(true, false), program(false, true)}) {
    CHECK(spoiled.spread_columns().empty());
    CHECK_FALSE(spoiled.factored());
  }
}

TEST_CASE("an objective is known to be a sum over examples, or not to be") {
  const std::vector<Objective> sums = {
      [](auto& r, SlotId, SlotId, SlotId, SlotId l) { return weighted(r, l); },
      [](auto& r, SlotId, SlotId, SlotId y, SlotId l) {
        return add(r, scale(r, weighted(r, l), 2), dot(r, r.input(2), y));
      },
      [](auto& r, SlotId, SlotId, SlotId y, SlotId l) {
        return add(r, weighted(r, l), l2_penalty(r, y));
      },
      [](auto& r, SlotId, SlotId, SlotId, SlotId l) { return sum(r, mul(r, l, l)); }};
  const std::vector<Objective> others = {
      [](auto& r, SlotId w, SlotId, SlotId, SlotId l) {
        return add(r, weighted(r, l), scale(r, l2_penalty(r, w), 0.1));
      },
      [](auto& r, SlotId, SlotId b, SlotId, SlotId l) { return add(r, weighted(r, l), sum(r, b)); },
      [](auto& r, SlotId, SlotId, SlotId, SlotId l) { return tanh(r, weighted(r, l)); },
      [](auto& r, SlotId, SlotId, SlotId, SlotId l) {
        return sum(r, matmul(r, sum(r, l), r.input(1)));
      }};
  for (const Objective& objective : sums) CHECK(layer_with(objective).sums_over_examples());
  for (const Objective& objective : others) CHECK_FALSE(layer_with(objective).sums_over_examples());
}
