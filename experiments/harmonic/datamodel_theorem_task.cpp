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

/// What one query's checks share; `slope` in the coordinates of the fit.
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
  c.slopes_absolute = (fitted - expected.slopes).cwiseAbs().maxCoeff();
  c.slopes = c.slopes_absolute / scale.output;
  // Without any degree-one part there is no weight to compare with.
  if (scale.slope > 0) c.slopes_of_weight = c.slopes_absolute / scale.slope;
  c.intercept = std::abs(intercept - expected.intercept) / scale.output;
  c.risk = std::abs(risk - expected.risk) / scale.variance;
  const double zero = 1e-12 * scale.output;
  for (Index i = 0; i < fitted.size(); ++i)
    if ((std::abs(fitted(i)) > zero) != (std::abs(expected.slopes(i)) > zero)) ++c.support;
  return c;
}

/// All regressions of one rate in one set of coordinates, each on the features themselves.
class Rate {
 public:
  Rate(const MatrixXd& masks, const MatrixXd& outputs, double p, Coordinates coordinates)
      : outputs_(outputs),
        p_(p),
        coordinates_(coordinates),
        features_(features(masks, p, coordinates)),
        sigma_(deviation(p, coordinates)),
        q_(probabilities_of_subsets(masks.rows(), p)) {}

  void check(const TheoremOptions& options, TheoremResult& r) const {
    for (Index k = 0; k < outputs_.cols(); ++k) {
      VectorXd spectrum = outputs_.col(k);
      to_spectrum(spectrum, p_);
      const Scales scale{degree_one(spectrum).cwiseAbs().maxCoeff() / sigma_,
                         outputs_.col(k).cwiseAbs().maxCoeff(),
                         spectral_variance(degree_weights(spectrum))};
      // A query whose output does not vary, up to rounding, has no datamodel.
      if (!(scale.variance > 1e-24 * scale.output * scale.output)) continue;
      const SubsetMoments moments = subset_moments(features_, outputs_.col(k), q_);
      if (coordinates_ == Coordinates::standardised) {
        check_standardised(k, spectrum, moments, scale, options, r);
        continue;
      }
      const bool minus = coordinates_ == Coordinates::plus_minus;
      add(minus ? Fit::signed_least_squares : Fit::least_squares,
          k,
          0,
          least_squares(k, moments),
          population_least_squares(spectrum, p_, coordinates_),
          scale,
          r);
      check_penalties(k, spectrum, moments, scale, options, r);
    }
  }

 private:
  static MatrixXd features(const MatrixXd& masks, double p, Coordinates coordinates) {
    if (coordinates == Coordinates::zero_one) return masks;
    if (coordinates == Coordinates::plus_minus) return (2 * masks.array() - 1).matrix();
    return ((masks.array() - p) / std::sqrt(p * (1 - p))).matrix();
  }
  static double deviation(double p, Coordinates coordinates) {
    if (coordinates == Coordinates::standardised) return 1;
    return (coordinates == Coordinates::plus_minus ? 2 : 1) * std::sqrt(p * (1 - p));
  }
  /// The j-th share of the largest penalty.
  static double share(const TheoremOptions& options, Index j) {
    if (options.path == 1) return 1;
    return std::pow(options.ratio, static_cast<double>(j) / static_cast<double>(options.path - 1));
  }

  /// The regression that users call takes masks of 0 and 1 only; other features, their moments.
  Datamodel least_squares(Index k, const SubsetMoments& moments) const {
    if (coordinates_ == Coordinates::zero_one)
      return DatamodelRegression(features_, outputs_.col(k), q_).ols();
    return moments.with_intercepts(moments.gram.llt().solve(moments.cross));
  }

  void add(Fit fit,
           Index k,
           double penalty,
           const Datamodel& model,
           const LinearDatamodel& expected,
           const Scales& scale,
           TheoremResult& r) const {
    const VectorXd fitted = model.weights.col(0);
    const double intercept = model.intercepts(0);
    const VectorXd error =
        (outputs_.col(k) - features_.transpose() * fitted).array() - intercept;  // (2^N)
    TheoremCheck c = compare(fitted, intercept, q_.dot(error.cwiseAbs2()), expected, scale);
    c.fit = fit;
    c.p = p_;
    c.query = k;
    c.penalty = penalty;
    r.checks.push_back(std::move(c));
  }

  LassoFit lasso(const SubsetMoments& moments,
                 double penalty,
                 MatrixXd& start,
                 TheoremResult& r) const {
    LassoFit fit = lasso_datamodel(moments, VectorXd::Constant(1, penalty), start);
    start = fit.model.weights;
    ++r.lassos;
    r.converged_lassos += fit.converged ? 1 : 0;
    return fit;
  }

  /// Ridge in units of the variance of a feature, lasso from the penalty that leaves nothing down.
  void check_penalties(Index k,
                       const VectorXd& spectrum,
                       const SubsetMoments& moments,
                       const Scales& scale,
                       const TheoremOptions& options,
                       TheoremResult& r) const {
    const double v = sigma_ * sigma_, most = 2 * v * scale.slope;
    const bool minus = coordinates_ == Coordinates::plus_minus;
    MatrixXd start = MatrixXd::Zero(features_.rows(), 1);
    for (Index j = 0; j < options.path; ++j) {
      const double ridge = 10 * v * share(options, j), l1 = 0.99 * most * share(options, j);
      add(minus ? Fit::signed_ridge : Fit::ridge,
          k,
          ridge,
          ridge_datamodel(moments, VectorXd::Constant(1, ridge)),
          population_ridge(spectrum, p_, ridge, coordinates_),
          scale,
          r);
      add(minus ? Fit::signed_lasso : Fit::lasso,
          k,
          l1,
          lasso(moments, l1, start, r).model,
          population_lasso(spectrum, p_, l1, coordinates_),
          scale,
          r);
    }
  }

  /// MSE / 2 + lambda sum |w_i| is half of MSE + 2 lambda sum |w_i|.
  void check_standardised(Index k,
                          const VectorXd& spectrum,
                          const SubsetMoments& moments,
                          const Scales& scale,
                          const TheoremOptions& options,
                          TheoremResult& r) const {
    MatrixXd start = MatrixXd::Zero(features_.rows(), 1);
    for (Index j = 0; j < options.path; ++j) {
      const double penalty = 0.99 * scale.slope * share(options, j);
      add(Fit::standardised_lasso,
          k,
          penalty,
          lasso(moments, 2 * penalty, start, r).model,
          population_standardised_lasso(spectrum, p_, penalty),
          scale,
          r);
    }
  }

  const MatrixXd& outputs_;  // (2^N x queries)
  double p_;
  Coordinates coordinates_;
  MatrixXd features_;  // (N x 2^N)
  double sigma_;       // standard deviation of a feature
  VectorXd q_;         // (2^N)
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
  constexpr std::array<const char*, kFits.size()> kNames = {"least_squares",
                                                            "ridge",
                                                            "lasso",
                                                            "signed_least_squares",
                                                            "signed_ridge",
                                                            "signed_lasso",
                                                            "standardised_lasso",
                                                            "one_size"};
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
  for (const double p : options.rates)
    for (const Coordinates c :
         {Coordinates::zero_one, Coordinates::plus_minus, Coordinates::standardised})
      Rate(masks, f.mean, p, c).check(options, r);
  // At least N + 2 subsets of one size, so that the regression has something to average.
  if (r.examples >= 4) check_one_size(masks, f.mean, r.examples / 2, r);
  return r;
}

}  // namespace leaveout
