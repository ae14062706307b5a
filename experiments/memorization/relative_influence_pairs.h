// SPDX-License-Identifier: MIT
#pragma once
// The second figure: a few test images beside the training images that each score names for them.
//
//   ImageGrid grid = pairs_figure();
//   add_pairs(job, session.options(), result, grid);     // nothing where the data are no images
//   if (!grid.sections.empty()) write_image_grid(folder, grid);

#include "experiments/memorization/relative_influence_report.h"
#include "experiments/support/image_grid.h"

namespace leaveout {

/// The figure `pairs`, with its columns and no rows yet.
ImageGrid pairs_figure();

/// The first seed's queries (the first typical one that is read rightly, the first rare, the first
/// misread), with the two most helpful and the most harmful images by each of kShown. Grey images
/// only: others are left out.
void add_pairs(const Job& job,
               const TaskOptions& options,
               const RelativeResult& result,
               ImageGrid& figure);

}  // namespace leaveout
