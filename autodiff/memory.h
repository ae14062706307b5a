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

/// Bytes that the machine could give now, or the largest number where it does not say.
std::size_t available_bytes();

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
