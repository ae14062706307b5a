// SPDX-License-Identifier: MIT
#include "experiments/harmonic/datamodels_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/npy.h"
#include "experiments/support/table.h"
#include "influence/metrics/bootstrap.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

/// Mean over queries.
double typical_error(const FittedDatamodel& fit) {
  double sum = 0;
  for (Index q = 0; q < fit.errors.cols(); ++q) sum += fit.typical_error(q);
  return sum / static_cast<double>(fit.errors.cols());
}

std::string fit_table(const DatamodelsResult& r) {
  Table table({"method",
               "R2 held out",
               "LDS (Spearman)",
               "LDS (Pearson)",
               "weights not 0",
               "weight's error"});
  const DatamodelFits& fits = r.fits;
  table.title(fmt::format("\n{}, {}: datamodels of {} examples from {} subsets, {} queries",
                          r.settings.name,
                          r.output,
                          r.pools.masks.rows(),
                          r.pools.masks.cols(),
                          r.pools.queries.size()));
  for (std::size_t i = 0; i < fits.attributions.size(); ++i) {
    const ScoredAttribution& a = fits.attributions[i];
    const bool model = i < fits.models.size();
    table.row({a.name,
               model ? to_string(fits.models[i].mean_r2) : "",
               to_string(a.lds.spearman),
               to_string(a.lds.pearson),
               model ? fmt::format("{:.2f}", fits.models[i].nonzero) : "",
               model ? fmt::format("{:.2g}", typical_error(fits.models[i])) : ""});
  }
  table.footnote(fmt::format(
      "{} is used below. {}",
      fits.models[fits.chosen].name,
      fits.ceiling ? fmt::format("Training noise bounds the LDS by {:.2f}.", *fits.ceiling)
                   : "One training of each held-out subset: no noise ceiling."));
  table.footnote(
      "weight's error: standard errors, root mean square over examples, mean over queries");
  return table.text();
}

std::string share_table(const DatamodelsResult& r) {
  Table table({"share that is not linear", "trainings", "mean over queries", "standard error"});
  table.title(fmt::format("\n{}: what no linear datamodel explains, training noise included",
                          r.settings.name));
  table.row({fmt::format("1 - R2 held out, {}", r.fits.held_by),
             fmt::format("{}", r.pools.masks.cols() + r.pools.held_masks.cols()),
             to_string(r.fits.held_share, 3),
             ""});
  for (const ShareEstimate& e : r.fits.shares)
    table.row({e.name,
               fmt::format("{}", e.trainings),
               fmt::format("{:.3f}", e.mean()),
               fmt::format("{:.3f}", e.standard_error())});
  return table.text();
}

std::string removal_table(const DatamodelsResult& r) {
  std::vector<std::string> columns = {"removed"};
  for (const RemovalOrder& order : r.removals.orders) {
    columns.push_back(order.name);
    columns.push_back(order.name == "random" ? "predicted" : "predicted ");
  }
  Table table(columns);
  table.title(fmt::format(
      "\n{}: change of the {} when those who raise it most are removed, mean over queries",
      r.settings.name,
      r.output));
  for (std::size_t c = 0; c < r.removals.sizes.size(); ++c) {
    std::vector<std::string> cells = {fmt::format("{}", r.removals.sizes[c])};
    for (const RemovalOrder& order : r.removals.orders) {
      cells.push_back(fmt::format("{:.3g}", order.actual.col(static_cast<Index>(c)).mean()));
      cells.push_back(fmt::format("{:.3g}", order.predicted.col(static_cast<Index>(c)).mean()));
    }
    table.row(cells);
  }
  for (const Flips& f : r.removals.flips) {
    const std::vector<Index> predicted = predicted_flips(r, f);
    std::vector<double> sizes;
    sizes.reserve(predicted.size());
    for (const Index q : predicted)
      sizes.push_back(static_cast<double>(*f.size[static_cast<std::size_t>(q)]));
    std::sort(sizes.begin(), sizes.end());
    table.footnote(
        fmt::format("{}: a flip is predicted for {} of {} right queries{}; retraining flips {}, "
                    "random removals of these sizes {}",
                    f.name,
                    predicted.size(),
                    r.removals.right.size(),
                    sizes.empty() ? "" : fmt::format(", median size {:.3g}", quantile(sizes, 0.5)),
                    to_string(flipped_share(r, f, false)),
                    to_string(flipped_share(r, f, true))));
  }
  return table.text();
}

