// SPDX-License-Identifier: MIT
#include "autodiff/unit_factors.h"

#include <algorithm>
#include <cassert>

#include "autodiff/memory.h"

namespace leaveout {

Index factors_per_example(const std::vector<AffineLayer>& layers) {
  Index factors = 0, below = 0;  // left factors of all pairs of layers, inputs and adjoints
  for (const AffineLayer& layer : layers) {
    factors += layer.out * (layer.out + 1) / 2 + below * (layer.out + layer.in);
    factors += layer.columns() + layer.out;
    below += layer.out;
  }
  return factors;
}

Index group_columns(const std::vector<AffineLayer>& layers, Index columns, Index tile) {
  constexpr Index kColumns = 512, kNumbers = Index(1) << 21;
  const Index room = std::min(kColumns, kNumbers / factors_per_example(layers));
  return std::min(columns, std::max(tile, room / tile * tile));
}

UnitFactors::UnitFactors(const std::vector<AffineLayer>& affine,
                         Index size,
                         Curvature which,
                         Matrix<double>& result)
    : layers(affine),
      curvature(which),
      p(result.rows()),
      h(result),
      group_(size),
      memory_(factors_per_example(affine) * size) {
  prefer_large_pages(memory_.data(), static_cast<std::size_t>(memory_.size()) * sizeof(double));
  for (std::size_t l = 0; l < layers.size(); ++l) {
    x.push_back(take(layers[l].columns()));
    delta.push_back(take(layers[l].out));
    for (Index a = 0; a < layers[l].out; ++a) units.push_back({l, a});
    for (std::size_t m = 0; m < layers.size(); ++m) {
      curves.push_back(curve(l, m));
      moves.push_back(move(l, m));
      if (m < l) continue;
      const Index step = std::max<Index>(1, kRightFactors / layers[m].columns());
      for (Index b = 0; b < layers[l].columns(); b += step)
        jobs.push_back({l, m, b, std::min(b + step, layers[l].columns())});
    }
  }
}

MatrixMap<double> UnitFactors::take(Index rows) {
  double* const here = memory_.data() + taken_;
  taken_ += rows * group_;
  assert(taken_ <= memory_.size());
  return {here, rows, group_};
}

LeftFactors UnitFactors::curve(std::size_t l, std::size_t m) {
  std::vector<Index> place;
  if (l <= m)
    for (Index a = 0; a < layers[l].out; ++a)
      for (Index c = l == m ? a : 0; c < layers[m].out; ++c) place.push_back(c + p * a);
  const std::size_t count = place.size();
  return {take(static_cast<Index>(count)), std::move(place), std::vector<char>(count, 1)};
}

LeftFactors UnitFactors::move(std::size_t l, std::size_t m) {
  std::vector<Index> place;
  if (moving(l, m))
    for (Index a = 0; a < layers[l].out; ++a)
      for (Index d = 0; d < layers[m].in; ++d) place.push_back(d * layers[m].out + p * a);
  const std::size_t count = place.size();
  return {take(static_cast<Index>(count)), std::move(place), std::vector<char>(count, 0)};
}

void UnitFactors::load(const Workspace<double>& ws, Index begin) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    auto inputs = x[l].middleCols(begin, ws.columns());
    inputs.topRows(layers[l].in) = ws.x(layers[l].input);
    if (layers[l].has_bias) inputs.row(layers[l].in).setOnes();
    auto adjoints = delta[l].middleCols(begin, ws.columns());
    if (ws.bar_active(layers[l].output))
      adjoints = ws.x_bar(layers[l].output);
    else
      adjoints.setZero();
  }
}

void UnitFactors::mirror() {
  for (std::size_t m = 0; m < layers.size(); ++m) {
    const AffineLayer& to = layers[m];
    for (Index b = 0; b < to.columns(); ++b)
      for (Index d = b; d < to.columns(); ++d) {
        auto block = h.block(to.offset + d * to.out, to.offset + b * to.out, to.out, to.out);
        block.triangularView<Eigen::StrictlyUpper>() = block.transpose();
      }
    auto own = h.block(to.offset, to.offset, to.size(), to.size());
    own.triangularView<Eigen::StrictlyUpper>() = own.transpose();
    for (std::size_t l = 0; l < m; ++l) {
      const AffineLayer& from = layers[l];
      h.block(from.offset, to.offset, from.size(), to.size()) =
          h.block(to.offset, from.offset, to.size(), from.size()).transpose();
    }
  }
}

}  // namespace leaveout
