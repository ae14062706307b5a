// SPDX-License-Identifier: MIT
// Rows and run.json of the solvers experiment, and its tables.
#include "experiments/decomposition/solvers_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/support/table.h"
#include "influence/metrics/correlation.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

std::string title_of(const SolversResult& r) {
  return fmt::format("{}: {} parameters, {} training examples, {} right-hand sides",
                     r.settings.name,
                     r.parameters,
                     r.examples,
                     r.removed.size());
}

/// "1234 ± 56" products; where some right-hand side does not come so far, how far the mean did.
std::string needed_text(const VectorXd& needed, const SolverCurve& curve) {
  if (needed.allFinite()) {
    const MeanError m = mean_error(needed);
    const int decimals = *m.mean < 100 ? 1 : 0;
    return m.standard_error
               ? fmt::format("{:.{}f} ± {:.{}f}", *m.mean, decimals, *m.standard_error, decimals)
               : fmt::format("{:.{}f}", *m.mean, decimals);
  }
  if (!curve.relative_error.allFinite()) return "diverged";
  return fmt::format("not in {:.0f}: error {:.1e}",
                     curve.products.back(),
                     curve.relative_error.rightCols(1).mean());
}

std::string needed_text(const SolverCurve& curve, double tolerance) {
  return needed_text(products_to_reach(curve.products, curve.relative_error, tolerance), curve);
}

Json study_json(const SolverStudy& s) {
  Json j;
  j["damping"] = s.damping;
  j["smallest_eigenvalue"] = s.smallest;
  j["largest_eigenvalue"] = s.largest;
  j["condition"] = s.largest / s.smallest;
  j["scale"]["lissa"] = s.lissa.scale;
  for (const SolverCurve& c : s.stochastic) j["scale"][c.solver] = c.scale;
  j["scale"]["lissa_divergent"] = s.divergence.measured.scale;
  j["low_curvature_directions"] = s.truncation.directions;
  return j;
}

}  // namespace

RunsLayout solvers_layout() {
  return {
      .columns = {"task", "damping", "solver", "steps", "products", "removed", "metric", "value"},
      .keys = {"task", "damping", "solver", "steps", "products", "metric"}};
}

void write_rows(const SolversResult& r, Results& results) {
  for (const SolverStudy& study : r.studies) {
    const auto write = [&](const std::string& solver,
                           const SolverCurve& curve,
                           const char* metric,
                           const MatrixXd& values) {
      for (std::size_t i = 0; i < curve.steps.size(); ++i)
        for (std::size_t j = 0; j < r.removed.size(); ++j) {
          const double value = values(static_cast<Index>(j), static_cast<Index>(i));
          results.row({r.settings.name,
                       study.damping,
                       solver,
                       curve.steps[i],
                       curve.products[i],
                       r.removed[j],
                       metric,
                       std::isfinite(value) ? Cell(value) : Cell(std::optional<double>())});
        }
    };
    const auto errors = [&](const std::string& solver, const SolverCurve& curve) {
      write(solver, curve, "relative_error", curve.relative_error);
      write(solver, curve, "a_norm_error", curve.a_norm_error);
      write(solver, curve, "residual", curve.residual);
    };
    errors("cg", study.cg);
    errors("lissa", study.lissa);
    write("lissa_closed_form", study.lissa, "relative_error", study.closed_form);
    write("lissa", study.lissa, "extra_damping", study.truncation.extra_damping);
    for (const SolverCurve& curve : study.stochastic) errors(curve.solver, curve);
    const Divergence& d = study.divergence;
    write("lissa_divergent", d.measured, "relative_error", d.measured.relative_error);
    write("lissa_divergent_closed_form", d.measured, "relative_error", d.closed_form);
  }
}

