// SPDX-License-Identifier: MIT
#pragma once
// Memory is predicted before it is taken.
//
//   require_memory("dense_curvature", needed, limit, "a 20000 x 20000 matrix", "use products");

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

}  // namespace leaveout
