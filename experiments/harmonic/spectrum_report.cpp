// SPDX-License-Identifier: MIT
#include "experiments/harmonic/spectrum_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/harmonic/over_queries.h"
#include "experiments/support/table.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

/// Of the variance that is not noise: the share at this degree, or from it on.
std::optional<double> signal_share(const QuerySpectrum& q, Index degree, bool and_above) {
  const VectorXd s = q.signal();
  if (s.size() <= degree) return {};
  return (and_above ? s.tail(s.size() - degree).sum() : s(degree)) / spectral_variance(s);
}

std::string bracket_text(const OutputSpectra& s, double rho) {
  const auto end = [&](double Bracket::*which) {
    return over_queries(s, [&](const QuerySpectrum& q) -> std::optional<double> {
      const std::optional<Bracket> b = q.bracket(rho);
      return b ? std::optional(*b.*which) : std::nullopt;
    });
  };
  const Estimate low = end(&Bracket::low), high = end(&Bracket::high);
  return low.value ? fmt::format("{:.3f} to {:.3f}", *low.value, *high.value) : "undefined";
}

void spectra_row(const SpectrumResult& r, const OutputSpectra& s, Table& table) {
  const auto share = [&](Index degree, bool and_above) {
    const Estimate e =
        over_queries(s, [=](const QuerySpectrum& q) { return signal_share(q, degree, and_above); });
    return e.value ? fmt::format("{:.4f}", *e.value) : std::string("undefined");
  };
  const Estimate residual = over_queries(s, residual_of);
  std::vector<std::string> cells = {output_name(s.output),
                                    fmt::format("{:g}", s.p),
                                    share(1, false),
                                    share(2, false),
                                    share(3, true),
                                    to_string(residual, 3),
                                    bracket_text(s, r.rho)};
  if (r.repeats > 1)
    cells.push_back(
        to_string(over_queries(s, [](const QuerySpectrum& q) { return q.noise_part(); }), 3));
  cells.push_back(std::to_string(residual.n));
  table.row(cells);
}

Json task_json(const SpectrumResult& r) {
  Json j;
  j["model"] = r.model;
  j["parameters"] = r.parameters;
  j["training_examples"] = r.examples;
  j["queries"] = r.queries;
  j["trainings_of_a_subset"] = r.repeats;
  j["weight_decay"] = r.settings.weight_decay;
  j["output"] = output_name(r.output);
  j["p"] = r.p;
  j["rates"] = r.rates;
  j["rho"] = r.rho;
  j["not_converged"] = r.unconverged;
  for (const StabilityCheck& c : r.checks)
    j["noise_stability_of_the_first_query"].push_back(
        {{"rho", c.rho}, {"from_the_spectrum", c.polynomial}, {"from_all_pairs", c.enumerated}});
  return j;
}

}  // namespace

std::optional<double> residual_of(const QuerySpectrum& query) {
  return query.residual();
}

Estimate over_queries(const OutputSpectra& spectra, const QueryMetric& metric) {
  const auto queries = static_cast<Index>(spectra.queries.size());
  Estimate e = over_queries(
      queries, [&](Index q) { return metric(spectra.queries[static_cast<std::size_t>(q)]); });
  e.low = std::max(e.low, std::min(0.0, e.value.value_or(0)));
  e.high = std::min(e.high, std::max(1.0, e.value.value_or(1)));
  return e;
}

Estimate paired_over_queries(const OutputSpectra& a,
                             const OutputSpectra& b,
                             const QueryMetric& metric) {
  const auto queries = static_cast<Index>(a.queries.size());
  return over_queries(queries, [&](Index query) -> std::optional<double> {
    const auto q = static_cast<std::size_t>(query);
    const std::optional<double> x = metric(a.queries[q]), y = metric(b.queries[q]);
    return x && y ? std::optional(*x - *y) : std::nullopt;
  });
}

RunsLayout spectrum_layout() {
  return {.columns = {"task", "output", "rate", "query", "metric", "degree", "value"},
          .keys = {"task", "output", "rate", "metric", "degree"}};
}

