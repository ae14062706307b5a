// SPDX-License-Identifier: MIT
#pragma once
// What the solvers experiment leaves behind: rows, arrays, tables, verdicts, figures.
//
//   write_rows(result, results);
//   fputs(products_table(result).c_str(), stdout);
//   draw(done, results.partial());

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/decomposition/solvers_task.h"
#include "experiments/support/results.h"
#include "experiments/support/verdict.h"

namespace leaveout {

/// Columns of runs.csv: task, damping, solver, steps, products, removed, metric, value. A step of
/// stochastic LiSSA with a batch of B is one in `steps` and B / N in `products`.
RunsLayout solvers_layout();
void write_rows(const SolversResult& result, Results& results);
void describe(const std::vector<SolversResult>& done, Results& results);

/// Full products that each solver needs to come within 1e-3 and 1e-6 of the exact solution.
std::string products_table(const SolversResult& result);
/// Extra damping of truncated LiSSA in the least curved directions, beside scale / T.
std::string truncation_table(const SolversResult& result);
/// What theory says, our figure, and whether it holds; `protocol` is the damping.
std::vector<Verdict> judge(const std::vector<SolversResult>& done);

/// error, cg_bound, divergence and truncation as {svg,pdf,png} with their data.
void draw(const std::vector<SolversResult>& done, const std::filesystem::path& folder);

}  // namespace leaveout
