// SPDX-License-Identifier: MIT
#include "tests/support/table_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"

namespace leaveout {

void write_tables(const TemporaryFolder& folder, int rows) {
  Random random(4);
  std::string classes = "a,b,y\n", numbers = classes;
  for (int i = 0; i < rows; ++i) {
    const double a = random.normal(), b = random.normal();
    classes += fmt::format("{},{},{}\n", a, b, a + b > 0 ? "yes" : "no");
    numbers += fmt::format("{},{},{}\n", a, b, a + b);
  }
  write_file(folder / "classes.csv", classes);
  write_file(folder / "numbers.csv", numbers);
}

Invocation on_table(const TemporaryFolder& folder, const std::string& table) {
  Invocation user;
  user.data = folder / table;
  user.target = "y";
  return user;
}

Job job_of(const std::vector<SettingSpec>& specs,
           const std::vector<std::string>& set,
           const Invocation& user) {
  Job job;
  job.settings = Settings(specs);
  for (const std::string& s : set) job.settings.set(s);
  job.task = read_task_settings(job.settings, user);
  return job;
}

std::pair<int, std::string> run_on_table(const std::string& experiment,
                                         const TemporaryFolder& folder,
                                         const std::string& table,
                                         const std::string& out,
                                         const std::vector<std::string>& set,
                                         const std::string& threads) {
  std::vector<std::string> args = {"run",
                                   experiment,
                                   "--preset",
                                   "quick",
                                   "--quiet",
                                   "--data",
                                   folder / table,
                                   "--target",
                                   "y",
                                   "--threads",
                                   threads,
                                   "--out",
                                   folder / out,
                                   "--set"};
  args.insert(args.end(), set.begin(), set.end());
  std::ostringstream output, error;
  const int status = run_cli(args, output, error);
  return {status, error.str()};
}

std::vector<std::string> changed_by_threads(const std::string& experiment,
                                            const TemporaryFolder& folder,
                                            const std::string& table,
                                            const std::vector<std::string>& set,
                                            const std::vector<std::string>& files) {
  for (const std::string threads : {"1", "2"}) {
    const auto outcome = run_on_table(experiment, folder, table, threads, set, threads);
    if (outcome.first != kSuccess) return {outcome.second};
  }
  std::vector<std::string> changed;
  for (const std::string& file : files) {
    const auto text = [&](const std::string& threads) {
      return read_file(folder / fmt::format("{}/{}/quick/{}", threads, experiment, file));
    };
    if (text("1") != text("2") || text("1").size() < 100) changed.push_back(file);
  }
  return changed;
}

bool is_refused(const std::pair<int, std::string>& outcome, const std::string& word) {
  return outcome.first == kUserError && outcome.second.find(word) != std::string::npos &&
         std::count(outcome.second.begin(), outcome.second.end(), '\n') == 1;
}

}  // namespace leaveout
