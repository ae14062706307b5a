// SPDX-License-Identifier: MIT
#pragma once
// Error of an iterative solver against the exact solution, product by product.
//
//   relative_error  |x_t - x| / |x|        a_norm_error  |x_t - x|_A / |x|_A, |v|_A^2 = v'Av
//   residual        |A x_t - b| / |b|
//
// One run serves all depths: LiSSA hands its iterate h_t to its t-th product, where it is kept. CG
// hands out directions, so it is run anew for every depth of the grid.
//
//   LinearProblem problem(gauss_newton, eigen, 1e-3, gradients);
//   SolverCurve curve = lissa_curve(problem, 1.1 * problem.largest(), 5000);
//   curve.relative_error.colwise().mean();         // (points)

#include <Eigen/Core>
#include <string>
#include <vector>

#include "influence/curvature/linear_operator.h"
#include "influence/solvers/eigen.h"
#include "influence/solvers/lissa.h"

namespace leaveout {

/// A X = B with A = C + damping I, its exact solution and its spectrum.
struct LinearProblem {
  /// `c` (n x n) with its eigendecomposition; b (n x R). Throws std::invalid_argument where A is
  /// not positive definite.
  LinearProblem(const Eigen::MatrixXd& c,
                const Eigendecomposition& eigen,
                double damping,
                Eigen::MatrixXd right_hand_sides);

  double smallest() const { return values(0); }
  double largest() const { return values(values.size() - 1); }
  double condition() const { return largest() / smallest(); }
  /// U diag(filter) U'b for a filter of A's eigenvalues (n): (n x R).
  Eigen::MatrixXd filtered(const Eigen::VectorXd& filter) const;

  DenseOperator a;
  Eigen::MatrixXd b;             // (n x R)
  Eigen::MatrixXd x;             // (n x R) by Cholesky
  Eigen::VectorXd values;        // (n) of A, ascending
  const Eigen::MatrixXd* basis;  // (n x n) U, of the eigendecomposition
  Eigen::MatrixXd coordinates;   // (n x R) U'b
};

struct SolverCurve {
  std::string solver;
  Eigen::Index batch = 0;           // examples a step, 0: all
  double scale = 0;                 // of LiSSA
  std::vector<Eigen::Index> steps;  // (points)
  std::vector<double> products;     // (points) a batch of B examples counts B / N
  Eigen::MatrixXd relative_error, a_norm_error, residual;  // (R x points)
};

/// 1, 2, 3, ... up to `limit`, which is the last, with about `per_decade` points a factor of ten.
std::vector<Eigen::Index> log_grid(Eigen::Index limit, double per_decade = 8);

/// Fills in the three errors of x_t (n x R) at point `point`.
void measure(const LinearProblem& problem,
             const Eigen::MatrixXd& x_t,
             Eigen::Index point,
             SolverCurve& curve);

/// Until every residual is below 1e-13, or `limit` products.
SolverCurve cg_curve(const LinearProblem& problem, Eigen::Index limit);
/// 2 ((sqrt(kappa) - 1) / (sqrt(kappa) + 1))^t.
double chebyshev_bound(double condition, Eigen::Index t);

/// The bare recursion at any scale, on `steps` (ascending, from 1 on). With `iterates`, x_t (n x R)
/// of each point is left there.
SolverCurve lissa_curve(const LinearProblem& problem,
                        double scale,
                        const std::vector<Eigen::Index>& steps,
                        std::vector<Eigen::MatrixXd>* iterates = nullptr);
/// U diag((1 - (1 - e/scale)^(T+1)) / e) U'b: what lissa_curve's x_T is in exact arithmetic.
Eigen::MatrixXd lissa_closed_form(const LinearProblem& problem, double scale, Eigen::Index depth);

/// Batches of `batch` of `examples`; the scale is the automatic one. Where the recursion was
/// stopped because it grew, the remaining errors are NaN.
SolverCurve stochastic_curve(const LinearProblem& problem,
                             const BatchProduct& product,
                             Eigen::Index batch,
                             Eigen::Index examples,
                             Eigen::Index depth);

/// Products after which each right-hand side's error (R x points) is at most `tolerance` from there
/// on, the logarithm of the error taken as linear between points: (R), infinite where it is not.
Eigen::VectorXd products_to_reach(const std::vector<double>& products,
                                  const Eigen::MatrixXd& error,
                                  double tolerance);
/// The same from LiSSA's closed form at a scale >= lambda_max / 2, for as many products as it
/// takes.
Eigen::VectorXd lissa_products_to_reach(const LinearProblem& problem,
                                        double scale,
                                        double tolerance);

}  // namespace leaveout
