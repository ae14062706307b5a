// SPDX-License-Identifier: MIT
#pragma once
// Parameters by name: which entries of theta an influence is restricted to.
//
//   last_layer         the last layer
//   last_layers:K      the last K layers
//   weights, biases    of every layer
//   block:K            block number K of parameter_blocks (layer.h), from 0
//   parameters:I,J-K   these entries of theta, from 0
//
// A layer is a weight with all that follows it up to the next weight: its bias, the gain and the
// shift of a layer norm. Layers count in the order of theta, which is the order of computation. A
// shift is a bias.
//
//   std::vector<Index> head = parameter_subset(model.spec(), "last_layer");   // ascending
//   std::vector<Index> rest = complement(head, model.parameter_count());

#include <string>
#include <vector>

#include "models/model.h"

namespace leaveout {

/// A way to write a subset, for lists that users read.
struct SubsetForm {
  std::string form;     // last_layers:K
  std::string summary;  // one line
};
const std::vector<SubsetForm>& parameter_subset_forms();

/// The entries of theta that `text` stands for, ascending and at least one. Throws
/// std::invalid_argument that lists the forms, or the blocks that the network has.
std::vector<Index> parameter_subset(const ModelSpec& spec, const std::string& text);

/// The entries of 0, ..., parameters - 1 that `subset` (ascending) leaves out, ascending.
std::vector<Index> complement(const std::vector<Index>& subset, Index parameters);

/// "0 weight 4x3, 1 bias 4, 2 weight 2x4": the blocks of theta, and their numbers.
std::string describe_blocks(const ModelSpec& spec);

}  // namespace leaveout
