// SPDX-License-Identifier: MIT
#include "autodiff/dense_curvature.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "autodiff/jacobian_curvature.h"
#include "autodiff/memory.h"
#include "autodiff/parameter_curvature.h"
#include "autodiff/unit_curvature.h"

namespace leaveout {

namespace {

/// Parameters outside of the unit layers.
std::vector<SlotId> other_parameters(const Program<double>& program,
                                     const std::vector<AffineLayer>& layers) {
  std::vector<SlotId> others;
  for (const SlotId id : program.parameters()) {
    const Index offset = program.slot(id).offset;
    const bool covered = std::any_of(layers.begin(), layers.end(), [&](const AffineLayer& layer) {
      return offset >= layer.offset && offset < layer.offset + layer.size();
    });
    if (!covered) others.push_back(id);
  }
  return others;
}

Index count(const Program<double>& program, const std::vector<SlotId>& slots) {
  Index total = 0;
  for (const SlotId id : slots) total += program.slot(id).size(1);
  return total;
}

// --- Predicted multiplications for one example. Right to a factor of two or so: methods differ by
// more, or it does not matter which is taken. ---

/// The two second-order sweeps over the whole program: four products for each affine layer, and a
/// few passes over each plane.
double sweep_cost(const Program<double>& program) {
  double cost = 0;
  for (const AffineLayer& layer : program.affine_layers())
    cost += 4.0 * static_cast<double>(layer.out * layer.in * layer.positions);
  for (const Slot& slot : program.slots())
    if (slot.kind == SlotKind::value) cost += 6.0 * static_cast<double>(slot.size(1));
  return cost;
}

double unit_cost(const Program<double>& program) {
  double units = 0, parameters = 0;
  const std::vector<AffineLayer> layers = unit_layers(program);
  for (const AffineLayer& layer : layers) {
    units += static_cast<double>(layer.out);
    parameters += static_cast<double>(layer.size());
  }
  const auto others = static_cast<double>(count(program, other_parameters(program, layers)));
  return (units + others) * sweep_cost(program) + 0.5 * parameters * parameters;
}

double parameter_cost(const Program<double>& program) {
  return static_cast<double>(program.parameter_count()) * sweep_cost(program);
}

double jacobian_cost(const Program<double>& program) {
  const auto p = static_cast<double>(program.parameter_count());
  return static_cast<double>(program.output_count()) * (0.5 * sweep_cost(program) + p + p * p);
}

Index tile_of(const Program<double>& program, Index columns, const DenseOptions& options) {
  const Index tile = options.tile > 0               ? options.tile
                     : program.sums_over_examples() ? default_tile(program)
                                                    : columns;
  return std::min(tile, columns);
}

DenseMethod method_of(const Program<double>& program,
                      Curvature curvature,
                      const DenseOptions& options) {
  return options.method == DenseMethod::automatic ? cheapest_method(program, curvature)
                                                  : options.method;
}

void require_arguments(const Program<double>& program,
                       const Batch<double>& batch,
                       const Vector<double>& theta) {
  if (theta.size() != program.parameter_count())
    throw std::invalid_argument(fmt::format("[dense_curvature] theta, expected {} numbers, got {}",
                                            program.parameter_count(),
                                            theta.size()));
  if (batch.columns < 1)
    throw std::invalid_argument("[dense_curvature] batch, expected at least one column, got none");
}

}  // namespace

DenseMethod cheapest_method(const Program<double>& program, Curvature curvature) {
  const double parameters = parameter_cost(program);
  const double units =
      unit_layers(program).empty() ? std::numeric_limits<double>::infinity() : unit_cost(program);
  const double others = std::min(parameters, units);
  if (curvature == Curvature::gauss_newton && only_through_outputs(program) &&
      jacobian_cost(program) < others)
    return DenseMethod::by_jacobian;
  return units <= parameters ? DenseMethod::by_units : DenseMethod::by_parameters;
}

Matrix<double> dense_curvature(const Program<double>& program,
                               const Batch<double>& batch,
                               const Vector<double>& theta,
                               Curvature curvature,
                               const DenseOptions& options) {
  require_arguments(program, batch, theta);
  const Index p = theta.size(), tile = tile_of(program, batch.columns, options);
  const DenseMethod method = method_of(program, curvature, options);
  require_memory("dense_curvature",
                 dense_curvature_bytes(program, batch.columns, curvature, options),
                 options.max_bytes,
                 fmt::format("a dense matrix of {} parameters", p),
                 "use curvature products and an iterative solver, or a smaller model");
  Matrix<double> h(p, p);
  prefer_large_pages(h.data(), static_cast<std::size_t>(p * p) * sizeof(double));
  h.setZero();
  const auto columns = [&](const std::vector<SlotId>& slots, Columns which) {
    parameter_curvature(program, slots, which, batch, theta, curvature, tile, options.threads, h);
  };
  if (method == DenseMethod::by_jacobian) {
    if (curvature != Curvature::gauss_newton)
      throw std::invalid_argument(
          "[dense_curvature] method, expected by_units or by_parameters for the full Hessian, got "
          "by_jacobian");
    jacobian_curvature(program, batch, theta, tile, options.threads, h);
  } else if (method == DenseMethod::by_units) {
    const std::vector<AffineLayer> layers = unit_layers(program);
    unit_curvature(program, layers, batch, theta, curvature, tile, options.threads, h);
    const std::vector<SlotId> others = other_parameters(program, layers);
    if (!others.empty()) columns(others, Columns::mirrored);
  } else {
    const bool chosen = options.method == DenseMethod::automatic;
    columns(program.parameters(), chosen ? Columns::mirrored : Columns::whole);
  }
  return h;
}

std::size_t dense_curvature_bytes(const Program<double>& program,
                                  Index columns,
                                  Curvature curvature,
                                  const DenseOptions& options) {
  const Index p = program.parameter_count(), tile = tile_of(program, columns, options);
  const auto threads = static_cast<std::size_t>(options.threads);
  std::size_t bytes = static_cast<std::size_t>(p * p) * sizeof(double);
  const DenseMethod method = method_of(program, curvature, options);
  if (method == DenseMethod::by_jacobian)
    return bytes + jacobian_curvature_bytes(program, columns) +
           Workspace<double>::bytes(program, tile, 1);
  const Index k = directions_at_once(tile);
  bytes += threads * (Workspace<double>::bytes(program, tile, k) +
                      static_cast<std::size_t>(2 * p * k) * sizeof(double));
  if (method == DenseMethod::by_units)
    bytes += unit_curvature_bytes(unit_layers(program), columns, tile, options.threads);
  return bytes;
}

}  // namespace leaveout
