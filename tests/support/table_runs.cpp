// SPDX-License-Identifier: MIT
#include "tests/support/table_runs.h"

#include <fmt/format.h>

#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"

namespace leaveout {

void write_tables(const TemporaryFolder& folder, int rows) {
  Random random(4);
  std::string classes = "a,b,y\n", numbers = classes;
  for (int i = 0; i < rows; ++i) {
    const double a = random.normal(), b = random.normal();
    classes += fmt::format("{},{},{}\n", a, b, a + b > 0 ? "yes" : "no");
    numbers += fmt::format("{},{},{}\n", a, b, a + b);
  }
  write_file(folder / "classes.csv", classes);
  write_file(folder / "numbers.csv", numbers);
}

std::pair<int, std::string> run_on_table(const std::string& experiment,
                                         const TemporaryFolder& folder,
                                         const std::string& table,
                                         const std::string& out,
                                         const std::vector<std::string>& set,
                                         const std::string& threads) {
  std::vector<std::string> args = {"run",
                                   experiment,
                                   "--preset",
                                   "quick",
                                   "--quiet",
                                   "--data",
                                   folder / table,
                                   "--target",
                                   "y",
                                   "--threads",
                                   threads,
                                   "--out",
                                   folder / out,
                                   "--set"};
  args.insert(args.end(), set.begin(), set.end());
  std::ostringstream output, error;
  const int status = run_cli(args, output, error);
  return {status, error.str()};
}

}  // namespace leaveout
