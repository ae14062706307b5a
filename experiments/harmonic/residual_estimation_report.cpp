// SPDX-License-Identifier: MIT
#include "experiments/harmonic/residual_estimation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "experiments/support/table.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

double column_rmse(const VectorXd& values, double exact) {
  return std::sqrt((values.array() - exact).square().mean());
}

double column_sd(const VectorXd& values) {
  const double n = static_cast<double>(values.size());
  return std::sqrt((values.array() - values.mean()).square().sum() / (n - 1));
}

/// A share that an estimate could not give (its variance was 0) counts as infinitely wrong, so that
/// leaving it out does not flatter; undefined where that is every second one.
std::optional<double> median_error(const VectorXd& values, double exact) {
  const double wrong = std::numeric_limits<double>::infinity();
  std::vector<double> sorted;
  for (const double v : values) sorted.push_back(std::isfinite(v) ? std::abs(v - exact) : wrong);
  std::sort(sorted.begin(), sorted.end());
  if (!std::isfinite(sorted[sorted.size() / 2])) return {};
  return quantile(sorted, 0.5);
}

std::string rho_text(const ResidualMethod& m) {
  return m.level > 0 ? fmt::format("{:g}", m.level) : "";
}

std::string short_text(double x) {
  return std::abs(x) < 5e-5 ? "0.0000" : fmt::format("{:.4f}", x);
}

/// Standard error of an RMSE: that of the mean square, by the chain rule.
double rmse_error(const ResidualErrors& e, const ErrorCell& cell) {
  const VectorXd squares =
      (cell.residual.rowwise() - e.share.transpose()).cwiseAbs2().rowwise().mean();
  return mean_error(squares).standard_error.value_or(0) / (2 * residual_rmse(e, cell));
}

Json task_json(const ResidualResult& r) {
  Json j;
  j["model"] = r.model;
  j["output"] = r.output;
  j["p"] = r.p;
  j["training_examples"] = r.examples;
  j["trainings_of_each_subset"] = r.repeats;
  j["exact_solutions_not_converged"] = r.unconverged;
  j["repetitions"] = r.repetitions;
  for (std::size_t q = 0; q < r.queries.size(); ++q) {
    const auto column = static_cast<Index>(q);
    Json entry;
    entry["query"] = r.queries[q];
    entry["share_of_degree_two_and_more"] = r.errors.share[column];
    entry["variance"] = r.errors.variance[column];
    entry["noise_variance_of_one_training"] = r.errors.noise[column];
    j["queries"].push_back(entry);
  }
  return j;
}

}  // namespace

RunsLayout residual_layout() {
  return {.columns = {"task", "query", "method", "rho", "trainings", "metric", "value"},
          .keys = {"task", "method", "rho", "trainings", "metric"}};
}

void write_rows(const ResidualResult& r, Results& results) {
  const ResidualErrors& e = r.errors;
  for (const ErrorCell& cell : e.cells)
    for (std::size_t k = 0; k < r.queries.size(); ++k) {
      const auto q = static_cast<Index>(k);
      const ResidualMethod& m = e.methods[cell.method];
      const auto row = [&](const char* metric, const Cell& value) {
        results.row(
            {r.settings.name, r.queries[k], m.name, rho_text(m), cell.trainings, metric, value});
      };
      row("residual_rmse", column_rmse(cell.residual.col(q), e.share[q]));
      row("residual_bias", cell.residual.col(q).mean() - e.share[q]);
      row("residual_sd", column_sd(cell.residual.col(q)));
      row("share_median_error", median_error(cell.share.col(q), e.share[q]));
      row("degree1_bias", cell.degree1.col(q).mean() - e.degree1[q]);
      row("degree1_sd", column_sd(cell.degree1.col(q)));
      if (cell.predicted_bias.size() == 0) continue;
      row("degree1_predicted_bias", cell.predicted_bias[q]);
      row("degree1_predicted_sd", cell.predicted_error[q]);
    }
}

void write_errors(const std::vector<ResidualResult>& done, const Results& results) {
  std::vector<std::vector<Cell>> rows;
  for (const ResidualResult& r : done)
    for (const ErrorCell& cell : r.errors.cells) {
      const ResidualMethod& m = r.errors.methods[cell.method];
      const MeanError bias = residual_bias(r.errors, cell), linear = degree1_bias(r.errors, cell);
      const bool predicted = cell.predicted_bias.size() > 0;
      rows.push_back({r.settings.name,
                      m.name,
                      rho_text(m),
                      cell.trainings,
                      residual_rmse(r.errors, cell),
                      rmse_error(r.errors, cell),
                      bias.mean,
                      bias.standard_error,
                      spread(cell.residual),
                      linear.mean,
                      linear.standard_error,
                      spread(cell.degree1),
                      predicted ? Cell(cell.predicted_bias.mean()) : Cell(""),
                      predicted ? Cell(predicted_spread(cell)) : Cell("")});
    }
  results.csv("errors.csv",
              {"task",
               "method",
               "rho",
               "trainings",
               "residual_rmse",
               "residual_rmse_standard_error",
               "residual_bias",
               "residual_bias_standard_error",
               "residual_sd",
               "degree1_bias",
               "degree1_bias_standard_error",
               "degree1_sd",
               "degree1_predicted_bias",
               "degree1_predicted_sd"},
              rows);
}

