// SPDX-License-Identifier: MIT
#include "experiments/figures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

#include "experiments/session.h"
#include "experiments/support/preset.h"
#include "experiments/support/table.h"

namespace leaveout {

namespace {

/// run.json of an earlier run, or null where there is none that can be read.
nlohmann::json earlier_run(const Invocation& invocation, const std::string& experiment) {
  std::ifstream file(invocation.out / experiment / invocation.preset / "run.json");
  if (!file) return nullptr;
  return nlohmann::json::parse(file, nullptr, false);
}

/// The preset's own estimate: it stands in the lines for all tasks.
std::optional<double> preset_estimate(const Experiment& e, const Invocation& invocation) {
  const Preset preset = load_preset(e.name, invocation.preset, e.settings, invocation.overrides);
  if (!preset.common.has("estimated_seconds")) return std::nullopt;
  return preset.common.number("estimated_seconds");
}

/// The sum of what remains, as far as it is known.
std::string remaining_text(const std::vector<FigurePlan>& plan) {
  double total = 0;
  std::size_t known = 0, unknown = 0;
  for (const FigurePlan& p : plan) {
    if (p.done) continue;
    total += p.seconds.value_or(0);
    ++(p.seconds ? known : unknown);
  }
  if (known + unknown == 0) return "nothing to do: all are done";
  std::string text = "to do: no preset and no earlier run here says how long";
  if (known > 0)
    text = fmt::format("to do: about {} on two cores{}",
                       duration_text(total),
                       unknown > 0 ? fmt::format(", and {} unknown", unknown) : "");
  return text + "; what was interrupted goes on where it stopped";
}

std::string time_text(const std::optional<double>& seconds) {
  return seconds ? duration_text(*seconds) : "unknown";
}

}  // namespace

std::vector<FigurePlan> plan_figures(const std::vector<Experiment>& experiments,
                                     const Invocation& invocation) {
  std::vector<FigurePlan> plan;
  for (const Experiment& e : experiments) {
    const std::vector<std::string> presets = preset_names(e.name);
    if (std::find(presets.begin(), presets.end(), invocation.preset) == presets.end()) continue;
    FigurePlan p{&e, false, preset_estimate(e, invocation)};
    const nlohmann::json run = earlier_run(invocation, e.name);
    if (run.is_object()) {
      p.done = run.value("fingerprint", "") == fingerprint(invocation, e.name, e.settings);
      if (!p.seconds && run.contains("seconds") && run["seconds"].is_number())
        p.seconds = run["seconds"].get<double>();
    }
    plan.push_back(std::move(p));
  }
  if (plan.empty())
    throw std::invalid_argument(
        fmt::format("[figures] preset, no experiment has one called '{}': take quick, standard or "
                    "paper",
                    invocation.preset));
  return plan;
}

std::string plan_table(const std::vector<FigurePlan>& plan) {
  Table table({"experiment", "state", "estimate"});
  for (const FigurePlan& p : plan)
    table.row({p.experiment->name, p.done ? "done" : "to do", p.done ? "-" : time_text(p.seconds)});
  table.footnote(remaining_text(plan));
  return table.text();
}

void run_figures(const std::vector<Experiment>& experiments,
                 const Invocation& invocation,
                 std::ostream& out) {
  const std::vector<FigurePlan> plan = plan_figures(experiments, invocation);
  if (!invocation.quiet) out << plan_table(plan) << std::flush;
  std::vector<std::string> failed;
  for (const FigurePlan& p : plan) {
    if (p.done) continue;
    if (!invocation.quiet) out << fmt::format("\n== {}\n", p.experiment->name) << std::flush;
    try {
      p.experiment->run(invocation);
    } catch (const std::exception& error) {
      failed.push_back(fmt::format("{} ({})", p.experiment->name, error.what()));
      if (!invocation.quiet) out << fmt::format("failed: {}\n", error.what()) << std::flush;
    }
  }
  if (!failed.empty())
    throw std::runtime_error(fmt::format(
        "[figures] {} of {} failed: {}", failed.size(), plan.size(), fmt::join(failed, "; ")));
}

}  // namespace leaveout
