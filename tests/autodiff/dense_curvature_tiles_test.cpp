// SPDX-License-Identifier: MIT
// Tiles, groups of tiles and threads: the matrix is the same to rounding, and for any number of
// threads bit for bit.
#include <doctest/doctest.h>

#include "tests/autodiff/dense_matrix.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;

}  // namespace

TEST_CASE("any tile size gives the same matrix to rounding, any number of threads the same bits") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
      const Mat h = dense(net, c, DenseMethod::by_units);
      CHECK((h.array() == h.transpose().array()).all());
      for (const Index tile : {1, 3, 8, 500}) {
        const Mat one = dense(net, c, DenseMethod::by_units, tile, 1);
        CHECK(distance(one, h) < 1e-12);
        if (tile == 3)
          for (const int threads : {2, 3})
            CHECK(
                (dense(net, c, DenseMethod::by_units, tile, threads).array() == one.array()).all());
        const Mat columns = dense(net, c, DenseMethod::by_parameters, tile);
        CHECK(distance(columns, h) < 1e-12);
        if (tile == 3)
          CHECK((dense(net, c, DenseMethod::by_parameters, tile, 3).array() == columns.array())
                    .all());
        if (c == Curvature::gauss_newton) {
          const Mat jacobians = dense(net, c, DenseMethod::by_jacobian, tile);
          CHECK(distance(jacobians, h) < 1e-12);
          CHECK((dense(net, c, DenseMethod::by_jacobian, tile, 3).array() == jacobians.array())
                    .all());
        }
      }
    }
  }
}

TEST_CASE("networks wider than a chunk of unit seeding") {
  Network net = make_network({.widths = {30, 12, 9}, .loss = Loss::cross_entropy, .examples = 40});
  const Mat h = dense(net, Curvature::full, DenseMethod::by_parameters);
  CHECK(distance(dense(net, Curvature::full, DenseMethod::by_units, 16, 2), h) < 1e-12);
  Network wide = make_network({.widths = {300, 3, 1}, .bias = false});
  CHECK(distance(dense(wide, Curvature::full, DenseMethod::by_units),
                 dense(wide, Curvature::full, DenseMethod::by_parameters)) < 1e-12);
}

TEST_CASE("groups of tiles: the same matrix to rounding, the same bits for any threads") {
  Network net =
      make_network({.widths = {3, 5, 4, 2}, .loss = Loss::cross_entropy, .examples = 1100});
  for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
    const Mat expected = dense(net, c, DenseMethod::by_parameters);
    for (const Index tile : {100, 128, 600}) {  // the last group is narrower, and its last tile
      const Mat one = dense(net, c, DenseMethod::by_units, tile, 1);
      CHECK(distance(one, expected) < 1e-12);
      CHECK((one.array() == one.transpose().array()).all());
      for (const int threads : {2, 3})
        CHECK((dense(net, c, DenseMethod::by_units, tile, threads).array() == one.array()).all());
    }
  }
}

TEST_CASE("a unit may be dead in some tiles of a group, wherever they are") {
  for (const Index dead : {0, 3, 6}) {  // tiles of three
    Network net =
        make_network({.widths = {2, 4, 3, 2}, .activation = TestActivation::relu, .examples = 9});
    net.x().row(0).setConstant(1);
    net.x().row(0).segment(dead, 3).setConstant(-1);
    for (const Index input : {0, 1, 2}) net.theta(4 * input) = input == 0 ? 2 : 0;  // z_0 = 2 x_0
    const Mat h = dense(net, Curvature::full, DenseMethod::by_units, 3);
    CHECK(distance(h, dense(net, Curvature::full, DenseMethod::by_parameters)) < 1e-12);
    CHECK(h.block(0, 12, 1, 15).cwiseAbs().maxCoeff() > 1e-3);  // the live tiles are in it
  }
}
