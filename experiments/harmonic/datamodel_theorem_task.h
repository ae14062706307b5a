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

/// Features are 0 and 1 but where the name says otherwise: signed, -1 and 1.
enum class Fit {
  least_squares,
  ridge,
  lasso,
  signed_least_squares,
  signed_ridge,
  signed_lasso,
  standardised_lasso,
  one_size
};
inline constexpr std::array<Fit, 8> kFits = {Fit::least_squares,
                                             Fit::ridge,
                                             Fit::lasso,
                                             Fit::signed_least_squares,
                                             Fit::signed_ridge,
                                             Fit::signed_lasso,
                                             Fit::standardised_lasso,
                                             Fit::one_size};
std::string fit_name(Fit fit);

/// One regression beside its closed form, both in the coordinates of the fit. What rounding leaves
/// is relative to what is summed: of slopes and intercept to the largest |f|, of the risk to the
/// variance. Beside a weight that is itself near zero the same rounding looks larger.
struct TheoremCheck {
  Fit fit = Fit::least_squares;
  double p = 0.5;  // one_size: the share of the examples that are in
  Index query = 0;
  double penalty = 0;                   // as the regression takes it; one_size: none
  double slopes = 0;                    // largest difference over examples
  double slopes_absolute = 0;           // the same, in units of the output
  double slopes_of_weight = 0;          // the same, to the largest least-squares slope
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
