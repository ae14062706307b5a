// SPDX-License-Identifier: MIT
// What derivatives cost: nothing is computed twice, nothing is allocated.
#include <doctest/doctest.h>

#include "autodiff/derivatives.h"
#include "autodiff/families.h"
#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "tests/support/alloc_count.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

constexpr Curvature kBoth[] = {Curvature::full, Curvature::gauss_newton};

/// y = x, which counts its uses.
struct Uses {
  int apply = 0, transpose = 0;
};

class Watched final : public LinearOp<Watched, double> {
 public:
  Watched(SlotId x, SlotId y, Uses* uses) : LinearOp({x}, y), uses_(uses) {}
  const char* name() const override { return "watched"; }
  template <class Put>
  void apply(int, const ConstMatrixMap<double>& x, Put&& put) const {
    ++uses_->apply;
    put(x);
  }
  template <class Put>
  void apply_transpose(int, const ConstMatrixMap<double>& y_bar, Put&& put) const {
    ++uses_->transpose;
    put(y_bar);
  }

 private:
  Uses* uses_;
};

}  // namespace

TEST_CASE("values and adjoints are computed once a tile, and as far as the curvature asks") {
  Uses uses;
  Recorder<double> r;
  const SlotId x = r.input(2), t = r.input(1), z = matmul(r, r.parameter(1, 2), x);
  const SlotId y = r.append(std::make_unique<Watched>(z, r.value(1, kBatch, true), &uses));
  const SlotId l = half_squared_error(r, y, t);
  const Program<double> program = std::move(r).finish({y, l, sum(r, l)});
  const Mat inputs = TestNumbers(12).normal(2, 8), targets = TestNumbers(13).normal(1, 8);
  const Batch<double> batch{{inputs.data(), targets.data()}, 8};
  const Vec theta = TestNumbers(14).normal(2, 1);
  Workspace<double> ws(program, 3, 2);  // three tiles; five directions, two at a time
  const Mat v = TestNumbers(15).normal(2, 5);
  Mat hv(2, 5);
  for (const Curvature c : kBoth) {
    uses = {};
    curvature_product(ws, batch, theta, v, hv, c);
    CHECK(uses.apply == 3 + 3 * 5);  // forward, tangent
    CHECK(uses.transpose == (c == Curvature::full ? 3 : 0) + 3 * 5);
    CHECK(distance(hv, inputs * inputs.transpose() * v) < 1e-14);
  }
}

TEST_CASE("curvature products allocate nothing") {
  for (const NetworkSpec& spec : {NetworkSpec{.widths = {4, 7, 5, 3}, .loss = Loss::cross_entropy},
                                  NetworkSpec{.widths = {10, 20, 20, 1}, .examples = 100}}) {
    Network net = make_network(spec);
    const Batch<double> batch = net.batch();
    const Mat v = TestNumbers(16).normal(net.theta.size(), 3);
    Mat hv(v.rows(), v.cols());
    for (const Curvature c : kBoth)
      for (const Index tile : {Index(4), net.examples()}) {
        Workspace<double> ws(net.program, tile, 2);
        CHECK(allocations_in([&] { curvature_product(ws, batch, net.theta, v, hv, c); }) == 0);
        CurvatureProduct<double> kept(net.program, batch, net.theta, c, tile, 2);
        CHECK(allocations_in([&] { kept.move_to(net.theta); }) == 0);
        CHECK(allocations_in([&] { kept.apply(v, hv); }) == 0);
      }
  }
}
