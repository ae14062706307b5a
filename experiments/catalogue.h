// SPDX-License-Identifier: MIT
#pragma once

// What there is to choose from, one line each: the text of `leaveout list`.
//
// Names come from the parts that parse them, so that a name that is shown is a name that works.
//
//   for (const CatalogueSection& section : catalogue(experiment_registry())) ...
//   std::cout << catalogue_text(experiment_registry());

#include <string>
#include <vector>

#include "experiments/experiment.h"

namespace leaveout {

struct CatalogueEntry {
  std::string name;
  std::string summary;  ///< one line
};

struct CatalogueSection {
  std::string title;
  std::vector<CatalogueEntry> entries;
};

/// Experiments, data sets, models, activations, responses, curvatures and solvers.
std::vector<CatalogueSection> catalogue(const std::vector<Experiment>& experiments);

/// The catalogue with names in a column.
std::string catalogue_text(const std::vector<Experiment>& experiments);

}  // namespace leaveout
