// SPDX-License-Identifier: MIT
#include "experiments/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "datasets/registry.h"
#include "datasets/sha256.h"
#include "experiments/support/preset.h"

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

/// An optional task whose data are not on this machine.
bool is_left_out(const Settings& s, const Invocation& invocation) {
  return invocation.data.empty() && s.flag("optional") && s.has("data") &&
         !dataset_is_here(s.text("data"));
}

}  // namespace

std::vector<Settings> chosen_settings(const Invocation& invocation,
                                      const std::string& experiment,
                                      const std::vector<SettingSpec>& specs) {
  const auto load = [&](const std::vector<std::string>& overrides) {
    return load_preset(experiment, invocation.preset, specs, overrides);
  };
  const Preset preset = load(invocation.overrides);
  if (!invocation.data.empty()) return {preset.common};
  const bool named = std::any_of(invocation.overrides.begin(),
                                 invocation.overrides.end(),
                                 [](const std::string& o) { return names_key(o, "data"); });
  return named ? tasks_on_named_data(preset, load({})) : preset.tasks;
}

std::string program_identity() {
  static const std::string kIdentity = "program " + sha256_file("/proc/self/exe");  // read once
  return kIdentity;
}

std::string fingerprint(const Invocation& invocation,
                        const std::string& experiment,
                        const std::vector<SettingSpec>& specs) {
  std::string text = program_identity() + "\n" + experiment + "\n";
  for (const Settings& s : chosen_settings(invocation, experiment, specs))
    text += s.json().dump() + (is_left_out(s, invocation) ? " left out\n" : "\n");
  for (const std::string& file : {invocation.data, invocation.query})
    if (!file.empty()) text += sha256_file(file) + "\n";
  return sha256(text + invocation.target);
}

Session::Session(const Invocation& invocation,
                 const std::string& experiment,
                 const std::vector<SettingSpec>& settings,
                 RunsLayout layout)
    : invocation_(invocation), experiment_(experiment), specs_(settings) {
  choose_jobs();
  options_.threads = invocation.threads;
  options_.shard_folder = (invocation.out / "shards").string();
  options_.provenance = program_identity();
  if (!invocation.quiet)
    options_.progress = [this](const std::string& title) { return bar(title); };
  results_ =
      std::make_unique<Results>(invocation.out, experiment, invocation.preset, std::move(layout));
  nlohmann::ordered_json& run = results_->run();
  run["preset"] = invocation.preset;
  run["overrides"] = invocation.overrides;
  run["threads"] = invocation.threads;
}

void Session::choose_jobs() {
  std::set<std::string> names;
  for (const Settings& settings : chosen_settings(invocation_, experiment_, specs_)) {
    Job job{read_task_settings(settings, invocation_), settings};
    if (!names.insert(job.task.name).second)
      throw std::invalid_argument(
          fmt::format("[{}] name, two tasks are called '{}': give one a name of its own",
                      experiment_,
                      job.task.name));
    if (is_left_out(settings, invocation_)) {
      left_out_.push_back(job.task.name);
      print(fmt::format("task {} is left out: its data are not here (`make data` gets them)\n",
                        job.task.name));
    } else {
      jobs_.push_back(std::move(job));
    }
  }
  if (jobs_.empty())
    throw std::invalid_argument(fmt::format(
        "[{}] no task is left: the data of all are missing; `make data` gets them", experiment_));
}

/// The total comes with the pool's first call, which counts what was found on the disk.
std::function<void(Index, Index)> Session::bar(const std::string& title) {
  return [this, title, bar = static_cast<Progress*>(nullptr)](Index done, Index total) mutable {
    if (!bar) {
      bar = &bars_.emplace_back(title, total);
      bar->already_done(done);
    }
    bar->update(done);
    if (done == total) bar->finish();
  };
}

void Session::print(const std::string& text) const {
  if (!invocation_.quiet) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }
}

void Session::finish() {
  nlohmann::ordered_json& run = results_->run();
  run["fingerprint"] = fingerprint(invocation_, experiment_, specs_);
  run["left_out"] = left_out_;
  for (const Job& job : jobs_) run["settings"][job.task.name] = job.settings.json();
  const std::filesystem::path folder = results_->commit();
  print(fmt::format("results: {}\n", folder.string()));
}

}  // namespace leaveout
