// SPDX-License-Identifier: MIT
#include "experiments/harmonic/datamodel_theorem_task.h"

#include <cmath>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/lasso.h"
#include "influence/harmonic/population_datamodel.h"
#include "influence/harmonic/spectrum.h"
#include "influence/harmonic/values.h"
#include "models/architecture.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// P(S) of every subset, (2^N).
VectorXd probabilities_of_subsets(Index n, double p) {
  VectorXd q(Index{1} << n);
  for (Index s = 0; s < q.size(); ++s) {
    const int size = subset_size(s);
    q(s) = std::pow(p, size) * std::pow(1 - p, static_cast<double>(n) - size);
  }
  return q;
}

/// What one query's checks share.
struct Scales {
  double slope, output, variance;
};

/// The numbers in which a regression and its closed form differ.
TheoremCheck compare(const VectorXd& fitted,
                     double intercept,
                     double risk,
                     const LinearDatamodel& expected,
                     const Scales& scale) {
  TheoremCheck c;
  c.fitted = fitted;
  c.closed_form = expected.slopes;
  c.slopes = (fitted - expected.slopes).cwiseAbs().maxCoeff() / scale.slope;
  c.intercept = std::abs(intercept - expected.intercept) / scale.output;
  c.risk = std::abs(risk - expected.risk) / scale.variance;
  const double zero = 1e-12 * scale.slope;
  for (Index i = 0; i < fitted.size(); ++i)
    if ((std::abs(fitted(i)) > zero) != (std::abs(expected.slopes(i)) > zero)) ++c.support;
  return c;
}

/// All regressions of one rate.
class Rate {
 public:
  Rate(const MatrixXd& masks, const MatrixXd& outputs, double p)
      : masks_(masks),
        outputs_(outputs),
        p_(p),
        q_(probabilities_of_subsets(masks.rows(), p)),
        regression_(masks, outputs, q_) {}

  void check(const TheoremOptions& options, TheoremResult& r) const {
    const Datamodel least_squares = regression_.ols();
    for (Index k = 0; k < outputs_.cols(); ++k) {
      VectorXd spectrum = outputs_.col(k);
      to_spectrum(spectrum, p_);
      const Scales scale = scales(spectrum, k);
      // A query whose output does not vary, up to rounding, has no datamodel.
      if (!(scale.variance > 1e-24 * scale.output * scale.output)) continue;
      add(Fit::least_squares,
          k,
          0,
          least_squares.weights.col(k),
          least_squares.intercepts(k),
          population_least_squares(spectrum, p_, Coordinates::zero_one),
          scale,
          r);
      check_penalties(k, spectrum, scale, options, r);
    }
  }

 private:
  Scales scales(const VectorXd& spectrum, Index k) const {
    return {degree_one(spectrum).cwiseAbs().maxCoeff() / std::sqrt(p_ * (1 - p_)),
            outputs_.col(k).cwiseAbs().maxCoeff(),
            spectral_variance(degree_weights(spectrum))};
  }

  void add(Fit fit,
           Index k,
           double penalty,
           const VectorXd& fitted,
           double intercept,
           const LinearDatamodel& expected,
           const Scales& scale,
           TheoremResult& r) const {
    const VectorXd error =
        (outputs_.col(k) - masks_.transpose() * fitted).array() - intercept;  // (2^N)
    TheoremCheck c = compare(fitted, intercept, q_.dot(error.cwiseAbs2()), expected, scale);
    c.fit = fit;
    c.p = p_;
    c.query = k;
    c.penalty = penalty;
    r.checks.push_back(std::move(c));
  }

