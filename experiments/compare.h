// SPDX-License-Identifier: MIT
#pragma once
// Are two runs of an experiment the same, up to what another processor's rounding may change?
//
// Rows of runs.csv are compared in their order. Text must be equal. A number may differ by 1e-10
// plus `tolerance` times the scale of its kind: the largest absolute value in the reference among
// the rows that differ from it in seed and removed example only. How a solver got there follows
// rounding, so its numbers have looser rules, with a factor of 10 and 1e-10 as the least:
//
//   gradient norms, residuals    at most max(10 x the reference, 1e-10): smaller is no fault
//   errors of CG on its way      within a factor of 10 where above 1e-10, hence small at its end
//   iterations                   not compared, and counted as such
//
//   Comparison c = compare_runs("results/width/quick/runs.csv", "reference/width.csv", 1e-3);
//   if (!c.same()) fmt::print("{}\n", c.first_difference);

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

struct Comparison {
  std::size_t rows = 0;
  std::size_t different = 0;  ///< Rows beyond the tolerance.
  std::size_t skipped = 0;    ///< Rows whose number is not compared.
  double largest = 0;         ///< Largest difference met, in units of its scale, where it counts.
  std::string first_difference;  ///< One line: where, and both numbers.
  bool same() const { return different == 0; }
};

/// Throws std::invalid_argument for files that cannot be read or have other columns or row counts.
Comparison compare_runs(const std::filesystem::path& runs,
                        const std::filesystem::path& reference,
                        double tolerance);

/// The runs.csv `from` with six significant digits, as a reference.
void write_reference(const std::filesystem::path& from, const std::filesystem::path& to);

/// Compares OUT/EXPERIMENT/PRESET/runs.csv with FOLDER/EXPERIMENT.csv for every experiment that has
/// one or the other, and prints a line each. With `write`, makes the references instead. Throws
/// std::runtime_error if any differs or is missing.
void compare_all(const std::vector<Experiment>& experiments,
                 const Invocation& invocation,
                 const std::filesystem::path& folder,
                 double tolerance,
                 bool write,
                 std::ostream& out);

}  // namespace leaveout
