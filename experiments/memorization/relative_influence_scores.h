// SPDX-License-Identifier: MIT
#pragma once
// Influence on each test query's loss, and every relative influence made from it, at one theta.
//
// One dense factorisation of H (Gauss-Newton or Hessian, weight decay and damping in it) gives all:
//
//   influence      s(t, i) = (1/N) g_t' H^-1 g_i
//   theta_relatif  s / |step of i|                  \  Barshan, Brunet, Dziugaite 2020
//   loss_relatif   s / sqrt(s(i, i) / N)            /
//   cosine         s / sqrt(s(t, t) s(i, i))        orders as loss_relatif does
//   shares         s / sum_j |s(t, j)|              orders as influence does
//   ratio          s / s(t, reference)              orders as influence where the reference helps
//   per_self       s / s(i, i)
//
//   RelativeScores s = relative_scores(task, theta, {.damping = 0.001});
//   std::vector<Index> names = largest_of(s.theta_relatif.row(0).transpose(), 5);

#include "experiments/memorization/grouped_task.h"

namespace leaveout {

struct RelativeOptions {
  Curvature curvature = Curvature::gauss_newton;
  double damping = 0;
  int threads = 1;  // never changes a bit
};

/// How far the identities are off; all would be 0 in exact arithmetic.
struct RelativeChecks {
  double cosine_excess = 0;  // largest |cosine| of all pairs, minus 1: at most 0
  double own_cosine = 0;     // largest |cosine of an example with itself - 1|
  double factor = 0;     // loss_relatif = sqrt(N s(t, t)) cosine, relative to the largest of them
  double unit_step = 0;  // theta_relatif = change of the loss along a step of length 1, likewise
  double gradient_excess = 0;  // largest |theta_relatif| / |g_t|, minus 1: at most 0
  double scale = 0;            // change where H is tripled; of loss_relatif beside 1 / sqrt(3)
  Index orders = 0;            // lists of ten names that differ where two scores must order alike
};

/// Scores are (Q x N), queries of the test part, positive where the example helps.
struct RelativeScores {
  Eigen::MatrixXd influence, theta_relatif, loss_relatif, cosine, shares, ratio, per_self;
  Eigen::VectorXd self;        // (N) s(i, i)
  Eigen::VectorXd on_valid;    // (N) s(V, i), mean over the validation examples
  Eigen::VectorXd benefit;     // (N) s(V, i) / s(i, i)
  Index reference = 0;         // of the ratios: the largest mean |s|
  double reference_helps = 0;  // share of queries with s(t, reference) > 0
  double gradient_norm = 0;    // of the training objective
  bool solved = false;         // every linear system to its tolerance
  RelativeChecks checks;
};

/// Throws std::invalid_argument where H is too large or singular, or, with the Hessian, where it is
/// not positive definite.
RelativeScores relative_scores(const GroupedTask& task,
                               const Eigen::VectorXd& theta,
                               const RelativeOptions& how);

/// The entries of the `count` largest values, from the largest on; equal ones (up to rounding, see
/// merge_ties) in their order.
std::vector<Index> largest_of(const Eigen::VectorXd& values, Index count);

}  // namespace leaveout
