// SPDX-License-Identifier: MIT
#include "experiments/support/results.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "datasets/files.h"
#include "datasets/text.h"
#include "influence/metrics/correlation.h"

#ifndef LEAVEOUT_FLAGS
#define LEAVEOUT_FLAGS "unknown"
#endif

namespace leaveout {
namespace {

namespace fs = std::filesystem;

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string csv_header(const std::vector<std::string>& columns) {
  return csv_line(std::vector<Cell>(columns.begin(), columns.end()));
}

/// What a command prints, without the last line break; nothing if it fails.
std::optional<std::string> output_of(const char* command) {
  std::FILE* pipe = popen(command, "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 256> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
  if (pclose(pipe) != 0) return std::nullopt;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string commit_name() {
  const auto head = output_of("git rev-parse --verify HEAD 2>/dev/null");
  if (!head || head->empty()) return "unknown";
  const auto changes = output_of("git status --porcelain --untracked-files=no 2>/dev/null");
  return changes && !changes->empty() ? *head + "+changes" : *head;
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

void check_name(const std::string& name, const char* what) {
  if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos) {
    throw std::invalid_argument(fmt::format(
        "[results] {} '{}' is no folder name, expected one without '/' or a leading '.'",
        what,
        printable(name)));
  }
}

std::size_t column_index(const std::vector<std::string>& columns, const std::string& name) {
  const auto at = std::find(columns.begin(), columns.end(), name);
  if (at == columns.end()) {
    throw std::invalid_argument(fmt::format(
        "[results] no column '{}', expected one of {}", name, fmt::join(columns, ", ")));
  }
  return static_cast<std::size_t>(at - columns.begin());
}

/// Takes the lock of a folder. It goes with the process, so a killed run blocks nobody.
int lock_folder(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  const bool busy = descriptor >= 0 && errno == EWOULDBLOCK;
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) close(descriptor);
  throw std::invalid_argument(
      busy ? fmt::format("[results] another run is writing {}; wait for it or choose another --out",
                         folder.string())
           : fmt::format("[results] cannot open {}: {}", folder.string(), reason));
}

/// Puts `fresh` in the place of `old`. Where the file system cannot exchange two names, the old
/// folder is set aside first and comes back if the second step fails.
void replace_folder(const fs::path& fresh, const fs::path& old) {
  if (!fs::exists(old)) {
    fs::rename(fresh, old);
    return;
  }
  if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, old.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(fresh);
    return;
  }
  const fs::path aside = fresh.string() + ".old";
  fs::remove_all(aside);
  fs::rename(old, aside);
  std::error_code failed;
  fs::rename(fresh, old, failed);
  if (failed) {
    fs::rename(aside, old);
    throw std::runtime_error(
        fmt::format("[results] cannot replace {}: {}", old.string(), failed.message()));
  }
  fs::remove_all(aside);
}

}  // namespace

Cell::Cell(double number) : number_(number) {
  if (std::isfinite(number)) {
    text_ = fmt::format("{}", number);
  } else {
    throw std::invalid_argument(fmt::format(
        "[results] the number {} in a row, expected a finite one or an undefined one", number));
  }
}

Cell::Cell(const std::optional<double>& number) {
  if (number) *this = Cell(*number);
}

std::string csv_line(const std::vector<Cell>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    line += csv_field(cells[i].text());
  }
  return line + "\n";
}

nlohmann::ordered_json environment() {
  return {{"commit", commit_name()},
          {"compiler", fmt::format("g++ {}", __VERSION__)},
          {"flags", LEAVEOUT_FLAGS},
          {"processor", processor_name()},
          {"cores", std::thread::hardware_concurrency()}};
}

