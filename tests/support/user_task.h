// SPDX-License-Identifier: MIT
#pragma once
// A user's tables, a task on them, and experiments run on them from the command line.
//
//   const UserTask user(8, {"model=logistic", "weight_decay=0.05"});
//   SubsetTask task = user.load();                     // 8 training rows, 3 queries
//   auto [status, error] = user.run("spectrum", "out", 2);

#include <string>
#include <utility>
#include <vector>

#include "experiments/harmonic/subset_task.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

struct UserTask {
  TemporaryFolder folder;
  Invocation invocation{.target = "y"};
  Job job;

  /// A task on tables of `rows` and of three queries, with the features a, b and classes y.
  explicit UserTask(Index rows, const std::vector<std::string>& set);
  /// On these CSV tables, with a target y. `set`: settings that every task of subsets has.
  UserTask(const std::string& train, const std::string& query, const std::vector<std::string>& set);
  SubsetTask load() const;

  /// `leaveout run EXPERIMENT --data ... --out OUT` with the same settings and `more`: exit status
  /// and stderr.
  std::pair<int, std::string> run(const std::string& experiment,
                                  const std::string& out,
                                  int threads,
                                  const std::vector<std::string>& more = {}) const;
  /// Where the results that run() left have a file, and its text.
  std::string path(const std::string& out,
                   const std::string& experiment,
                   const std::string& file) const;
  std::string result(const std::string& out,
                     const std::string& experiment,
                     const std::string& file) const;

 private:
  std::vector<std::string> set_;
};

}  // namespace leaveout
