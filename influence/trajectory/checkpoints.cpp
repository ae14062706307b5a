// SPDX-License-Identifier: MIT
#include "influence/trajectory/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "datasets/random.h"
#include "models/names.h"

namespace leaveout {

namespace {

constexpr Names<Sampling, 5> kSamplings = {{{Sampling::random, "random"},
                                            {Sampling::even, "even"},
                                            {Sampling::early, "early"},
                                            {Sampling::late, "late"},
                                            {Sampling::all, "all"}}};

constexpr std::uint64_t kStream = 0x63686b70;  // of the draws of checkpoints

}  // namespace

std::string sampling_name(Sampling sampling) {
  return name_of(kSamplings, sampling);
}

Sampling parse_sampling(const std::string& name) {
  return parse_name(kSamplings, name, "sampling of checkpoints");
}

Checkpoints choose_checkpoints(Index total, const CheckpointChoice& choice) {
  const Index m = choice.sampling == Sampling::all ? total : choice.count;
  if (m < 1 || m > total)
    throw std::invalid_argument(fmt::format(
        "[checkpoints] count, expected 1 to {}, the training's steps, got {}", total, m));
  Checkpoints chosen;
  chosen.stands_for = static_cast<double>(total) / static_cast<double>(m);
  chosen.steps.resize(static_cast<std::size_t>(m));
  std::iota(chosen.steps.begin(),
            chosen.steps.end(),
            choice.sampling == Sampling::late ? total - m + 1 : 1);
  if (choice.sampling == Sampling::even)
    for (Index& t : chosen.steps)
      t = std::llround(static_cast<double>(total * t) / static_cast<double>(m));
  if (choice.sampling == Sampling::random) {
    const std::vector<Index> order = Random(choice.seed, {kStream}).permutation(total);
    for (Index& t : chosen.steps) t = 1 + order[static_cast<std::size_t>(t - 1)];
    std::sort(chosen.steps.begin(), chosen.steps.end());
  }
  return chosen;
}

void visit_checkpoints(const Trajectory& path,
                       const Checkpoints& checkpoints,
                       const std::function<void(const Checkpoint&)>& visit) {
  const Index last = path.steps() - 1;
  Replay replay(*path.objective, *path.log);
  for (const Index t : checkpoints.steps) {
    if (t < 0 || t > last + 1 || last < 0)
      throw std::invalid_argument(fmt::format(
          "[checkpoints] step, expected 0 to {} of a training with steps, got {}", last + 1, t));
    replay.visit({std::min(t, last)}, [&](const LoggedStep& step) {
      visit({t, t > last ? step.after.theta : step.before.theta, step.rate, step.batch});
    });
  }
}

std::vector<Index> epoch_batches(const TrainingLog& log, Index step, Index count) {
  const Index b = log.protocol.batch_size, per_epoch = (log.examples + b - 1) / b;
  const Index first = step - step % per_epoch;
  const Index there = std::min(per_epoch, log.steps() - first);
  if (count < 1 || count > there)
    throw std::invalid_argument(fmt::format(
        "[checkpoints] batches, expected 1 to {}, those of the epoch, got {}", there, count));
  std::vector<Index> together;
  for (Index k = 0; k < count; ++k) {
    const std::span<const Index> batch = log.batch(first + (step - first + k) % there);
    together.insert(together.end(), batch.begin(), batch.end());
  }
  return together;
}

}  // namespace leaveout
