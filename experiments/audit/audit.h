// SPDX-License-Identifier: MIT
#pragma once
// An audit of a table: which rows are most likely mislabelled, harmful, rare but useful, redundant?
//
// A small model is chosen and trained by cross-validation, each row is judged by models that have
// not seen it, and every row of the file is listed in the order of suspicion with its evidence. On
// named data it is an experiment: some targets are made wrong on purpose, and what is asked of it
// is that they come first, and that clean data stay quiet.
//
//   run_audit({.data = "my.csv", .target = "price"});     // `leaveout audit --data my.csv ...`
//   run_audit({.preset = "quick"});                       // `leaveout run audit --preset quick`

#include "experiments/audit/fold_models.h"

namespace leaveout {

/// A task's training settings, and those of the audit.
std::vector<SettingSpec> audit_settings();

/// How the settings say that it is done. Throws std::invalid_argument for numbers that make no
/// sense.
AuditHow read_audit_how(const Settings& settings);

/// Runs every task and writes OUT/audit/PRESET: audit.csv and audit.html of a user's file,
/// audit_TASK.csv and audit_TASK.html of named data, run.json, runs.csv, and where errors were
/// planted the figure.
void run_audit(const Invocation& invocation);

/// "What we ask of it".
VerdictWords audit_words();

}  // namespace leaveout
