// SPDX-License-Identifier: MIT
#include "experiments/audit/audit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "experiments/support/panel_figure.h"
#include "influence/metrics/ranking.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;
using Json = nlohmann::ordered_json;

namespace {

constexpr Index kGrid = 40;  // recall is drawn at each 1/40 of the rows, and written at each 1/20

constexpr std::array<const char*, 4> kTitles = {
    "suspicion (held out)", "in-sample loss", "self-influence", "held-out influence"};

double grid(Index i) {
  return static_cast<double>(i) / static_cast<double>(kGrid);
}

/// High: inspected first.
VectorXd inspection_scores(const AuditResult& r, std::size_t order) {
  switch (order) {
    case 0:
      return r.suspicion.suspicion;
    case 1:
      return r.evidence.in_loss;
    case 2:
      return r.evidence.self_influence;
    default:
      return -r.evidence.held;
  }
}

/// Of the rows called mislabelled, those that were planted.
double planted_flagged(const AuditResult& r) {
  double found = 0;
  for (std::size_t i = 0; i < r.findings.flags.size(); ++i)
    found += r.findings.flags[i] == Flag::mislabelled && r.data.planted[i] ? 1 : 0;
  return found;
}

double false_share(const AuditResult& r) {
  const auto flagged = static_cast<double>(r.findings.count(Flag::mislabelled));
  return flagged > 0 ? (flagged - planted_flagged(r)) / flagged : 0;
}

Verdict verdict(const AuditSeeds& r,
                const std::string& claim,
                const Estimate& e,
                const std::string& measured,
                const std::string& answer) {
  Verdict v = {r.settings.name,
               r.planted() ? fmt::format("{:g} % planted", 100 * r.settings.label_noise) : "clean",
               claim,
               measured,
               answer};
  if (e.resamples == 0) v.verdict = "not testable: one seed has no interval";
  return v;
}

Json seed_json(const AuditResult& r) {
  Json j;
  j["seed"] = r.settings.seed;
  j["model"] = r.chosen.candidate().name();
  j["rows"] = r.data.size();
  j["rows_left_out"] = r.data.left_out.size();
  j["cells_filled"] = r.data.filled;
  j["constant_columns"] = r.data.constant;
  j["held_out_loss"] = r.score.loss;
  j["constant_prediction_loss"] = r.score.constant_loss;
  j[r.data.classes() ? "accuracy" : "r2"] = r.score.quality;
  j["noise"] = {{"wrong_share", r.suspicion.wrong_share},
                {"log_likelihood_gained_by_wrong_targets", r.suspicion.gain}};
  if (r.data.classes()) {
    j["noise"]["temperature"] = r.suspicion.class_noise.temperature;
    j["noise"]["temperature_of_judgement"] = r.suspicion.class_noise.lenient;
  } else {
    const ResidualNoise& noise = r.suspicion.residual_noise;
    j["noise"]["mode"] = noise.mode;
    j["noise"]["scale_below_and_above"] = {noise.left.scale, noise.right.scale};
    j["noise"]["degrees_of_freedom_below_and_above"] = {noise.left.dof, noise.right.dof};
  }
  j["threshold"] = r.suspicion.threshold;
  Index unconverged = 0;
  for (const FoldModel& m : r.chosen.models) unconverged += m.converged ? 0 : 1;
  j["models_not_converged"] = unconverged;
  for (const Candidate& c : r.chosen.tried) j["tried"][c.name()] = c.loss;
  for (const Flag flag : kFlags) {
    j["flags"][flag_name(flag)]["rows"] = r.findings.count(flag);
    if (const auto& chance = r.findings.expected(flag))
      j["flags"][flag_name(flag)]["expected_by_chance"] = *chance;
  }
  return j;
}

Panel panel(const AuditSeeds& r) {
  Panel p;
  p.title = r.settings.name;
  p.x = {.label = "fraction inspected", .include = {0, 1}};
  p.y = {.label = "fraction of planted errors found", .include = {0, 1}};
  p.references = {diagonal_line("random"), marked_point(kAuditInspected, kAuditRecall, "asked")};
  for (std::size_t order = 0; order < kInspections.size(); ++order) {
    Series s;
    s.name = kTitles[order];
    s.style = order < 2 ? Style::band : Style::line;
    for (Index i = 0; i <= kGrid; ++i) {
      const Estimate e =
          over_audits(r, [&](const AuditResult& a) { return planted_recall(a, order, grid(i)); });
      s.x.push_back(grid(i));
      s.y.push_back(*e.value);
      if (order >= 2) continue;
      s.low.push_back(std::max(e.low, 0.0));
      s.high.push_back(std::min(e.high, 1.0));
    }
    p.series.push_back(std::move(s));
  }
  return p;
}

}  // namespace

double planted_recall(const AuditResult& r, std::size_t order, double inspected) {
  return Ranking(inspection_scores(r, order), r.data.planted).recall(inspected).value_or(0);
}

Estimate over_audits(const AuditSeeds& r, const std::function<double(const AuditResult&)>& number) {
  VectorXd values(static_cast<Index>(r.seeds.size()));
  for (Index i = 0; i < values.size(); ++i)
    values(i) = number(r.seeds[static_cast<std::size_t>(i)]);
  return mean_interval(values);
}

