// SPDX-License-Identifier: MIT
#pragma once
// How the verdicts of an experiment are headed: on the terminal and on the page of claims.
//
//   Experiment e{"solvers", ..., theory("system")};
//   verdict_table(verdicts, "intervals: ...", theory("system"));

#include <string>

namespace leaveout {

/// Whose claims they are, and of what parts of a task.
struct VerdictWords {
  std::string title = "What the paper says, and what we measured";
  std::string part = "protocol";
  std::string claim = "claim of the paper";
};

/// Of claims that no paper makes: what mathematics implies.
inline VerdictWords theory(const std::string& part) {
  return {"What theory says, and what we measured", part, "what theory says"};
}

}  // namespace leaveout
