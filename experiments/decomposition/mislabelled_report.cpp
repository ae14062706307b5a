// SPDX-License-Identifier: MIT
#include "experiments/decomposition/mislabelled_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "datasets/npy.h"
#include "experiments/support/panel_figure.h"
#include "experiments/support/table.h"
#include "influence/metrics/ranking.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

constexpr Index kOrderCount = static_cast<Index>(kOrders.size());
constexpr Index kGrid = 20;  // recall is written at each 1/20 of the examples

constexpr std::array<const char*, 5> kOrderTitles = {
    "PBRF self-influence", "influence self-score", "loss", "gradient norm", "random"};

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double grid(Index i) {
  return static_cast<double>(i) / static_cast<double>(kGrid);
}

std::optional<double> agreement_with_pbrf(const Inspection& found, Index order) {
  return spearman(found.scores.col(order), found.scores.col(0));
}

OrderMetric recall_at(double inspected) {
  return [inspected](const Inspection& f, Index order) { return recall_of(f, order, inspected); };
}

/// What the paper claims of one order, with our figure and its verdict.
Verdict claim(const MislabelledResult& r, Index order, const std::string& text) {
  const Estimate e = over_seeds(r, order, recall_at(kClaimInspected));
  Verdict v = {r.settings.name,
               protocol_name(r.settings.protocols.front()),
               text,
               to_string(e),
               above(interval(e), kClaimRecall)};
  Index missed = 0;
  for (const Inspection& found : r.seeds) missed += found.unconverged;
  if (missed > 0 && order == 0)
    v.verdict = fmt::format("not testable: {} responses did not converge", missed);
  else if (r.seeds.size() < 2)
    v.verdict = "not testable: one seed has no interval";
  return v;
}

Json task_json(const MislabelledResult& r) {
  const Inspection& first = r.seeds.front();
  Json j;
  j["model"] = first.model;
  j["parameters"] = first.parameters;
  j["training_examples"] = first.corrupted.size();
  j["label_noise"] = r.settings.label_noise;
  j["protocol"] = protocol_name(r.settings.protocols.front());
  j["weight_decay"] = r.settings.weight_decay;
  j["damping"] = r.settings.damping;
  j["influence"] = first.estimator;
  for (const Inspection& f : r.seeds)
    j["seeds"].push_back({{"seed", f.seed},
                          {"corrupted", std::count(f.corrupted.begin(), f.corrupted.end(), true)},
                          {"responses_not_converged", f.unconverged},
                          {"largest_relative_residual_of_influence", f.worst_residual},
                          {"influence_converged", f.solved},
                          {"accuracy_on_the_labels_trained_on", f.train_accuracy},
                          {"accuracy_on_the_queries", f.true_accuracy}});
  return j;
}

