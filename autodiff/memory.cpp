// SPDX-License-Identifier: MIT
#include "autodiff/memory.h"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <stdexcept>

namespace leaveout {

std::size_t available_bytes() {
  std::ifstream info("/proc/meminfo");
  for (std::string word; info >> word;)
    if (word == "MemAvailable:") {
      std::size_t kilobytes = 0;
      info >> kilobytes;
      return kilobytes * 1024;
    }
  return std::numeric_limits<std::size_t>::max();
}

void require_memory(const char* area,
                    std::size_t needed,
                    std::size_t limit,
                    const std::string& what,
                    const std::string& cure) {
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

}  // namespace leaveout
