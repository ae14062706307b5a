// SPDX-License-Identifier: MIT
#pragma once
// How well derivatives predict spectra and removals: numbers with intervals, files, tables,
// verdicts, a figure.
//
// All intervals are of crossed_bootstrap.h: training examples (or groups) and queries are drawn
// anew, the trainings stay.
//
//   write_rows(result, results);
//   fputs(fourier_table(result).c_str(), stdout);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/harmonic/influence_vs_fourier_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// |predicted - exact| / |exact|, norms over items and queries. Undefined where the method is not
/// known and where all exact numbers are zero.
Estimate relative_error(const FourierComparison& c, const std::string& method);
/// The error of `method` over that of `other`, paired: below 1 where `method` is better. Undefined
/// also where the other's error is zero.
Estimate error_ratio(const FourierComparison& c,
                     const std::string& method,
                     const std::string& other);
/// Pearson, Spearman and the slope of the exact numbers on the predicted ones.
Agreement agreement_of(const FourierComparison& c, const std::string& method);
/// Sum of predicted over sum of exact numbers.
Estimate total_ratio(const FourierComparison& c, const std::string& method);
/// Least squares slope of log relative error on log N over the result's sizes (of removals: single
/// examples, the larger sizes too): -1 where errors fall as 1 / N. Undefined for one size.
Estimate size_exponent(const FourierResult& r,
                       const std::string& quantity,
                       const std::string& method);

/// Columns of runs.csv: task, examples, p, quantity, size, method, metric, query, value.
RunsLayout influence_vs_fourier_layout();
void write_rows(const FourierResult& result, Results& results);
/// predictions.csv: every exact number beside its predictions.
void write_predictions(const std::vector<FourierResult>& done, const Results& results);
void describe(const std::vector<FourierResult>& done, Results& results);

/// Slope, correlations and errors of what is predicted of the spectrum.
std::string fourier_table(const FourierResult& result);
/// Errors against the size of the group that leaves, and against N.
std::string group_table(const FourierResult& result);
std::vector<Verdict> judge(const std::vector<FourierResult>& done);
/// influence-vs-fourier.{svg,pdf,png}: exact against predicted datamodel weights, and the error of
/// removals against group size, for each task.
void draw(const std::vector<FourierResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
