// SPDX-License-Identifier: MIT
// Both terms of H[(a,b),(c,d)] = sum_n x_b M_ac x_d + x_b delta_c dx_d/dz_a (dense_curvature.h) are
// sums over examples of a product of two factors, of which one knows nothing of the other's
// indices:
//
//   M_ac times x_b x_d               (left: pairs of units,        right: pairs of inputs)
//   dx_d/dz_a times x_b delta_c      (left: unit above, input,     right: input, unit)
//
// So a pair of layers is two matrix products, and each of their entries is added at the place that
// its row and its column name together. Where both layers are the same, M_ac and x_b x_d are
// symmetric and half of each is enough.
#include "autodiff/unit_curvature.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>

#include "autodiff/sweeps.h"

namespace leaveout {

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

/// Right factors that one product takes, and rows of left factors: the result stays in cache.
constexpr Index kRight = 128, kLeft = 512;

/// Left factors of one pair of layers. Each has a row of numbers and its share of the place in H,
/// counted in entries from H's first.
struct Factors {
  Mat values;                // (factors x tile)
  std::vector<Index> place;  // (factors)
  std::vector<char> used;    // (factors), 0 where all numbers of this tile are zero
};

/// One unit of one layer: a sweep each.
struct Unit {
  std::size_t layer;
  Index row;
};

/// The entries whose lower layer is `from`, inputs [begin, end), and whose upper layer is `to`.
struct Job {
  std::size_t from, to;
  Index begin, end;
};

/// What the threads share: the factors of one tile, and H, of which each job has entries of its
/// own.
struct Tile {
  Tile(const std::vector<AffineLayer>& affine, Index size, Curvature which, Mat& result)
      : layers(affine), curvature(which), p(result.rows()), h(result) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      x.emplace_back(layers[l].columns(), size);
      delta.emplace_back(layers[l].out, size);
      for (Index a = 0; a < layers[l].out; ++a) units.push_back({l, a});
      for (std::size_t m = l; m < layers.size(); ++m) {
        const Index step = std::max<Index>(1, kRight / layers[m].columns());
        for (Index b = 0; b < layers[l].columns(); b += step)
          jobs.push_back({l, m, b, std::min(b + step, layers[l].columns())});
      }
    }
    moves.resize(layers.size() * layers.size());
    curves.resize(moves.size());
    for (std::size_t l = 0; l < layers.size(); ++l)
      for (std::size_t m = l; m < layers.size(); ++m) place(l, m, size);
  }

  /// Pairs of layers, the lower one first.
  std::size_t pair(std::size_t l, std::size_t m) const { return l * layers.size() + m; }
  bool moving(std::size_t l, std::size_t m) const { return l < m && curvature == Curvature::full; }
  /// First of unit a's rows in curves: units of the same layer come once for a <= c.
  Index row(std::size_t l, std::size_t m, Index a) const {
    return l == m ? a * layers[l].out - a * (a - 1) / 2 : a * layers[m].out;
  }

  /// Inputs and adjoints, from a workspace that has swept the tile.
  void load(const Workspace<double>& ws) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      auto inputs = x[l].leftCols(ws.columns());
      inputs.topRows(layers[l].in) = ws.x(layers[l].input);
      if (layers[l].has_bias) inputs.row(layers[l].in).setOnes();
      if (ws.bar_active(layers[l].output))
        delta[l].leftCols(ws.columns()) = ws.x_bar(layers[l].output);
      else
        delta[l].setZero();
    }
  }

  /// The entries that the jobs have not filled, from those that they have.
  void mirror() {
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

  const std::vector<AffineLayer>& layers;
  const Curvature curvature;
  const Index p;
  std::vector<Unit> units;
  std::vector<Job> jobs;
  std::vector<Mat> x, delta;           // (columns x tile), (out x tile)
  std::vector<Factors> curves, moves;  // by pair: M_ac, and dx_d/dz_a
  Mat& h;                              // (P x P), rows of the upper layer, columns of the lower

 private:
  void place(std::size_t l, std::size_t m, Index size) {
    Factors& curve = curves[pair(l, m)];
    for (Index a = 0; a < layers[l].out; ++a)
      for (Index c = l == m ? a : 0; c < layers[m].out; ++c) curve.place.push_back(c + p * a);
    curve.used.assign(curve.place.size(), 1);
    curve.values.resize(static_cast<Index>(curve.place.size()), size);
    if (!moving(l, m)) return;
    Factors& move = moves[pair(l, m)];
    for (Index a = 0; a < layers[l].out; ++a)
      for (Index d = 0; d < layers[m].in; ++d) move.place.push_back(d * layers[m].out + p * a);
    move.used.assign(move.place.size(), 0);
    move.values.resize(static_cast<Index>(move.place.size()), size);
  }
};