Results::Results(const fs::path& out,
                 const std::string& experiment,
                 const std::string& preset,
                 RunsLayout layout)
    : final_(out / experiment / preset),
      partial_(out / experiment / ("." + preset + ".partial")),
      layout_(std::move(layout)),
      run_(std::make_unique<nlohmann::ordered_json>()),
      start_(std::chrono::steady_clock::now()) {
  check_name(experiment, "experiment");
  check_name(preset, "preset");
  value_column_ = column_index(layout_.columns, layout_.value);
  for (const std::string& key : layout_.keys) {
    key_columns_.push_back(column_index(layout_.columns, key));
  }
  std::error_code failed;
  fs::create_directories(partial_, failed);
  if (failed) {
    throw std::invalid_argument(fmt::format(
        "[results] cannot make {}: {}; choose another --out", partial_.string(), failed.message()));
  }
  lock_ = lock_folder(partial_);
  for (const auto& left : fs::directory_iterator(partial_)) fs::remove_all(left.path());
  run()["experiment"] = experiment;
  run()["preset"] = preset;
  runs_.open(partial_ / "runs.csv", std::ios::binary);
  runs_ << csv_header(layout_.columns);
}

Results::~Results() {
  runs_.close();
  std::error_code ignored;  // a destructor has nobody to tell
  if (!committed_) fs::remove_all(partial_, ignored);
  if (lock_ >= 0) close(lock_);
}

void Results::row(const std::vector<Cell>& cells) {
  if (cells.size() != layout_.columns.size()) {
    throw std::invalid_argument(fmt::format(
        "[results] a row of {} cells, expected {}", cells.size(), layout_.columns.size()));
  }
  const Cell& value = cells[value_column_];
  if (!value.number() && !value.is_empty()) {
    throw std::invalid_argument(fmt::format("[results] '{}' in column '{}', expected a number",
                                            printable(value.text()),
                                            layout_.value));
  }
  std::vector<Cell> key_cells;
  for (const std::size_t column : key_columns_) key_cells.push_back(cells[column]);
  const std::string key = csv_line(key_cells);
  const auto [group, is_new] = groups_.try_emplace(key);
  if (is_new) group_order_.push_back(key);
  if (value.number()) group->second.push_back(*value.number());
  runs_ << csv_line(cells);
}

fs::path Results::arrays(const std::string& task) {
  check_name(task, "task");
  fs::path folder = partial_ / "arrays" / task;
  fs::create_directories(folder);
  return folder;
}

fs::path Results::file(const std::string& name) const {
  check_name(name, "file");
  return partial_ / name;
}

void Results::csv(const std::string& name,
                  const std::vector<std::string>& columns,
                  const std::vector<std::vector<Cell>>& rows) const {
  std::string text = csv_header(columns);
  for (const auto& cells : rows) text += csv_line(cells);
  write_file(file(name).string(), text);
}

void Results::write_summary() const {
  std::vector<std::string> columns = layout_.keys;
  columns.insert(columns.end(), {"mean", "standard_error", "n"});
  std::string text = csv_header(columns);
  for (const std::string& key : group_order_) {
    const std::vector<double>& values = groups_.at(key);
    const auto n = static_cast<Eigen::Index>(values.size());
    const MeanError m = mean_error(Eigen::Map<const Eigen::VectorXd>(values.data(), n));
    if (!layout_.keys.empty()) text += key.substr(0, key.size() - 1) + ",";
    text += csv_line({m.mean, m.standard_error, m.n});
  }
  write_file((partial_ / "summary.csv").string(), text);
}

void Results::write_run() const {
  nlohmann::ordered_json run = *run_;
  run["environment"] = environment();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  run["seconds"] = seconds.count();
  write_file((partial_ / "run.json").string(), run.dump(2) + "\n");
}

fs::path Results::commit() {
  if (committed_) return final_;
  runs_.close();
  if (!runs_) {
    throw std::runtime_error(fmt::format("[results] cannot write {}; is the disk full?",
                                         (partial_ / "runs.csv").string()));
  }
  write_summary();
  write_run();
  replace_folder(partial_, final_);
  committed_ = true;
  return final_;
}

}  // namespace leaveout
