// SPDX-License-Identifier: MIT
#pragma once
// What is defined for theta <- theta - rate g alone says so, with its reason.
//
//   require_plain_sgd(path, "data value embedding", "its propagator is that of theta alone");

#include <string>

#include "influence/trajectory/trajectory.h"

namespace leaveout {

/// Throws std::invalid_argument unless the training was by SGD without momentum. `why`: a clause.
void require_plain_sgd(const Trajectory& path, const std::string& who, const std::string& why);

}  // namespace leaveout
