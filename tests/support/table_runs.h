// SPDX-License-Identifier: MIT
#pragma once
// An experiment from the command line, on small tables of a user.
//
//   const TemporaryFolder folder;
//   write_tables(folder, 80);                                  // classes.csv, numbers.csv
//   auto [status, error] = run_on_table("coreset", folder, "classes.csv", "out", {"seeds=2"});

#include <string>
#include <utility>
#include <vector>

#include "experiments/session.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

/// Features a, b, target y: whether a + b > 0 (yes or no), and a + b.
void write_tables(const TemporaryFolder& folder, int rows);

/// folder/table with the target y, as a user names it.
Invocation on_table(const TemporaryFolder& folder, const std::string& table);

/// A task with these settings ("key=value" each) over an experiment's defaults.
Job job_of(const std::vector<SettingSpec>& specs,
           const std::vector<std::string>& set,
           const Invocation& user = {});

/// The quick preset on folder/table with these settings, into folder/out: exit status and stderr.
std::pair<int, std::string> run_on_table(const std::string& experiment,
                                         const TemporaryFolder& folder,
                                         const std::string& table,
                                         const std::string& out,
                                         const std::vector<std::string>& set,
                                         const std::string& threads = "1");

/// Runs it on one thread and on two, and names those of the files of its results that differ, or
/// are empty.
std::vector<std::string> changed_by_threads(const std::string& experiment,
                                            const TemporaryFolder& folder,
                                            const std::string& table,
                                            const std::vector<std::string>& set,
                                            const std::vector<std::string>& files);

/// Exit status 2, and one line with this word.
bool is_refused(const std::pair<int, std::string>& outcome, const std::string& word);

}  // namespace leaveout
