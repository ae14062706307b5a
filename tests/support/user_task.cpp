// SPDX-License-Identifier: MIT
#include "tests/support/user_task.h"

#include <fmt/format.h>

#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"

namespace leaveout {
namespace {

std::string table(Index rows, std::uint64_t seed) {
  Random random(seed);
  std::string text = "a,b,y\n";
  for (Index i = 0; i < rows; ++i) {
    const double a = random.normal(), b = random.normal();
    text += fmt::format("{},{},{}\n", a, b, a + 0.5 * random.normal() > 0 ? 1 : 0);
  }
  return text;
}

}  // namespace

UserTask::UserTask(Index rows, const std::vector<std::string>& set)
    : UserTask(table(rows, 1), table(3, 2), set) {}

UserTask::UserTask(const std::string& train,
                   const std::string& query,
                   const std::vector<std::string>& set)
    : set_(set) {
  write_file(folder / "train.csv", train);
  write_file(folder / "query.csv", query);
  invocation.data = folder / "train.csv";
  invocation.query = folder / "query.csv";
  job.settings = Settings(subset_task_settings());
  for (const std::string& s : set) job.settings.set(s);
  job.task = read_task_settings(job.settings, invocation);
}

SubsetTask UserTask::load() const {
  return load_subset_task(job, {});
}

std::pair<int, std::string> UserTask::run(const std::string& experiment,
                                          const std::string& out,
                                          int threads,
                                          const std::vector<std::string>& more) const {
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

std::string UserTask::path(const std::string& out,
                           const std::string& experiment,
                           const std::string& file) const {
  return folder / (out + "/" + experiment + "/quick/" + file);
}

std::string UserTask::result(const std::string& out,
                             const std::string& experiment,
                             const std::string& file) const {
  return read_file(path(out, experiment, file));
}

}  // namespace leaveout
