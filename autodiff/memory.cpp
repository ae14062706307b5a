// SPDX-License-Identifier: MIT
#include "autodiff/memory.h"

#include <fmt/format.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace leaveout {

namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// Empty where the file cannot be read.
std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The number behind the word `name`; `otherwise` where there is none.
std::size_t number_after(const std::string& text, const char* name, std::size_t otherwise) {
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (word == name) {
      std::size_t number = 0;
      return words >> number ? number : otherwise;
    }
  return otherwise;
}

/// The least that the groups from `path` up to the root leave: a limit binds all below it.
std::size_t left_up_to_root(const std::string& root,
                            std::string path,
                            const char* limit,
                            const char* used) {
  std::size_t least = kNoLimit;
  for (;;) {
    const std::string folder = root + path + "/";
    least = std::min(
        least,
        left_in_control_group(
            text_of(folder + limit), text_of(folder + used), text_of(folder + "memory.stat")));
    if (path.empty()) return least;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

std::size_t left_in_control_groups() {
  const std::string groups = text_of("/proc/self/cgroup");
  return std::min(
      left_up_to_root(
          "/sys/fs/cgroup", control_group_path(groups, true), "memory.max", "memory.current"),
      left_up_to_root("/sys/fs/cgroup/memory",
                      control_group_path(groups, false),
                      "memory.limit_in_bytes",
                      "memory.usage_in_bytes"));
}

}  // namespace

std::size_t available_in_meminfo(const std::string& meminfo) {
  const std::size_t kilobytes = number_after(meminfo, "MemAvailable:", kNoLimit);
  return kilobytes > kNoLimit / 1024 ? kNoLimit : kilobytes * 1024;
}

std::size_t left_in_control_group(const std::string& limit,
                                  const std::string& used,
                                  const std::string& stat) {
  constexpr std::size_t kBeyondAnyMachine = std::size_t(1) << 60;
  std::size_t most = 0, taken = 0;
  if (!(std::istringstream(limit) >> most) || most >= kBeyondAnyMachine) return kNoLimit;
  if (!(std::istringstream(used) >> taken)) return kNoLimit;
  const std::size_t own = number_after(stat, "inactive_file", 0);
  taken -= std::min(taken, number_after(stat, "total_inactive_file", own));
  return most - std::min(most, taken);
}

std::string control_group_path(const std::string& cgroup, bool version_2) {
  std::istringstream lines(cgroup);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    const bool found = version_2 ? controllers == ",," && line.substr(0, first) == "0"
                                 : controllers.find(",memory,") != std::string::npos;
    if (found) return line.substr(second + 1) == "/" ? "" : line.substr(second + 1);
  }
  return "";
}

std::size_t available_bytes() {
  return std::min(available_in_meminfo(text_of("/proc/meminfo")), left_in_control_groups());
}

void require_memory(const char* area,
                    std::size_t needed,
                    std::size_t limit,
                    const std::string& what,
                    const std::string& cure) {
  constexpr std::size_t kNothing = std::size_t{1} << 20;  // to ask the system takes 100 us
  if (limit == 0 && needed <= kNothing) return;
  const std::size_t allowed = limit > 0 ? limit : available_bytes();
  if (needed > allowed)
    throw std::invalid_argument(
        fmt::format("[{}] memory, {} needs {:.2f} GB and {:.2f} GB are {}: {}",
                    area,
                    what,
                    static_cast<double>(needed) / 1e9,
                    static_cast<double>(allowed) / 1e9,
                    limit > 0 ? "allowed" : "free",
                    cure));
}

void prefer_large_pages(void* memory, std::size_t bytes) {
#ifdef __linux__
  constexpr std::size_t kPage = std::size_t(2) << 20;
  const std::size_t skip = (kPage - reinterpret_cast<std::uintptr_t>(memory) % kPage) % kPage;
  if (bytes < skip + kPage) return;
  madvise(static_cast<char*>(memory) + skip, (bytes - skip) / kPage * kPage, MADV_HUGEPAGE);
#else
  static_cast<void>(memory), static_cast<void>(bytes);
#endif
}

}  // namespace leaveout
