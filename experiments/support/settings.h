// SPDX-License-Identifier: MIT
#pragma once

// Typed settings of a run, declared before they are used.
//
// Law: a key has one declaration (type, default, meaning) and one value, that of the last writer:
// its default, then the preset, then the command line. A key that is not declared, and a value that
// does not fit its declaration, are refused where they are written, in one line.
//
//   Settings settings({{"damping", SettingType::number, "0.001", "lambda, on theta - theta_s"}});
//   settings.set("damping=0.01");              // from the command line
//   double lambda = settings.number("damping");

#include <Eigen/Core>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

namespace leaveout {

enum class SettingType { text, number, whole, flag, list };

/// "text", "number", "whole number", "true or false", "list".
std::string setting_type_name(SettingType type);

/// The declaration of a setting.
struct SettingSpec {
  std::string key;
  SettingType type = SettingType::text;
  std::string fallback = {};              ///< The default, as on the command line; empty: none.
  std::string help = {};                  ///< One line.
  std::vector<std::string> choices = {};  ///< Of a text, or of each entry of a list; empty: any.
  double minimum = -std::numeric_limits<double>::infinity();  ///< Of a number, inclusive.
  double maximum = std::numeric_limits<double>::infinity();   ///< The same.
};

/// The declarations as a table for a terminal.
std::string settings_table(const std::vector<SettingSpec>& specs);

/// A value of each declared setting.
class Settings {
 public:
  /// No value; a finite double for number and whole; lists hold their entries as text.
  using Value = std::variant<std::monostate, std::string, double, bool, std::vector<std::string>>;

  Settings() = default;

  /// All settings at their defaults. Throws std::logic_error if a declaration contradicts itself.
  explicit Settings(std::vector<SettingSpec> specs);

  /// Sets "key=value" as the user wrote it: blanks around both are dropped, lists are separated by
  /// commas, an empty value takes the value away. `where` opens the error message ("--set").
  /// Throws std::invalid_argument for anything that is not declared so.
  void set(const std::string& assignment, const std::string& where = "--set");

  /// Sets a value that has a type already, as a preset gives it. A whole number may come as any
  /// number without a fraction. Throws std::invalid_argument that opens with `where`.
  void set_value(const std::string& key, const Value& value, const std::string& where);

  /// True if there is such a setting, whether it has a value or not.
  bool declares(const std::string& key) const;

  /// True if there is a value: a default, the preset's or the user's.
  bool has(const std::string& key) const;

  /// Throw std::invalid_argument if the setting has no value (a text is "" then, a list empty), and
  /// std::logic_error if the key is not declared with this type.
  std::string text(const std::string& key) const;
  double number(const std::string& key) const;
  Eigen::Index whole(const std::string& key) const;
  bool flag(const std::string& key) const;
  std::vector<std::string> list(const std::string& key) const;

  const std::vector<SettingSpec>& specs() const { return specs_; }

  /// Every setting in the order of the declarations; null where there is no value.
  nlohmann::ordered_json json() const;

 private:
  std::size_t declared(const std::string& key, const std::string& where) const;
  const Value& value(const std::string& key, SettingType type) const;
  const Value& required(const std::string& key, SettingType type) const;

  std::vector<SettingSpec> specs_;
  std::vector<Value> values_;  // one per declaration
};

}  // namespace leaveout
