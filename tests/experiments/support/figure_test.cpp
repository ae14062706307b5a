// SPDX-License-Identifier: MIT
#include "experiments/support/figure.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "datasets/files.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;
namespace fs = std::filesystem;

namespace {

/// Sets an environment variable for the length of a scope.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name), old_(std::getenv(name)) {
    setenv(name, value, 1);
  }
  ~Environment() { setenv(name_, old_.c_str(), 1); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::string old_;
};

/// What draw_figure says, and what it returns.
std::pair<bool, std::string> draw(const std::string& script, const fs::path& data) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* messages = open_memstream(&text, &size);
  const bool drawn = draw_figure(script, data, data, messages);
  std::fclose(messages);
  const std::string said(text, size);
  std::free(text);
  return {drawn, said};
}

}  // namespace

TEST_CASE("text becomes one gnuplot string whatever is in it") {
  CHECK(gnuplot_string("a b") == "'a b'");
  CHECK(gnuplot_string("O'Hara") == "\"O\\047Hara\"");
  CHECK(gnuplot_string("two\nlines \"here\"") == "'two lines  here '");
}

TEST_CASE("gnuplot reads back every string") {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) return;
  for (const char* text : {"'",
                           "''",
                           "'a",
                           "a''b",
                           "a'",
                           "\\",
                           "\\'",
                           "`echo x`",
                           "'`echo x`",
                           "'.system('echo x').'",
                           "@a {b}^2_c",
                           "$1",
                           "50 %d"}) {
    // The bytes themselves are compared, in a file that no shell reads.
    const TemporaryFolder folder;
    const std::string script = folder / "print.gp";
    write_file(script, "set print '-'\nprint " + gnuplot_string(text) + "\n");
    std::FILE* in = popen(("gnuplot '" + script + "' 2>&1").c_str(), "r");
    REQUIRE(in != nullptr);
    char line[200] = "";
    CHECK(std::fgets(line, sizeof line, in) != nullptr);
    pclose(in);
    CHECK(std::string(line) == std::string(text) + "\n");
  }
}

TEST_CASE("without gnuplot one line says so and the program goes on") {
  const Environment path("PATH", "/nonexistent");
  const auto [drawn, said] = draw("decomposition", "/some data");
  CHECK_FALSE(drawn);
  CHECK(said ==
        "[figure] gnuplot is missing, so no figures; the data are in /some data (install "
        "gnuplot-nox and fonts-liberation)\n");
}

TEST_CASE("a missing script and a missing data file are said in one line") {
  const auto [no_script, about_script] = draw("no_such_script", "/data");
  CHECK_FALSE(no_script);
  CHECK(about_script ==
        "[figure] no experiments/plots/no_such_script.gp here; the data are in /data\n");
  const auto [no_data, about_data] = draw("decomposition", "/nonexistent");
  CHECK_FALSE(no_data);
  CHECK(about_data.find('\n') == about_data.size() - 1);
}
