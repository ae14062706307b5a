// SPDX-License-Identifier: MIT
#pragma once
// Linear datamodels fitted to all subsets at once, beside their closed forms (Saunshi, Gupta,
// Braverman, Arora, ICLR 2023, theorem 2.2).
//
// On all 2^N subsets, each with its probability P(S) as its weight, the regressions that sampled
// subsets would be given are the population's: so theorem and code must agree to rounding, for any
// trained model and any output.
//
//   TheoremResult r = check_theorem(task, f, {.rates = {0.2, 0.5}, .path = 10, .ratio = 1e-3});
//   r.largest(Fit::lasso, &TheoremCheck::slopes);         // largest difference met, relative

#include <functional>

#include "experiments/harmonic/subset_task.h"

namespace leaveout {

enum class Fit { least_squares, ridge, lasso, standardised_lasso, one_size };
inline constexpr std::array<Fit, 5> kFits = {
    Fit::least_squares, Fit::ridge, Fit::lasso, Fit::standardised_lasso, Fit::one_size};
std::string fit_name(Fit fit);

/// One regression beside its closed form, both in 0/1 coordinates. Differences are relative: of
/// slopes to the largest least-squares slope, of the intercept to the largest |f|, of the risk to
/// the variance.
struct TheoremCheck {
  Fit fit = Fit::least_squares;
  double p = 0.5;  // one_size: the share of the examples that are in
  Index query = 0;
  double penalty = 0;                   // as the regression takes it; one_size: none
  double slopes = 0;                    // largest difference over examples
  double intercept = 0;                 // difference
  double risk = 0;                      // difference
  Index support = 0;                    // examples that one of the two leaves out, and one does not
  Eigen::VectorXd fitted, closed_form;  // (N) slopes
};

struct TheoremOptions {
  std::vector<double> rates;
  Index path = 12;      // penalties of ridge and of lasso
  double ratio = 1e-3;  // the smallest over the largest
};

struct TheoremResult {
  TaskSettings settings;
  std::string model;
  QueryOutput output = QueryOutput::margin;
  Index examples = 0, queries = 0, unconverged = 0;
  double p = 0.5;  // the task's own: what the figure shows
  std::vector<TheoremCheck> checks;
  Index converged_lassos = 0, lassos = 0;  // coordinate descents that reached their tolerance

  /// The largest value of a member over the checks of a fit; undefined without checks.
  std::optional<double> largest(Fit fit, double TheoremCheck::*member) const;
};

/// Every fit, for every rate and query of f (2^N x queries). Queries whose output is constant have
/// no checks.
TheoremResult check_theorem(const SubsetTask& task,
                            const SubsetOutputs& f,
                            const TheoremOptions& options);

}  // namespace leaveout
