// SPDX-License-Identifier: MIT
#include "influence/metrics/lds.h"

#include <fmt/format.h>

#include <stdexcept>

#include "influence/metrics/bootstrap.h"
#include "influence/metrics/query_correlation.h"
#include "influence/metrics/split_half.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Mean over queries of Pearson between columns of two (m x Q) matrices, of the picked rows.
Estimate mean_query_pearson(const MatrixXd& predicted,
                            const MatrixXd& outputs,
                            const Bootstrap& bootstrap) {
  VectorXd x(outputs.rows()), y(outputs.rows());  // (m) one query, resampled
  const Statistic mean = [&](const std::vector<Index>& picks) -> std::optional<double> {
    double sum = 0.0;
    Index defined = 0;
    for (Index q = 0; q < outputs.cols(); ++q) {
      for (std::size_t j = 0; j < picks.size(); ++j) {
        x[static_cast<Index>(j)] = predicted(picks[j], q);
        y[static_cast<Index>(j)] = outputs(picks[j], q);
      }
      if (const auto r = pearson(x, y)) {
        sum += *r;
        ++defined;
      }
    }
    if (defined == 0) return std::nullopt;
    return sum / static_cast<double>(defined);
  };
  return bootstrap_interval(outputs.rows(), mean, bootstrap);
}

}  // namespace

Lds lds(const MatrixXd& attributions,
        const MatrixXd& masks,
        const MatrixXd& outputs,
        const Bootstrap& bootstrap) {
  if (attributions.cols() != masks.rows() || masks.cols() != outputs.rows() ||
      attributions.rows() != outputs.cols())
    throw std::invalid_argument(fmt::format(
        "[metrics] attributions {} x {}, masks {} x {}, outputs {} x {}, expected (query x train), "
        "(train x subset), (subset x query)",
        attributions.rows(),
        attributions.cols(),
        masks.rows(),
        masks.cols(),
        outputs.rows(),
        outputs.cols()));
  const MatrixXd predicted = masks.transpose() * attributions.transpose();  // (m x Q)
  Lds result;
  result.spearman = mean_query_spearman(predicted.transpose(), outputs.transpose(), bootstrap);
  result.pearson = mean_query_pearson(predicted, outputs, bootstrap);
  for (Index q = 0; q < outputs.cols(); ++q) {
    result.query_pearson.push_back(pearson(predicted.col(q), outputs.col(q)));
    result.query_spearman.push_back(spearman(predicted.col(q), outputs.col(q)));
  }
  return result;
}

std::optional<double> lds_noise_ceiling(const std::vector<MatrixXd>& repetitions,
                                        std::uint64_t seed) {
  if (repetitions.size() < 2) return std::nullopt;
  const Index m = repetitions.front().rows(), queries = repetitions.front().cols();
  for (const MatrixXd& outputs : repetitions)
    if (outputs.rows() != m || outputs.cols() != queries)
      throw std::invalid_argument(
          fmt::format("[metrics] a repetition is {} x {}, the first {} x {}, expected one shape",
                      outputs.rows(),
                      outputs.cols(),
                      m,
                      queries));
  double sum = 0.0;
  Index defined = 0;
  MatrixXd query(static_cast<Index>(repetitions.size()), m);  // (S x m)
  for (Index q = 0; q < queries; ++q) {
    for (std::size_t s = 0; s < repetitions.size(); ++s)
      query.row(static_cast<Index>(s)) = repetitions[s].col(q).transpose();
    if (const auto ceiling = split_half(query, {.resamples = 0, .seed = seed}).ceiling) {
      sum += *ceiling;
      ++defined;
    }
  }
  if (defined == 0) return std::nullopt;
  return sum / static_cast<double>(defined);
}

}  // namespace leaveout
