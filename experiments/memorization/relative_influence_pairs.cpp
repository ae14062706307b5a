// SPDX-License-Identifier: MIT
#include "experiments/memorization/relative_influence_pairs.h"

#include <fmt/format.h>

namespace leaveout {

using Eigen::MatrixXd;

namespace {

/// Dark where the pixel is bright, as ink on paper; `raw` is as read, not standardised.
MatrixXd ink_of(const Dataset& raw, Index example) {
  MatrixXd ink(raw.image.height, raw.image.width);
  for (Index row = 0; row < ink.rows(); ++row)
    for (Index column = 0; column < ink.cols(); ++column)
      ink(row, column) = raw.inputs(row * ink.cols() + column, example) / raw.image.maximum;
  return ink;
}

ImageFrame frame_of(PlantedGroup group) {
  if (group == PlantedGroup::mislabelled) return ImageFrame::vermilion;
  return group == PlantedGroup::rare ? ImageFrame::blue : ImageFrame::faint;
}

const std::string& label_of(const Dataset& data, Index example) {
  return data.class_names[static_cast<std::size_t>(data.label(example))];
}

GridRow row_of(const GroupedTask& raw, const ShownQuery& q) {
  const auto group = [](const std::vector<PlantedGroup>& groups, Index i) {
    return groups[static_cast<std::size_t>(i)];
  };
  const Dataset &train = *raw.train, &test = *raw.test;
  GridRow row;
  row.note = q.kind;
  if (q.kind == "misread")
    row.note = "read as " + train.class_names[static_cast<std::size_t>(q.read_as)];
  row.images.push_back(
      {ink_of(test, q.query), label_of(test, q.query), frame_of(group(raw.test_groups, q.query))});
  for (const std::array<Index, 3>& names : q.names)
    for (const Index i : names)
      row.images.push_back({ink_of(train, i), label_of(train, i), frame_of(group(raw.groups, i))});
  return row;
}

}  // namespace

ImageGrid pairs_figure() {
  ImageGrid figure{.name = "pairs"};
  figure.groups.push_back({"", {"query"}});
  for (const RankingName& shown : kShown)
    figure.groups.push_back({shown.title, {"helps", "helps", "harms"}});
  figure.footnotes = {
      "Under each image: the label that the network is given. Frames: red mislabelled, blue rare.",
      "helps, harms: the two most helpful training images, and the most harmful one.",
      kWhoseDefinitionsNote};
  return figure;
}

void add_pairs(const Job& job,
               const TaskOptions& options,
               const RelativeResult& result,
               ImageGrid& figure) {
  Job as_read = job;
  as_read.task.standardize = false;
  const GroupedTask raw = load_grouped_task(as_read, options);
  const ImageSize& image = raw.train->image;
  if (image.empty() || image.channels != 1 || !(image.maximum > 0)) return;
  GridSection section{.title = fmt::format("{} ({})", job.task.name, job.task.model)};
  for (const ShownQuery& q : result.seeds.front().shown) section.rows.push_back(row_of(raw, q));
  if (!section.rows.empty()) figure.sections.push_back(std::move(section));
}

}  // namespace leaveout
