// SPDX-License-Identifier: MIT
#pragma once
// What the threads of unit_curvature share: the factors of a group of tiles, and the places in H
// that their products belong to.
//
// Both terms of H[(a,b),(c,d)] = sum_n x_b M_ac x_d + x_b delta_c dx_d/dz_a (dense_curvature.h) are
// sums over examples of a product of two factors, neither with an index of the other's:
//
//   M_ac times x_b x_d               (left: pairs of units,        right: pairs of inputs)
//   dx_d/dz_a times x_b delta_c      (left: unit above, input,     right: input, unit)
//
// So a pair of layers is two matrix products, and each of their entries is added at the place that
// its row and its column name together. Where both layers are the same, M_ac and x_b x_d are
// symmetric and half of each is enough.
//
//   UnitFactors factors(layers, group_columns(layers, N, 128), Curvature::full, h);
//   factors.load(ws, 0);                      // a swept tile, at column 0 of the group

#include "autodiff/derivatives.h"

namespace leaveout {

/// Right factors that one product takes, and rows of left factors (a multiple of the 24 that a
/// kernel takes): the result stays in cache.
inline constexpr Index kRightFactors = 192, kLeftFactors = 240;

/// Left factors of one pair of layers. Each has a row of numbers and its share of the place in H,
/// counted in entries from H's first.
struct LeftFactors {
  MatrixMap<double> values;  // (factors x group)
  std::vector<Index> place;  // (factors)
  std::vector<char> used;    // (factors), 0 where all numbers of this group are zero
};

/// One unit of one layer: a sweep each.
struct Unit {
  std::size_t layer;
  Index row;
};

/// The entries whose lower layer is `from`, inputs [begin, end), and whose upper layer is `to`.
struct UnitJob {
  std::size_t from, to;
  Index begin, end;
};

/// Columns whose factors are kept and contracted at once: the sweeps like narrow tiles, which stay
/// close to the processor, and the contraction likes many columns, because H is gone through once a
/// group. Whole tiles, up to 512 columns or 16 megabytes of factors, from the shapes alone.
Index group_columns(const std::vector<AffineLayer>& layers, Index columns, Index tile);

/// Numbers in the factors of one example, for the full Hessian.
Index factors_per_example(const std::vector<AffineLayer>& layers);

class UnitFactors {
 public:
  /// Factors of up to `size` columns. `affine` and `result` must outlive the object.
  UnitFactors(const std::vector<AffineLayer>& affine,
              Index size,
              Curvature which,
              Matrix<double>& result);

  /// Pairs of layers, the lower one first.
  std::size_t pair(std::size_t l, std::size_t m) const { return l * layers.size() + m; }
  bool moving(std::size_t l, std::size_t m) const { return l < m && curvature == Curvature::full; }
  /// First of unit a's rows in curves: units of the same layer come once for a <= c.
  Index row(std::size_t l, std::size_t m, Index a) const {
    return l == m ? a * layers[l].out - a * (a - 1) / 2 : a * layers[m].out;
  }

  /// Inputs and adjoints, from a workspace that has swept the tile, to columns from `begin` on.
  void load(const Workspace<double>& ws, Index begin);
  /// The entries that the jobs have not filled, from those that they have.
  void mirror();

  const std::vector<AffineLayer>& layers;
  const Curvature curvature;
  const Index p;
  std::vector<Unit> units;
  std::vector<UnitJob> jobs;
  std::vector<MatrixMap<double>> x, delta;  // (columns x group), (out x group)
  std::vector<LeftFactors> curves, moves;   // by pair: M_ac, and dx_d/dz_a
  Matrix<double>& h;  // (P x P), rows of the upper layer, columns of the lower

 private:
  MatrixMap<double> take(Index rows);
  LeftFactors curve(std::size_t l, std::size_t m);
  LeftFactors move(std::size_t l, std::size_t m);

  const Index group_;
  Vector<double> memory_;  // all factors, in large pages
  Index taken_ = 0;        // numbers
};

}  // namespace leaveout
