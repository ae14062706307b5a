// SPDX-License-Identifier: MIT
#include "models/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "datasets/random.h"
#include "models/names.h"

namespace leaveout {

namespace {

constexpr Names<OptimiserKind, 3> kOptimisers = {{{OptimiserKind::sgd, "sgd"},
                                                  {OptimiserKind::nesterov, "nesterov"},
                                                  {OptimiserKind::adam, "adam"}}};
constexpr Names<RateSchedule, 2> kSchedules = {
    {{RateSchedule::constant, "constant"}, {RateSchedule::cosine, "cosine"}}};

}  // namespace

std::string optimiser_name(OptimiserKind kind) {
  return name_of(kOptimisers, kind);
}

OptimiserKind parse_optimiser(const std::string& name) {
  return parse_name(kOptimisers, name, "optimiser");
}

std::string schedule_name(RateSchedule schedule) {
  return name_of(kSchedules, schedule);
}

RateSchedule parse_schedule(const std::string& name) {
  return parse_name(kSchedules, name, "schedule");
}

std::string describe(const Protocol& p) {
  std::string text = fmt::format(
      "{} rate={} momentum={} betas={},{},{} batch={} epochs={} "
      "first={} seed={}",
      optimiser_name(p.optimiser),
      p.learning_rate,
      p.momentum,
      p.beta1,
      p.beta2,
      p.epsilon,
      p.batch_size,
      p.epochs,
      p.first_epoch,
      p.seed);
  if (p.schedule != RateSchedule::constant) text += " schedule=" + schedule_name(p.schedule);
  return text;
}

void check(const Protocol& p) {
  if (!(p.momentum >= 0 && p.momentum < 1))
    throw std::invalid_argument(
        fmt::format("[train] momentum, expected at least 0 and below 1, got {}", p.momentum));
  if (p.batch_size < 1 || p.epochs < 0 || p.first_epoch < 0 || !(p.learning_rate > 0))
    throw std::invalid_argument(fmt::format(
        "[train] protocol, expected batch_size >= 1, epochs >= 0 and learning_rate > 0, got {}, {} "
        "and {}",
        p.batch_size,
        p.epochs,
        p.learning_rate));
}

Index step_count(const Protocol& p, Index examples) {
  return p.epochs * ((examples + p.batch_size - 1) / p.batch_size);
}

double rate_at(const Protocol& p, Index step, Index steps) {
  if (p.schedule == RateSchedule::constant) return p.learning_rate;
  const double share = static_cast<double>(step) / static_cast<double>(steps);
  return p.learning_rate * (1 + std::cos(std::numbers::pi * share)) / 2;
}

void epoch_order(const Protocol& protocol, Index epoch, std::vector<Index>& order) {
  Random random(protocol.seed, {0x6261746368 /* "batch" */, static_cast<std::uint64_t>(epoch)});
  random.permutation(order);
}

std::vector<std::vector<Index>> epoch_batches(Index examples,
                                              const Protocol& protocol,
                                              Index epoch) {
  std::vector<Index> order(static_cast<std::size_t>(examples));
  epoch_order(protocol, epoch, order);
  std::vector<std::vector<Index>> batches;
  const auto step = static_cast<std::size_t>(protocol.batch_size);
  for (std::size_t begin = 0; begin < order.size(); begin += step) {
    const std::size_t end = std::min(begin + step, order.size());
    batches.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(begin),
                         order.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return batches;
}

}  // namespace leaveout