void describe(const std::vector<ResidualResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"share", "B_{>=2} / Var f, exact from all 2^N trainings; f = 1 - share is linear"},
      {"trainings",
       "all that an estimate spends; each is a look-up in the table of all subsets, and for "
       "networks normal noise of the size that the subset's own trainings had is added, "
       "independently for each training and query; the table itself counts as exact"},
      {"noise",
       "with noise the variance of f comes from subsets trained twice, within the same budget"},
      {"paper",
       "levels 0, rho, 2 rho with equally many pairs and as many subsets for level 1, not centred, "
       "non-negative least squares of degree 2"},
      {"unconstrained", "the same trainings without non-negativity"},
      {"others",
       "centred: rho, 2 rho about the mean; symmetric: -r, r; Richardson: -2r, -r, r, 2r; "
       "Chebyshev: 4 or 6 nodes; U-statistic and least squares: independent subsets"},
      {"residual, degree1",
       "the estimates of B_{>=2} and B_1 in units of the exact Var f; theory speaks of the latter"},
      {"share_median_error",
       "of B_{>=2} / Var f with both estimated: such a ratio has no finite mean square"},
      {"predicted",
       "bias from the exact B_k; noise of plans for jointly normal outputs, of the U-statistic "
       "from "
       "its two leading terms"},
      {"rmse, bias, sd", "over repetitions; over several queries: root mean square, mean"}};
  for (const ResidualResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

const ErrorCell* best_paper(const ResidualErrors& errors, Index trainings) {
  const ErrorCell* best = nullptr;
  for (std::size_t m = 0; m < errors.methods.size(); ++m) {
    if (errors.methods[m].kind != ResidualMethod::Kind::paper) continue;
    const ErrorCell* cell = errors.find(m, trainings);
    if (cell != nullptr &&
        (best == nullptr || residual_rmse(errors, *cell) < residual_rmse(errors, *best)))
      best = cell;
  }
  return best;
}

double error_slope(const std::vector<double>& trainings, const std::vector<double>& errors) {
  const auto n = static_cast<Index>(trainings.size());
  const VectorXd x = Eigen::Map<const VectorXd>(trainings.data(), n).array().log();
  const VectorXd y = Eigen::Map<const VectorXd>(errors.data(), n).array().log();
  return slope(x, y).value_or(std::nan(""));
}

std::string error_table(const ResidualResult& r) {
  const ResidualErrors& e = r.errors;
  std::vector<std::string> columns = {"method"};
  for (const Index n : e.budgets) columns.push_back(fmt::format("{}", n));
  for (const char* c : {"bias of B_1", "predicted", "noise of B_1", "predicted "})
    columns.emplace_back(c);
  Table table(columns);
  table.title(
      fmt::format("\n{}, {}: error (RMS) of B_>=2 / Var f, exactly {:.3f}, after so many "
                  "trainings",
                  r.settings.name,
                  r.output,
                  e.share.mean()));
  for (std::size_t m = 0; m < e.methods.size(); ++m) {
    std::vector<std::string> cells = {e.methods[m].text()};
    for (const Index n : e.budgets) {
      const ErrorCell* cell = e.find(m, n);
      cells.push_back(cell == nullptr ? "-" : short_text(residual_rmse(e, *cell)));
    }
    const ErrorCell* last = e.find(m, e.budgets.back());
    const bool predicted = last != nullptr && last->predicted_bias.size() > 0;
    cells.push_back(last == nullptr ? "-" : short_text(*degree1_bias(e, *last).mean));
    cells.push_back(predicted ? short_text(last->predicted_bias.mean()) : "-");
    cells.push_back(last == nullptr ? "-" : short_text(spread(last->degree1)));
    cells.push_back(predicted ? short_text(predicted_spread(*last)) : "-");
    table.row(cells);
  }
  table.footnote(
      fmt::format("{} queries, {} repetitions; bias and noise: at {} trainings, in units "
                  "of Var f, predicted where no constraint acts",
                  r.queries.size(),
                  r.repetitions,
                  e.budgets.back()));
  return table.text();
}

}  // namespace leaveout