/// What a thread needs for itself: a workspace for the sweeps, buffers for the products.
class Worker {
 public:
  Worker(const Program<double>& program,
         const std::vector<AffineLayer>& layers,
         const Vec& theta,
         Index tile)
      : ws_(program, tile, 1) {
    ws_.bind_parameters(theta.data());
    ws_.bind_gradient(nullptr);
    Index widest = kRight;
    for (const AffineLayer& l : layers)
      widest = std::max({widest, l.columns(), kRight / l.columns() * l.out, l.out});
    right_.resize(widest, tile);
    right_place_.resize(static_cast<std::size_t>(widest));
    left_.resize(kLeft, tile);
    product_.resize(kLeft, widest);
    size_.resize(widest);
  }

  /// Values and adjoints of a tile.
  const Workspace<double>& move_to(const Batch<double>& batch, Index begin, Index count) {
    ws_.bind_batch(batch, begin, count);
    forward(ws_);
    seed(ws_);
    reverse(ws_);
    return ws_;
  }

  /// Second-order sweeps from one pre-activation, all examples at once, to the unit's left factors.
  void sweep(Unit unit, Tile& tile) {
    const AffineLayer& from = tile.layers[unit.layer];
    ws_.bind_directions(nullptr, 1);
    ws_.bind_products(nullptr);
    ws_.sink_dot(from.output, 0).cleared().row(unit.row).setOnes();
    tangent(ws_, from.op + 1);
    reverse_tangent(ws_, tile.curvature, from.op + 1);
    for (std::size_t m = unit.layer; m < tile.layers.size(); ++m) {
      const AffineLayer& to = tile.layers[m];
      const Index skip = m == unit.layer ? unit.row : 0;
      auto curve = tile.curves[tile.pair(unit.layer, m)].values.block(
          tile.row(unit.layer, m, unit.row), 0, to.out - skip, ws_.columns());
      if (ws_.bar_dot_active(to.output))
        curve = ws_.x_bar_dot(to.output, 0).bottomRows(to.out - skip);
      else
        curve.setZero();
      if (tile.moving(unit.layer, m)) keep_moves(unit, to, tile.moves[tile.pair(unit.layer, m)]);
    }
  }

  /// Adds the tile's part of a job's entries.
  void add(const Job& job, Tile& tile) {
    const AffineLayer &from = tile.layers[job.from], &to = tile.layers[job.to];
    const Index corner = to.offset + tile.p * from.offset;
    Index rows = 0;
    for (Index b = job.begin; b < job.end; ++b) {
      const Index d = job.from == job.to ? b : 0;
      const Index at = corner + tile.p * b * from.out + d * to.out;
      rows += put_right(
          rows, tile.x[job.to].bottomRows(to.columns() - d), tile.x[job.from], b, at, to.out);
    }
    multiply(tile.curves[tile.pair(job.from, job.to)], rows, tile.h);
    if (!tile.moving(job.from, job.to)) return;
    rows = 0;
    for (Index b = job.begin; b < job.end; ++b)
      rows += put_right(
          rows, tile.delta[job.to], tile.x[job.from], b, corner + tile.p * b * from.out, 1);
    multiply(tile.moves[tile.pair(job.from, job.to)], rows, tile.h);
  }

