// SPDX-License-Identifier: MIT
// The six sweeps: what is varied, and what the paper says happens.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "experiments/decomposition/sweep.h"

namespace leaveout {

namespace {

enum Gap { kWarmStart, kProximity, kNonConvergence, kLinearisation, kSolver };

/// A whole number of the grid, where nothing else makes sense.
Index whole(double value, const char* what) {
  const auto count = static_cast<Index>(value);
  if (count < 1 || static_cast<double>(count) != value)
    throw std::invalid_argument(
        fmt::format("[sweep] grid, expected whole numbers from 1 for {}, got {:g}", what, value));
  return count;
}

std::string mlp(Index units, Index layers) {
  const std::vector<Index> widths(static_cast<std::size_t>(layers), units);
  return fmt::format("mlp:{}", fmt::join(widths, ","));
}

void set_width(TaskSettings& task, double value, const Settings& s) {
  task.model = mlp(whole(value, "width"), s.whole("layers"));
}

void set_depth(TaskSettings& task, double value, const Settings& s) {
  task.model = mlp(s.whole("units"), whole(value, "depth"));
}

void set_epochs(TaskSettings& task, double value, const Settings&) {
  task.base.epochs = whole(value, "epochs");
}

void set_weight_decay(TaskSettings& task, double value, const Settings&) {
  task.weight_decay = value;
}

void set_damping(TaskSettings& task, double value, const Settings&) {
  task.damping = value;
}

std::vector<SweepClaim> all_gaps(Direction direction, const std::string& words) {
  std::vector<SweepClaim> claims;
  for (int gap = 0; gap < 5; ++gap)
    claims.push_back({gap, direction, fmt::format(fmt::runtime(words), gap_title(gap))});
  return claims;
}

}  // namespace

const std::vector<SweepKind>& sweep_kinds() {
  static const std::vector<SweepKind> kinds = {
      {"width",
       "the five gaps against the width of the hidden layers",
       "units of a hidden layer",
       {{kLinearisation, Direction::falls, "wider: the linearisation error falls"}},
       set_width},
      {"depth",
       "the five gaps against the number of hidden layers",
       "hidden layers",
       all_gaps(Direction::no_strong_relation, "depth: no strong relation with {}"),
       set_depth},
      {"training-time",
       "the five gaps against the epochs of the base run",
       "epochs of the base run",
       {{kNonConvergence, Direction::falls, "longer training: the non-convergence gap falls"}},
       set_epochs},
      {"weight-decay",
       "the five gaps against weight decay",
       "weight decay",
       all_gaps(Direction::falls, "more weight decay, several gaps fall: {}"),
       set_weight_decay},
      {"damping",
       "the five gaps against the damping of the estimate",
       "damping",
       {{kLinearisation, Direction::falls, "more damping: the linearisation error falls"},
        {kSolver, Direction::falls, "more damping: the solver error falls"},
        {kProximity, Direction::rises, "more damping: the proximity gap rises"}},
       set_damping},
      {"removal",
       "the five gaps against the share of the data that is removed at once",
       "share of the training data removed",
       {{kWarmStart, Direction::rises, "more removed: the warm-start gap rises"},
        {kLinearisation, Direction::rises, "more removed: the linearisation error rises"}},
       nullptr}};
  return kinds;
}

const std::vector<SettingSpec>& sweep_settings() {
  static const std::vector<SettingSpec> all = [] {
    std::vector<SettingSpec> specs = task_settings();
    specs.push_back({"grid",
                     SettingType::list,
                     "",
                     "the values, separated by commas; of removal: shares of the training data, "
                     "'one' for a single example"});
    SettingSpec seeds{"seeds", SettingType::whole, "5", "repetitions: seed, seed + 1, ..."};
    SettingSpec layers{"layers", SettingType::whole, "2", "width: how many hidden layers"};
    SettingSpec units{"units", SettingType::whole, "8", "depth: how wide the hidden layers are"};
    for (SettingSpec* s : {&seeds, &layers, &units}) {
      s->minimum = 1;
      specs.push_back(*s);
    }
    return specs;
  }();
  return all;
}

}  // namespace leaveout