  /// Ridge in units of the variance of a feature, lasso from the penalty that leaves nothing down.
  void check_penalties(Index k,
                       const VectorXd& spectrum,
                       const Scales& scale,
                       const TheoremOptions& options,
                       TheoremResult& r) const {
    const double v = p_ * (1 - p_), s = std::sqrt(v), most = 2 * v * scale.slope;
    const SubsetMoments one = subset_moments(masks_, outputs_.col(k), q_);
    MatrixXd start = MatrixXd::Zero(masks_.rows(), 1);
    for (Index j = 0; j < options.path; ++j) {
      const double share =
          options.path == 1
              ? 1
              : std::pow(options.ratio,
                         static_cast<double>(j) / static_cast<double>(options.path - 1));
      const Datamodel ridge = ridge_datamodel(one, VectorXd::Constant(1, 10 * v * share));
      add(Fit::ridge,
          k,
          10 * v * share,
          ridge.weights.col(0),
          ridge.intercepts(0),
          population_ridge(spectrum, p_, 10 * v * share, Coordinates::zero_one),
          scale,
          r);
      const LassoFit lasso =
          lasso_datamodel(one, VectorXd::Constant(1, 0.99 * most * share), start);
      start = lasso.model.weights;
      ++r.lassos;
      r.converged_lassos += lasso.converged ? 1 : 0;
      add(Fit::lasso,
          k,
          0.99 * most * share,
          lasso.model.weights.col(0),
          lasso.model.intercepts(0),
          population_lasso(spectrum, p_, 0.99 * most * share, Coordinates::zero_one),
          scale,
          r);
      // MSE / 2 + lambda sum |s w_i| is half of MSE + (2 lambda s) sum |w_i|: the same regression.
      LinearDatamodel other =
          population_standardised_lasso(spectrum, p_, 0.99 * most * share / (2 * s));
      other.slopes /= s;
      other.intercept -= p_ * other.slopes.sum();
      add(Fit::standardised_lasso,
          k,
          0.99 * most * share / (2 * s),
          lasso.model.weights.col(0),
          lasso.model.intercepts(0),
          other,
          scale,
          r);
    }
  }

  const MatrixXd& masks_;    // (N x 2^N)
  const MatrixXd& outputs_;  // (2^N x queries)
  double p_;
  VectorXd q_;  // (2^N)
  DatamodelRegression regression_;
};

/// Least squares over the subsets of exactly `size` examples.
void check_one_size(const MatrixXd& masks, const MatrixXd& outputs, Index size, TheoremResult& r) {
  std::vector<Index> chosen;
  for (Index s = 0; s < masks.cols(); ++s)
    if (subset_size(s) == static_cast<int>(size)) chosen.push_back(s);
  const MatrixXd some = masks(Eigen::all, chosen), values = outputs(chosen, Eigen::all);
  const Datamodel fit = DatamodelRegression(some, values).ols();
  for (Index k = 0; k < outputs.cols(); ++k) {
    const VectorXd y = values.col(k);
    const double variance = (y.array() - y.mean()).square().mean();
    LinearDatamodel expected = fixed_size_datamodel(outputs.col(k), size);
    const double slope = expected.slopes.cwiseAbs().maxCoeff();
    if (!(variance > 1e-24 * y.cwiseAbs2().maxCoeff()) || !(slope > 0)) continue;
    const double risk =
        (y - fit.predict(some).col(k)).squaredNorm() / static_cast<double>(y.size());
    // Slopes sum to zero on both sides, and so intercepts are comparable.
    TheoremCheck c = compare(fit.weights.col(k),
                             fit.intercepts(k),
                             risk,
                             expected,
                             {slope, y.cwiseAbs().maxCoeff(), variance});
    c.fit = Fit::one_size;
    c.p = static_cast<double>(size) / static_cast<double>(masks.rows());
    c.query = k;
    r.checks.push_back(std::move(c));
  }
}

}  // namespace

std::string fit_name(Fit fit) {
  constexpr std::array<const char*, 5> kNames = {
      "least_squares", "ridge", "lasso", "standardised_lasso", "one_size"};
  return kNames[static_cast<std::size_t>(fit)];
}

std::optional<double> TheoremResult::largest(Fit fit, double TheoremCheck::*member) const {
  std::optional<double> most;
  for (const TheoremCheck& c : checks)
    if (c.fit == fit) most = std::max(most.value_or(0), c.*member);
  return most;
}

TheoremResult check_theorem(const SubsetTask& task,
                            const SubsetOutputs& f,
                            const TheoremOptions& options) {
  TheoremResult r;
  r.settings = task.settings;
  r.model = describe(task.model->spec());
  r.output = task.output;
  r.examples = task.examples();
  r.queries = task.queries();
  r.p = task.p;
  const MatrixXd masks = all_subsets(r.examples);
  for (const double p : options.rates) Rate(masks, f.mean, p).check(options, r);
  // At least N + 2 subsets of one size, so that the regression has something to average.
  if (r.examples >= 4) check_one_size(masks, f.mean, r.examples / 2, r);
  return r;
}

}  // namespace leaveout
