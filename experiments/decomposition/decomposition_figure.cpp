// SPDX-License-Identifier: MIT
#include "experiments/decomposition/decomposition_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "datasets/files.h"
#include "datasets/text.h"
#include "experiments/support/axis.h"
#include "experiments/support/figure.h"
#include "experiments/support/gnuplot_arrays.h"
#include "experiments/support/panel_labels.h"

namespace leaveout {
namespace {

namespace fs = std::filesystem;

/// A task's name, cut to what fits above a panel.
std::string title(const std::string& name) {
  return gnuplot_string(printable(plain_text(name), 28));
}

void check(const std::vector<GapRow>& gaps, const std::vector<ScatterPanel>& scatters) {
  Names protocols;
  for (const GapRow& row : gaps) {
    if (row.gap_index < 1 || row.gap_index > 5 || protocols.index(row.protocol) > 4) {
      throw std::invalid_argument(fmt::format(
          "[figure] gap {} of protocol '{}', expected gaps 1 to 5 of at most 4 protocols",
          row.gap_index,
          row.protocol));
    }
  }
  for (const ScatterPanel& panel : scatters) {
    if (panel.predicted.size() != panel.actual.size()) {
      throw std::invalid_argument(
          fmt::format("[figure] task '{}' has {} predictions but {} true values, expected pairs",
                      panel.task,
                      panel.predicted.size(),
                      panel.actual.size()));
    }
  }
}

std::string gap_labels(const std::vector<GapRow>& gaps, const Names& tasks) {
  std::vector<LogAxis> axes;
  bool any_below = false;
  for (const std::string& task : tasks.all) {
    std::vector<MarkedValue> own;
    for (const GapRow& row : gaps) {
      if (row.task == task) own.push_back({row.mean, row.standard_error});
    }
    axes.push_back(log_axis(own, kGapFloor));
    any_below = any_below || axes.back().strip > 0.0;
  }
  const auto field = [](auto member) {
    return [member](const LogAxis& axis) { return gnuplot_real(axis.*member); };
  };
  return fmt::format("gap_rows = {}\nany_below = {}\nfloor_value = {}\nfloor_exponent = {}\n",
                     gaps.size(),
                     any_below ? 1 : 0,
                     gnuplot_real(kGapFloor),
                     std::lround(std::log10(kGapFloor))) +
         gnuplot_array("gap_low", axes, field(&LogAxis::low)) +
         gnuplot_array("gap_high", axes, field(&LogAxis::high)) +
         gnuplot_array("gap_first", axes, field(&LogAxis::first)) +
         gnuplot_array("gap_strip", axes, field(&LogAxis::strip)) +
         gnuplot_array(
             "gap_decades", axes, [](const LogAxis& a) { return fmt::format("{}", a.decades); });
}

std::string scatter_labels(const std::vector<PanelLabels>& panels) {
  const auto axis = [](Axis PanelLabels::*which, auto member) {
    return [=](const PanelLabels& p) { return gnuplot_real(p.*which.*member); };
  };
  const auto exponent = [](Axis PanelLabels::*which) {
    return [=](const PanelLabels& p) { return fmt::format("{}", (p.*which).exponent); };
  };
  std::string text =
      gnuplot_array(
          "panel_points", panels, [](const auto& p) { return fmt::format("{}", p.points); }) +
      gnuplot_array(
          "panel_pearson", panels, [](const auto& p) { return gnuplot_string(p.pearson); }) +
      gnuplot_array(
          "panel_spearman", panels, [](const auto& p) { return gnuplot_string(p.spearman); }) +
      gnuplot_array("text_x", panels, [](const auto& p) { return gnuplot_real(p.text_x); }) +
      gnuplot_array("text_y", panels, [](const auto& p) { return gnuplot_real(p.text_y); }) +
      gnuplot_array("text_side", panels, [](const auto& p) { return gnuplot_string(p.side); });
  for (const auto& [name, which] :
       {std::pair{'x', &PanelLabels::x}, std::pair{'y', &PanelLabels::y}}) {
    text += gnuplot_array(fmt::format("{}_low", name), panels, axis(which, &Axis::low));
    text += gnuplot_array(fmt::format("{}_high", name), panels, axis(which, &Axis::high));
    text += gnuplot_array(fmt::format("{}_first", name), panels, axis(which, &Axis::first));
    text += gnuplot_array(fmt::format("{}_step", name), panels, axis(which, &Axis::step));
    text += gnuplot_array(fmt::format("{}_exponent", name), panels, exponent(which));
  }
  return text;
}

std::string gaps_csv(const std::vector<GapRow>& gaps, Names& tasks, Names& protocols) {
  std::string text = "task_index,protocol_index,gap_index,mean,standard_error,task,protocol,gap\n";
  for (const GapRow& row : gaps) {
    text += fmt::format("{},{},{},{},{},\"{}\",\"{}\",\"{}\"\n",
                        tasks.index(row.task),
                        protocols.index(row.protocol),
                        row.gap_index,
                        row.mean,
                        row.standard_error ? fmt::format("{}", *row.standard_error) : "",
                        plain_text(row.task),
                        plain_text(row.protocol),
                        plain_text(row.gap));
  }
  return text;
}

std::string scatter_csv(const std::vector<ScatterPanel>& scatters, Names& tasks, Names& truths) {
  std::string text = "task_index,against_index,predicted,actual,task,against\n";
  for (const ScatterPanel& panel : scatters) {
    for (Eigen::Index i = 0; i < panel.predicted.size(); ++i) {
      text += fmt::format("{},{},{},{},\"{}\",\"{}\"\n",
                          tasks.index(panel.task),
                          truths.index(panel.against),
                          panel.predicted[i],
                          panel.actual[i],
                          plain_text(panel.task),
                          plain_text(panel.against));
    }
  }
  return text;
}

}  // namespace

void write_decomposition_data(const fs::path& folder,
                              const std::vector<GapRow>& gaps,
                              const std::vector<ScatterPanel>& scatters,
                              const FigureNotes& notes) {
  check(gaps, scatters);
  Names tasks, protocols, truths;
  const std::string gap_text = gaps_csv(gaps, tasks, protocols);
  const std::string scatter_text = scatter_csv(scatters, tasks, truths);
  std::vector<PanelLabels> panels(tasks.all.size() * truths.all.size());
  for (const ScatterPanel& panel : scatters) {
    if (panel.predicted.size() == 0) continue;
    const std::size_t task = tasks.index(panel.task) - 1, truth = truths.index(panel.against) - 1;
    panels[task * truths.all.size() + truth] = panel_labels(panel);
  }
  const std::string labels = "# Written by the program for decomposition.gp.\n" +
                             fmt::format("tasks = {}\nprotocols = {}\ntruths = {}\n",
                                         tasks.all.size(),
                                         protocols.all.size(),
                                         truths.all.size()) +
                             fmt::format("gaps_note = {}\nscatter_note = {}\n",
                                         gnuplot_string(notes.gaps),
                                         gnuplot_string(notes.scatter)) +
                             gnuplot_array("task_name", tasks.all, title) +
                             gnuplot_array("protocol_name", protocols.all, gnuplot_string) +
                             gnuplot_array("truth_label", truths.all, gnuplot_string) +
                             gap_labels(gaps, tasks) + scatter_labels(panels);
  fs::create_directories(folder);
  if (!gaps.empty()) write_file((folder / "gaps.csv").string(), gap_text);
  write_file((folder / "scatter.csv").string(), scatter_text);
  write_file((folder / "figure_labels.gp").string(), labels);
}

bool write_decomposition_figures(const fs::path& folder,
                                 const std::vector<GapRow>& gaps,
                                 const std::vector<ScatterPanel>& scatters,
                                 const FigureNotes& notes) {
  write_decomposition_data(folder, gaps, scatters, notes);
  return draw_figure("decomposition", folder, folder);
}

}  // namespace leaveout
