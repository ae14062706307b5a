// SPDX-License-Identifier: MIT
// Threads take units, for their sweeps, and then jobs, for the contraction (see unit_factors.h for
// what is contracted).
#include "autodiff/unit_curvature.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>

#include "autodiff/sweeps.h"
#include "autodiff/unit_factors.h"

namespace leaveout {

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

/// Right factors of the largest job.
Index widest_job(const std::vector<AffineLayer>& layers) {
  Index widest = kRightFactors;
  for (const AffineLayer& l : layers)
    widest = std::max({widest, l.columns(), kRightFactors / l.columns() * l.out, l.out});
  return widest;
}

/// What a thread needs for itself: a workspace for the sweeps, buffers for the products.
class Worker {
 public:
  Worker(const Program<double>& program,
         const std::vector<AffineLayer>& layers,
         const Vec& theta,
         Curvature curvature,
         Index tile,
         Index group)
      : ws_(program, tile, 1), curvature_(curvature) {
    ws_.bind_parameters(theta.data());
    ws_.bind_gradient(nullptr);
    const Index widest = widest_job(layers);
    right_.resize(widest, group);
    right_place_.resize(static_cast<std::size_t>(widest));
    left_.resize(kLeftFactors, group);
    product_.resize(kLeftFactors, widest);
    size_.resize(widest);
  }
  static Index numbers(const std::vector<AffineLayer>& layers, Index group) {
    const Index widest = widest_job(layers);
    return (widest + kLeftFactors) * group + kLeftFactors * widest;
  }

  /// Values and adjoints of a tile, which lies at column `at` of its group.
  const Workspace<double>& move_to(const Batch<double>& batch, Index begin, Index count, Index at) {
    at_ = at;
    ws_.bind_batch(batch, begin, count);
    forward(ws_);
    seed(ws_);
    reverse_for(ws_, curvature_);
    return ws_;
  }

  /// Second-order sweeps from one pre-activation, all examples at once, to the unit's left factors.
  void sweep(Unit unit, UnitFactors& factors) {
    const AffineLayer& from = factors.layers[unit.layer];
    ws_.bind_directions(nullptr, 1);
    ws_.bind_products(nullptr);
    ws_.sink_dot(from.output, 0).cleared().row(unit.row).setOnes();
    tangent(ws_, from.op + 1);
    reverse_tangent(ws_, curvature_, from.op + 1);
    for (std::size_t m = unit.layer; m < factors.layers.size(); ++m) {
      const AffineLayer& to = factors.layers[m];
      const std::size_t pair = factors.pair(unit.layer, m);
      const Index skip = m == unit.layer ? unit.row : 0;
      auto curve = factors.curves[pair].values.block(
          factors.row(unit.layer, m, unit.row), at_, to.out - skip, ws_.columns());
      if (ws_.bar_dot_active(to.output))
        curve = ws_.x_bar_dot(to.output, 0).bottomRows(to.out - skip);
      else
        curve.setZero();
      if (factors.moving(unit.layer, m)) keep_moves(unit, to, factors.moves[pair]);
    }
  }

  /// Adds the part of a job's entries that the first `n` columns of the group give.
  void add(const UnitJob& job, Index n, UnitFactors& factors) {
    const AffineLayer &from = factors.layers[job.from], &to = factors.layers[job.to];
    const std::size_t pair = factors.pair(job.from, job.to);
    const MatrixMap<double>&lower = factors.x[job.from], &upper = factors.x[job.to];
    const Index corner = to.offset + factors.p * from.offset;
    Index rows = 0;
    for (Index b = job.begin; b < job.end; ++b) {
      const Index d = job.from == job.to ? b : 0;
      const Index place = corner + factors.p * b * from.out + d * to.out;
      rows += put_right(
          rows, upper.block(d, 0, to.columns() - d, n), lower.row(b).head(n), place, to.out);
    }
    multiply(factors.curves[pair], rows, n, factors.h);
    if (!factors.moving(job.from, job.to)) return;
    rows = 0;
    for (Index b = job.begin; b < job.end; ++b)
      rows += put_right(rows,
                        factors.delta[job.to].leftCols(n),
                        lower.row(b).head(n),
                        corner + factors.p * b * from.out,
                        1);
    multiply(factors.moves[pair], rows, n, factors.h);
  }

 private:
  /// dx_d/dz_a, and for which d it is anything: a unit moves one input of the next layer only.
  void keep_moves(Unit unit, const AffineLayer& to, LeftFactors& moves) {
    char* used = moves.used.data() + unit.row * to.in;
    if (at_ == 0) std::fill_n(used, to.in, 0);
    auto values = moves.values.block(unit.row * to.in, at_, to.in, ws_.columns());
    if (!ws_.dot_active(to.input)) {
      values.setZero();
      return;
    }
    values = ws_.x_dot(to.input, 0);
    auto size = size_.head(to.in);
    size.setZero();
    for (Index n = 0; n < values.cols(); ++n) size += values.col(n).cwiseAbs();
    for (Index d = 0; d < to.in; ++d)
      if (size(d) != 0) used[d] = 1;
  }

