// SPDX-License-Identifier: MIT
// A sweep allocates nothing: retraining a small network a thousand times never meets the allocator.
#include <doctest/doctest.h>

#include <cstdlib>

#include "autodiff/sweeps.h"
#include "tests/support/alloc_count.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

void check_no_allocation(const NetworkSpec& spec, Index directions) {
  CAPTURE(describe(spec));
  CAPTURE(directions);
  Network net = make_network(spec);
  const Matrix<double> v = TestNumbers(70).normal(net.theta.size(), directions);
  Matrix<double> hv(v.rows(), v.cols());
  Vector<double> g(net.theta.size());
  Workspace<double> ws(net.program, net.examples(), directions);
  ws.bind_parameters(net.theta.data());
  ws.bind_batch(net.batch());
  ws.bind_gradient(g.data());
  CHECK(allocations_in([&] { forward(ws); }) == 0);
  CHECK(allocations_in([&] { seed(ws); }) == 0);
  CHECK(allocations_in([&] { reverse(ws); }) == 0);
  ws.bind_directions(v.data(), directions);
  ws.bind_products(hv.data());
  CHECK(allocations_in([&] { tangent(ws); }) == 0);
  for (const Curvature c : {Curvature::full, Curvature::gauss_newton})
    CHECK(allocations_in([&] { reverse_tangent(ws, c); }) == 0);
}

}  // namespace

TEST_CASE("the counter counts") {
  if (!counting_allocations()) return;
  CHECK(allocations_in([] {}) == 0);
  void* volatile block = nullptr;  // volatile: else the compiler leaves out the pair
  CHECK(allocations_in([&] { block = std::malloc(100); }) == 1);
  std::free(block);
  CHECK(allocations_in([&] { block = std::aligned_alloc(64, 128); }) == 1);
  std::free(block);
  CHECK(allocations_in([] { Vector<double> x = Vector<double>::Zero(50); }) == 1);
  CHECK(allocations_in([] { std::vector<int> x(50); }) == 1);
}

TEST_CASE("no sweep of a small network allocates") {
  for (const Index k : {1, 2, 4}) {
    check_no_allocation({.widths = {10, 20, 20, 1}, .examples = 100}, k);
    for (const TestActivation a : {TestActivation::relu,
                                   TestActivation::tanh,
                                   TestActivation::sigmoid,
                                   TestActivation::softplus,
                                   TestActivation::gelu})
      check_no_allocation(
          {.widths = {4, 7, 5, 3}, .activation = a, .loss = Loss::cross_entropy, .examples = 100},
          k);
    check_no_allocation(
        {.widths = {4, 7, 1}, .loss = Loss::binary_cross_entropy, .examples = 100, .tilt = true},
        k);
    check_no_allocation(
        {.widths = {4, 7, 3}, .loss = Loss::bregman_cross_entropy, .examples = 100, .tilt = true},
        k);
    check_no_allocation({.widths = {4, 7, 2}, .examples = 100, .penalty = 0.1}, k);
    for (const NetworkSpec& spec : image_networks()) check_no_allocation(spec, k);
  }
}
