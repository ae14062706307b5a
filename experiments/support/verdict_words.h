// SPDX-License-Identifier: MIT
#pragma once
// How the verdicts of an experiment are headed: on the terminal and on the page of claims.
//
//   Experiment e{"solvers", ..., theory("system")};
//   verdict_table(verdicts, "intervals: ...", theory("system"));

#include <string>

namespace leaveout {

/// Whose claims they are, and of what parts of a task. Where each row says for itself whose claim
/// it is ("theory: ...", "ours: ..."), the head says of none that it is a paper's.
struct VerdictWords {
  std::string title = "What is claimed, and what we measured";
  std::string part = "about";
  std::string claim = "claim";
};

/// Of rows that all are sentences of the paper.
inline VerdictWords of_the_paper() {
  return {"What the paper says, and what we measured", "protocol", "claim of the paper"};
}

/// Of claims that no paper makes: what mathematics implies.
inline VerdictWords theory(const std::string& part) {
  return {"What theory says, and what we measured", part, "what theory says"};
}

}  // namespace leaveout
