// SPDX-License-Identifier: MIT
#include "experiments/decomposition/decomposition_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/decomposition/decomposition_figure.h"
#include "experiments/support/table.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

struct Metric {
  const char* name;
  const Eigen::MatrixXd Decomposition::*values;  // (5 x R)
};
constexpr std::array<Metric, 4> kGapMetrics = {
    {{"output_distance", &Decomposition::gaps},
     {"mean_output_distance", &Decomposition::gaps_in_means},
     {"parameter_distance", &Decomposition::gaps_in_parameters},
     {"signed_query_loss", &Decomposition::signed_gaps}}};

/// A mean over removed examples, in the units that a table can show: "1.2e-03 ± 4e-05".
std::string mean_text(const VectorXd& values) {
  const MeanError m = mean_error(values);
  return m.standard_error ? fmt::format("{:.2e} ± {:.0e}", *m.mean, *m.standard_error)
                          : fmt::format("{:.2e}", *m.mean);
}

/// The scatter shows the last protocol of each task: exact, where it was run.
FigureNotes notes(const std::vector<TaskResult>& done) {
  std::string shown;
  for (const TaskResult& r : done) {
    const std::string name = protocol_name(r.decompositions.back().protocol);
    if (shown.find(name) == std::string::npos)
      shown += (shown.empty() ? "" : " or, of some tasks, ") + name;
  }
  return {
      "means over removed examples, bars: ± standard error; outputs: logits at the training "
      "inputs",
      fmt::format("a point for each removed example; protocol: {}", shown)};
}

}  // namespace

RunsLayout decomposition_layout() {
  return {.columns = {"task", "seed", "protocol", "removed", "method", "metric", "value"},
          .keys = {"task", "protocol", "method", "metric"}};
}

void write_rows(const TaskResult& r, Results& results) {
  const std::string& task = r.settings.name;
  for (const Decomposition& d : r.decompositions) {
    const std::string protocol = protocol_name(d.protocol);
    const auto row = [&](Index j, const char* method, const char* metric, double value) {
      results.row({task,
                   static_cast<std::int64_t>(r.settings.seed),
                   protocol,
                   d.removed[static_cast<std::size_t>(j)].front(),
                   method,
                   metric,
                   value});
    };
    for (Index j = 0; j < d.gaps.cols(); ++j) {
      for (Index g = 0; g < 5; ++g)
        for (const Metric& metric : kGapMetrics)
          row(j, kGapNames[static_cast<std::size_t>(g)], metric.name, (d.*metric.values)(g, j));
      for (Index s = 0; s < 6; ++s)
        row(j,
            kStageNames[static_cast<std::size_t>(s)],
            "query_loss_change",
            d.query_loss(s, j) - d.query_loss_s);
      for (std::size_t s = 0; s < 5; ++s) {
        const Run& run = d.runs[s][static_cast<std::size_t>(j)];
        row(j, kStageNames[s], "gradient_norm", run.gradient_norm);
        row(j, kStageNames[s], "iterations", static_cast<double>(run.iterations));
      }
      row(j, "influence", "relative_residual", d.estimate.residual(j));
      row(j, "influence", "predicted_query_loss_change", d.scores.values.col(j).mean());
    }
  }
}

std::string gap_table(const TaskResult& r) {
  std::vector<std::string> columns = {"gap"};
  for (const Decomposition& d : r.decompositions) columns.push_back(protocol_name(d.protocol));
  Table table(columns);
  table.title(
      fmt::format("\n{}: {} on {} training and {} query examples, {} parameters, {} removed",
                  r.settings.name,
                  r.model->spec().name,
                  r.train->size(),
                  r.query->size(),
                  r.model->parameter_count(),
                  r.removed.size()));
  for (Index g = 0; g < 5; ++g) {
    std::vector<std::string> cells = {fmt::format("{} {}", g + 1, gap_title(static_cast<int>(g)))};
    for (const Decomposition& d : r.decompositions)
      cells.push_back(mean_text(d.gaps.row(g).transpose()));
    table.row(cells);
  }
  table.rule();
  const auto sums = [&](const char* title, Index first, Index count) {
    std::vector<std::string> cells = {title};
    for (const Decomposition& d : r.decompositions)
      cells.push_back(mean_text(d.gaps.middleRows(first, count).colwise().sum().transpose()));
    table.row(cells);
  };
  sums("1-3: not the question", 0, 3);
  sums("4-5: error in answering it", 3, 2);
  table.footnote("mean distance of logits over the training inputs, ± standard error over removed");
  const bool matrix_free =
      newton_method(r.settings.newton, r.model->parameter_count()) == NewtonMethod::matrix_free;
  for (const Decomposition& d : r.decompositions)
    if (d.protocol == ProtocolKind::exact && matrix_free)
      table.footnote(fmt::format("exact: argmins by matrix-free Newton-CG, the estimate by {}",
                                 d.scores.method));
  for (const Decomposition& d : r.decompositions)
    if (const Index count = unconverged(d); count > 0)
      table.footnote(
          fmt::format("{}: {} of {} responses did not reach the tolerance: raise max_iterations, "
                      "weight_decay or "
                      "epochs",
                      protocol_name(d.protocol),
                      count,
                      5 * d.removed.size()));
  for (const Decomposition& d : r.decompositions)
    if (!d.estimate.converged)
      table.footnote(fmt::format(
          "{}: the solver did not converge: {}", protocol_name(d.protocol), d.estimate.message));
  return table.text();
}

std::string agreement_table(const std::vector<TaskResult>& done) {
  Table table({"task", "protocol", "truth", "Pearson", "Spearman", "slope"});
  table.title("\nPredicted against actual change of the mean query loss");
  for (const TaskResult& r : done) {
    for (const Prediction& p : r.predictions)
      table.row({r.settings.name,
                 protocol_name(p.protocol),
                 p.against,
                 to_string(p.agreement.pearson),
                 to_string(p.agreement.spearman),
                 to_string(p.agreement.slope)});
    if (&r != &done.back()) table.rule();
  }
  table.footnote("slope: of the truth on the prediction; intervals: 95 % bootstrap over removed");
  table.footnote("positive: removing the example raises the query loss (it helps)");
  return table.text();
}

void draw(const std::vector<TaskResult>& done, const std::filesystem::path& folder) {
  std::vector<GapRow> gaps;
  std::vector<ScatterPanel> panels;
  for (const TaskResult& r : done) {
    for (const Decomposition& d : r.decompositions)
      for (Index g = 0; g < 5; ++g) {
        const MeanError m = mean_error(d.gaps.row(g).transpose());
        gaps.push_back({r.settings.name,
                        protocol_name(d.protocol),
                        kGapNames[static_cast<std::size_t>(g)],
                        static_cast<int>(g) + 1,
                        *m.mean,
                        m.standard_error});
      }
    for (std::size_t i = r.predictions.size() - 2; i < r.predictions.size(); ++i) {
      const Prediction& p = r.predictions[i];
      panels.push_back({r.settings.name,
                        p.against,
                        p.predicted,
                        p.actual,
                        p.agreement.pearson.value,
                        p.agreement.spearman.value});
    }
  }
  write_decomposition_figures(folder, gaps, panels, notes(done));
}

}  // namespace leaveout
