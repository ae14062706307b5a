// SPDX-License-Identifier: MIT
#pragma once
// The exact spectra of a task: every kind of output of every query, at several rates, from the same
// 2^N trainings.
//
// Networks are trained `seeds` times on each subset; f is the mean over all seeds there could be,
// and what the mean over these few adds to B_d is known on average (noise_floor). The residual, the
// shares and the ceiling below are of B_d less that part; the bracket and the noise stability are
// of B_d as measured.
//
//   SpectrumResult r = find_spectra(task, logits, {.rates = {0.2, 0.5, 0.8}, .rho = 0.5});
//   for (const QuerySpectrum& q : r.at(QueryOutput::margin, 0.5).queries)
//     std::optional<double> residual = q.residual();

#include <vector>

#include "experiments/harmonic/subset_task.h"
#include "influence/harmonic/spectrum.h"

namespace leaveout {

/// One query's output as a function on random subsets.
struct QuerySpectrum {
  Eigen::VectorXd weights;  // (N + 1) B_d as measured
  Eigen::VectorXd noise;  // (N + 1) the part of them that noise adds on average; zeros: none known
  double run_noise = 0;   // variance that noise adds to one training
  double stability = 0;   // h(rho) of `weights`

  /// B_d / Var as measured, (N + 1), and the noise part in the same units. Empty where nothing
  /// varies.
  Eigen::VectorXd shares() const;
  Eigen::VectorXd noise_shares() const;
  /// What noise makes of the measured variance, 0 to about 1. Undefined where nothing varies.
  std::optional<double> noise_part() const;
  /// weights - noise. Empty where nothing varies, and where more than half of what varies is noise:
  /// ratios of what is left say little.
  Eigen::VectorXd signal() const;
  /// Of signal(): B_{>=2} / Var, and the highest correlation that a linear attribution can have
  /// with single trainings. Undefined where there is none.
  std::optional<double> residual() const;
  std::optional<double> ceiling() const;
  /// What h(rho) alone says of the measured residual. Undefined where nothing varies.
  std::optional<Bracket> bracket(double rho) const;
  /// That the measured residual lies in it, up to rounding.
  bool bracket_holds(double rho) const;
};

/// All queries of one kind of output at one rate.
struct OutputSpectra {
  QueryOutput output = QueryOutput::margin;
  double p = 0.5;
  std::vector<QuerySpectrum> queries;
};

/// h(rho) as the polynomial of the weights, and by going through all 4^N pairs of subsets.
struct StabilityCheck {
  double rho = 0, polynomial = 0, enumerated = 0;
};

struct SubsetSpectrumOptions {
  std::vector<double> rates;  // ascending
  double rho = 0.5;           // of the noise stability
};

struct SpectrumResult {
  TaskSettings settings;
  QueryOutput output = QueryOutput::margin;  // the one of the claims, at rate p
  double p = 0.5, rho = 0.5;
  Index examples = 0, repeats = 1, queries = 0, unconverged = 0;
  bool convex = true;
  std::string model;
  Index parameters = 0;
  std::vector<double> rates;
  std::vector<OutputSpectra> spectra;  // by output, then by rate
  std::vector<StabilityCheck> checks;  // of the first query; none for more than kMostPairs examples

  /// Throws std::out_of_range for an output or a rate that is not there.
  const OutputSpectra& at(QueryOutput kind, double rate) const;
  std::vector<QueryOutput> outputs() const;
};

/// Most examples for which all pairs of subsets are gone through: 4^12 = 17 million.
inline constexpr Index kMostPairs = 12;

/// The kinds of output that are looked at: prediction and loss, or of classes margin, log-odds,
/// probability, loss and correctness. Log-odds of two classes are their margin and are left out;
/// an output that the user asks for is always among them.
std::vector<QueryOutput> spectrum_outputs(Task kind, QueryOutput asked);

/// E[f(b) f(b')] over rho-correlated pairs at rate p, by all 4^N of them.
double enumerated_stability(const Eigen::Ref<const Eigen::VectorXd>& table, double p, double rho);

SpectrumResult find_spectra(const SubsetTask& task,
                            const SubsetLogits& logits,
                            const SubsetSpectrumOptions& options);

}  // namespace leaveout
