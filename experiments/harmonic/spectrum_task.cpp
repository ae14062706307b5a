// SPDX-License-Identifier: MIT
#include "experiments/harmonic/spectrum_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "influence/harmonic/cube.h"
#include "models/model.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

namespace {

/// Above this share of noise in the variance a query's ratios are left undefined.
constexpr double kMostNoise = 0.5;
/// What rounding may leave of the bracket, in units of the variance.
constexpr double kRounding = 1e-10;

QuerySpectrum spectrum_of(const SubsetOutputs& f, Index query, double p, double rho) {
  VectorXd table = f.mean.col(query);
  to_spectrum(table, p);
  QuerySpectrum q;
  q.weights = degree_weights(table);
  q.noise = VectorXd::Zero(q.weights.size());
  if (f.repeats > 1) {
    const double repeats = static_cast<double>(f.repeats);
    q.noise = noise_floor(f.noise.col(query) / repeats, p);
    q.run_noise = q.noise.sum() * repeats;
  }
  q.stability = noise_stability(q.weights, p, rho);
  return q;
}

/// At rho, and at a negative one: pairs that differ more often than independent ones.
std::vector<StabilityCheck> check_stability(const SubsetOutputs& f, double p, double rho) {
  std::vector<StabilityCheck> checks;
  const VectorXd table = f.mean.col(0);
  if (cube_dimension(table.size()) > kMostPairs) return checks;
  VectorXd spectrum = table;
  to_spectrum(spectrum, p);
  for (const double r : {rho, 0.5 * lowest_correlation(p)})
    checks.push_back(
        {r, noise_stability(degree_weights(spectrum), p, r), enumerated_stability(table, p, r)});
  return checks;
}

}  // namespace

VectorXd QuerySpectrum::shares() const {
  const double variance = spectral_variance(weights);
  return variance > 0 ? VectorXd(weights / variance) : VectorXd();
}

VectorXd QuerySpectrum::noise_shares() const {
  const double variance = spectral_variance(weights);
  return variance > 0 ? VectorXd(noise / variance) : VectorXd();
}

std::optional<double> QuerySpectrum::noise_part() const {
  const double variance = spectral_variance(weights);
  if (!(variance > 0)) return {};
  return spectral_variance(noise) / variance;
}

VectorXd QuerySpectrum::signal() const {
  const std::optional<double> part = noise_part();
  return part && *part <= kMostNoise ? VectorXd(weights - noise) : VectorXd();
}

std::optional<double> QuerySpectrum::residual() const {
  const VectorXd s = signal();
  if (s.size() == 0) return {};
  return residual_fraction(s);
}

std::optional<double> QuerySpectrum::ceiling() const {
  const VectorXd s = signal();
  if (s.size() < 2 || s(1) < 0) return {};
  return lds_ceiling(s, run_noise);
}

std::optional<Bracket> QuerySpectrum::bracket(double rho) const {
  const double variance = spectral_variance(weights);
  if (!(variance > 0)) return {};
  return residual_bracket((stability - weights(0)) / variance, rho);
}

bool QuerySpectrum::bracket_holds(double rho) const {
  const std::optional<Bracket> b = bracket(rho);
  if (!b) return true;
  const double r = *residual_fraction(weights);
  return r >= b->low - kRounding && r <= b->high + kRounding;
}

const OutputSpectra& SpectrumResult::at(QueryOutput kind, double rate) const {
  for (const OutputSpectra& s : spectra)
    if (s.output == kind && s.p == rate) return s;
  throw std::out_of_range(fmt::format("no spectra of {} at {}", output_name(kind), rate));
}

std::vector<QueryOutput> SpectrumResult::outputs() const {
  std::vector<QueryOutput> kinds;
  for (const OutputSpectra& s : spectra)
    if (kinds.empty() || kinds.back() != s.output) kinds.push_back(s.output);
  return kinds;
}

std::vector<QueryOutput> spectrum_outputs(Task kind, QueryOutput asked) {
  using enum QueryOutput;
  std::vector<QueryOutput> kinds;
  const bool classes = kind == Task::binary || kind == Task::multiclass;
  for (const QueryOutput k : {prediction, margin, logodds, probability, loss, correct}) {
    const bool twice = (k == logodds && kind == Task::binary) || (k == prediction && classes);
    if (allows(kind, k) && (!twice || k == asked)) kinds.push_back(k);
  }
  return kinds;
}

double enumerated_stability(const Ref<const VectorXd>& table, double p, double rho) {
  check_correlation(rho, p);
  const Index n = cube_dimension(table.size());
  const double v = p * (1 - p);
  MatrixXd weight(n + 1, n + 1);  // of a pair, by the examples in both and in one of the two
  for (Index both = 0; both <= n; ++both)
    for (Index one = 0; one <= n; ++one)
      weight(both, one) = std::pow(p * p + rho * v, static_cast<double>(both)) *
                          std::pow(v * (1 - rho), static_cast<double>(one)) *
                          std::pow((1 - p) * (1 - p) + rho * v,
                                   static_cast<double>(std::max<Index>(n - both - one, 0)));
  double sum = 0;
  for (Index b = 0; b < table.size(); ++b) {
    double row = 0;
    for (Index c = 0; c < table.size(); ++c)
      row += weight(subset_size(b & c), subset_size(b ^ c)) * table(c);
    sum += table(b) * row;
  }
  return sum;
}

SpectrumResult find_spectra(const SubsetTask& task,
                            const SubsetLogits& logits,
                            const SubsetSpectrumOptions& options) {
  SpectrumResult r;
  r.settings = task.settings;
  r.output = task.output;
  r.p = task.p;
  r.rho = options.rho;
  r.rates = options.rates;
  r.examples = task.examples();
  r.queries = task.queries();
  r.repeats = logits.repeats;
  r.unconverged = logits.unconverged;
  r.convex = is_convex(task.model->spec());
  r.model = describe(task.model->spec());
  r.parameters = task.model->parameter_count();
  for (const QueryOutput kind : spectrum_outputs(task.train->task, task.output)) {
    const SubsetOutputs f = subset_outputs(logits, kind, *task.query);
    for (const double p : options.rates) {
      OutputSpectra s{kind, p, {}};
      for (Index q = 0; q < r.queries; ++q) s.queries.push_back(spectrum_of(f, q, p, options.rho));
      r.spectra.push_back(std::move(s));
    }
    if (kind == task.output) r.checks = check_stability(f, task.p, options.rho);
  }
  return r;
}

}  // namespace leaveout