Json task_json(const DatamodelsResult& r) {
  Json j;
  j["model"] = r.model;
  j["parameters"] = r.parameters;
  j["output"] = r.output;
  j["p"] = r.p;
  j["training_examples"] = r.pools.masks.rows();
  j["subsets"] = r.pools.masks.cols();
  j["held_out"] = r.pools.held_masks.cols();
  j["trainings_of_each_held_out_subset"] = r.seeds;
  j["queries"] = r.pools.queries;
  j["exact_solutions_not_converged"] = r.pools.unconverged;
  j["datamodel"] = r.fits.models[r.fits.chosen].name;
  j["influence_found"] = r.fits.influence.full.size() > 0;
  return j;
}

void removal_rows(const DatamodelsResult& r, Index q, const auto& row) {
  for (const RemovalOrder& order : r.removals.orders)
    for (std::size_t c = 0; c < r.removals.sizes.size(); ++c) {
      const auto column = static_cast<Index>(c);
      row(order.name, r.removals.sizes[c], "predicted_change", order.predicted(q, column));
      row(order.name, r.removals.sizes[c], "actual_change", order.actual(q, column));
    }
  for (const Flips& f : r.removals.flips) {
    const auto at = static_cast<std::size_t>(q);
    if (!f.size[at]) continue;
    row(f.name, *f.size[at], "flipped", f.flipped[at] ? 1.0 : 0.0);
    row(f.name, *f.size[at], "flipped_by_random_removal", f.random_flipped[at] ? 1.0 : 0.0);
  }
}

}  // namespace

RunsLayout datamodels_layout() {
  return {.columns = {"task", "query", "method", "removed", "metric", "value"},
          .keys = {"task", "method", "removed", "metric"}};
}

void write_rows(const DatamodelsResult& r, Results& results) {
  for (std::size_t k = 0; k < r.pools.queries.size(); ++k) {
    const auto row =
        [&](const std::string& method, const Cell& removed, const char* metric, const Cell& value) {
          results.row({r.settings.name, r.pools.queries[k], method, removed, metric, value});
        };
    for (const FittedDatamodel& fit : r.fits.models) {
      row(fit.name, "", "r2", fit.r2[k]);
      row(fit.name, "", "weight_standard_error", fit.typical_error(static_cast<Index>(k)));
    }
    for (const ScoredAttribution& a : r.fits.attributions) {
      row(a.name, "", "lds_spearman", a.lds.query_spearman[k]);
      row(a.name, "", "lds_pearson", a.lds.query_pearson[k]);
    }
    for (const ShareEstimate& e : r.fits.shares) {
      row(e.name, "", "share", e.share[k].value);
      row(e.name, "", "share_standard_error", e.share[k].standard_error);
    }
    row("U-statistic", "", "degree1_weight", r.fits.degree_one[k].weight.value);
    row("U-statistic", "", "degree2_weight", r.fits.degree_two[k].value);
    row("all", "", "output", r.pools.all[static_cast<Index>(k)]);
    removal_rows(r, static_cast<Index>(k), row);
  }
}

void write_weights(const std::vector<DatamodelsResult>& done, const Results& results) {
  std::vector<std::vector<Cell>> lines;
  for (const DatamodelsResult& r : done)
    for (std::size_t k = 0; k < r.pools.queries.size(); ++k)
      for (const FittedDatamodel& fit : r.fits.models)
        for (std::size_t i = 0; i < r.rows.size(); ++i) {
          const auto example = static_cast<Index>(i), query = static_cast<Index>(k);
          lines.push_back({r.rows[i],
                           fit.name,
                           fit.model.weights(example, query),
                           fit.errors(example, query),
                           r.pools.queries[k],
                           r.settings.name});
        }
  results.csv("weights.csv", {"row", "method", "weight", "standard_error", "query", "task"}, lines);
}

