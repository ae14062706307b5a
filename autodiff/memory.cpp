// SPDX-License-Identifier: MIT
#include "autodiff/memory.h"

#include <fmt/format.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdint>
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
