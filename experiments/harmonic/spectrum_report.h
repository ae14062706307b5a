// SPDX-License-Identifier: MIT
#pragma once
// What the exact spectra leave behind: rows, a table, verdicts, a figure.
//
// Intervals are over queries, for the training examples as they are: queries share all trainings.
//
//   write_rows(result, results);
//   fputs(spectrum_table(result).c_str(), stdout);

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/harmonic/spectrum_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// A number of one query; empty where it is undefined.
using QueryMetric = std::function<std::optional<double>(const QuerySpectrum&)>;

std::optional<double> residual_of(const QuerySpectrum& query);

/// Mean of a share over the queries where it is defined, with its 95 % interval (Student's t), cut
/// off at 0 and 1. `n` counts them.
Estimate over_queries(const OutputSpectra& spectra, const QueryMetric& metric);

/// The same of the difference a - b, query by query, where both are defined.
Estimate paired_over_queries(const OutputSpectra& a,
                             const OutputSpectra& b,
                             const QueryMetric& metric);

/// Columns of runs.csv: task, output, rate, query, metric, degree, value.
RunsLayout spectrum_layout();
void write_rows(const SpectrumResult& result, Results& results);
void describe(const std::vector<SpectrumResult>& done, Results& results);

/// Shares of the variance by degree, residual, bracket and noise of every output and rate.
std::string spectrum_table(const SpectrumResult& result);
std::vector<Verdict> judge(const std::vector<SpectrumResult>& done);
/// by_degree.{svg,pdf,png}: two panels for each task, shares against degree and the residual
/// against p.
void draw(const std::vector<SpectrumResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