void write_arrays(const DatamodelsResult& r, const std::filesystem::path& folder) {
  const auto path = [&](const char* name) { return (folder / name).string(); };
  write_npy(path("masks.npy"), r.pools.masks);
  write_npy(path("outputs.npy"), r.pools.outputs);
  write_npy(path("held_masks.npy"), r.pools.held_masks);
  write_npy(path("held_outputs.npy"), r.pools.held_mean());
}

void describe(const std::vector<DatamodelsResult>& done, Results& results) {
  Json& run = results.run();
  run["conventions"] = {
      {"subsets", "each example is in with probability p; the sum of losses keeps its factor 1/N"},
      {"signs", "positive: including the example raises the output"},
      {"r2", "1 - mean squared error / variance over single trainings of subsets not seen"},
      {"lds", "correlation over held-out subsets of summed scores and mean output over seeds"},
      {"datamodel", "ridge or lasso, whichever has the smaller cross-validated error"},
      {"weights.csv",
       "every model's weights with standard errors about its own mean over pools of this size: of "
       "least squares HC2; of ridge the sandwich and of lasso a jackknife over 20 blocks, both at "
       "the chosen penalty and without the shrinkage; 0 where a weight is zero without every "
       "block"},
      {"weight_standard_error", "root mean square over the examples of the errors in weights.csv"},
      {"share",
       "(B_{>=2} + noise) / (Var f + noise) of single trainings; 1 - R2 of least squares is "
       "divided by 1 + (N + 1)/(m - N - 2), its own noise"},
      {"influence",
       "derivative of the output in the example's weight, where all weights are 1, or "
       "p; of networks at the minimum that Newton's method reaches from a training"},
      {"removals", "by the largest scores of each query; predicted: minus their sum"},
      {"flipped", "margin below 0 after the smallest removal that is predicted to do so"},
      {"coefficients.csv", "degree 0: mean output; degree 1: sqrt(p (1-p)) times the datamodel"},
      {"spectrum.csv", "B_0, B_1, B_2 by U-statistics, free of training noise"}};
  run["arrays"] = {{"masks", "(N x m)"},
                   {"outputs", "(m x Q), of the queries in run.json"},
                   {"held_masks", "(N x h)"},
                   {"held_outputs", "(h x Q), means over seeds"}};
  for (const DatamodelsResult& r : done) run["tasks"][r.settings.name] = task_json(r);
}

std::string datamodels_tables(const DatamodelsResult& r) {
  return fit_table(r) + share_table(r) + removal_table(r);
}

std::vector<Index> predicted_flips(const DatamodelsResult& r, const Flips& flips) {
  std::vector<Index> predicted;
  for (const Index q : r.removals.right)
    if (flips.size[static_cast<std::size_t>(q)]) predicted.push_back(q);
  return predicted;
}

Estimate flipped_share(const DatamodelsResult& r, const Flips& flips, bool random) {
  const std::vector<Index> predicted = predicted_flips(r, flips);
  const std::vector<bool>& outcome = random ? flips.random_flipped : flips.flipped;
  return bootstrap_interval(
      static_cast<Index>(predicted.size()),
      [&](const std::vector<Index>& picks) -> std::optional<double> {
        if (picks.empty()) return std::nullopt;
        double sum = 0;
        for (const Index i : picks)
          sum += outcome[static_cast<std::size_t>(predicted[static_cast<std::size_t>(i)])] ? 1 : 0;
        return sum / static_cast<double>(picks.size());
      },
      {.resamples = 1000, .seed = r.settings.seed});
}

Interval share_interval(const ShareEstimate& e) {
  const double margin = 1.96 * e.standard_error();
  return {e.mean(), e.mean() - margin, e.mean() + margin};
}

}  // namespace leaveout