Panel panel(const MislabelledResult& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = "fraction inspected", .include = {0, 1}};
  p.y = {.label = "fraction of wrong labels found", .include = {0, 1}};
  p.references = {diagonal_line(), marked_point(kClaimInspected, kClaimRecall, "claim")};
  for (Index order = 0; order < kOrderCount; ++order) {
    Series s;
    s.name = kOrderTitles[static_cast<std::size_t>(order)];
    for (Index i = 0; i <= kGrid; ++i) {
      const Estimate e = over_seeds(r, order, recall_at(grid(i)));
      s.x.push_back(grid(i));
      s.y.push_back(*e.value);
      // Bars at every fifth point, of each order at others: at the claim's point the PBRF's.
      const bool bar = (i + order) % kOrderCount == kGrid / 5 % kOrderCount && e.resamples > 0;
      s.low.push_back(bar ? e.low : kNone);
      s.high.push_back(bar ? e.high : kNone);
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

double recall_of(const Inspection& found, Index order, double inspected) {
  return *Ranking(found.scores.col(order), found.corrupted).recall(inspected);
}

double auc_of(const Inspection& found, Index order) {
  return *Ranking(found.scores.col(order), found.corrupted).auc();
}

Estimate over_seeds(const MislabelledResult& r, Index order, const OrderMetric& metric) {
  VectorXd values(static_cast<Index>(r.seeds.size()));
  for (Index i = 0; i < values.size(); ++i)
    values(i) = metric(r.seeds[static_cast<std::size_t>(i)], order);
  Estimate e = mean_interval(values);
  e.low = std::clamp(e.low, 0.0, 1.0);
  e.high = std::clamp(e.high, 0.0, 1.0);
  return e;
}

RunsLayout mislabelled_layout() {
  return {.columns = {"task", "seed", "order", "metric", "inspected", "value"},
          .keys = {"task", "order", "metric", "inspected"}};
}

void write_rows(const MislabelledResult& r, Results& results) {
  for (const Inspection& found : r.seeds)
    for (Index order = 0; order < kOrderCount; ++order) {
      const auto row = [&](const char* metric, const Cell& inspected, const Cell& value) {
        results.row({r.settings.name,
                     static_cast<std::int64_t>(found.seed),
                     kOrders[static_cast<std::size_t>(order)],
                     metric,
                     inspected,
                     value});
      };
      for (Index i = 1; i <= kGrid; ++i) row("recall", grid(i), recall_of(found, order, grid(i)));
      row("auc", "", auc_of(found, order));
      row("spearman_with_pbrf", "", agreement_with_pbrf(found, order));
    }
}

void write_arrays(const MislabelledResult& r, const std::filesystem::path& folder) {
  for (const Inspection& found : r.seeds) {
    const auto path = [&](const char* name) {
      return (folder / fmt::format("{}_seed{}.npy", name, found.seed)).string();
    };
    write_npy(path("scores"), found.scores);
    write_npy_integers(path("corrupted"), {found.corrupted.begin(), found.corrupted.end()});
  }
}

void describe(const std::vector<MislabelledResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"label noise",
       "round(label_noise N) training examples get another class, uniformly, after the split and "
       "before inputs are standardized; inputs and queries are not touched"},
      {"seeds", "each has its own split, initialisation, batches and wrong labels"},
      {"orders",
       "pbrf: loss of example k at the PBRF without it, minus that at theta_s; influence: g_k' (G "
       "+ (weight_decay + damping) I)^-1 g_k / N; loss and gradient_norm: of k at theta_s; random: "
       "drawn. All: high first"},
      {"recall", "share of the wrong labels within the first share `inspected` of the examples"},
      {"auc", "probability that a wrong label stands before a right one, ties counted half"},
      {"intervals", "95 %, Student's t over seeds, cut off at 0 and 1"}};
  run["arrays"] = {{"scores_seedS", "(N x 5), the orders as above"},
                   {"corrupted_seedS", "(N), 1 where the label is wrong"}};
  for (const MislabelledResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string inspection_table(const MislabelledResult& r) {
  Table table({"order", "10 %", "20 %", "30 %", "AUC", "20 %: less PBRF's", "Spearman with PBRF"});
  const Inspection& first = r.seeds.front();
  table.title(fmt::format("\n{}: {} of {} training labels are wrong, {} parameters, {} seeds",
                          r.settings.name,
                          std::count(first.corrupted.begin(), first.corrupted.end(), true),
                          first.corrupted.size(),
                          first.parameters,
                          r.seeds.size()));
  for (Index order = 0; order < kOrderCount; ++order) {
    std::vector<std::string> cells = {kOrderTitles[static_cast<std::size_t>(order)]};
    for (const double inspected : {0.1, 0.2, 0.3})
      cells.push_back(to_string(over_seeds(r, order, recall_at(inspected))));
    cells.push_back(to_string(over_seeds(r, order, auc_of)));
    VectorXd difference(static_cast<Index>(r.seeds.size())), agreement = difference;
    for (Index i = 0; i < difference.size(); ++i) {
      const Inspection& f = r.seeds[static_cast<std::size_t>(i)];
      difference(i) = recall_of(f, order, kClaimInspected) - recall_of(f, 0, kClaimInspected);
      agreement(i) = agreement_with_pbrf(f, order).value_or(0);
    }
    cells.push_back(order == 0 ? "-" : to_string(mean_interval(difference)));
    cells.push_back(order == 0 ? "-" : to_string(mean_interval(agreement)));
    table.row(cells);
  }
  table.footnote("share of the wrong labels found by inspecting 10, 20, 30 % of the examples");
  table.footnote("intervals: 95 %, Student's t over seeds");
  for (const Inspection& f : r.seeds) {
    if (f.unconverged > 0)
      table.footnote(
          fmt::format("seed {}: {} PBRFs did not reach the tolerance: raise "
                      "max_iterations, damping or weight_decay",
                      f.seed,
                      f.unconverged));
    if (!f.solved)
      table.footnote(
          fmt::format("seed {}: the solver of the influence scores did not converge "
                      "(largest residual {:.2g})",
                      f.seed,
                      f.worst_residual));
  }
  return table.text();
}

std::vector<Verdict> judge(const std::vector<MislabelledResult>& done) {
  std::vector<Verdict> rows;
  for (const MislabelledResult& r : done) {
    rows.push_back(claim(r, 0, "inspecting 20 % by PBRF self-influence finds more than 80 %"));
    rows.push_back(claim(r, 1, "the same by the influence self-score"));
  }
  return rows;
}

void draw(const std::vector<MislabelledResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "recall";
  for (const MislabelledResult& r : done) figure.panels.push_back(panel(r));
  figure.footnotes = {
      "Error bars (at some points): 95 %, Student's t over seeds. Dashed: no better than chance."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
