// SPDX-License-Identifier: MIT
#pragma once
// Six experiments of one kind: the five gaps along a grid of one setting (Bae et al. 2022, factors
// that change how well influence answers leave-one-out retraining).
//
//   width depth training-time weight-decay damping     one setting of the task takes every value
//   removal                                            groups of growing size are removed together
//
// Every value is tried with several seeds (split, initialisation, batches, removed examples). What
// a gap does along the grid is judged by trend(): the rank correlation with the grid, with an
// interval over seeds and removed examples, beside the direction that the paper states.
//
//   for (const SweepKind& kind : sweep_kinds()) run_sweep(kind, {.preset = "quick"});

#include <string>
#include <vector>

#include "experiments/session.h"

namespace leaveout {

/// What the paper says of a gap along the grid.
enum class Direction { falls, rises, no_strong_relation };

struct SweepClaim {
  int gap = 0;  // index into kGapNames
  Direction direction = Direction::falls;
  std::string words;
};

struct SweepKind {
  std::string name;     // of the experiment
  std::string summary;  // one line
  std::string axis;     // of the figure
  std::vector<SweepClaim> claims;
  /// Gives the task a value of the grid; empty for `removal`, whose groups grow instead.
  void (*set)(TaskSettings& task, double value, const Settings& settings) = nullptr;
};

const std::vector<SweepKind>& sweep_kinds();

/// The settings of a task and: grid, seeds, layers (of the width sweep), units (of the depth
/// sweep).
const std::vector<SettingSpec>& sweep_settings();

void run_sweep(const SweepKind& kind, const Invocation& invocation);

}  // namespace leaveout
