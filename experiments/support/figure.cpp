// SPDX-License-Identifier: MIT
#include "experiments/support/figure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "datasets/files.h"
#include "datasets/text.h"

extern char** environ;

namespace leaveout {
namespace {

namespace fs = std::filesystem;

/// How a program ended: what it wrote on stderr, and its exit status or -1.
struct Ended {
  std::string errors = {};
  int status = -1;
  int start_error = 0;  // why it could not be started, else 0
};

/// Runs a program without a shell, so that no name of a folder is ever read as a command.
Ended run_program(std::vector<std::string> words) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {.start_error = errno};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  Ended ended;
  ended.start_error =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::array<char, 512> buffer{};
  for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    ended.errors.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(ends[0]);
  int state = 0;
  if (ended.start_error == 0 && waitpid(child, &state, 0) == child && WIFEXITED(state)) {
    ended.status = WEXITSTATUS(state);
  }
  return ended;
}

/// The last line that says something; gnuplot's message comes last.
std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \n\r\t");
  if (end == std::string::npos) return "no message";
  const std::size_t start = text.find_last_of('\n', end);
  return text.substr(start == std::string::npos ? 0 : start + 1,
                     end - (start == std::string::npos ? std::size_t(-1) : start));
}

std::optional<fs::path> upwards(fs::path folder) {
  for (;; folder = folder.parent_path()) {
    const fs::path plots = folder / "experiments" / "plots";
    std::error_code ignored;
    if (fs::exists(plots / "style.gp", ignored)) return plots;
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

/// cairo writes into every PDF when it was drawn, and no option keeps it from doing so. A fixed
/// date of the same length moves nothing else in the file.
void forget_date(const fs::path& pdf) {
  const std::string key = "/CreationDate (D:", fixed = "19700101000000";
  std::string bytes = read_file(pdf.string());
  const std::size_t at = bytes.rfind(key);
  if (at == std::string::npos || at + key.size() + fixed.size() > bytes.size()) return;
  if (bytes.compare(at + key.size(), fixed.size(), fixed) == 0) return;
  bytes.replace(at + key.size(), fixed.size(), fixed);
  write_file(pdf.string(), bytes);
}

bool say(std::FILE* out, const std::string& message) {
  std::fputs((message + "\n").c_str(), out);
  return false;
}

}  // namespace

std::optional<fs::path> plots_folder() {
  std::error_code failed;
  if (auto found = upwards(fs::current_path(failed))) return found;
  return upwards(fs::read_symlink("/proc/self/exe", failed).parent_path());
}

std::string plain_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += static_cast<unsigned char>(c) < 0x20 || c == '"' ? ' ' : c;
  }
  return result;
}

std::string gnuplot_string(const std::string& text) {
  const std::string plain = plain_text(text);
  if (plain.find('\'') == std::string::npos) return "'" + plain + "'";
  // gnuplot 5.4 ends a string in single quotes at '' that starts it or follows another ''. In
  // double quotes a byte can be given by its number, and backquotes would be a command.
  std::string result = "\"";
  for (const char c : plain) {
    const bool special = c == '\'' || c == '\\' || c == '`';
    result += special ? fmt::format("\\{:03o}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return result + "\"";
}

bool draw_figure(const std::string& script,
                 const fs::path& data,
                 const fs::path& figures,
                 std::FILE* messages,
                 const std::string& name) {
  const auto plots = plots_folder();
  if (!plots || !fs::exists(*plots / (script + ".gp"))) {
    return say(
        messages,
        fmt::format(
            "[figure] no experiments/plots/{}.gp here; the data are in {}", script, data.string()));
  }
  const std::string variables = fmt::format("plots={}; dir={}; out={}; name={}",
                                            gnuplot_string(plots->string()),
                                            gnuplot_string(data.string()),
                                            gnuplot_string(figures.string()),
                                            gnuplot_string(name));
  const Ended ended =
      run_program({"gnuplot", "-e", variables, (*plots / (script + ".gp")).string()});
  if (ended.start_error == ENOENT) {
    return say(
        messages,
        fmt::format("[figure] gnuplot is missing, so no figures; the data are in {} (install "
                    "gnuplot-nox and fonts-liberation)",
                    data.string()));
  }
  if (ended.start_error != 0 || ended.status != 0) {
    const std::string reason =
        ended.start_error != 0 ? std::strerror(ended.start_error) : last_line(ended.errors);
    return say(messages,
               fmt::format("[figure] gnuplot failed on {}.gp: {}; the data are in {}",
                           script,
                           printable(reason, 200),
                           data.string()));
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(figures))
    if (entry.path().extension() == ".pdf") forget_date(entry.path());
  return true;
}

}  // namespace leaveout