  /// Right factors `factors` (rows x n) times input x (1 x n), at places `step` apart. Returns
  /// their number.
  template <class Rows, class Row>
  Index put_right(Index at, const Rows& factors, const Row& x, Index place, Index step) {
    right_.block(at, 0, factors.rows(), x.size()) = factors * x.asDiagonal();
    for (Index i = 0; i < factors.rows(); ++i)
      right_place_[static_cast<std::size_t>(at + i)] = place + i * step;
    return factors.rows();
  }

  /// H(place of left + place of right) += left right', for the left factors in use.
  void multiply(const LeftFactors& left, Index rights, Index n, Mat& h) {
    for (Index first = 0; first < left.values.rows(); first += kLeftFactors) {
      const Index lefts = std::min(kLeftFactors, left.values.rows() - first);
      Index used = 0;
      for (Index i = first; i < first + lefts; ++i)
        if (left.used[static_cast<std::size_t>(i)]) chosen_[used++] = i;
      if (used == 0) continue;
      auto product = product_.topLeftCorner(used, rights);
      if (used == lefts) {
        product.noalias() =
            left.values.block(first, 0, lefts, n) * right_.topLeftCorner(rights, n).transpose();
      } else {
        for (Index k = 0; k < n; ++k)
          for (Index i = 0; i < used; ++i) left_(i, k) = left.values(chosen_[i], k);
        product.noalias() =
            left_.topLeftCorner(used, n) * right_.topLeftCorner(rights, n).transpose();
      }
      for (Index i = 0; i < used; ++i)
        chosen_[i] = left.place[static_cast<std::size_t>(chosen_[i])];
      for (Index j = 0; j < rights; ++j) {
        double* const at = h.data() + right_place_[static_cast<std::size_t>(j)];
        for (Index i = 0; i < used; ++i) at[chosen_[i]] += product(i, j);
      }
    }
  }

  Workspace<double> ws_;
  const Curvature curvature_;
  Index at_ = 0;                    // the tile's first column of the group
  Mat right_, left_;                // (up to widest x group), (up to kLeftFactors x group)
  Mat product_;                     // (up to kLeftFactors x up to widest)
  std::vector<Index> right_place_;  // (widest)
  Vec size_;                        // (widest)
  Index chosen_[kLeftFactors];      // rows of the left factors in use, then their places
};

/// One thread's part of all groups. Units own their factors and jobs their entries, and tiles and
/// groups are taken in order: the threads cannot be seen.
void take_part(
    Worker& worker, UnitFactors& factors, const Batch<double>& batch, Index tile, Index group) {
  const int units = static_cast<int>(factors.units.size());
  const int jobs = static_cast<int>(factors.jobs.size());
  for (Index first = 0; first < batch.columns; first += group) {
    const Index columns = std::min(group, batch.columns - first);
    for (Index at = 0; at < columns; at += tile) {
      const Workspace<double>& ws =
          worker.move_to(batch, first + at, std::min(tile, columns - at), at);
#pragma omp single
      factors.load(ws, at);
#pragma omp for schedule(dynamic)
      for (int u = 0; u < units; ++u)
        worker.sweep(factors.units[static_cast<std::size_t>(u)], factors);
    }
#pragma omp for schedule(dynamic)
    for (int j = 0; j < jobs; ++j)
      worker.add(factors.jobs[static_cast<std::size_t>(j)], columns, factors);
  }
}

}  // namespace

std::vector<AffineLayer> unit_layers(const Program<double>& program) {
  std::vector<AffineLayer> layers;
  for (const AffineLayer& layer : program.affine_layers())
    if (layer.positions == 1) layers.push_back(layer);
  return layers;
}

void unit_curvature(const Program<double>& program,
                    const std::vector<AffineLayer>& layers,
                    const Batch<double>& batch,
                    const Vector<double>& theta,
                    Curvature curvature,
                    Index tile,
                    int threads,
                    Matrix<double>& h) {
  if (layers.empty())
    throw std::invalid_argument(
        "[unit_curvature] program, expected an affine layer that acts once on each example: use "
        "DenseMethod::by_parameters");
  const Index size = std::min(tile, batch.columns);
  const Index group = group_columns(layers, batch.columns, size);
  UnitFactors factors(layers, group, curvature, h);
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < threads; ++i)
    workers.push_back(std::make_unique<Worker>(program, layers, theta, curvature, size, group));
  std::exception_ptr failure;
  // Should a batch be refused, then by all of the threads alike.
#pragma omp parallel num_threads(threads)
  {
    try {
      take_part(
          *workers[static_cast<std::size_t>(omp_get_thread_num())], factors, batch, size, group);
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  factors.mirror();
}

std::size_t unit_curvature_bytes(const std::vector<AffineLayer>& layers,
                                 Index columns,
                                 Index tile,
                                 int threads) {
  if (layers.empty()) return 0;
  const Index group = group_columns(layers, columns, tile);
  // Two more columns for the places and the flags.
  const Index numbers =
      factors_per_example(layers) * (group + 2) + threads * Worker::numbers(layers, group);
  return static_cast<std::size_t>(numbers) * sizeof(double);
}

}  // namespace leaveout
