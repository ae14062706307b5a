// SPDX-License-Identifier: MIT
#include "experiments/decomposition/correlation_report.h"

#include <fmt/format.h>

#include "experiments/support/table.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

/// A number's columns in correlations.csv and noise.csv; ends only where there is an interval.
std::vector<Cell> number_cells(const Estimate& e) {
  const bool interval = e.value && e.resamples > 0;
  return {Cell(e.value), interval ? Cell(e.low) : Cell(""), interval ? Cell(e.high) : Cell("")};
}

std::vector<Cell> joined(std::vector<Cell> cells, const std::vector<Cell>& more) {
  cells.insert(cells.end(), more.begin(), more.end());
  return cells;
}

void add_cell(const CorrelationResult& r,
              const CorrelationPart& part,
              const AgreementCell& c,
              std::vector<std::vector<Cell>>& rows) {
  const auto row = [&](const char* measurement, const Estimate& e) {
    rows.push_back(joined({r.settings.name,
                           protocol_name(part.protocol),
                           truth_name(c.truth),
                           c.estimate,
                           measurement,
                           r.removed.size(),
                           r.query->size()},
                          number_cells(e)));
  };
  row("pearson", c.mean_loss.pearson);
  row("spearman", c.mean_loss.spearman);
  row("slope", c.mean_loss.slope);
  row("per_query_spearman", c.per_query);
  row("pooled_spearman", c.pooled);
}

/// Slopes go over decades: significant digits, and no interval in the table.
std::string slope_text(const Estimate& e) {
  return e.value ? fmt::format("{:.3g}", *e.value) : to_string(e);
}

void add_footnotes(const CorrelationResult& r, const CorrelationPart& part, Table& table) {
  const std::string protocol = protocol_name(part.protocol);
  for (const ScoredEstimate& e : part.estimates)
    if (!e.warning.empty()) table.footnote(fmt::format("{}, {}: {}", protocol, e.name, e.warning));
  for (const std::string& line : part.left_out)
    table.footnote(fmt::format("{}, left out: {}", protocol, line));
  if (part.unconverged > 0)
    table.footnote(
        fmt::format("{}: {} of {} responses did not reach the tolerance: raise max_iterations, "
                    "weight_decay or epochs",
                    protocol,
                    part.unconverged,
                    3 * r.removed.size() + 1));
}

}  // namespace

RunsLayout correlation_layout() {
  return {.columns = {"task", "seed", "protocol", "removed", "method", "metric", "value"},
          .keys = {"task", "protocol", "method", "metric"}};
}

void write_rows(const CorrelationResult& r, Results& results) {
  for (const CorrelationPart& part : r.parts) {
    const auto rows = [&](const std::string& method, const char* metric, const VectorXd& values) {
      for (Index j = 0; j < values.size(); ++j)
        results.row({r.settings.name,
                     static_cast<std::int64_t>(r.settings.seed),
                     protocol_name(part.protocol),
                     r.removed[static_cast<std::size_t>(j)],
                     method,
                     metric,
                     values(j)});
    };
    for (const Truth& t : part.truths)
      rows(truth_name(t.kind), "query_loss_change", t.change.colwise().mean().transpose());
    for (const ScoredEstimate& e : part.estimates)
      rows(e.name, "predicted_query_loss_change", e.scores.colwise().mean().transpose());
    for (Index s = 0; s < part.seeds.rows(); ++s)
      rows(fmt::format("further_training_seed_{}", s),
           "query_loss_change",
           part.seeds.row(s).transpose());
  }
}

void write_correlations(const std::vector<CorrelationResult>& done, const Results& results) {
  std::vector<std::vector<Cell>> rows, noise;
  for (const CorrelationResult& r : done)
    for (const CorrelationPart& part : r.parts) {
      for (const AgreementCell& c : part.cells) add_cell(r, part, c, rows);
      if (part.noise.repetitions == 0) continue;
      const SplitHalf& n = part.noise;
      noise.push_back(joined(
          joined(joined({r.settings.name, protocol_name(part.protocol), n.repetitions, n.half_size},
                        number_cells(n.half)),
                 number_cells(n.reliability)),
          {Cell(n.ceiling)}));
    }
  results.csv("correlations.csv",
              {"task",
               "protocol",
               "truth",
               "estimate",
               "measurement",
               "removed",
               "queries",
               "value",
               "low",
               "high"},
              rows);
  if (noise.empty()) return;
  results.csv("noise.csv",
              {"task",
               "protocol",
               "seeds",
               "seeds_of_a_half",
               "split_half",
               "split_half_low",
               "split_half_high",
               "reliability",
               "reliability_low",
               "reliability_high",
               "ceiling"},
              noise);
}

std::string correlation_table(const CorrelationResult& r) {
  Table table(
      {"protocol", "truth", "estimate", "Pearson", "Spearman", "slope", "per query", "pooled"});
  table.title(
      fmt::format("\n{}: {} on {} training and {} query examples, {} parameters, {} removed",
                  r.settings.name,
                  r.model->spec().name,
                  r.train->size(),
                  r.query->size(),
                  r.model->parameter_count(),
                  r.removed.size()));
  for (const CorrelationPart& part : r.parts) {
    if (&part != &r.parts.front()) table.rule();
    for (const AgreementCell& c : part.cells)
      table.row({protocol_name(part.protocol),
                 truth_title(c.truth),
                 c.estimate,
                 to_string(c.mean_loss.pearson),
                 to_string(c.mean_loss.spearman),
                 slope_text(c.mean_loss.slope),
                 to_string(c.per_query),
                 to_string(c.pooled)});
  }
  table.footnote("Pearson, Spearman, slope (truth on estimate): of the mean query loss");
  table.footnote("per query: mean over queries of Spearman; pooled: Spearman over all pairs");
  table.footnote(
      "intervals: 95 % bootstrap over removed examples; those of slopes are in "
      "correlations.csv");
  for (const CorrelationPart& part : r.parts) {
    if (part.protocol == ProtocolKind::exact)
      table.footnote(
          "exact has no further training over seeds: an argmin has no batches to average over");
    add_footnotes(r, part, table);
  }
  return table.text();
}

std::string noise_table(const std::vector<CorrelationResult>& done) {
  Table table({"task", "seeds", "split half", "reliability", "ceiling", "Spearman"});
  table.title("\nFurther training against itself: means over halves of the seeds");
  bool any = false;
  for (const CorrelationResult& r : done)
    for (const CorrelationPart& part : r.parts) {
      if (part.noise.half_size == 0) continue;
      any = true;
      table.row({r.settings.name,
                 fmt::format("{}", part.noise.repetitions),
                 to_string(part.noise.half),
                 to_string(part.noise.reliability),
                 part.noise.ceiling ? fmt::format("{:.2f}", *part.noise.ceiling) : "undefined",
                 to_string(part.cell(TruthKind::further_training, part.estimates.front().name)
                               .mean_loss.spearman)});
    }
  table.footnote("reliability: split half carried to all seeds (Spearman-Brown)");
  table.footnote(
      "ceiling: its root, what the noiseless truth would reach; Spearman: what the "
      "first estimate reaches");
  return any ? table.text() : "";
}

}  // namespace leaveout
