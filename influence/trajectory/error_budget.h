// SPDX-License-Identifier: MIT
#pragma once
// Why a trajectory estimate misses the exact derivative, one approximation at a time.
//
// The exact derivative of the queries at the end is one walk backward over the steps
// (unrolled_values()). Estimators do the same walk with something left out:
//
//   order           the product over the later steps expanded in powers of their curvature, cut
//                   after this one: 0 sums gradients (TracIn), 1 is the first correction
//   checkpoints     the gradients of m of the T steps only, times T / m
//   proxy_batch     the curvature of other examples than the step's own batch, or of more than one
//                   batch
//   difference      curvature products as differences of gradients,
//                   H v ~ (g(theta + e v/|v|) - g(theta)) |v| / e
//   membership      each example in each step with its expected share, w_i, not in its own steps
//   gradient_period example gradients of an earlier step, or linearised from there
//   moving_target   the query's gradient where the step is, not at the end: the sum over steps of
//                   grad F(theta_t)' (u_{t+1} - u_t) instead of grad F(theta_T)' u_T
//   dropped         a term: order 0, or a boundary of the summation by parts
//                   u_T = T D_0 + sum (T - k) (D_k - D_{k-1})              D_t = u_{t+1} - u_t
//                       = T D_{T-1} - sum k (D_k - D_{k-1})
//
// Nothing of it is expanded by hand: orders are columns of one adjoint, of which each feeds the
// next, and targets and boundaries are weights of the tangents u_t of the linear function of them
// that the adjoint stands for. So the momentum rules and Adam have them too (their orders are
// those in the curvature). Which checkpoints and which proxy batches: even ones or uniformly drawn
// ones, our choice.
//
//   MatrixXd tracin = approximate_values(path, queries, {.order = 0, .moving_target = true});
//   for (const BudgetLine& line : error_budget(path, queries, standard_budget(path)))
//     fmt::print("{} {}\n", line.name, line.relative_error);

#include <optional>

#include "influence/trajectory/trajectory.h"

namespace leaveout {

/// Which term is left out: all of order 0, T D_0 or T D_{T-1}.
enum class DroppedTerm { none, first_order, first_boundary, last_boundary };

/// What is approximated. As it stands: nothing.
struct Approximation {
  std::optional<Index> order = {};  // 0, 1, ...; none: all orders
  Index checkpoints = 0;            // 0: all steps
  bool random_checkpoints = false;  // uniform without replacement instead of even
  Index proxy_batch = 0;            // examples, drawn anew for each step and shared by all scores;
                                    // N or more: all data; 0: the step's own batch
  Index proxy_batches = 1;          // so many of these as one; of the own batch: the next of its
                                    // epoch (epoch_batches())
  double difference = 0;            // e, the length of the displacement; 0: exact products
  bool expected_membership = false;
  Index gradient_period = 1;  // gradients of the last step that is a multiple of this
  bool linearised = false;    // from there: g_i + H_i (theta_t - theta there)
  bool moving_target = false;
  DroppedTerm dropped = DroppedTerm::none;
  std::uint64_t seed = 0;  // of checkpoints and proxy batches
};

/// (Q x N). All that is not approximated is exact: {} gives unrolled_values(). Of order j takes
/// (j + 1) Q columns. Throws std::invalid_argument for numbers that mean nothing.
Eigen::MatrixXd approximate_values(const Trajectory& path,
                                   const QueryLosses& queries,
                                   const Approximation& how);

/// The m of T steps, ascending: the middles of m equal parts, or drawn.
std::vector<Index> chosen_checkpoints(Index steps, Index m, bool random, std::uint64_t seed);

struct NamedApproximation {
  std::string name;
  Approximation how;
};

/// One line for each approximation alone, in sizes that the path's length suggests; and of
/// checkpoints and the two boundaries also under expected membership, without which a step says
/// something of its own batch only.
std::vector<NamedApproximation> standard_budget(const Trajectory& path, std::uint64_t seed = 0);

/// One approximation against the exact derivative. Undefined where that is zero, or values are no
/// finite numbers.
struct BudgetLine {
  std::string name;
  std::optional<double> relative_error;  // |values - exact| / |exact|, Frobenius
  std::optional<double> scale;           // the c for which c values are nearest to exact
  std::optional<double> spearman;        // over examples, mean over the queries that have one
};

/// Of values (Q x N) against the exact ones.
BudgetLine budget_line(const std::string& name,
                       const Eigen::MatrixXd& values,
                       const Eigen::MatrixXd& exact);

std::vector<BudgetLine> error_budget(const Trajectory& path,
                                     const QueryLosses& queries,
                                     const std::vector<NamedApproximation>& approximations);

}  // namespace leaveout