void describe(const std::vector<SolversResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"system",
       "A x = b with A = G + (weight_decay + damping) I at theta_s, b = grad loss_k / N for each "
       "removed example k; the exact x is by Cholesky"},
      {"metrics of runs.csv",
       "relative_error: |x_t - x| / |x|; a_norm_error: the same in the norm v'Av; residual: |A x_t "
       "- b| / |b|; extra_damping: 1 / F - 1 / F_exact, F = c'U'x_T / c'c with c = U'b in the "
       "directions whose curvature without damping and weight decay is below a tenth of these"},
      {"steps and products",
       "a step of stochastic LiSSA takes one product with the matrix of a batch of B examples, "
       "drawn with replacement: 1 in steps, B / N in products; elsewhere both are equal"},
      {"lissa", "x_T = h_T / scale after T products; scale: 1.1 times the largest eigenvalue"},
      {"lissa_batch_B",
       "scale: 1.1 times the largest eigenvalue of A and of the matrices of eight batches; one "
       "repeat; the right-hand sides share the batches"},
      {"lissa_divergent", "the same at a scale below half the largest eigenvalue"},
      {"intervals", "over removed examples: one task, one split, one seed"}};
  for (const SolversResult& r : done) {
    Json& j = run["tasks"][r.settings.name];
    j["model"] = r.model;
    j["parameters"] = r.parameters;
    j["training_examples"] = r.examples;
    j["weight_decay"] = r.settings.weight_decay;
    j["removed"] = r.removed;
    for (const SolverStudy& study : r.studies) j["studies"].push_back(study_json(study));
  }
}

std::string products_table(const SolversResult& r) {
  Table table({"damping", "solver", "scale", "to 1e-3", "to 1e-6"});
  table.title("\nProducts needed. " + title_of(r));
  for (const SolverStudy& study : r.studies) {
    const std::string damping = fmt::format("{:g}", study.damping);
    const auto row = [&](const SolverCurve& c, const std::string& e3, const std::string& e6) {
      table.row({damping,
                 c.solver,
                 c.scale > 0 ? fmt::format("{:.3g}", c.scale) : std::string("-"),
                 e3,
                 e6});
    };
    row(study.cg, needed_text(study.cg, 1e-3), needed_text(study.cg, 1e-6));
    row(study.lissa,
        needed_text(study.lissa_needs_1e3, study.lissa),
        needed_text(study.lissa_needs_1e6, study.lissa));
    for (const SolverCurve& curve : study.stochastic)
      row(curve, needed_text(curve, 1e-3), needed_text(curve, 1e-6));
    if (&study != &r.studies.back()) table.rule();
  }
  table.footnote("relative error of the solution; a batch of B examples counts B / N of a product");
  table.footnote("mean ± standard error over removed examples; lissa: by its closed form");
  return table.text();
}

std::string truncation_table(const SolversResult& r) {
  Table table({"damping", "T", "T e_min / scale", "scale / T", "extra damping", "ratio"});
  table.title("\nTruncation as damping. " + title_of(r));
  for (const SolverStudy& study : r.studies) {
    for (const double multiple : {0.03, 0.1, 0.3, 1.0, 3.0, 10.0}) {
      const TruncationRatio t = truncation_ratio(study, multiple);
      const double depth = static_cast<double>(t.depth);
      const double reached = depth * study.smallest / study.lissa.scale;
      if (std::abs(std::log(reached / multiple)) > 0.3 || !t.ratio.allFinite()) continue;
      const double share = study.lissa.scale / depth;
      table.row({fmt::format("{:g}", study.damping),
                 std::to_string(t.depth),
                 fmt::format("{:.2g}", reached),
                 fmt::format("{:.3g}", share),
                 fmt::format("{:.3g}", t.ratio.mean() * share),
                 to_string(mean_interval(t.ratio), 4)});
    }
    if (&study != &r.studies.back()) table.rule();
  }
  table.footnote(
      "in the directions whose own curvature is below a tenth of damping + weight decay");
  table.footnote("ratio: extra damping to scale / T; 95 %, Student's t over removed examples");
  return table.text();
}

}  // namespace leaveout
