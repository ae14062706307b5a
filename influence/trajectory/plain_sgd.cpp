// SPDX-License-Identifier: MIT
#include "influence/trajectory/plain_sgd.h"

#include <fmt/format.h>

#include <stdexcept>

namespace leaveout {

void require_plain_sgd(const Trajectory& path, const std::string& who, const std::string& why) {
  const Protocol& p = path.log->protocol;
  if (p.optimiser != OptimiserKind::adam && p.momentum == 0) return;
  throw std::invalid_argument(
      fmt::format("[{}] optimiser, expected sgd without momentum, got {} with momentum {:g}: {}; "
                  "train without momentum, or use the unrolled derivative",
                  who,
                  optimiser_name(p.optimiser),
                  p.momentum,
                  why));
}

}  // namespace leaveout