 private:
  /// dx_d/dz_a, and for which d it is anything: a unit moves one input of the next layer only.
  void keep_moves(Unit unit, const AffineLayer& to, Factors& moves) {
    char* used = moves.used.data() + unit.row * to.in;
    std::fill_n(used, to.in, 0);
    if (!ws_.dot_active(to.input)) return;
    const ConstMatrixMap<double> x_dot = ws_.x_dot(to.input, 0);
    moves.values.block(unit.row * to.in, 0, to.in, ws_.columns()) = x_dot;
    size_.head(to.in) = x_dot.cwiseAbs().rowwise().sum();
    for (Index d = 0; d < to.in; ++d) used[d] = size_(d) != 0;
  }

  /// Right factors `factors` (rows x tile) times input b, at places `step` apart. Returns their
  /// number.
  Index put_right(
      Index row, ConstRef<double> factors, const Mat& x, Index b, Index place, Index step) {
    const Index n = ws_.columns();
    right_.block(row, 0, factors.rows(), n) = factors.leftCols(n) * x.row(b).head(n).asDiagonal();
    for (Index i = 0; i < factors.rows(); ++i)
      right_place_[static_cast<std::size_t>(row + i)] = place + i * step;
    return factors.rows();
  }

  /// H(place of left + place of right) += left right', for the left factors in use.
  void multiply(const Factors& left, Index rights, Mat& h) {
    const Index n = ws_.columns();
    for (Index first = 0; first < left.values.rows(); first += kLeft) {
      const Index lefts = std::min(kLeft, left.values.rows() - first);
      Index used = 0;
      for (Index i = first; i < first + lefts; ++i)
        if (left.used[static_cast<std::size_t>(i)]) chosen_[used++] = i;
      auto product = product_.topLeftCorner(used, rights);
      if (used == lefts) {
        product.noalias() =
            left.values.block(first, 0, lefts, n) * right_.topLeftCorner(rights, n).transpose();
      } else {
        for (Index i = 0; i < used; ++i) left_.row(i).head(n) = left.values.row(chosen_[i]).head(n);
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
  Mat right_, left_;                // (up to widest x tile), (up to kLeft x tile)
  Mat product_;                     // (up to kLeft x up to widest)
  std::vector<Index> right_place_;  // (widest)
  Vec size_;                        // (widest)
  Index chosen_[kLeft];             // rows of the left factors in use, then their places
};

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
  Tile shared(layers, size, curvature, h);
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < threads; ++i)
    workers.push_back(std::make_unique<Worker>(program, layers, theta, size));
  const int units = static_cast<int>(shared.units.size());
  const int jobs = static_cast<int>(shared.jobs.size());
  std::exception_ptr failure;
  // Units own their factors and jobs their entries, and tiles are added in order: the threads
  // cannot be seen. Should a batch be refused, then by all of the threads alike.
#pragma omp parallel num_threads(threads)
  {
    try {
      Worker& worker = *workers[static_cast<std::size_t>(omp_get_thread_num())];
      for (Index begin = 0; begin < batch.columns; begin += size) {
        const Workspace<double>& ws =
            worker.move_to(batch, begin, std::min(size, batch.columns - begin));
#pragma omp single
        shared.load(ws);
#pragma omp for schedule(dynamic)
        for (int u = 0; u < units; ++u)
          worker.sweep(shared.units[static_cast<std::size_t>(u)], shared);
#pragma omp for schedule(dynamic)
        for (int j = 0; j < jobs; ++j) worker.add(shared.jobs[static_cast<std::size_t>(j)], shared);
      }
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  shared.mirror();
}

std::size_t unit_curvature_bytes(const std::vector<AffineLayer>& layers, Index tile) {
  Index factors = 0, below = 0;  // left factors of all pairs of layers, for the full Hessian
  for (const AffineLayer& layer : layers) {
    factors += layer.out * (layer.out + 1) / 2 + below * (layer.out + layer.in);
    factors += layer.columns() + layer.out;
    below += layer.out;
  }
  return static_cast<std::size_t>(factors * tile) * sizeof(double);
}

}  // namespace leaveout
