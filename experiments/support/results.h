// SPDX-License-Identifier: MIT
#pragma once

// The folder that an experiment leaves behind.
//
//   OUT/EXPERIMENT/PRESET/
//     runs.csv      long form: one row per dataset x seed x removed example x method x metric
//     summary.csv   mean, standard error and n of the rows of runs.csv, grouped by key columns
//     run.json      configuration, seeds, commit, compiler, processor, threads, seconds, data
//     arrays/TASK/  whatever the caller puts there
//
// Law: the folder is either the old results or the new ones, never a part. Everything is written to
// OUT/EXPERIMENT/.PRESET.partial, which takes the place of OUT/EXPERIMENT/PRESET in one step at
// commit(); without commit() the old results stay as they were. Two runs with the same rows leave
// the same bytes in runs.csv and summary.csv: what depends on time or machine is in run.json only.
//
//   Results results("results", "decomposition", "quick",
//                   {.columns = {"task", "seed", "gap", "value"}, .keys = {"task", "gap"}});
//   results.row({"concrete", 1, "warm_start", 0.25});
//   results.run()["seeds"] = {1, 2, 3};
//   write_npy(results.arrays("concrete") / "theta.npy", theta);
//   std::filesystem::path folder = results.commit();

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace leaveout {

/// One field of a CSV row, as text. Numbers are the shortest decimals that read back as the same
/// double; an undefined number is an empty field. Text is quoted where CSV needs it.
class Cell {
 public:
  Cell(std::string text) : text_(std::move(text)) {}
  Cell(const char* text) : text_(text) {}
  Cell(double number);
  Cell(const std::optional<double>& number);
  template <std::integral T>
  Cell(T number) : text_(std::to_string(number)), number_(static_cast<double>(number)) {}

  const std::string& text() const { return text_; }

  /// Empty for text and for an undefined number.
  const std::optional<double>& number() const { return number_; }

  /// True for an undefined number and for empty text.
  bool is_empty() const { return text_.empty(); }

 private:
  std::string text_;
  std::optional<double> number_;
};

/// The line of a CSV file that these cells make, with '\n'.
std::string csv_line(const std::vector<Cell>& cells);

/// What the rows of runs.csv are.
struct RunsLayout {
  std::vector<std::string> columns = {};
  std::vector<std::string> keys = {};  ///< Columns that a row of summary.csv is about.
  std::string value = "value";         ///< The column that is averaged.
};

/// Where and how this program runs: commit ("unknown" outside a repository, with "+changes" where
/// tracked files differ from it), compiler, flags, processor, cores.
nlohmann::ordered_json environment();

/// Writes one results folder. Rows are written as they come, in the order of the calls: to be used
/// from one thread.
class Results {
 public:
  /// Makes OUT/EXPERIMENT/.PRESET.partial, empty. Throws std::invalid_argument if the names are not
  /// plain folder names, the layout names unknown columns, the folder cannot be made, or another
  /// process is writing the same results.
  Results(const std::filesystem::path& out,
          const std::string& experiment,
          const std::string& preset,
          RunsLayout layout);

  /// Without commit(): removes what was written.
  ~Results();
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  /// One row of runs.csv. The value column must hold a number, or be undefined: then the row stays
  /// in runs.csv and is left out of the mean and of n.
  void row(const std::vector<Cell>& cells);

  /// What goes into run.json beside `environment()` and the seconds: configuration, seeds, threads,
  /// SHA-256 of the data.
  nlohmann::ordered_json& run() { return *run_; }

  /// The folder for the arrays of a task, made when it is first asked for.
  std::filesystem::path arrays(const std::string& task);

  /// A path for another file of these results (a figure's data), not yet written.
  std::filesystem::path file(const std::string& name) const;

  /// Another CSV file of these results.
  void csv(const std::string& name,
           const std::vector<std::string>& columns,
           const std::vector<std::vector<Cell>>& rows) const;

  /// The folder that is being written: for programs that draw into it before commit().
  const std::filesystem::path& partial() const { return partial_; }

  /// Writes summary.csv and run.json and puts the folder in its place; what lay there before is
  /// removed. Returns the folder. Throws std::runtime_error, leaving the old results, if the disk
  /// refuses.
  std::filesystem::path commit();

 private:
  void write_summary() const;
  void write_run() const;

  std::filesystem::path final_;
  std::filesystem::path partial_;
  RunsLayout layout_;
  std::vector<std::size_t> key_columns_;
  std::size_t value_column_ = 0;
  int lock_ = -1;  // descriptor of the partial folder: its lock ends with the process
  std::ofstream runs_;
  std::vector<std::string> group_order_;                         // first come, first written
  std::unordered_map<std::string, std::vector<double>> groups_;  // key fields -> values
  std::unique_ptr<nlohmann::ordered_json> run_;  // a pointer: the JSON library is dear to compile
  std::chrono::steady_clock::time_point start_;
  bool committed_ = false;
};

}  // namespace leaveout
