// SPDX-License-Identifier: MIT
#include "influence/trajectory/replacement_runs.h"

#include <fmt/format.h>

#include "influence/trajectory/unrolled.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void check(const Trajectory& path, const std::vector<Replacement>& replacements) {
  require_training(path);
  for (const Replacement& r : replacements) {
    require_counterfactual(
        r.example >= 0 && r.example < path.examples(),
        fmt::format("replaced example, expected 0 to {}, got {}", path.examples() - 1, r.example));
    require_counterfactual(r.by.size() == 1 && r.by.features() == path.train().features() &&
                               r.by.outputs() == path.train().outputs(),
                           fmt::format("replacement, expected one example of {} features and {} "
                                       "outputs, got {} of {} and {}",
                                       path.train().features(),
                                       path.train().outputs(),
                                       r.by.size(),
                                       r.by.features(),
                                       r.by.outputs()));
  }
}

Dataset replaced(const Dataset& train, const Replacement& r) {
  Dataset data = train;
  data.inputs.col(r.example) = r.by.inputs.col(0);
  data.targets.col(r.example) = r.by.targets.col(0);
  return data;
}

RetrainingTask replacement_task(const Trajectory& path,
                                const Replacement& r,
                                const std::string& description) {
  const std::string what = fmt::format("replaced={} inputs={} targets={}\n",
                                       r.example,
                                       numbers_hash(r.by.inputs),
                                       numbers_hash(r.by.targets));
  return {description + what, [path, r] {
            const Dataset data = replaced(path.train(), r);
            Objective q = *path.objective;
            q.data = &data;
            return train_counterfactual(path, q);
          }};
}

std::vector<Group> replaced_examples(const std::vector<Replacement>& replacements) {
  std::vector<Group> groups;
  groups.reserve(replacements.size());
  for (const Replacement& r : replacements) groups.push_back({r.example});
  return groups;
}

/// The new points side by side.
Dataset new_points(const Trajectory& path, const std::vector<Replacement>& replacements) {
  Dataset points = take(path.train(), {});
  points.inputs.resize(path.train().features(), static_cast<Index>(replacements.size()));
  points.targets.resize(path.train().outputs(), points.size());
  Index k = 0;
  for (const Replacement& r : replacements) {
    points.inputs.col(k) = r.by.inputs.col(0);
    points.targets.col(k++) = r.by.targets.col(0);
  }
  return points;
}

}  // namespace

CounterfactualRuns replacement_runs(const Trajectory& path,
                                    const std::vector<Replacement>& replacements,
                                    const CounterfactualOptions& options) {
  check(path, replacements);
  const std::string description = describe_training(path, options.provenance);
  std::vector<RetrainingTask> tasks;
  tasks.reserve(replacements.size());
  for (const Replacement& r : replacements) tasks.push_back(replacement_task(path, r, description));
  return {
      replaced_examples(replacements), training_ends(path, tasks, options.pool), path.theta_end()};
}

void walk_replacement(const Trajectory& path,
                      const Replacement& replacement,
                      const CounterfactualVisitor& after) {
  check(path, {replacement});
  const Dataset data = replaced(path.train(), replacement);
  Objective q = *path.objective;
  q.data = &data;
  walk_beside(path, q, after);
}

ReplacementHalves replacement_halves(const Trajectory& path,
                                     const std::vector<Replacement>& replacements,
                                     const CounterfactualOptions& options) {
  const MatrixXd whole = replacement_runs(path, replacements, options).delta();
  const MatrixXd removal =
      counterfactual_runs(path, replaced_examples(replacements), options).delta();
  return {removal, whole - removal};
}

ReplacementHalves replacement_tangents(const Trajectory& path,
                                       const std::vector<Replacement>& replacements) {
  check(path, replacements);
  const std::vector<Group> examples = replaced_examples(replacements);
  const Dataset points = new_points(path, replacements);
  UnrollOptions of_new;
  of_new.stand_ins = &points;
  return {removal_tangents(path, examples), -removal_tangents(path, examples, of_new)};
}

}  // namespace leaveout
