// SPDX-License-Identifier: MIT
#pragma once
// A user's tables, a task on them, and experiments run on them from the command line.
//
//   const UserTask user(8, {"model=logistic", "weight_decay=0.05"});
//   SubsetTask task = user.load();                     // 8 training rows, 3 queries
//   auto [status, error] = user.run("spectrum", "out", 2);

#include <fmt/format.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/harmonic/subset_task.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

/// A task on tables of `rows` and of three queries.
struct UserTask {
  TemporaryFolder folder;
  Invocation invocation{.target = "y"};
  Job job;

  explicit UserTask(Index rows, const std::vector<std::string>& set) : set_(set) {
    write_file(folder / "train.csv", table(rows, 1));
    write_file(folder / "query.csv", table(3, 2));
    invocation.data = folder / "train.csv";
    invocation.query = folder / "query.csv";
    job.settings = Settings(subset_task_settings());
    for (const std::string& s : set) job.settings.set(s);
    job.task = read_task_settings(job.settings, invocation);
  }
  SubsetTask load() const { return load_subset_task(job, {}); }

  /// `leaveout run EXPERIMENT --data ... --out OUT` with the same settings: exit status and stderr.
  std::pair<int, std::string> run(const std::string& experiment,
                                  const std::string& out,
                                  int threads,
                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {"run", experiment, "--preset", "quick", "--quiet"};
    const auto add = [&](const std::string& flag, const std::string& value) {
      args.push_back(flag);
      args.push_back(value);
    };
    add("--data", invocation.data);
    add("--query", invocation.query);
    add("--target", invocation.target);
    add("--out", folder / out);
    add("--threads", std::to_string(threads));
    for (const std::string& setting : set_) add("--set", setting);
    for (const std::string& setting : more) add("--set", setting);
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return {status, error.str()};
  }
  /// A file of the results that run() left.
  std::string result(const std::string& out,
                     const std::string& experiment,
                     const std::string& file) const {
    return read_file(folder / (out + "/" + experiment + "/quick/" + file));
  }

 private:
  std::vector<std::string> set_;

  static std::string table(Index rows, std::uint64_t seed) {
    Random random(seed);
    std::string text = "a,b,y\n";
    for (Index i = 0; i < rows; ++i) {
      const double a = random.normal(), b = random.normal();
      text += fmt::format("{},{},{}\n", a, b, a + 0.5 * random.normal() > 0 ? 1 : 0);
    }
    return text;
  }
};

}  // namespace leaveout
