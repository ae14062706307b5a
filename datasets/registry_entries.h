// SPDX-License-Identifier: MIT
#pragma once

// The entries of the registry: what each data set is, who made it, and which files it is.
//
//   for (const DatasetInfo& info : registry_entries()) ...      // those that ship come first

#include <vector>

#include "datasets/registry.h"

namespace leaveout {

std::vector<DatasetInfo> registry_entries();

}  // namespace leaveout
