// SPDX-License-Identifier: MIT
#include "experiments/harmonic/datamodels_fit.h"

#include <cmath>

#include "influence/harmonic/cross_validation.h"
#include "influence/harmonic/lasso.h"
#include "influence/harmonic/mean_differences.h"
#include "influence/harmonic/residual_estimation.h"
#include "influence/metrics/bootstrap.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kResamples = 300;

/// Slopes with the intercept at which the mean error on the pool is zero.
Datamodel with_slopes(const SubsetPools& pools, MatrixXd weights) {
  Datamodel model{std::move(weights), {}};
  model.intercepts =
      (pools.outputs.colwise().mean() - (pools.masks.rowwise().mean().transpose() * model.weights))
          .transpose();
  return model;
}

void add_model(const SubsetTask& task,
               const SubsetPools& pools,
               const char* name,
               Datamodel model,
               MatrixXd errors,
               DatamodelFits& fits) {
  FittedDatamodel fit{.name = name,
                      .model = std::move(model),
                      .errors = std::move(errors),
                      .r2 = {},
                      .mean_r2 = {}};
  fit.r2 = held_out_r2(fit.model, pools.held_masks, pools.held[0]);
  fit.mean_r2 = mean_held_out_r2(fit.model,
                                 pools.held_masks,
                                 pools.held[0],
                                 {.resamples = kResamples, .seed = task.settings.seed});
  fit.nonzero = static_cast<double>((fit.model.weights.array() != 0).count()) /
                static_cast<double>(fit.model.weights.size());
  fits.models.push_back(std::move(fit));
}

double smallest_error(const CrossValidated& c) {
  return c.errors.colwise().minCoeff().mean();
}

/// Their own residual needs no held-out subsets.
ShareEstimate in_sample(const SubsetPools& pools, const OlsErrors& errors) {
  const double m = static_cast<double>(pools.outputs.rows());
  ShareEstimate e{"least squares, own residual", pools.outputs.rows(), {}};
  for (Index q = 0; q < pools.outputs.cols(); ++q) {
    const VectorXd y = pools.outputs.col(q).array() - pools.outputs.col(q).mean();
    const double share = errors.residual_variance[q] / (y.squaredNorm() / (m - 1));
    // Of R^2 of jointly normal variables, by the delta method.
    e.share.push_back({share, 2 * share * std::sqrt(std::max(0.0, 1 - share) / m)});
  }
  return e;
}

void fit_all(const SubsetTask& task, const SubsetPools& pools, DatamodelFits& fits) {
  const std::uint64_t seed = task.settings.seed;
  const Index m = pools.masks.cols();
  const double n = static_cast<double>(task.examples());
  const DatamodelRegression regression(pools.masks, pools.outputs);
  if (enough_for_least_squares(m, task.examples())) {
    const Datamodel ols = regression.ols();
    const OlsErrors errors = regression.ols_errors(ols);
    fits.shares.push_back(in_sample(pools, errors));
    add_model(task, pools, "least squares", ols, errors.robust, fits);
  }
  const CrossValidated ridge =
      cross_validate(pools.masks, pools.outputs, Penalty::ridge, {.seed = seed});
  const CrossValidated lasso =
      cross_validate(pools.masks, pools.outputs, Penalty::lasso, {.seed = seed});
  fits.chosen = fits.models.size() + (smallest_error(lasso) < smallest_error(ridge) ? 1 : 0);
  add_model(task,
            pools,
            "ridge",
            ridge.model,
            regression.ridge_errors(ridge.model, ridge.penalties),
            fits);
  add_model(task,
            pools,
            "lasso",
            lasso.model,
            lasso_errors(pools.masks, pools.outputs, lasso.model, lasso.penalties),
            fits);
  const InfluenceEstimates means = difference_of_means(pools.masks, pools.outputs);
  add_model(task,
            pools,
            "difference of means",
            with_slopes(pools, means.values),
            means.standard_errors,
            fits);
  const bool least_squares = fits.models[0].name == "least squares";
  const FittedDatamodel& judged = fits.models[least_squares ? 0 : fits.chosen];
  fits.held_by = judged.name;
  const double own_noise = least_squares ? (n + 1) / (static_cast<double>(m) - n - 2) : 0;
  fits.held_share = judged.mean_r2;
  const auto share = [&](double r2) { return (1 - r2) / (1 + own_noise); };
  if (!judged.mean_r2.value) return;
  fits.held_share.value = share(*judged.mean_r2.value);
  fits.held_share.low = share(judged.mean_r2.high);
  fits.held_share.high = share(judged.mean_r2.low);
}

