// SPDX-License-Identifier: MIT
#pragma once
// Do the influences of a group's members add up? For groups of growing size, from exact spectra:
// the effect of the whole group, in versus out of a random subset, beside the sum of its members'
// weights.
//
//   duplicates   copies of one example (setting `duplicates` makes them)
//   similar      an example and its nearest neighbours of the same class, as many as there are
//   random       examples in random order
//
//   GroupResult r = measure_groups(task, logits, options);
//   r.groups[0].relative();                 // |effect - sum of weights| / sum of |weights|
//
// Groups of a kind are nested: the next size has one member more.

#include <array>
#include <optional>

#include "experiments/harmonic/subset_task.h"

namespace leaveout {

enum class GroupKind { duplicates, similar, random };
inline constexpr std::array<GroupKind, 3> kGroupKinds = {
    GroupKind::duplicates, GroupKind::similar, GroupKind::random};
std::string group_kind_name(GroupKind kind);

struct GroupOptions {
  std::vector<double> rates;
  Index duplicates = 0;  // copies of the first example, in the place of the last ones
  Index groups = 4;      // of similar and of random examples
};

/// One group, one query, one output, one rate.
struct GroupEffects {
  QueryOutput output = QueryOutput::margin;
  double p = 0.5;
  GroupKind kind = GroupKind::random;
  Index size = 0, number = 0, query = 0;
  double effect = 0;          // E[f(R + A) - f(R - A)]
  double sum = 0;             // of the members' weights a_i(p)
  double sum_of_sizes = 0;    // of |a_i(p)|
  double defect = 0;          // effect - sum
  double degree_two = 0;      // the part of the defect that pairs make
  double bound = 0;           // Cauchy-Schwarz, on |defect|
  double addition = 0;        // E[f(R + A) - f(R)]
  double deletion = 0;        // E[f(R - A) - f(R)]: effect = addition - deletion
  double addition_pairs = 0;  // what pairs add to `addition`
  double removal = 0;         // f(all) - f(all - A)
  double removals = 0;        // sum over members of f(all) - f(all - i)
  double scale = 0;           // largest |f|: what rounding is relative to

  /// |defect| / sum |a_i|; undefined where no member has an influence beyond rounding.
  std::optional<double> relative() const;
  /// |removal - removals| / |removals| of the full set.
  std::optional<double> relative_removal() const;
};

struct GroupResult {
  TaskSettings settings;
  std::string model;
  double p = 0.5;
  Index examples = 0, queries = 0, repeats = 1, unconverged = 0;
  std::vector<QueryOutput> outputs;
  std::vector<GroupEffects> groups;
};

/// Puts copies of the first training example in the place of the last ones. Throws
/// std::invalid_argument unless some other example stays.
void duplicate_first(SubsetTask& task, Index duplicates);

/// Nested groups: order (members), the first k of which are the group of size k. Similar examples
/// of a class end where the class does, possibly with one.
std::vector<std::vector<Index>> group_orders(const SubsetTask& task,
                                             GroupKind kind,
                                             const GroupOptions& options);

/// All kinds, sizes 2 to N/2 (duplicates: to all copies), rates, queries, and the task's output
/// beside its probability (regression: its loss), with several classes its log-odds too.
GroupResult measure_groups(const SubsetTask& task,
                           const SubsetLogits& logits,
                           const GroupOptions& options);

}  // namespace leaveout
