// SPDX-License-Identifier: MIT
#pragma once

// Presets: the settings of a run, kept in a TOML file that a reader can change.
//
//   experiments/presets/EXPERIMENT/PRESET.toml
//     damping = 0.001              # for all tasks
//     [[task]]
//     data = "concrete"            # for this task, and over the lines above
//     [[task]]
//     data = "digits"
//     damping = 0.01
//
// The last writer wins: the declared default, the lines for all tasks, the task's own lines, then
// the command line.
//
//   Preset preset = load_preset("decomposition", "quick", specs, {"damping=0.1"});
//   for (const Settings& task : preset.tasks) run(task);

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/support/settings.h"

namespace leaveout {

struct Preset {
  Settings common;              ///< Without any task's own lines.
  std::vector<Settings> tasks;  ///< At least one: `common` itself where the file has no [[task]].
};

/// The folder experiments/presets below the current folder, or else below one of the three folders
/// above the executable's. Throws std::invalid_argument if there is none.
std::filesystem::path presets_folder();

/// The names of an experiment's presets, sorted; none if it has no folder.
std::vector<std::string> preset_names(const std::string& experiment);

/// Reads experiments/presets/EXPERIMENT/PRESET.toml and applies the overrides, "key=value" each.
/// Throws std::invalid_argument, one line with file and line, for a preset that does not exist, is
/// no TOML, or sets what `specs` does not declare.
Preset load_preset(const std::string& experiment,
                   const std::string& preset,
                   const std::vector<SettingSpec>& specs,
                   const std::vector<std::string>& overrides = {});

/// `load_preset` of a text in memory; `path` is for messages.
Preset parse_preset(const std::string& text,
                    const std::string& path,
                    const std::vector<SettingSpec>& specs,
                    const std::vector<std::string>& overrides = {});

}  // namespace leaveout
