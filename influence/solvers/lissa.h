// SPDX-License-Identifier: MIT
#pragma once
// LiSSA (Agarwal, Bullins and Hazan 2017; Koh and Liang 2017): the inverse as a truncated series.
//
//   h_0 = v,   h_{t+1} = v + h_t - A_t h_t / scale,   A^-1 v ~ mean over repeats of h_T / scale
//
// A = H + damping I is the operator that is passed, A_t its estimate on a batch. With A_t = A an
// eigenvalue e of A is inverted as (1 - (1 - e/scale)^(T+1)) / e: correct in the limit where
// 0 < e < 2 scale, and growing like |1 - e/scale|^T elsewhere. Truncation acts as further damping
// of about scale / T.
//
//   SumOperator damped = damp(gauss_newton, 1e-3);
//   Solution s = lissa(damped, gradients, {.depth = 5000});     // scale from the spectrum
//   if (!s.converged) fmt::print("{}\n", s.message);
//
// Two families place the damping differently. Here it is inside A: the answer is (H + d I)^-1 v.
// Koh and Liang's code solves (H + scale d I)^-1 v instead: pass H and `koh_damping` = d. The first
// at damping d is the second at d / scale.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <optional>

#include "influence/curvature/linear_operator.h"
#include "influence/solvers/solution.h"
#include "influence/solvers/spectrum.h"

namespace leaveout {

struct LissaOptions {
  double scale = 0;           // 0: from the spectrum, with the margin below
  double margin = 1.1;        // automatic scale = margin x the largest eigenvalue met
  Eigen::Index depth = 5000;  // T
  Eigen::Index repeats = 1;   // R; a full-batch run has nothing to repeat and takes one
  double tolerance = 1e-3;    // residual with which the answer counts as converged
  bool early_stop = false;    // full batch only: stop at the tolerance before depth T
  double koh_damping = 0;     // adds scale * koh_damping I to the operator
  Eigen::Index probes = 8;    // batches whose largest eigenvalue an automatic scale looks at
  std::uint64_t seed = 0;     // of the random starts of the spectrum
  std::optional<Spectrum> spectrum = {};  // of the operator, where it is known already
};

/// out (n x k) = A_t v (n x k) with E A_t = A, for the batch that (step, repeat) names: the same
/// pair must give the same batch. An automatic scale also asks for steps from `depth` on.
using BatchProduct = std::function<void(Eigen::Index step,
                                        Eigen::Index repeat,
                                        const Eigen::Ref<const Eigen::MatrixXd>& v,
                                        Eigen::Ref<Eigen::MatrixXd> out)>;

/// Full batch. b (n x k). Throws std::invalid_argument where the recursion cannot converge: the
/// smallest eigenvalue is not positive, or the largest is 2 scale or more.
Solution lissa(const LinearOperator& a,
               const Eigen::Ref<const Eigen::MatrixXd>& b,
               const LissaOptions& options = {});

/// Stochastic. `a` is the mean of the batches: it gives the spectrum and the residual. Convergence
/// in the mean square needs more than in the mean (every batch below 2 scale is enough), so an
/// automatic scale looks at some batches too. If the iterate grows all the same, the recursion
/// stops with the last finite iterate, not converged, and a message.
Solution lissa(const LinearOperator& a,
               const BatchProduct& batch,
               const Eigen::Ref<const Eigen::MatrixXd>& b,
               const LissaOptions& options = {});

/// h_T / scale (n x k) with nothing checked: what the bare recursion returns, infinities included.
Eigen::MatrixXd lissa_unchecked(const LinearOperator& a,
                                const Eigen::Ref<const Eigen::MatrixXd>& b,
                                double scale,
                                Eigen::Index depth);

/// What T steps make of 1 / e: (1 - (1 - e/scale)^(T+1)) / e, and (T+1)/scale at e = 0.
double lissa_filter(double eigenvalue, double scale, Eigen::Index depth);

}  // namespace leaveout
