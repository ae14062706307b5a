// SPDX-License-Identifier: MIT
#include "autodiff/unit_factors.h"

#include <doctest/doctest.h>

#include "autodiff/unit_curvature.h"
#include "tests/support/networks.h"

using namespace leaveout;

namespace {

std::vector<AffineLayer> layers_of(std::vector<Index> widths) {
  return unit_layers(make_network({.widths = std::move(widths), .examples = 1}).program);
}

}  // namespace

TEST_CASE("a group is whole tiles, up to 512 columns or 16 megabytes of factors") {
  const std::vector<AffineLayer> small = layers_of({10, 20, 20, 1});
  CHECK(group_columns(small, 1000, 128) == 512);
  CHECK(group_columns(small, 1000, 100) == 500);
  CHECK(group_columns(small, 1000, 600) == 600);
  CHECK(group_columns(small, 300, 128) == 300);
  CHECK(group_columns(small, 11, 11) == 11);
  const std::vector<AffineLayer> middle = layers_of({64, 80, 40, 10});
  const Index columns = group_columns(middle, 1000, 32);
  CHECK(columns % 32 == 0);
  CHECK(columns < 512);
  CHECK(factors_per_example(middle) * columns <= 1 << 21);
  CHECK(factors_per_example(middle) * (columns + 32) > 1 << 21);
  CHECK(group_columns(layers_of({2, 3000, 1}), 1000, 128) == 128);
}

TEST_CASE("the factors of the full Hessian take what is predicted, those of Gauss-Newton less") {
  for (const std::vector<Index>& widths :
       {std::vector<Index>{3, 2}, {10, 20, 20, 1}, {7, 3, 9, 4, 2}}) {
    const std::vector<AffineLayer> layers = layers_of(widths);
    const AffineLayer& last = layers.back();
    const Index p = last.offset + last.size();
    Matrix<double> h = Matrix<double>::Zero(p, p);
    const auto numbers = [&](Curvature c) {
      const UnitFactors factors(layers, 6, c, h);
      Index sum = 0;
      for (const auto* planes : {&factors.x, &factors.delta})
        for (const MatrixMap<double>& plane : *planes) sum += plane.size();
      for (const auto* planes : {&factors.curves, &factors.moves})
        for (const LeftFactors& plane : *planes) {
          CHECK(plane.values.rows() == static_cast<Index>(plane.place.size()));
          CHECK(plane.used.size() == plane.place.size());
          sum += plane.values.size();
        }
      return sum;
    };
    CHECK(numbers(Curvature::full) == 6 * factors_per_example(layers));
    CHECK((numbers(Curvature::gauss_newton) < numbers(Curvature::full)) == (layers.size() > 1));
    const std::size_t bytes = unit_curvature_bytes(layers, 6, 6, 1);
    CHECK(bytes > static_cast<std::size_t>(6 * factors_per_example(layers)) * sizeof(double));
    const std::size_t buffers = unit_curvature_bytes(layers, 6, 6, 2) - bytes;
    CHECK(unit_curvature_bytes(layers, 6, 6, 4) == bytes + 3 * buffers);
  }
}
