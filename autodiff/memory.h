// SPDX-License-Identifier: MIT
#pragma once
// Memory is predicted before it is taken, and where there is much of it, taken in large pages.
//
//   require_memory("dense_curvature", needed, limit, "a 20000 x 20000 matrix", "use products");
//   Matrix<double> h(20000, 20000);
//   prefer_large_pages(h.data(), needed);   // before anything is written

#include <cstddef>
#include <string>

namespace leaveout {

/// Bytes that could be had now: what the machine could give, or what the control group of this
/// process (a container's limit) leaves if that is less. The largest number where neither says.
std::size_t available_bytes();

/// The parts of it, from the texts of the system's files; the largest number where one says
/// nothing. MemAvailable of /proc/meminfo.
std::size_t available_in_meminfo(const std::string& meminfo);
/// The rest of a control group's limit, of which page cache that can be given back counts as free:
/// what memory.stat calls inactive_file, in version 1 (where usage is that of the whole subtree)
/// total_inactive_file. "max" (version 2), or a limit beyond any machine (version 1), is none.
std::size_t left_in_control_group(const std::string& limit,
                                  const std::string& used,
                                  const std::string& stat);
/// The path of this process's group in /proc/self/cgroup: the line "0::PATH" (version 2) or that of
/// the controller "memory" (version 1). Empty where there is none.
std::string control_group_path(const std::string& cgroup, bool version_2);

/// Throws std::invalid_argument "[area] memory, `what` needs x GB and y GB are allowed: `cure`"
/// where `needed` exceeds `limit`; a limit of 0 stands for what the machine could give now.
void require_memory(const char* area,
                    std::size_t needed,
                    std::size_t limit,
                    const std::string& what,
                    const std::string& cure);

/// A hint that memory just taken should come in large pages. A fresh matrix of 60 MB costs 30 ms in
/// page faults, a tenth of what its numbers may cost, and a fifth of that in large pages. Never
/// changes a number; does nothing for less than a large page, or where the system has none.
void prefer_large_pages(void* memory, std::size_t bytes);

}  // namespace leaveout
