// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/decomposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <stdexcept>

#include "datasets/sha256.h"
#include "experiments/decomposition_report.h"
#include "experiments/support/preset.h"
#include "experiments/support/progress.h"

namespace leaveout {

namespace {

/// Those of the preset's tasks that are about the data that `--set data=NAME` asks for, or one task
/// of the lines for all: no other task's name and settings are given to these data.
std::vector<Settings> tasks_on_named_data(const Preset& preset, const Preset& as_written) {
  std::vector<Settings> chosen;
  for (std::size_t i = 0; i < preset.tasks.size(); ++i) {
    const Settings& before = as_written.tasks[i];
    if (before.has("data") && before.text("data") == preset.tasks[i].text("data"))
      chosen.push_back(preset.tasks[i]);
  }
  if (chosen.empty()) chosen.push_back(preset.common);
  return chosen;
}

/// True for "key = value" of this key, blanks or not.
bool names_key(const std::string& override, const std::string& key) {
  const std::size_t end = override.find('=');
  const std::size_t begin = override.find_first_not_of(" \t");
  return end != std::string::npos && begin < end &&
         override.find_last_not_of(" \t", end - 1) + 1 == begin + key.size() &&
         override.compare(begin, key.size(), key) == 0;
}

/// The tasks to run: those of the preset, those on the data that the user names, or the user's own
/// file as the only one.
std::vector<Settings> chosen_tasks(const Invocation& invocation) {
  const auto load = [&](const std::vector<std::string>& overrides) {
    return load_preset("decomposition", invocation.preset, decomposition_settings(), overrides);
  };
  const Preset preset = load(invocation.overrides);
  if (!invocation.data.empty()) return {preset.common};
  const bool named = std::any_of(invocation.overrides.begin(),
                                 invocation.overrides.end(),
                                 [](const std::string& o) { return names_key(o, "data"); });
  return named ? tasks_on_named_data(preset, load({})) : preset.tasks;
}

std::vector<TaskSettings> read_tasks(const Invocation& invocation) {
  std::vector<TaskSettings> tasks;
  std::set<std::string> names;
  for (const Settings& settings : chosen_tasks(invocation)) {
    tasks.push_back(read_task_settings(settings, invocation));
    if (!names.insert(tasks.back().name).second)
      throw std::invalid_argument(
          fmt::format("[decomposition] name, two tasks are called '{}': give one a name of its own",
                      tasks.back().name));
  }
  return tasks;
}

/// Shards hold what this very program computes: after a rebuild that changes it, they are made
/// anew.
std::string program_identity() {
  return "program " + sha256_file("/proc/self/exe");
}

TaskOptions task_options(const Invocation& invocation,
                         std::vector<std::unique_ptr<Progress>>& bars) {
  TaskOptions options;
  options.threads = invocation.threads;
  options.shard_folder = (invocation.out / "shards").string();
  options.provenance = program_identity();
  if (invocation.quiet) return options;
  // A bar for each pool; the total comes with the pool's first call.
  options.progress = [&bars](const std::string& title) {
    return [&bars, title, bar = static_cast<Progress*>(nullptr)](Index done, Index total) mutable {
      if (!bar) {
        bars.push_back(std::make_unique<Progress>(title, total));
        bar = bars.back().get();
        bar->already_done(done);
      }
      bar->update(done);
      if (done == total) bar->finish();
    };
  };
  return options;
}

}  // namespace

void run_decomposition(const Invocation& invocation) {
  const std::vector<TaskSettings> tasks = read_tasks(invocation);
  Results results(invocation.out, "decomposition", invocation.preset, decomposition_layout());
  std::vector<std::unique_ptr<Progress>> bars;
  const TaskOptions options = task_options(invocation, bars);
  std::vector<TaskResult> done;
  for (const TaskSettings& task : tasks) {
    done.push_back(run_task(task, options));
    write_rows(done.back(), results);
    write_arrays(done.back(), results.arrays(task.name));
    if (!invocation.quiet) std::fputs(gap_table(done.back()).c_str(), stdout);
  }
  describe(done, invocation, results);
  write_verdicts(done, results);
  if (!invocation.quiet) {
    std::fputs(agreement_table(done).c_str(), stdout);
    std::fputs(verdict_table(done).c_str(), stdout);
  }
  draw(done, results.partial());
  const std::filesystem::path folder = results.commit();
  if (!invocation.quiet) fmt::print("results: {}\n", folder.string());
}

}  // namespace leaveout
