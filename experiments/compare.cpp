// SPDX-License-Identifier: MIT
#include "experiments/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <set>
#include <stdexcept>

#include "datasets/csv_table.h"
#include "datasets/files.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;
using Eigen::Index;

/// Below this a difference is rounding, whatever the scale; also what solvers are asked to reach.
constexpr double kRounding = 1e-10;

/// What rounding does to the account of a solver.
constexpr double kFactor = 10;

bool is_repetition(std::string_view column) {
  return column == "seed" || column == "removed" || column == "value";
}

enum class Rule { distance, at_most, magnitude, none };

/// The errors of CG follow rounding once its extreme Ritz values have converged: they differ by
/// half between processors on its way, while those at its end are zero to rounding.
Rule rule_of(const CsvTable& table, Index row) {
  static const std::set<std::string_view> kResiduals = {
      "gradient_norm", "relative_residual", "residual"};
  const std::optional<Index> metric = table.find("metric"), solver = table.find("solver");
  if (metric && table.cell(row, *metric) == "iterations") return Rule::none;
  if (metric && kResiduals.count(table.cell(row, *metric)) > 0) return Rule::at_most;
  return solver && table.cell(row, *solver) == "cg" ? Rule::magnitude : Rule::distance;
}

/// `allowed` is the distance that counts as none. False where only one is a number.
bool same_number(Rule rule, double a, double b, double allowed) {
  if (rule == Rule::none || (std::isnan(a) && std::isnan(b))) return true;
  if (std::isnan(a) || std::isnan(b)) return false;
  const double least_a = std::max(a, kRounding), least_b = std::max(b, kRounding);
  if (rule == Rule::at_most) return a <= std::max(kFactor * b, kRounding);
  if (rule == Rule::magnitude) return least_a <= kFactor * least_b && least_b <= kFactor * least_a;
  return std::abs(a - b) <= allowed;
}

/// The columns that say what kind of number a row holds, joined.
std::string kind_of(const CsvTable& table, Index row) {
  std::string key;
  for (Index c = 0; c < table.columns(); ++c)
    if (!is_repetition(table.header[static_cast<std::size_t>(c)]))
      key += std::string(table.cell(row, c)) + ',';
  return key;
}

double value_of(const CsvTable& table, Index row, Index column) {
  const std::string text(table.cell(row, column));
  return parse_number(text).value_or(std::nan(""));
}

std::map<std::string, double> scales(const CsvTable& table, Index value) {
  std::map<std::string, double> scale;
  for (Index r = 0; r < table.rows(); ++r) {
    double& largest = scale[kind_of(table, r)];
    const double v = value_of(table, r, value);
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return scale;
}

/// Equal text, or numbers that print alike: a reference has six digits.
bool same_text(std::string_view a, std::string_view b) {
  if (a == b) return true;
  try {
    return std::abs(std::stod(std::string(a)) - std::stod(std::string(b))) <=
           1e-5 * std::abs(std::stod(std::string(b)));
  } catch (const std::logic_error&) {
    return false;
  }
}

}  // namespace

Comparison compare_runs(const fs::path& runs, const fs::path& reference, double tolerance) {
  const CsvTable mine = read_csv(runs.string()), theirs = read_csv(reference.string());
  if (mine.header != theirs.header || mine.rows() != theirs.rows())
    throw std::invalid_argument(
        fmt::format("[compare] {}, expected {} rows of {} columns as in {}, got {} of {}",
                    printable(runs.string(), kWholeText),
                    theirs.rows(),
                    theirs.columns(),
                    printable(reference.string(), kWholeText),
                    mine.rows(),
                    mine.columns()));
  const Index value = theirs.column("value");
  const std::map<std::string, double> scale = scales(theirs, value);
  Comparison c;
  const auto differs = [&](Index row, const std::string& what) {
    if (c.different++ == 0)
      c.first_difference =
          fmt::format("line {}: {}", theirs.lines[static_cast<std::size_t>(row)], what);
  };
  for (Index r = 0; r < theirs.rows(); ++r) {
    ++c.rows;
    bool same = true;
    for (Index k = 0; k < theirs.columns(); ++k)
      same = same && (k == value || same_text(mine.cell(r, k), theirs.cell(r, k)));
    if (!same) {
      differs(r, "another row stands here");
      continue;
    }
    const Rule rule = rule_of(theirs, r);
    if (rule == Rule::none) ++c.skipped;
    const double a = value_of(mine, r, value), b = value_of(theirs, r, value);
    const double unit = scale.at(kind_of(theirs, r));
    const double distance = std::abs(a - b);
    if (rule == Rule::distance && unit > kRounding && distance > 0)
      c.largest = std::max(c.largest, distance / unit);
    if (!same_number(rule, a, b, kRounding + tolerance * unit))
      differs(r, fmt::format("{}{} where {} is expected", kind_of(theirs, r), a, b));
  }
  return c;
}

void write_reference(const fs::path& from, const fs::path& to) {
  const CsvTable table = read_csv(from.string());
  const Index value = table.column("value");
  std::vector<std::vector<CsvCell>> rows;
  for (Index r = 0; r < table.rows(); ++r) {
    std::vector<CsvCell> row;
    for (Index c = 0; c < table.columns(); ++c) {
      const std::string text(table.cell(r, c));
      row.push_back(c == value && !text.empty() ? fmt::format("{:.6g}", value_of(table, r, c))
                                                : text);
    }
    rows.push_back(std::move(row));
  }
  fs::create_directories(to.parent_path());
  write_csv(to.string(), table.header, rows);
}

void compare_all(const std::vector<Experiment>& experiments,
                 const Invocation& invocation,
                 const fs::path& folder,
                 double tolerance,
                 bool write,
                 std::ostream& out) {
  std::size_t failed = 0, compared = 0;
  for (const Experiment& e : experiments) {
    const fs::path runs = invocation.out / e.name / invocation.preset / "runs.csv";
    const fs::path reference = folder / (e.name + ".csv");
    if (!fs::exists(runs) && !fs::exists(reference)) continue;
    ++compared;
    if (write) {
      write_reference(runs, reference);
      out << fmt::format("{}: written\n", e.name);
      continue;
    }
    std::string said;
    try {
      const Comparison c = compare_runs(runs, reference, tolerance);
      said = c.same()
                 ? fmt::format("{} rows, largest difference {:.1e}", c.rows, c.largest)
                 : fmt::format("{} of {} rows differ, {}", c.different, c.rows, c.first_difference);
      if (c.skipped > 0) said += fmt::format("; {} rows not compared", c.skipped);
      failed += c.same() ? 0 : 1;
    } catch (const std::invalid_argument& error) {
      said = error.what();
      ++failed;
    }
    out << fmt::format("{}: {}\n", e.name, said) << std::flush;
  }
  if (compared == 0)
    throw std::invalid_argument(
        fmt::format("[compare] nothing to compare in {}: run `leaveout figures --preset {} --out "
                    "...` first",
                    printable(invocation.out.string(), kWholeText),
                    printable(invocation.preset)));
  if (failed > 0)
    throw std::runtime_error(fmt::format("[compare] {} of {} experiments differ from {}",
                                         failed,
                                         compared,
                                         printable(folder.string(), kWholeText)));
}

}  // namespace leaveout
