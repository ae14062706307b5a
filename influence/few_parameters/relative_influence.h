// SPDX-License-Identifier: MIT
#pragma once
// Relative influence: a score divided by what else the example does.
//
// With scores s(t, i) = (1/N) g_t' H^-1 g_i in removal normalisation (Q x n), steps (1/N) H^-1 g_i,
// and self-influences s(i, i):
//
//   theta_relatif    g_t' H^-1 g_i / |H^-1 g_i|              largest effect at a given step length
//   loss_relatif     g_t' H^-1 g_i / sqrt(g_i' H^-1 g_i)     ... at a given squared change of all
//                                                            losses, with H for the Fisher matrix
//   influence_cosine s(t, i) / sqrt(s(t, t) s(i, i))         cosine in the metric H^-1, in [-1, 1]
//   influence_shares s(t, i) / sum_j |s(t, j)|
//   influence_ratios s(t, i) / s(t, j)
//   benefit_ratios   s(V, i) / s(i, i)                       help to others per unit of own help
//
// The first two are theta- and l-RelatIF of Barshan, Brunet and Dziugaite 2020. The other four are
// our readings of "relative influence" (Kounavis, Dia and Ramazanli 2023): the paper's own
// definition was not available. 1/N and a factor on H cancel in all but the second, which is the
// cosine times the query's own sqrt(g_t' H^-1 g_t). The first three push examples of large
// gradients, outliers and wrong labels, down: they explain predictions and do not find noise.
//
//   VectorXd self = self_influence(steps, train_gradients);             // (n)
//   MatrixXd explained = loss_relatif(scores, self, n);                 // (Q x n)
//   VectorXd benefit = benefit_ratios(mean_influence(scores), self);    // (n)
//
// An example with a zero gradient has zero scores, and its relative scores are zero too. Every
// function throws std::invalid_argument on sizes that differ, on numbers that are not finite, and
// where it would divide a score by nothing or by the root of a negative number.

#include <Eigen/Core>

namespace leaveout {

/// steps_i' g_i, (n), from columns (P x n): (1/N) g_i' H^-1 g_i for steps in removal normalisation.
Eigen::VectorXd self_influence(const Eigen::MatrixXd& steps, const Eigen::MatrixXd& gradients);

/// `scores` (Q x n), `steps` (P x n) as columns, both in removal normalisation: (Q x n).
Eigen::MatrixXd theta_relatif(const Eigen::MatrixXd& scores, const Eigen::MatrixXd& steps);

/// `scores` (Q x n) and `self` (n) in removal normalisation, `train_size` N: (Q x n).
Eigen::MatrixXd loss_relatif(const Eigen::MatrixXd& scores,
                             const Eigen::VectorXd& self,
                             Eigen::Index train_size);

/// `scores` (Q x n) with the self-influences of queries (Q) and examples (n), all of the same
/// normalisation: (Q x n), within [-1, 1] where H is positive definite.
Eigen::MatrixXd influence_cosine(const Eigen::MatrixXd& scores,
                                 const Eigen::VectorXd& query_self,
                                 const Eigen::VectorXd& train_self);

/// Each row of `scores` (Q x n) over the sum of its absolute values; a row of zeros stays.
Eigen::MatrixXd influence_shares(const Eigen::MatrixXd& scores);

/// `scores` (Q x n) over those of the example `reference`, query by query: (Q x n).
Eigen::MatrixXd influence_ratios(const Eigen::MatrixXd& scores, Eigen::Index reference);

/// Mean over the queries, (n): the influence on their mean loss, s(V, i).
Eigen::VectorXd mean_influence(const Eigen::MatrixXd& scores);

/// `on_others` (n), such as mean_influence on held-out queries, over `self` (n).
Eigen::VectorXd benefit_ratios(const Eigen::VectorXd& on_others, const Eigen::VectorXd& self);

}  // namespace leaveout
