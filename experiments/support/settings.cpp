// SPDX-License-Identifier: MIT
#include "experiments/support/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "datasets/text.h"
#include "experiments/support/nearest.h"
#include "experiments/support/table.h"

namespace leaveout {
namespace {

using Value = Settings::Value;

constexpr double kLargestWhole = 9007199254740992.0;  // 2^53: beyond it doubles skip numbers

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> entries;
  while (true) {
    const std::size_t comma = text.find(',');
    entries.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return entries;
    text.remove_prefix(comma + 1);
  }
}

std::optional<bool> parse_flag(const std::string& text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

/// What a value of this setting looks like, for error messages.
std::string expectation(const SettingSpec& spec) {
  if (!spec.choices.empty()) {
    return fmt::format("{}{}",
                       spec.type == SettingType::list ? "a list of " : "one of ",
                       fmt::join(spec.choices, ", "));
  }
  std::string bound =
      std::isfinite(spec.minimum) ? fmt::format(" of at least {}", spec.minimum) : "";
  if (std::isfinite(spec.maximum))
    bound += fmt::format("{} at most {}", bound.empty() ? " of" : " and", spec.maximum);
  switch (spec.type) {
    case SettingType::number:
      return "a number" + bound;
    case SettingType::whole:
      return "a whole number" + bound;
    case SettingType::flag:
      return "true or false";
    case SettingType::list:
      return "a list";
    case SettingType::text:
      break;
  }
  return "a text";
}

std::string shown(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    return fmt::format("{}", fmt::join(*list, ","));
  }
  return {};
}

bool is_choice(const SettingSpec& spec, const std::string& entry) {
  return spec.choices.empty() ||
         std::find(spec.choices.begin(), spec.choices.end(), entry) != spec.choices.end();
}

bool fits(const SettingSpec& spec, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return true;
  const auto* number = std::get_if<double>(&value);
  switch (spec.type) {
    case SettingType::number:
      return number != nullptr && std::isfinite(*number) && *number >= spec.minimum &&
             *number <= spec.maximum;
    case SettingType::whole:
      return number != nullptr && std::trunc(*number) == *number &&
             std::abs(*number) <= kLargestWhole && *number >= spec.minimum &&
             *number <= spec.maximum;
    case SettingType::flag:
      return std::holds_alternative<bool>(value);
    case SettingType::list: {
      const auto* list = std::get_if<std::vector<std::string>>(&value);
      return list != nullptr && std::all_of(list->begin(), list->end(), [&](const auto& entry) {
               return !entry.empty() && is_choice(spec, entry);
             });
    }
    case SettingType::text:
      break;
  }
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && is_choice(spec, *text);
}

/// The text of the command line as a value; text that does not read as one stays text, which does
/// not fit.
Value read_value(const SettingSpec& spec, const std::string& text) {
  if (text.empty()) return std::monostate();
  if (spec.type == SettingType::list) return split_list(text);
  if (spec.type == SettingType::flag) {
    if (const std::optional<bool> flag = parse_flag(text)) return *flag;
  }
  if (spec.type == SettingType::number || spec.type == SettingType::whole) {
    if (const std::optional<double> number = parse_number(text)) return *number;
  }
  return text;
}

}  // namespace

std::string setting_type_name(SettingType type) {
  switch (type) {
    case SettingType::number:
      return "number";
    case SettingType::whole:
      return "whole number";
    case SettingType::flag:
      return "true or false";
    case SettingType::list:
      return "list";
    case SettingType::text:
      break;
  }
  return "text";
}

std::string settings_table(const std::vector<SettingSpec>& specs) {
  Table table({"setting", "type", "default", "meaning"});
  for (const SettingSpec& spec : specs) {
    std::string help = spec.help;
    if (!spec.choices.empty()) help += fmt::format(" ({})", fmt::join(spec.choices, ", "));
    table.row({spec.key,
               setting_type_name(spec.type),
               spec.fallback.empty() ? "-" : spec.fallback,
               help});
  }
  return table.text();
}

