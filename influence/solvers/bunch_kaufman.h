// SPDX-License-Identifier: MIT
#pragma once
// P A P' = L D L' of a symmetric indefinite matrix: L unit lower triangular, D block diagonal with
// blocks of size 1 and 2.
//
// A pivot of size 1 alone fails on [0 1; 1 0]. The bounded ("rook") choice of pivots of Ashcraft,
// Grimes and Lewis, "Accurate symmetric indefinite linear equation solvers", SIAM J. Matrix Anal.
// Appl. 20 (1998), keeps every entry of L below 2.79, which Bunch and Kaufman's own does not.
// By Sylvester's law, D has as many negative eigenvalues as A.
//
//   BunchKaufman factor(matrix);
//   factor.inertia().negative;          // number of negative eigenvalues of the matrix
//   MatrixXd x = factor.solve(b);       // (n x k)

#include <Eigen/Core>
#include <vector>

namespace leaveout {

/// How many eigenvalues are positive, negative, and zero to rounding.
struct Inertia {
  Eigen::Index positive = 0;
  Eigen::Index negative = 0;
  Eigen::Index zero = 0;
};

class BunchKaufman {
 public:
  /// Factorises `a` (n x n) in n^3 / 3 multiplications. Only the lower triangle is read.
  explicit BunchKaufman(Eigen::MatrixXd a);

  /// An eigenvalue of D counts as zero below n eps times the largest entry of A.
  const Inertia& inertia() const { return inertia_; }

  /// A^-1 b (n x k). The entries are not finite where D is exactly singular.
  Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const;

  /// The factors, for tests: L (n x n), D (n x n) and the order P: row i of P A is row order[i] of
  /// A.
  Eigen::MatrixXd unit_lower() const;
  Eigen::MatrixXd block_diagonal() const;
  const std::vector<Eigen::Index>& order() const { return order_; }

 private:
  struct Pivot {
    Eigen::Index first;   // goes to position k
    Eigen::Index second;  // goes to position k + 1; -1 for a pivot of size 1
  };
  Pivot choose(Eigen::Index k) const;
  Eigen::Index largest_off_diagonal(Eigen::Index k, Eigen::Index column, double& size) const;
  void exchange(Eigen::Index k, Eigen::Index other);
  void eliminate_one(Eigen::Index k);
  void eliminate_two(Eigen::Index k);
  void count(double zero_level);

  Eigen::MatrixXd f_;                // (n x n) L below the diagonal of D; nothing above
  Eigen::VectorXd off_;              // (n) D(k + 1, k) where a block of size 2 starts at k, else 0
  std::vector<Eigen::Index> order_;  // (n)
  Inertia inertia_;
};

}  // namespace leaveout
