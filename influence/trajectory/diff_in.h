// SPDX-License-Identifier: MIT
#pragma once
// Diff-In (Tan et al. 2025): influence as the sum of its own changes between the steps of SGD. With
// g_z, H_z of an example's loss and G_B, H_B of a batch at theta_t, their Eq. (9) is
//
//   I_theta(z) = - sum over m checkpoints of  t rate_t^2 / (N m)  (H_B g_z + H_z G_B)
//   I(z, V)    = - ...  <G_V, H_B g_z + H_z G_B>            G_V: the query's gradient at theta_t
//
// and Eq. (12), self-influence, has g_z for G_V. Where it comes from: with u_t the derivative of
// theta_t in removing z, its change per step D_t = u_{t+1} - u_t starts at D_0 = (rate/N) g_z and
// changes by d_t ~ -(rate^2/N) (H_B g_z + H_z G_B). So, with S the sum above without its minus and
// with every step in it (T/m instead of 1/m),
//
//   u_T = T D_0 + sum (T - t) d_t                    the double sum
//   u_T = T D_{T-1} - sum t d_t = T D_{T-1} + S      the same, by parts from the end
//   u_T ~ T D_0 + sum t d_t = T D_0 - S              were d_t the same at all times
//
// Scores here have the removal sign, positive where removing z raises the query's loss:
//
//   weight        first-order term    scores
//   t             none                +S        the paper's formula, read as the second line with
//                                               its first term dropped: minus I(z, V)
//   t             some                first - S
//   T - t         none or some        first - S
//
// Where the rate changes, the paper's rate_t^2 t takes it for constant. The double sum has weights
// of its own then, sum of all rates for T D_0 / g_z and rate_t times the sum of the later rates for
// rate^2 (T - t): the same for a constant rate. In full batches what the double sum misses falls
// with the third power of the rates; with mini-batches with the second, since one batch's gradient
// differs from the next one's and membership is expected, not actual.
//
// DiffInSign::paper flips them all: a negative official I(z, V) says that including z lowered the
// loss. The paper's 1/m is an average over steps and T times smaller than the sum over them.
//
// The derivation has plain SGD and expects every example in every batch with share w_z = 1/N: an
// example that was never drawn gets a score all the same; one of weight zero gets exactly none.
//
// <G_V, H_B g_z> = <H_B G_V, g_z>, so all examples share one product per checkpoint, and the other
// half is a second derivative of their losses along G_V and G_B. Both come from one pass over the
// data in which no example's gradient is formed (models/loss_slopes.h), for one query in
// about two gradient passes; so do the two passes of Eq. (6).
//
//   Scores paper = diff_in_scores(path, queries);
//   Scores whole = diff_in_scores(path, queries, consistent_diff_in());

#include "influence/trajectory/checkpoint_products.h"
#include "influence/trajectory/checkpoints.h"

namespace leaveout {

/// G_B, H_B are of: the batch of the step at the checkpoint; a random one, drawn anew at each
/// checkpoint and the same for all examples; all the data. Of the first two `proxy_batches` as one:
/// the step's and the next ones of its epoch (epoch_batches()), or random ones with nobody in
/// common. Of batches of one size that is the mean of their brackets, and of all batches of an
/// epoch, all the data.
enum class ProxyBatch { own, random, full };
enum class StepWeight { elapsed, remaining };  // t, T - t
/// start: g_z at the start times the sum of the rates over N, T D_0. tracin: the sum of rate_t g_z
/// / N over the same checkpoints, whose g_z has moved already: H_z G_B is then in the sum twice.
enum class FirstOrderTerm { none, start, tracin };
enum class DiffInSign { removal, paper };

/// The defaults are the paper's but for exact products and the batch of the step itself.
struct DiffInOptions {
  CheckpointChoice checkpoints;  // five random ones
  ProductOptions products;
  ProxyBatch proxy = ProxyBatch::own;
  Index proxy_batches = 1;
  Index proxy_size = 128;  // of `random`: proxy_batches times it is at most N
  std::uint64_t proxy_seed = 0;
  StepWeight weight = StepWeight::elapsed;
  FirstOrderTerm first_order = FirstOrderTerm::none;
  bool sum_over_steps = false;         // T/m for 1/m: everything T times larger
  bool query_gradient_at_end = false;  // G_V at theta_T
  DiffInSign sign = DiffInSign::removal;
  /// Eq. (9) literally, example by example and not with shared products. With exact products the
  /// same to rounding; differences are then taken along g_z and not along G_V.
  bool per_example = false;
};

/// What the derivation gives before anything is dropped: every step with its own batch, weight
/// T - t, the first-order term, weight decay where the training had it, G_V at the end.
DiffInOptions consistent_diff_in();

/// (Q x N). Throws std::invalid_argument for any training but plain SGD.
Scores diff_in_scores(const Trajectory& path,
                      const QueryLosses& queries,
                      const DiffInOptions& options = {},
                      Cost* cost = nullptr);

/// For each of the examples the change of theta at the end by its removal, (P x K): what scores
/// with `query_gradient_at_end` are the products with. `paper` flips its sign.
Eigen::MatrixXd diff_in_parameters(const Trajectory& path,
                                   std::span<const Index> examples,
                                   const DiffInOptions& options = {},
                                   Cost* cost = nullptr);

/// Eq. (12): each example as its own query, its gradient always taken at theta_t, (N). One product
/// per example and checkpoint.
Eigen::VectorXd diff_in_self_influence(const Trajectory& path,
                                       const DiffInOptions& options = {},
                                       Cost* cost = nullptr);

}  // namespace leaveout
