// SPDX-License-Identifier: MIT
#include "autodiff/dense_curvature.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/per_example.h"
#include "autodiff/sweeps.h"
#include "autodiff/unit_curvature.h"

namespace leaveout {

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

constexpr Index kTile = 128;

/// Unit directions, one parameter slot at a time so that layers below it stay inactive.
Mat by_parameters(const Program<double>& program,
                  const Batch<double>& batch,
                  const Vec& theta,
                  Curvature curvature,
                  Index tile) {
  const Index p = theta.size();
  const Index k = std::clamp<Index>(kTile / tile, 1, 16);
  Workspace<double> ws(program, tile, k);
  ws.bind_parameters(theta.data());
  Mat h = Mat::Zero(p, p), v(p, k), part(p, k);
  for (Index begin = 0; begin < batch.columns; begin += tile) {
    ws.bind_batch(batch, begin, std::min(tile, batch.columns - begin));
    forward(ws);
    seed(ws);
    reverse(ws);
    for (const SlotId id : program.parameters()) {
      const Slot& slot = program.slot(id);
      const Index size = slot.rows * slot.cols;
      for (Index j = 0; j < size; j += k) {
        const Index count = std::min(k, size - j);
        v.setZero();
        for (Index t = 0; t < count; ++t) v(slot.offset + j + t, t) = 1;
        ws.bind_directions(v.data(), count, id);
        ws.bind_products(part.data());
        tangent(ws);
        reverse_tangent(ws, curvature);
        ws.finish_products();
        h.middleCols(slot.offset + j, count) += part.leftCols(count);
      }
    }
  }
  return h;
}

/// w_n d2 loss_n / dy_o dy. at every example, as columns (O x N): what the loss does to a unit
/// output.
Mat loss_curvature(Workspace<double>& ws, const Batch<double>& batch, const Vec& theta, Index o) {
  const SlotId y = ws.program().roles().outputs;
  Mat result(ws.program().output_count(), batch.columns);
  ws.bind_parameters(theta.data());
  ws.bind_gradient(nullptr);
  for (Index begin = 0; begin < batch.columns; begin += ws.capacity()) {
    const Index count = std::min(ws.capacity(), batch.columns - begin);
    ws.bind_batch(batch, begin, count);
    forward(ws);
    seed(ws);
    reverse(ws);
    ws.bind_directions(nullptr, 1);
    ws.bind_products(nullptr);
    ws.sink_dot(y, 0).cleared().row(o).setOnes();
    const int next = ws.program().slot(y).producer + 1;
    tangent(ws, next);
    reverse_tangent(ws, Curvature::gauss_newton, next);
    if (ws.bar_dot_active(y))
      result.middleCols(begin, count) = ws.x_bar_dot(y, 0);
    else
      result.middleCols(begin, count).setZero();
  }
  return result;
}

/// True if Gauss-Newton = J' V J with J the Jacobian of `outputs`: no way from a parameter to the
/// objective goes around them, and no loss stands before them.
bool only_through_outputs(const Program<double>& program) {
  std::vector<char> around(program.slots().size(), 0);
  for (const SlotId id : program.parameters()) around[static_cast<std::size_t>(id)] = 1;
  for (const auto& op : program.ops())
    for (const SlotId id : op->inputs()) {
      if (!around[static_cast<std::size_t>(id)]) continue;
      if (op->is_loss()) return false;
      if (op->output() != program.roles().outputs)
        around[static_cast<std::size_t>(op->output())] = 1;
    }
  return program.sums_over_examples() &&
         !around[static_cast<std::size_t>(program.roles().objective)];
}

Mat by_jacobian(const Program<double>& program,
                const Batch<double>& batch,
                const Vec& theta,
                Curvature curvature,
                Index tile) {
  if (curvature != Curvature::gauss_newton)
    throw std::invalid_argument(
        "[dense_curvature] method, expected by_units or by_parameters for the full Hessian, got "
        "by_jacobian");
  if (!only_through_outputs(program))
    throw std::invalid_argument(
        "[dense_curvature] method, expected by_units or by_parameters where parameters reach the "
        "objective around the outputs, got by_jacobian");
  Workspace<double> ws(program, tile, 1);
  const Index outs = program.output_count();
  std::vector<Mat> jacobians;  // (P x N) each
  for (Index o = 0; o < outs; ++o)
    jacobians.push_back(materialise(output_gradients(ws, batch, theta, o)));
  Mat h = Mat::Zero(theta.size(), theta.size());
  for (Index a = 0; a < outs; ++a) {
    const Mat weights = loss_curvature(ws, batch, theta, a);
    // Rows c >= a once each: J_a diag(w_ac) J_c' and, off the diagonal, its transpose.
    Mat scaled = jacobians[static_cast<std::size_t>(a)] * (0.5 * weights.row(a)).asDiagonal();
    for (Index c = a + 1; c < outs; ++c)
      scaled.noalias() += jacobians[static_cast<std::size_t>(c)] * weights.row(c).asDiagonal();
    h.triangularView<Eigen::Lower>() += scaled * jacobians[static_cast<std::size_t>(a)].transpose();
    h.triangularView<Eigen::Lower>() += jacobians[static_cast<std::size_t>(a)] * scaled.transpose();
  }
  h.triangularView<Eigen::StrictlyUpper>() = h.transpose();
  return h;
}

/// The cheapest method that the Program allows. Unit seeding wins wherever it applies, by a factor
/// of two even over the one reverse sweep that a single output's Jacobian takes: it forms products
/// of short columns and never the P x N numbers.
DenseMethod choose(const Program<double>& program, Curvature curvature) {
  if (!program.dense_layers().empty()) return DenseMethod::by_units;
  if (curvature == Curvature::gauss_newton && program.output_count() == 1 &&
      only_through_outputs(program))
    return DenseMethod::by_jacobian;
  return DenseMethod::by_parameters;
}

}  // namespace

Matrix<double> dense_curvature(const Program<double>& program,
                               const Batch<double>& batch,
                               const Vector<double>& theta,
                               Curvature curvature,
                               const DenseOptions& options) {
  if (theta.size() != program.parameter_count())
    throw std::invalid_argument(fmt::format("[dense_curvature] theta, expected {} numbers, got {}",
                                            program.parameter_count(),
                                            theta.size()));
  if (batch.columns < 1)
    throw std::invalid_argument("[dense_curvature] batch, expected at least one column, got none");
  const DenseMethod method =
      options.method == DenseMethod::automatic ? choose(program, curvature) : options.method;
  const Index tile = std::min(options.tile > 0 ? options.tile : kTile, batch.columns);
  switch (method) {
    case DenseMethod::by_jacobian:
      return by_jacobian(program, batch, theta, curvature, tile);
    case DenseMethod::by_units:
      return unit_curvature(program, batch, theta, curvature, tile, options.threads);
    default:
      require_tiling(program, batch.columns, tile);
      return by_parameters(program, batch, theta, curvature, tile);
  }
}

std::size_t dense_curvature_bytes(const Program<double>& program, Index columns) {
  const Index tile = std::min(kTile, columns), p = program.parameter_count();
  Index pairs = 0, below = 0;  // what unit seeding keeps of a tile, for the full Hessian
  for (const DenseLayer& layer : program.dense_layers()) {
    pairs += layer.out * (layer.out + 1) / 2 + below * (layer.out + layer.in);
    below += layer.out;
  }
  return static_cast<std::size_t>(p * p + pairs * tile) * sizeof(double) +
         Workspace<double>::bytes(program, tile, 1);
}

}  // namespace leaveout
