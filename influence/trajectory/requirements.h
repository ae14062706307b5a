// SPDX-License-Identifier: MIT
#pragma once
// What an estimator of this folder needs, and says in one line where it is not given.
//
//   require_plain_sgd(path, "data value embedding", "its propagator is that of theta alone");
//   require_memory("source", "5000 x 5000 curvature", bytes, 1e9);

#include <string>

#include "influence/trajectory/trajectory.h"

namespace leaveout {

/// Throws std::invalid_argument unless the training was by SGD without momentum. `why`: a clause.
void require_plain_sgd(const Trajectory& path, const std::string& who, const std::string& why);

/// Throws std::invalid_argument, with the numbers, where `bytes` for `what` are beyond `memory`.
void require_memory(const std::string& who, const std::string& what, double bytes, double memory);

}  // namespace leaveout
