// SPDX-License-Identifier: MIT
#include "influence/trajectory/requirements.h"

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

void require_memory(const std::string& who, const std::string& what, double bytes, double memory) {
  if (bytes <= memory) return;
  throw std::invalid_argument(
      fmt::format("[{}] {}, expected at most {:.3g} MB, got {:.3g} MB: raise the memory, or take a "
                  "smaller model",
                  who,
                  what,
                  memory / 1e6,
                  bytes / 1e6));
}

}  // namespace leaveout
