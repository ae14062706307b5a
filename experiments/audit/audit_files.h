// SPDX-License-Identifier: MIT
#pragma once
// The files that an audit leaves for the person with the table.
//
//   audit.csv    every row of the file once, most suspicious first, rows with missing cells last
//   audit.html   the flagged rows with their evidence and their features; one file, no scripts
//
//   write_audit_csv(result, "audit.csv", results);
//   write_file(results.file("audit.html"), audit_html(result));

#include <string>

#include "experiments/audit/audit_run.h"
#include "experiments/support/results.h"

namespace leaveout {

void write_audit_csv(const AuditResult& result, const std::string& name, const Results& results);

/// The page, with at most kMostShown rows of a flag.
std::string audit_html(const AuditResult& result);
inline constexpr Index kMostShown = 100;

/// Text that is safe between tags and in quoted attributes.
std::string html_escaped(std::string_view text);

/// The rows to show of a flag. Where none is called mislabelled: the first ones of the order, under
/// the title kMostSuspicious.
std::vector<Index> shown_rows(const AuditResult& r, Flag flag);
inline constexpr const char* kMostSuspicious = "most suspicious, none beyond doubt";

/// What a flag means, in one line.
const char* flag_meaning(Flag flag);

/// What the numbers expected by chance rest on, and whose definitions these are.
inline constexpr const char* kChanceNote =
    "Expected by chance: mislabelled, if right targets scatter alike in all rows; "
    "harmful, 5 % of those called; rare, 2.5 % of the memorized. Flags are our definitions";

}  // namespace leaveout
