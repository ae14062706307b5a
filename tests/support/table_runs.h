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

#include "tests/support/temporary_folder.h"

namespace leaveout {

/// Features a, b, target y: whether a + b > 0 (yes or no), and a + b.
void write_tables(const TemporaryFolder& folder, int rows);

/// The quick preset on folder/table with these settings, into folder/out: exit status and stderr.
std::pair<int, std::string> run_on_table(const std::string& experiment,
                                         const TemporaryFolder& folder,
                                         const std::string& table,
                                         const std::string& out,
                                         const std::vector<std::string>& set,
                                         const std::string& threads = "1");

}  // namespace leaveout
