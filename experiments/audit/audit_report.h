// SPDX-License-Identifier: MIT
#pragma once
// What an audit says: tables for the terminal, rows of runs.csv, verdicts, the figure.
//
//   write_rows(seeds, results);
//   fputs(audit_tables(seeds, true).c_str(), stdout);

#include <filesystem>
#include <functional>

#include "experiments/audit/audit_run.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

/// A task with all of its seeds.
struct AuditSeeds {
  TaskSettings settings;
  AuditHow how;
  std::vector<AuditResult> seeds;

  bool planted() const { return settings.label_noise > 0; }
};

/// Orders in which rows could be inspected: suspicion, in_sample_loss, self_influence,
/// held_out_influence (harmful first).
inline constexpr std::array<const char*, 4> kInspections = {
    "suspicion", "in_sample_loss", "self_influence", "held_out_influence"};

/// What is asked: inspecting this share of the rows finds that share of the planted errors.
inline constexpr double kAuditInspected = 0.2;
inline constexpr double kAuditRecall = 0.8;
/// Of the rows called mislabelled no larger share is right (the setting expects half of it),
inline constexpr double kAuditFalse = 0.1;
/// and of clean rows no larger share is called mislabelled.
inline constexpr double kAuditQuiet = 0.01;

/// Share of the planted errors among the first `inspected` of an order (index of kInspections).
double planted_recall(const AuditResult& result, std::size_t order, double inspected);
/// Mean over seeds with the 95 % interval of Student's t.
Estimate over_audits(const AuditSeeds& seeds,
                     const std::function<double(const AuditResult&)>& number);

/// Columns of runs.csv: task, seed, order, metric, inspected, value.
RunsLayout audit_layout();
void write_rows(const AuditSeeds& seeds, Results& results);
void describe(const std::vector<AuditSeeds>& done, const Invocation& invocation, Results& results);

/// What was done to the data: rows left out, constant columns, copies; a line each, or nothing.
std::string data_notes(const AuditData& data);
/// Models tried, flags with the number expected by chance; `rows`: the first rows of each flag too.
std::string audit_tables(const AuditSeeds& seeds, bool rows);
std::vector<Verdict> judge(const std::vector<AuditSeeds>& done);
/// audit.{svg,pdf,png} with their data: a panel per task with planted errors; nothing without one.
void draw(const std::vector<AuditSeeds>& done, const std::filesystem::path& folder);

}  // namespace leaveout
