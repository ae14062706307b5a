// SPDX-License-Identifier: MIT
#include "models/training_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>

namespace leaveout {

using Eigen::VectorXd;

namespace {

/// Writes a log while train() runs.
class LogWriter final : public TrainingHook {
 public:
  explicit LogWriter(TrainingLog& log) : log_(&log) {}
  void before_step(const TrainingStep& step) override {
    log_->order.insert(log_->order.end(), step.batch.begin(), step.batch.end());
    log_->begins.push_back(static_cast<Index>(log_->order.size()));
    log_->rates.push_back(step.rate);
    if (step.number % log_->spacing == 0) log_->kept.push_back(step.state);
  }

 private:
  TrainingLog* log_;
};

Index smallest_spacing(const Protocol& protocol,
                       Index parameters,
                       Index steps,
                       const LogOptions& options) {
  // Beyond sqrt(steps) the segment grows faster than the kept states shrink.
  const Index largest =
      std::max<Index>(1, static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(steps)))));
  for (Index spacing = 1; spacing <= largest; ++spacing)
    if (log_bytes(protocol, parameters, steps, spacing) <= options.memory) return spacing;
  throw std::invalid_argument(fmt::format(
      "[training log] {} steps with {} parameters, expected at most {:.3g} MB of states, got at "
      "least {:.3g} MB: raise the memory, or train for fewer steps",
      steps,
      parameters,
      options.memory / 1e6,
      log_bytes(protocol, parameters, steps, largest) / 1e6));
}

}  // namespace

std::span<const Index> TrainingLog::batch(Index step) const {
  assert(step >= 0 && step < steps());
  const auto t = static_cast<std::size_t>(step);
  return std::span<const Index>(order).subspan(static_cast<std::size_t>(begins[t]),
                                               static_cast<std::size_t>(begins[t + 1] - begins[t]));
}

double log_bytes(const Protocol& protocol, Index parameters, Index steps, Index spacing) {
  const Index vectors = protocol.optimiser == OptimiserKind::adam ? 3 : 2;
  const Index kept = (steps + spacing - 1) / spacing + 1;
  const Index segment = std::min(spacing, steps) + 1;
  return 8.0 * static_cast<double>(parameters * vectors) * static_cast<double>(kept + segment);
}

TrainingLog record_training(const Objective& objective,
                            const VectorXd& start,
                            const Protocol& protocol,
                            const LogOptions& options) {
  check(protocol);
  if (options.spacing < 0 || !(options.memory > 0))
    throw std::invalid_argument(
        fmt::format("[training log] spacing and memory, expected at least 0 and above 0, got {} "
                    "and {}",
                    options.spacing,
                    options.memory));
  TrainingLog log;
  log.protocol = protocol;
  log.examples = objective.size();
  log.begins.push_back(0);
  const Index steps = step_count(protocol, objective.size());
  log.spacing = options.spacing > 0 ? options.spacing
                                    : smallest_spacing(protocol, start.size(), steps, options);
  LogWriter writer(log);
  log.run = train(objective, start, protocol, &writer);
  // The end is the last step, taken again: the hook sees what comes before steps only.
  log.end = initial_state(protocol, start);
  if (log.steps() == 0) return log;
  log.end = log.kept.back();
  Evaluator evaluate(objective);
  VectorXd g;
  for (Index t = log.end.steps; t < log.steps(); ++t) {
    step_gradient(evaluate, log.end.theta, log.batch(t), g);
    advance(protocol, log.rates[static_cast<std::size_t>(t)], g, log.end);
  }
  assert(log.end.theta == log.run.theta);
  return log;
}

Replay::Replay(const Objective& objective, const TrainingLog& log)
    : log_(&log), evaluate_(objective) {
  if (objective.size() != log.examples || objective.parameter_count() != log.end.theta.size())
    throw std::invalid_argument(
        fmt::format("[training log] objective, expected {} examples and {} parameters as in the "
                    "log, got {} and {}",
                    log.examples,
                    log.end.theta.size(),
                    objective.size(),
                    objective.parameter_count()));
}

/// Computes the states of one segment, unless it is the one at hand.
void Replay::segment(Index which) {
  if (which == segment_) return;
  segment_ = which;
  const Index begin = which * log_->spacing;
  const Index end = std::min(begin + log_->spacing, log_->steps());
  states_.resize(static_cast<std::size_t>(end - begin + 1));
  states_[0] = log_->kept[static_cast<std::size_t>(which)];
  for (Index t = begin; t < end; ++t) {
    const auto i = static_cast<std::size_t>(t - begin);
    const bool stored = t + 1 == end;  // the next segment's first, or the end
    if (stored) {
      states_[i + 1] =
          end == log_->steps() ? log_->end : log_->kept[static_cast<std::size_t>(which + 1)];
      break;
    }
    states_[i + 1] = states_[i];
    step_gradient(evaluate_, states_[i].theta, log_->batch(t), g_);
    advance(log_->protocol, log_->rates[static_cast<std::size_t>(t)], g_, states_[i + 1]);
  }
}

LoggedStep Replay::step(Index number) const {
  const auto i = static_cast<std::size_t>(number - segment_ * log_->spacing);
  return {number,
          log_->batch(number),
          log_->rates[static_cast<std::size_t>(number)],
          states_[i],
          states_[i + 1]};
}

void Replay::forward(const Visitor& visit) {
  for (Index t = 0; t < log_->steps(); ++t) {
    segment(t / log_->spacing);
    visit(step(t));
  }
}

void Replay::backward(const Visitor& visit) {
  for (Index t = log_->steps() - 1; t >= 0; --t) {
    segment(t / log_->spacing);
    visit(step(t));
  }
}

void Replay::visit(const std::vector<Index>& steps, const Visitor& visit) {
  for (const Index t : steps) {
    if (t < 0 || t >= log_->steps())
      throw std::invalid_argument(
          fmt::format("[training log] step, expected 0 to {}, got {}", log_->steps() - 1, t));
    segment(t / log_->spacing);
    visit(step(t));
  }
}

VectorXd Replay::theta(Index step_number) {
  if (step_number == log_->steps()) return log_->end.theta;
  VectorXd theta;
  visit({step_number}, [&](const LoggedStep& s) { theta = s.before.theta; });
  return theta;
}

}  // namespace leaveout
