// SPDX-License-Identifier: MIT
#pragma once
// The linear datamodelling score (Park, Georgiev, Ilyas, Leclerc, Madry, TRAK, ICML 2023): do the
// summed attributions of a subset's examples tell what training on that subset gives?
//
//   LDS = mean over queries of the correlation, over subsets S, of  f(query; S)  and
//         sum over i in S of attribution(query, i)
//
// For subsets ~ B_p the Pearson form is cos(attribution, a) sqrt(B_1 / (Var f + noise)), with a the
// average influences and B_1 the linear part of the variance: no attribution passes that ceiling.
// Attributions here are positive where including an example raises the output. Intervals: bootstrap
// over subsets, which all queries share.
//
//   Lds score = lds(attributions, masks, outputs);   // (Q x N), (N x m), (m x Q)
//   std::string cell = to_string(score.spearman);    // "0.41 [0.37, 0.45]" or "undefined"

#include <vector>

#include "influence/metrics/correlation.h"

namespace leaveout {

struct Lds {
  Estimate pearson;
  Estimate spearman;
  std::vector<std::optional<double>> query_pearson;   ///< (Q)
  std::vector<std::optional<double>> query_spearman;  ///< (Q)
};

/// attributions (Q x N), masks (N x m) of 0 and 1, outputs (m x Q). Queries whose outputs or
/// predictions are constant do not count; undefined where none counts. Throws std::invalid_argument
/// where shapes differ or a value is not finite.
Lds lds(const Eigen::MatrixXd& attributions,
        const Eigen::MatrixXd& masks,
        const Eigen::MatrixXd& outputs,
        const Bootstrap& bootstrap = {});

/// The Spearman that a noiseless prediction of the true outputs would reach: the mean over queries
/// of sqrt(reliability) of the mean over repetitions. repetitions[s] (m x Q): the same subsets
/// trained with seed s. Empty for fewer than two repetitions, or where no query has a ceiling.
std::optional<double> lds_noise_ceiling(const std::vector<Eigen::MatrixXd>& repetitions,
                                        std::uint64_t seed = 0);

}  // namespace leaveout
