// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/decomposition/solvers.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "datasets/text.h"
#include "experiments/decomposition/solvers_report.h"
#include "experiments/session.h"

namespace leaveout {

namespace {

/// The numbers of a list, each at least `minimum`; `example` is a list that would do.
std::vector<double> numbers(const Settings& s,
                            const char* key,
                            double minimum,
                            const char* example) {
  std::vector<double> values;
  for (const std::string& text : s.list(key)) {
    const std::optional<double> value = parse_number(text);
    if (!value || *value < minimum)
      throw std::invalid_argument(
          fmt::format("[solvers] {}, expected numbers of at least {:g}, "
                      "got '{}': --set {}={}",
                      key,
                      minimum,
                      printable(text),
                      key,
                      example));
    values.push_back(*value);
  }
  if (values.empty())
    throw std::invalid_argument(
        fmt::format("[solvers] {0}, expected at least one number: --set {0}={1}", key, example));
  return values;
}

std::vector<Index> batch_sizes(const Settings& s) {
  std::vector<Index> sizes;
  if (s.list("batches").empty()) return sizes;
  for (const double value : numbers(s, "batches", 1, "16,64")) {
    if (value != std::floor(value))
      throw std::invalid_argument(fmt::format(
          "[solvers] batches, expected whole numbers, got {}: --set batches=16,64", value));
    sizes.push_back(static_cast<Index>(value));
  }
  if (sizes.size() > 5)
    throw std::invalid_argument(fmt::format(
        "[solvers] batches, expected at most 5 (a panel's lines), got {}", sizes.size()));
  return sizes;
}

SolversPlan plan_of(const Settings& s) {
  SolversPlan plan;
  plan.dampings = numbers(s, "dampings", 0, "0.001,0.01");
  plan.batches = batch_sizes(s);
  plan.depth = s.whole("depth");
  plan.stochastic_depth = s.whole("stochastic_depth");
  plan.divergence_scale = s.number("divergence_scale");
  if (!(plan.divergence_scale > 0 && plan.divergence_scale < 0.5))
    throw std::invalid_argument(
        fmt::format("[solvers] divergence_scale, expected more than 0 and less than 0.5 (from "
                    "half the largest eigenvalue on LiSSA converges), got {}",
                    plan.divergence_scale));
  return plan;
}

}  // namespace

std::vector<SettingSpec> solvers_settings() {
  std::vector<SettingSpec> specs = task_settings();
  for (SettingSpec& s : specs)
    if (s.key == "damping") s.help = "not used here: see dampings";
  specs.push_back({"dampings", SettingType::list, "0.001,0.01", "one system for each"});
  specs.push_back(
      {"batches", SettingType::list, "16,64,256", "stochastic LiSSA: examples per step"});
  SettingSpec depth{
      "stochastic_depth", SettingType::whole, "2000", "stochastic LiSSA: steps, of any batch"};
  depth.minimum = 1;
  specs.push_back(depth);
  specs.push_back({"divergence_scale",
                   SettingType::number,
                   "0.45",
                   "LiSSA that diverges: its scale, as a share of the largest eigenvalue"});
  return specs;
}

void run_solvers(const Invocation& invocation) {
  Session session(invocation, "solvers", solvers_settings(), solvers_layout());
  Results& results = session.results();
  for (const Job& job : session.jobs()) plan_of(job.settings);  // refused before any work
  std::vector<SolversResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(study_solvers(
        train_task(job.task, session.options()), plan_of(job.settings), session.options()));
    write_rows(done.back(), results);
    session.print(products_table(done.back()));
    session.print(truncation_table(done.back()));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(
      verdict_table(verdicts,
                    "largest: over depths and removed examples; e_min: smallest eigenvalue "
                    "of A; intervals: 95 %, Student's t over removed examples",
                    theory("system")));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
