// SPDX-License-Identifier: MIT
#include "experiments/support/preset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <system_error>

// toml++ 3.3 asserts that a name follows the "[" of a table, in text that may be anything, and then
// reports the case properly. Its assertions are off, so that "[=a]" does not end the program.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>

#include "datasets/files.h"
#include "datasets/text.h"

namespace leaveout {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTaskKey = "task";

/// "file.toml:12".
std::string place(const std::string& path, const toml::source_region& source) {
  return fmt::format("{}:{}", path, source.begin.line);
}

/// A scalar of TOML as an entry of a list.
std::string list_entry(const toml::node& node, const std::string& key, const std::string& where) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto whole = node.value_exact<std::int64_t>()) return fmt::format("{}", *whole);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  throw std::invalid_argument(
      fmt::format("[settings] {}: {}, expected a list of texts or numbers", where, key));
}

Settings::Value preset_value(const toml::node& node,
                             const std::string& key,
                             const std::string& where) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto flag = node.value_exact<bool>()) return *flag;
  if (const auto whole = node.value_exact<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto number = node.value_exact<double>()) return *number;
  if (const toml::array* const array = node.as_array()) {
    std::vector<std::string> entries;
    for (const toml::node& entry : *array) entries.push_back(list_entry(entry, key, where));
    return entries;
  }
  throw std::invalid_argument(
      fmt::format("[settings] {}: {}, expected a text in quotes, a number, true or false, or a "
                  "list in brackets",
                  where,
                  printable(key)));
}

/// Puts the keys of a table into `settings`, in the order of their lines so that the first error is
/// the first in the file.
void apply(const toml::table& table, const std::string& path, Settings& settings) {
  std::vector<std::pair<std::string, const toml::node*>> entries;
  for (const auto& [key, node] : table) {
    if (!(key.str() == kTaskKey && node.is_array_of_tables()))
      entries.emplace_back(key.str(), &node);
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.second->source().begin.line < b.second->source().begin.line;
  });
  for (const auto& [key, node] : entries) {
    const std::string where = place(path, node->source());
    const Settings::Value value = preset_value(*node, key, where);
    const auto* const text = std::get_if<std::string>(&value);
    const bool is_list = std::any_of(
        settings.specs().begin(), settings.specs().end(), [&key = key](const SettingSpec& spec) {
          return spec.key == key && spec.type == SettingType::list;
        });
    if (text != nullptr && is_list) {
      settings.set(key + "=" + *text, where);  // "a, b" stands for ["a", "b"]
    } else {
      settings.set_value(key, value, where);
    }
  }
}

toml::table parse_toml(const std::string& text, const std::string& path) {
  require_text(text, path);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw std::invalid_argument(fmt::format("[settings] {}: no TOML: {}",
                                            place(path, error.source()),
                                            printable(error.description(), kWholeText)));
  }
}

/// A name of a preset is the name of a file: it must not lead elsewhere.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
         });
}

}  // namespace

fs::path presets_folder() {
  std::error_code ignored;
  fs::path below = fs::path("experiments") / "presets";
  if (fs::is_directory(below, ignored)) return below;
  fs::path above = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (int level = 0; level < 3; ++level) {
    above = above.parent_path();
    if (fs::is_directory(above / below, ignored)) return above / below;
  }
  throw std::invalid_argument(
      "[settings] the folder experiments/presets is neither below the current folder nor above the "
      "program: run from the root of the project");
}

std::vector<std::string> preset_names(const std::string& experiment) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(presets_folder() / experiment, ignored)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Preset load_preset(const std::string& experiment,
                   const std::string& preset,
                   const std::vector<SettingSpec>& specs,
                   const std::vector<std::string>& overrides) {
  const fs::path path = presets_folder() / experiment / (preset + ".toml");
  std::error_code ignored;
  if (!is_plain_name(preset) || !fs::is_regular_file(path, ignored)) {
    throw std::invalid_argument(fmt::format("[settings] no preset '{}' in {}; choose one of {}",
                                            printable(preset),
                                            (presets_folder() / experiment).string(),
                                            fmt::join(preset_names(experiment), ", ")));
  }
  return parse_preset(read_file(path.string()), path.string(), specs, overrides);
}

Preset parse_preset(const std::string& text,
                    const std::string& path,
                    const std::vector<SettingSpec>& specs,
                    const std::vector<std::string>& overrides) {
  const toml::table table = parse_toml(text, path);
  Preset preset{.common = Settings(specs), .tasks = {}};
  apply(table, path, preset.common);
  const toml::array* const tasks = table[kTaskKey].as_array();
  if (tasks != nullptr && tasks->is_homogeneous<toml::table>()) {
    for (const toml::node& task : *tasks) {
      preset.tasks.push_back(preset.common);
      apply(*task.as_table(), path, preset.tasks.back());
    }
  }
  if (preset.tasks.empty()) preset.tasks.push_back(preset.common);
  for (const std::string& assignment : overrides) {
    preset.common.set(assignment);
    for (Settings& task : preset.tasks) task.set(assignment);
  }
  return preset;
}

}  // namespace leaveout
