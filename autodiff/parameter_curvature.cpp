// SPDX-License-Identifier: MIT
#include "autodiff/parameter_curvature.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "autodiff/sweeps.h"

namespace leaveout {

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

/// Directions [begin, begin + count) of a parameter, counted within it.
struct Block {
  SlotId slot;
  Index begin, count;
};

/// The first operation that reads each slot, or the number of operations.
std::vector<int> first_readers(const Program<double>& program) {
  const int ops = static_cast<int>(program.ops().size());
  std::vector<int> first(program.slots().size(), ops);
  for (int i = ops - 1; i >= 0; --i)
    for (const SlotId id : program.ops()[static_cast<std::size_t>(i)]->inputs())
      first[static_cast<std::size_t>(id)] = i;
  return first;
}

/// What all threads read: the blocks of directions, and where their sweeps start and end.
struct Plan {
  Plan(const Program<double>& program, const std::vector<SlotId>& slots, Columns columns, Index k)
      : reader(first_readers(program)), seeded(program.slots().size(), 0) {
    for (const SlotId id : slots) {
      seeded[static_cast<std::size_t>(id)] = 1;
      const Index size = program.slot(id).size(1);
      for (Index j = 0; j < size; j += k) blocks.push_back({id, j, std::min(k, size - j)});
    }
    lowest = static_cast<int>(program.ops().size());
    if (columns == Columns::whole) lowest = 0;
    // Rows of parameters that are not seeded have no other source than these columns.
    for (const SlotId id : program.parameters())
      if (!seeded[static_cast<std::size_t>(id)]) lowest = std::min(lowest, first(id));
  }
  int first(SlotId id) const { return reader[static_cast<std::size_t>(id)]; }
  int last(SlotId id) const { return std::min(lowest, first(id)); }

  std::vector<int> reader;   // by slot
  std::vector<char> seeded;  // by slot
  std::vector<Block> blocks;
  int lowest;
};

/// What a thread needs for itself.
class Sweeper {
 public:
  Sweeper(const Program<double>& program, const Vec& theta, Index tile, Index k)
      : ws_(program, tile, k), v_(Mat::Zero(theta.size(), k)), part_(theta.size(), k) {
    ws_.bind_parameters(theta.data());
    ws_.bind_gradient(nullptr);
  }

  /// Values and adjoints of a tile.
  void move_to(const Batch<double>& batch, Index begin, Index count) {
    ws_.bind_batch(batch, begin, count);
    forward(ws_);
    seed(ws_);
    reverse(ws_);
  }

  /// Adds the tile's part of a block of columns.
  void add(const Block& block, const Plan& plan, Curvature curvature, Mat& h) {
    const Index at = ws_.program().slot(block.slot).offset + block.begin;
    for (Index t = 0; t < block.count; ++t) v_(at + t, t) = 1;
    ws_.bind_directions(v_.data(), block.count, block.slot);
    ws_.bind_products(part_.data());
    tangent(ws_, plan.first(block.slot));
    reverse_tangent(ws_, curvature, plan.last(block.slot));
    ws_.finish_products();
    h.middleCols(at, block.count) += part_.leftCols(block.count);
    for (Index t = 0; t < block.count; ++t) v_(at + t, t) = 0;
  }

 private:
  Workspace<double> ws_;
  Mat v_, part_;  // (P x k)
};

/// Copies what was computed once to its mirror place: of two seeded parameters, the columns of the
/// one that is read first are complete in the other's rows.
void mirror(const Program<double>& program, const Plan& plan, Mat& h) {
  for (const SlotId j : program.parameters()) {
    if (!plan.seeded[static_cast<std::size_t>(j)]) continue;
    const Slot& column = program.slot(j);
    for (const SlotId i : program.parameters()) {
      const Slot& row = program.slot(i);
      const bool later = plan.first(i) > plan.first(j) || (plan.first(i) == plan.first(j) && i > j);
      if (i == j) {
        auto own = h.block(column.offset, column.offset, column.size(1), column.size(1));
        own.triangularView<Eigen::StrictlyUpper>() = own.transpose();
      } else if (later || !plan.seeded[static_cast<std::size_t>(i)]) {
        h.block(column.offset, row.offset, column.size(1), row.size(1)) =
            h.block(row.offset, column.offset, row.size(1), column.size(1)).transpose();
      }
    }
  }
}

}  // namespace

// Width for the matrix products comes from the examples already; several directions pay only where
// the tile is narrow, and cost once the planes leave the cache.
Index directions_at_once(Index tile) {
  return std::clamp<Index>(128 / tile, 1, 16);
}

void parameter_curvature(const Program<double>& program,
                         const std::vector<SlotId>& slots,
                         Columns columns,
                         const Batch<double>& batch,
                         const Vector<double>& theta,
                         Curvature curvature,
                         Index tile,
                         int threads,
                         Matrix<double>& h) {
  require_tiling(program, batch.columns, tile);
  const Index size = std::min(tile, batch.columns), k = directions_at_once(size);
  const Plan plan(program, slots, columns, k);
  std::vector<std::unique_ptr<Sweeper>> sweepers;
  for (int i = 0; i < threads; ++i)
    sweepers.push_back(std::make_unique<Sweeper>(program, theta, size, k));
  const int blocks = static_cast<int>(plan.blocks.size());
  std::exception_ptr failure;
  // A block owns its columns, and tiles are added in order: the threads cannot be seen.
#pragma omp parallel num_threads(threads)
  {
    try {
      Sweeper& sweeper = *sweepers[static_cast<std::size_t>(omp_get_thread_num())];
      for (Index begin = 0; begin < batch.columns; begin += size) {
        sweeper.move_to(batch, begin, std::min(size, batch.columns - begin));
#pragma omp for schedule(dynamic)
        for (int b = 0; b < blocks; ++b)
          sweeper.add(plan.blocks[static_cast<std::size_t>(b)], plan, curvature, h);
      }
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  if (columns == Columns::mirrored) mirror(program, plan, h);
}

}  // namespace leaveout
