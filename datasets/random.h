// SPDX-License-Identifier: MIT
#pragma once

// Random numbers keyed by what they are for, not by when they are drawn.
//
// Block b of the sequence (seed, stream) is Philox4x32-10 of the counter (b, hash(stream)) under
// the key `seed` (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
// 2011). Nothing is shared between two tasks, so a task draws the same numbers on any thread, in
// any order.
//
//   Random random(seed, {task, epoch});       // the stream of this task and epoch
//   double x = random.normal();
//   std::vector<Eigen::Index> order = random.permutation(n);

#include <Eigen/Dense>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace leaveout {

/// Ten rounds of Philox4x32: a bijection of the 128-bit counter for every 64-bit key. Words are in
/// the order of the published test vectors (least significant first).
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// One stream of random numbers. The same (seed, stream) gives the same sequence everywhere: every
/// value is made by integer operations and single correctly rounded floating-point ones.
/// Copying copies the position too. Not to be shared between threads: make one per task.
class Random {
 public:
  /// The stream words name the task, most general first: {experiment, dataset row, epoch}. Word
  /// lists that differ in a value, in order or in length are different streams.
  explicit Random(std::uint64_t seed, std::initializer_list<std::uint64_t> stream = {});

  /// 64 uniform bits.
  std::uint64_t bits() {
    if (next_ == block_.size()) refill();
    return block_[next_++];
  }

  /// Uniform on [0, 1): a multiple of 2^-53.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

  /// Standard normal, by the ratio of uniforms (Kinderman and Monahan 1977, with Leva's 1992
  /// bounds). The value is one quotient of uniforms; a logarithm only decides, rarely, whether it
  /// is kept.
  double normal();

  /// Uniform on {0, ..., n-1}, without bias (Lemire 2019). Requires n > 0.
  std::uint64_t below(std::uint64_t n);

  /// A uniformly random order of 0, ..., n-1 (Fisher-Yates).
  std::vector<Eigen::Index> permutation(Eigen::Index n);

  /// The same order into memory that is there already.
  void permutation(std::span<Eigen::Index> order);

  /// Independent standard normals, (rows x cols), drawn column by column.
  Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index cols);

 private:
  void refill();

  std::uint64_t seed_;
  std::uint64_t stream_;                     // the upper half of the counter
  std::uint64_t counter_ = 0;                // the lower half: the next block
  std::array<std::uint64_t, 2> block_ = {};  // the current block
  std::size_t next_ = 2;                     // the next unused word of it
};

}  // namespace leaveout
