// SPDX-License-Identifier: MIT
// The experiment on a model whose curves are known in closed form: ridge regression.
#include "experiments/decomposition/response_path.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <sstream>

#include "datasets/csv_table.h"
#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;

namespace {

/// runs.csv of the PBRF's curves of a linear model, as (removed, share, metric) -> value.
std::map<std::tuple<std::string, std::string, std::string>, double> ridge_curves(
    const TemporaryFolder& folder) {
  Random random(3);
  std::string text = "a,b,y\n";
  for (int i = 0; i < 50; ++i) {
    const double a = random.normal(), b = random.normal();
    text += fmt::format("{},{},{}\n", a, b, 2 * a - b + 0.3 * random.normal());
  }
  write_file(folder / "table.csv", text);
  std::ostringstream out, err;
  const int status = run_cli({"run",
                              "response-path",
                              "--preset",
                              "quick",
                              "--quiet",
                              "--data",
                              folder / "table.csv",
                              "--target",
                              "y",
                              "--out",
                              folder / "out",
                              "--set",
                              "model=linear",
                              "removed=3",
                              "steps=4",
                              "max_train=40"},
                             out,
                             err);
  INFO(err.str());
  REQUIRE(status == kSuccess);
  const CsvTable runs = read_csv(folder / "out/response-path/quick/runs.csv");
  std::map<std::tuple<std::string, std::string, std::string>, double> values;
  for (Eigen::Index r = 0; r < runs.rows(); ++r) {
    const auto cell = [&](const char* column) {
      return std::string(runs.cell(r, runs.column(column)));
    };
    if (cell("response") == "pbrf")
      values[{cell("removed"), cell("share"), cell("metric")}] = std::stod(cell("value"));
  }
  return values;
}

}  // namespace

TEST_CASE("ridge: gap over displacement is eps h' all along the curve, as leverage has it") {
  // theta(eps) - theta_s = eps c / (1 - eps h) for a fixed vector c: the tangent is eps c, so that
  // gap / displacement = eps h, proportional to eps; the leading term is eps^2 h |c|.
  const TemporaryFolder folder;
  const auto v = ridge_curves(folder);
  std::vector<std::string> removed;
  for (const auto& [key, value] : v)
    if (removed.empty() || removed.back() != std::get<0>(key)) removed.push_back(std::get<0>(key));
  REQUIRE(removed.size() == 3);
  for (const std::string& k : removed) {
    const auto at = [&](const char* share, const char* metric) { return v.at({k, share, metric}); };
    const double h = at("1", "parameter_gap") / at("1", "displacement");
    CHECK(h > 0);
    CHECK(h < 1);
    for (const auto& [text, share] : {std::pair{"0.25", 0.25}, {"0.5", 0.5}, {"0.75", 0.75}}) {
      CHECK(at(text, "parameter_gap") / at(text, "displacement") ==
            doctest::Approx(share * h).epsilon(1e-6));
      CHECK(at(text, "parameter_gap_leading") ==
            doctest::Approx(share * share * at("1", "parameter_gap_leading")).epsilon(1e-9));
    }
    // |eps c| = displacement (1 - h) at removal, and the leading term is h times that.
    CHECK(at("1", "displacement_line") ==
          doctest::Approx(at("1", "displacement") * (1 - h)).epsilon(1e-6));
    CHECK(at("1", "parameter_gap_leading") ==
          doctest::Approx(h * at("1", "displacement_line")).epsilon(1e-6));
  }
}