void estimate_shares(const SubsetTask& task, const SubsetPools& pools, DatamodelFits& fits) {
  fits.degree_one = degree_one_weights(pools.masks, pools.outputs, task.p);
  fits.degree_two = degree_two_weights(pools.masks, pools.outputs, task.p);
  ShareEstimate u{"U-statistic", pools.masks.cols(), {}};
  for (const DegreeOne& one : fits.degree_one) u.share.push_back(one.residual);
  fits.shares.push_back(std::move(u));
  // The pool's variance is sure; that of a few pairs below the line would spoil the share.
  for (const PairedPool& pair : pools.pairs) {
    ShareEstimate e{pair.method, trainings(pair.plan), {}};
    const auto estimates =
        estimate_residual(pair.plan, pair.first, pair.second, 200, task.settings.seed);
    for (std::size_t q = 0; q < estimates.size(); ++q) {
      const double variance = fits.degree_one[q].variance.value;
      const Measured& residual = estimates[q].residual;
      e.share.push_back({residual.value / variance, residual.standard_error / variance});
    }
    fits.shares.push_back(std::move(e));
  }
}

void score(const SubsetTask& task, const SubsetPools& pools, DatamodelFits& fits) {
  for (const FittedDatamodel& fit : fits.models)
    fits.attributions.push_back({fit.name, fit.model.weights.transpose(), {}});
  if (fits.influence.full.size() > 0)
    fits.attributions.push_back({"influence, w = 1", fits.influence.full, {}});
  if (fits.influence.rate.size() > 0)
    fits.attributions.push_back({"influence, w = p", fits.influence.rate, {}});
  const MatrixXd truth = pools.held_mean();
  for (ScoredAttribution& a : fits.attributions)
    a.lds = lds(
        a.scores, pools.held_masks, truth, {.resamples = kResamples, .seed = task.settings.seed});
  fits.ceiling = lds_noise_ceiling(pools.held, task.settings.seed);
}

}  // namespace

double FittedDatamodel::typical_error(Index q) const {
  return std::sqrt(errors.col(q).squaredNorm() / static_cast<double>(errors.rows()));
}

double ShareEstimate::mean() const {
  double sum = 0;
  for (const Measured& m : share) sum += m.value;
  return sum / static_cast<double>(share.size());
}

double ShareEstimate::standard_error() const {
  double sum = 0;
  for (const Measured& m : share) sum += m.standard_error;
  return sum / static_cast<double>(share.size());
}

bool enough_for_least_squares(Index subsets, Index examples) {
  return subsets > 3 * examples;
}

Estimate mean_held_out_r2(const Datamodel& model,
                          const MatrixXd& masks,
                          const MatrixXd& outputs,
                          const Bootstrap& bootstrap) {
  const MatrixXd squares = (outputs - model.predict(masks)).cwiseAbs2();  // (h x Q)
  const MatrixXd centred = outputs.rowwise() - outputs.colwise().mean();
  return bootstrap_interval(
      masks.cols(),
      [&](const std::vector<Index>& picks) -> std::optional<double> {
        VectorXd error = VectorXd::Zero(outputs.cols()), sum = error, square = error;
        for (const Index k : picks) {
          error += squares.row(k).transpose();
          sum += centred.row(k).transpose();
          square += centred.row(k).cwiseAbs2().transpose();
        }
        const VectorXd total = square - sum.cwiseAbs2() / static_cast<double>(picks.size());
        if (total.minCoeff() <= 0) return std::nullopt;
        return 1 - error.cwiseQuotient(total).mean();
      },
      bootstrap);
}

DatamodelFits fit_datamodels(const SubsetTask& task,
                             const SubsetPools& pools,
                             const InfluencePair& influence) {
  DatamodelFits fits;
  const auto kept = [&](const MatrixXd& f) {
    return f.size() > 0 ? MatrixXd(f(pools.queries, Eigen::all)) : MatrixXd();
  };
  fits.influence = {kept(influence.full), kept(influence.rate)};
  fit_all(task, pools, fits);
  estimate_shares(task, pools, fits);
  score(task, pools, fits);
  return fits;
}

}  // namespace leaveout
