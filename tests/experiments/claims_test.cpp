// SPDX-License-Identifier: MIT
#include "experiments/claims.h"

#include <doctest/doctest.h>

#include "datasets/files.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;

TEST_CASE("every verdict becomes a row of Markdown, and they are counted") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "width" / "quick");
  write_file(folder / "width/quick/verdicts.csv",
             "task,protocol,claim,measured,verdict\n"
             "t,paper,a|b falls,\"-1 [-1, 0]\",agrees\n"
             "t,exact,c,2,disagrees: the interval excludes 0\n"
             "t,exact,d,3,open: the interval holds both\n");
  const std::vector<Experiment> all = {{"width", "gaps by width", {}, {}}, {"depth", "", {}, {}}};
  CHECK(claims_page(all, {.preset = "quick", .out = folder.path()}) ==
        "### width\n\nwidth: gaps by width.\n\n"
        "| task | about | claim | measured | verdict |\n|---|---|---|---|---|\n"
        "| t | paper | a\\|b falls | -1 [-1, 0] | agrees |\n"
        "| t | exact | c | 2 | disagrees: the interval excludes 0 |\n"
        "| t | exact | d | 3 | open: the interval holds both |\n\n"
        "3 claims measured: 1 agree, 1 disagree, 1 are open or not testable at this size.\n");
  CHECK_THROWS_AS(claims_page(all, {.preset = "paper", .out = folder.path()}),
                  std::invalid_argument);
}

TEST_CASE("only where all rows are a paper's sentences does the head say so") {
  std::vector<std::string> papers;
  for (const Experiment& e : experiment_registry())
    if (e.words.claim.find("paper") != std::string::npos ||
        e.words.title.find("paper") != std::string::npos)
      papers.push_back(e.name);
  CHECK(papers == std::vector<std::string>{"decomposition",
                                           "mislabelled",
                                           "width",
                                           "depth",
                                           "training-time",
                                           "weight-decay",
                                           "damping",
                                           "removal"});
}

TEST_CASE("claims that are no paper's are headed as what theory says, of its own parts") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "solvers" / "quick");
  write_file(folder / "solvers/quick/verdicts.csv",
             "task,protocol,claim,measured,verdict\nt,damping 1,a,1,agrees\n");
  const std::string page =
      claims_page(experiment_registry(), {.preset = "quick", .out = folder.path()});
  CHECK(page.find("| task | system | what theory says | measured | verdict |\n") !=
        std::string::npos);
  CHECK(page.find("of the paper") == std::string::npos);
}