RunsLayout audit_layout() {
  return {.columns = {"task", "seed", "order", "metric", "inspected", "value"},
          .keys = {"task", "order", "metric", "inspected"}};
}

void write_rows(const AuditSeeds& seeds, Results& results) {
  for (const AuditResult& r : seeds.seeds) {
    const auto row = [&](const char* order, const char* metric, const Cell& at, const Cell& value) {
      results.row({seeds.settings.name,
                   static_cast<std::int64_t>(r.settings.seed),
                   order,
                   metric,
                   at,
                   value});
    };
    row("model", "held_out_loss", "", r.score.loss);
    row("model", "constant_prediction_loss", "", r.score.constant_loss);
    row("model", r.data.classes() ? "accuracy" : "r2", "", r.score.quality);
    row("model", "wrong_share", "", r.suspicion.wrong_share);
    for (const Flag flag : kFlags) {
      row(flag_name(flag), "rows", "", r.findings.count(flag));
      row(flag_name(flag), "expected_by_chance", "", r.findings.expected(flag));
    }
    if (!seeds.planted()) continue;
    row("mislabelled", "planted", "", planted_flagged(r));
    for (std::size_t order = 0; order < kInspections.size(); ++order) {
      for (Index i = 2; i <= kGrid; i += 2)
        row(kInspections[order], "recall", grid(i), planted_recall(r, order, grid(i)));
      row(kInspections[order],
          "auc",
          "",
          Ranking(inspection_scores(r, order), r.data.planted).auc());
    }
  }
}

void describe(const std::vector<AuditSeeds>& done, const Invocation& invocation, Results& results) {
  Json& run = results.run();
  run["preset"] = invocation.preset;
  run["overrides"] = invocation.overrides;
  run["threads"] = invocation.threads;
  run["conventions"] = {
      {"row", "counted from 0, as in the file"},
      {"loss", "cross-entropy, or half the squared error of the standardised target"},
      {"held out", "judged by models of other folds; copies of a row are in its fold"},
      {"suspicion",
       "-log10 of the model's probability of the label (outputs divided by a temperature), or of a "
       "residual as improbable (two-piece Student's t); by a more lenient noise than the "
       "likeliest"},
      {"memorization", "mean loss where held out, less mean loss where trained on"},
      {"influence",
       "change of a loss when the row is removed, first order, 1/n of the fold's training rows "
       "included; positive: the row helps"},
      {"held_out_influence", "mean over the rows held out; 95 % bootstrap interval over them"},
      {"expected_by_chance",
       "mislabelled: if that noise is right; harmful: 5 % of those that "
       "Benjamini and Hochberg's procedure calls; rare: 2.5 % of the memorized rows; redundant: "
       "that nothing can be told from zero is no test, so there is no such number"},
      {"planted errors", "another class, uniformly, or the target moved by 3 to 6 deviations"},
      {"intervals over seeds", "95 %, Student's t"}};
  for (const AuditSeeds& r : done)
    for (const AuditResult& seed : r.seeds)
      run["tasks"][r.settings.name]["seeds"].push_back(seed_json(seed));
}

std::vector<Verdict> judge(const std::vector<AuditSeeds>& done) {
  std::vector<Verdict> rows;
  for (const AuditSeeds& r : done) {
    const auto flagged = [](const AuditResult& a) {
      return static_cast<double>(a.findings.count(Flag::mislabelled));
    };
    const auto expected = [](const AuditResult& a) { return a.suspicion.expected; };
    const std::string counts = fmt::format("{} flagged, {} expected by chance",
                                           to_string(over_audits(r, flagged), 1),
                                           to_string(over_audits(r, expected), 1));
    if (r.planted()) {
      const Estimate recall = over_audits(
          r, [](const AuditResult& a) { return planted_recall(a, 0, kAuditInspected); });
      rows.push_back(verdict(r,
                             "the first 20 % inspected hold at least 80 % of the planted errors",
                             recall,
                             to_string(recall),
                             above(interval(recall), kAuditRecall)));
      const Estimate wrong = over_audits(r, false_share);
      rows.push_back(verdict(r,
                             "of the rows called mislabelled at most 10 % were not planted",
                             wrong,
                             fmt::format("{}; {}", to_string(wrong), counts),
                             below(interval(wrong), kAuditFalse)));
    } else if (r.settings.csv.empty()) {
      const Estimate share = over_audits(
          r, [&](const AuditResult& a) { return flagged(a) / static_cast<double>(a.data.size()); });
      rows.push_back(verdict(r,
                             "at most 1 % of the rows are called mislabelled",
                             share,
                             fmt::format("{}: {}", to_string(share, 4), counts),
                             below(interval(share), kAuditQuiet)));
    }
  }
  return rows;
}

void draw(const std::vector<AuditSeeds>& done, const std::filesystem::path& folder) {
  PanelFigure figure;
  figure.name = "audit";
  for (const AuditSeeds& r : done)
    if (r.planted()) figure.panels.push_back(panel(r));
  if (figure.panels.empty()) return;
  figure.footnotes = {"Bands: 95 %, Student's t over seeds. Dashed: inspection in random order."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