void write_rows(const SpectrumResult& r, Results& results) {
  for (const OutputSpectra& s : r.spectra)
    for (std::size_t query = 0; query < s.queries.size(); ++query) {
      const QuerySpectrum& q = s.queries[query];
      const auto row = [&](const char* metric, const Cell& degree, const Cell& value) {
        results.row({r.settings.name, output_name(s.output), s.p, query, metric, degree, value});
      };
      const VectorXd shares = q.shares(), noise = q.noise_shares();
      for (Index d = 1; d < shares.size(); ++d) row("share", d, shares(d));
      if (r.repeats > 1)
        for (Index d = 1; d < noise.size(); ++d) row("noise_share", d, noise(d));
      const std::optional<Bracket> bracket = q.bracket(r.rho);
      row("variance", "", spectral_variance(q.weights));
      row("residual", "", q.residual());
      row("bracket_low", "", bracket ? std::optional(bracket->low) : std::nullopt);
      row("bracket_high", "", bracket ? std::optional(bracket->high) : std::nullopt);
      row("ceiling", "", q.ceiling());
      if (r.repeats > 1) row("noise_part", "", q.noise_part());
    }
}

void describe(const std::vector<SpectrumResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"subsets",
       "every training example is in a subset with probability rate, independently; the model "
       "minimises (1/N) sum over the subset of the loss + weight_decay / 2 |theta|^2, so that "
       "leaving out keeps 1/N; without examples theta = 0"},
      {"share",
       "B_d / Var, the sum of the squared coefficients of the subsets of d examples over that of "
       "all but the empty one, as measured: noise included"},
      {"noise_share",
       "what training noise adds to share on average, from the scatter of the trainings of each "
       "subset; networks with several seeds only"},
      {"residual",
       "B_{>=2} / Var without the part of noise: 1 - R^2 of the best linear datamodel of the mean "
       "over seeds; undefined where nothing varies or more than half of what varies is noise"},
      {"bracket_low, bracket_high",
       "what h(rho) says of B_{>=2} / Var as measured: (rho - hbar)/rho and (rho - hbar)/(rho (1 - "
       "rho)), hbar = (h(rho) - B_0) / Var"},
      {"ceiling",
       "sqrt(B_1 / (Var + noise of one training)): highest correlation over subsets of any linear "
       "attribution with single trainings"},
      {"noise_part", "share of the measured variance that is noise"},
      {"intervals",
       "95 %, Student's t over queries, cut off at 0 and 1, for these training examples: all "
       "queries share their "
       "trainings"}};
  for (const SpectrumResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string spectrum_table(const SpectrumResult& r) {
  std::vector<std::string> columns = {
      "output", "p", "degree 1", "degree 2", "3 and more", "residual r", "bracket of r"};
  if (r.repeats > 1) columns.push_back("noise");
  columns.push_back("queries");
  Table table(columns);
  table.title(fmt::format("\n{}: {} trained on all {} subsets of {} examples{}",
                          r.settings.name,
                          r.model,
                          Index{1} << r.examples,
                          r.examples,
                          r.repeats > 1 ? fmt::format(", {} times each", r.repeats) : ""));
  for (const OutputSpectra& s : r.spectra) {
    if (&s != &r.spectra.front() && (&s - 1)->output != s.output) table.rule();
    spectra_row(r, s, table);
  }
  table.footnote(
      "shares of an output's variance over random subsets; r: all but degree 1, what no linear "
      "datamodel explains");
  table.footnote(fmt::format(
      "bracket: from the noise stability at rho = {:g} alone; means over queries, 95 % intervals",
      r.rho));
  if (r.repeats > 1)
    table.footnote(
        "noise: share of the measured variance; shares and r are without it, the bracket with it");
  if (!r.convex && r.repeats == 1)
    table.footnote("one training of each subset: noise is part of r; --set seeds=8 tells it apart");
  if (r.unconverged > 0)
    table.footnote(fmt::format(
        "{} of the trainings did not reach the tolerance: raise max_iterations or weight_decay",
        r.unconverged));
  return table.text();
}

}  // namespace leaveout