Settings::Settings(std::vector<SettingSpec> specs)
    : specs_(std::move(specs)), values_(specs_.size()) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const SettingSpec& spec = specs_[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (specs_[j].key == spec.key) {
        throw std::logic_error(fmt::format("[settings] '{}' is declared twice", spec.key));
      }
    }
    values_[i] = read_value(spec, spec.fallback);
    if (!fits(spec, values_[i])) {
      throw std::logic_error(fmt::format("[settings] the default '{}' of '{}' is not {}",
                                         spec.fallback,
                                         spec.key,
                                         expectation(spec)));
    }
  }
}

std::size_t Settings::declared(const std::string& key, const std::string& where) const {
  std::vector<std::string> known;  // (settings)
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].key == key) return i;
    known.push_back(specs_[i].key);
  }
  throw std::invalid_argument(fmt::format(
      "[settings] {}: no setting is called '{}'{}",
      printable(where, kWholeText),
      printable(key),
      known.empty() ? "" : fmt::format("; the nearest name is '{}'", nearest(key, known))));
}

void Settings::set(const std::string& assignment, const std::string& where) {
  const std::size_t equals = assignment.find('=');
  const std::string key = trimmed(std::string_view(assignment).substr(0, equals));
  if (equals == std::string::npos || key.empty()) {
    throw std::invalid_argument(fmt::format("[settings] {}: expected key=value, got '{}'",
                                            printable(where, kWholeText),
                                            printable(assignment)));
  }
  const SettingSpec& spec = specs_[declared(key, where)];
  set_value(key, read_value(spec, trimmed(std::string_view(assignment).substr(equals + 1))), where);
}

void Settings::set_value(const std::string& key, const Value& value, const std::string& where) {
  const std::size_t i = declared(key, where);
  if (!fits(specs_[i], value)) {
    throw std::invalid_argument(fmt::format("[settings] {}: {}, expected {}, got '{}'",
                                            printable(where, kWholeText),
                                            key,
                                            expectation(specs_[i]),
                                            printable(shown(value))));
  }
  values_[i] = value;
}

const Value& Settings::value(const std::string& key, SettingType type) const {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].key == key && specs_[i].type == type) return values_[i];
  }
  throw std::logic_error(
      fmt::format("[settings] '{}' is not declared as {}", key, setting_type_name(type)));
}

const Value& Settings::required(const std::string& key, SettingType type) const {
  const Value& found = value(key, type);
  if (std::holds_alternative<std::monostate>(found)) {
    throw std::invalid_argument(
        fmt::format("[settings] '{0}' has no value; give it one with --set {0}=VALUE ({1})",
                    key,
                    setting_type_name(type)));
  }
  return found;
}

bool Settings::declares(const std::string& key) const {
  return std::any_of(
      specs_.begin(), specs_.end(), [&](const SettingSpec& spec) { return spec.key == key; });
}

bool Settings::has(const std::string& key) const {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].key == key) return !std::holds_alternative<std::monostate>(values_[i]);
  }
  throw std::logic_error(fmt::format("[settings] '{}' is not declared", key));
}

std::string Settings::text(const std::string& key) const {
  const auto* found = std::get_if<std::string>(&value(key, SettingType::text));
  return found == nullptr ? std::string() : *found;
}

double Settings::number(const std::string& key) const {
  return std::get<double>(required(key, SettingType::number));
}

Eigen::Index Settings::whole(const std::string& key) const {
  return static_cast<Eigen::Index>(std::get<double>(required(key, SettingType::whole)));
}

bool Settings::flag(const std::string& key) const {
  return std::get<bool>(required(key, SettingType::flag));
}

std::vector<std::string> Settings::list(const std::string& key) const {
  const auto* found = std::get_if<std::vector<std::string>>(&value(key, SettingType::list));
  return found == nullptr ? std::vector<std::string>() : *found;
}

nlohmann::ordered_json Settings::json() const {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    nlohmann::ordered_json& entry = all[specs_[i].key];
    if (specs_[i].type == SettingType::whole &&
        !std::holds_alternative<std::monostate>(values_[i])) {
      entry = whole(specs_[i].key);
      continue;
    }
    std::visit(
        [&entry](const auto& v) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) entry = v;
        },
        values_[i]);
  }
  return all;
}

}  // namespace leaveout
