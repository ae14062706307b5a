// SPDX-License-Identifier: MIT
#include "autodiff/jacobian_curvature.h"

#include <algorithm>
#include <stdexcept>

#include "autodiff/per_example.h"
#include "autodiff/sweeps.h"

namespace leaveout {

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

/// Examples whose Jacobians are kept at once: enough for a product, in about 256 megabytes.
Index jacobian_tile(const Program<double>& program, Index columns) {
  const Index numbers = 2 * program.output_count() * program.parameter_count();
  return std::min(columns, std::clamp<Index>((Index(1) << 25) / numbers, 8, 128));
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

/// Columns [begin, begin + count) of a batch, as a batch.
Batch<double> part(const Program<double>& program,
                   const Batch<double>& batch,
                   Index begin,
                   Index count) {
  Batch<double> result{{}, count};
  for (std::size_t i = 0; i < batch.data.size(); ++i)
    result.data.push_back(batch.data[i] + begin * program.slot(program.inputs()[i]).rows);
  return result;
}

/// For each output a: J_a, and the sum over c >= a of J_c diag(w_ac), the diagonal halved. Then
/// G = sum_a scaled_a J_a' + its transpose.
struct Pairs {
  std::vector<Mat> jacobians, scaled;  // (outputs) of (P x n)
};

Pairs pairs(Workspace<double>& ws, const Batch<double>& batch, const Vec& theta) {
  Pairs p;
  const Index outs = ws.program().output_count();
  for (Index o = 0; o < outs; ++o)
    p.jacobians.push_back(materialise(output_gradients(ws, batch, theta, o)));
  for (Index a = 0; a < outs; ++a) {
    const Mat weights = loss_curvature(ws, batch, theta, a);
    Mat scaled = p.jacobians[static_cast<std::size_t>(a)] * (0.5 * weights.row(a)).asDiagonal();
    for (Index c = a + 1; c < outs; ++c)
      if ((weights.row(c).array() != 0).any())
        scaled += p.jacobians[static_cast<std::size_t>(c)] * weights.row(c).asDiagonal();
    p.scaled.push_back(std::move(scaled));
  }
  return p;
}

}  // namespace

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

void jacobian_curvature(const Program<double>& program,
                        const Batch<double>& batch,
                        const Vector<double>& theta,
                        Index tile,
                        int threads,
                        Matrix<double>& h) {
  if (!only_through_outputs(program))
    throw std::invalid_argument(
        "[dense_curvature] method, expected by_units or by_parameters where parameters reach the "
        "objective around the outputs, got by_jacobian");
  constexpr Index kPanel = 128;  // columns of h that a task owns
  const Index p = theta.size(), step = jacobian_tile(program, batch.columns);
  Workspace<double> ws(program, std::min(tile, step), 1);
  for (Index begin = 0; begin < batch.columns; begin += step) {
    const Index count = std::min(step, batch.columns - begin);
    const Pairs all = pairs(ws, part(program, batch, begin, count), theta);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (Index j = 0; j < p; j += kPanel) {
      const Index width = std::min(kPanel, p - j);
      auto panel = h.block(j, j, p - j, width);
      for (std::size_t a = 0; a < all.scaled.size(); ++a) {
        const Mat &jac = all.jacobians[a], &scaled = all.scaled[a];
        panel.noalias() += scaled.bottomRows(p - j) * jac.middleRows(j, width).transpose();
        panel.noalias() += jac.bottomRows(p - j) * scaled.middleRows(j, width).transpose();
      }
    }
  }
  h.triangularView<Eigen::StrictlyUpper>() = h.transpose();
}

std::size_t jacobian_curvature_bytes(const Program<double>& program, Index columns) {
  const Index numbers = 2 * program.output_count() * program.parameter_count();
  return static_cast<std::size_t>(numbers * jacobian_tile(program, columns)) * sizeof(double);
}

}  // namespace leaveout
