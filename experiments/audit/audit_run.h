// SPDX-License-Identifier: MIT
#pragma once
// One audit from data to findings.
//
//   AuditResult r = audit_rows(settings, how, options);
//   r.findings.order.front()            // the example that is looked at first
//   r.data.rows[...]                    // and where it stands in the file

#include "experiments/audit/flags.h"

namespace leaveout {

/// How well the fold models predict rows that they have not seen.
struct HeldOutScore {
  double loss = 0;           // mean, in units of the training loss
  double constant_loss = 0;  // of the training rows' mean, or class shares
  double quality = 0;        // accuracy, or R^2
  double constant_quality = 0;
};

struct AuditResult {
  TaskSettings settings;
  AuditHow how;
  AuditData data;
  Chosen chosen;
  Evidence evidence;
  Suspicion suspicion;
  Findings findings;
  HeldOutScore score;

  /// The row of the file of an example.
  Index row(Index example) const { return data.rows[static_cast<std::size_t>(example)]; }
  /// Target or prediction of an example as the file would write it.
  std::string target(Index example) const;
  std::string prediction(Index example) const;
  /// One line for the person with the table: what to do first.
  std::string advice() const;
};

AuditResult audit_rows(const TaskSettings& settings,
                       const AuditHow& how,
                       const TaskOptions& options);
/// The same of data that are loaded already.
AuditResult audit_rows(const TaskSettings& settings,
                       AuditData data,
                       const AuditHow& how,
                       const TaskOptions& options);

}  // namespace leaveout
