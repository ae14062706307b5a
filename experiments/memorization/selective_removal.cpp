// SPDX-License-Identifier: MIT
// The experiment: every task of the preset over its seeds, its tables, its results folder.
#include "experiments/memorization/selective_removal.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "experiments/memorization/selective_removal_report.h"
#include "influence/harmonic/query_output.h"

namespace leaveout {

namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[selective-removal] " + what);
}

/// What the user got wrong is said before anything is trained.
void check(const Job& job, const TaskOptions& options) {
  const GroupedTask task = load_grouped_task(job, options);
  const Settings& s = job.settings;
  const Index epochs = job.task.base.epochs;
  require(allows(task.train->task, QueryOutput::correct),
          fmt::format("data, expected classes, {} has none", job.task.name));
  require(
      s.whole("early_epochs") <= epochs,
      fmt::format(
          "early_epochs, expected at most epochs = {}, got {}", epochs, s.whole("early_epochs")));
  require(s.number("damping") + job.task.weight_decay > 0,
          "damping, expected more than 0 without weight decay, got 0");
  const std::vector<double> fractions = read_fractions(s);
  require(std::find(fractions.begin(), fractions.end(), s.number("judged")) != fractions.end(),
          fmt::format("judged, expected one of fractions, got {:g}", s.number("judged")));
  // The rule refuses what is out of its range, and a network without a dense last layer.
  const SelectiveRemoval rule(*task.model, *task.train, *task.validation, 0, threshold_options(s));
  require(epochs / s.whole("period") * s.whole("period") >= std::max<Index>(1, s.whole("warm_up")),
          fmt::format("period and warm_up, expected a period that ends after the warm-up and "
                      "within {} epochs, got {} and {}",
                      epochs,
                      s.whole("period"),
                      s.whole("warm_up")));
}

}  // namespace

std::vector<SettingSpec> selective_removal_settings() {
  using Type = SettingType;
  std::vector<SettingSpec> specs = grouped_task_settings();
  const std::vector<SettingSpec> own = {
      {"fractions", Type::list, "0.1,0.2,0.3", "shares of the training examples to remove"},
      {"judged", Type::number, "0.1", "the one of them that verdicts are about", {}, 0},
      {"period", Type::whole, "5", "epochs between the online rule's scores", {}, 1},
      {"warm_up", Type::whole, "10", "epochs before which nothing is dropped", {}, 0},
      {"memory", Type::number, "0.5", "of the online rule's moving average", {}, 0},
      {"harmful",
       Type::number,
       "0",
       "online_threshold: drops averages below minus this, in units of loss",
       {},
       0},
      {"max_dropped", Type::number, "0.5", "online_threshold: most that are dropped", {}, 0},
      {"damping", Type::number, "0.001", "added to the curvature of influences", {}, 0},
      {"runs", Type::whole, "3", "trainings for EL2N, GraNd and forgetting events", {}, 1},
      {"early_epochs", Type::whole, "5", "after which EL2N and GraNd are taken", {}, 0}};
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

VerdictWords selective_removal_words() {
  return {"What is claimed, and what we measured", "online removal against", "claim"};
}

void run_selective_removal(const Invocation& invocation) {
  Session session(
      invocation, "selective-removal", selective_removal_settings(), selective_removal_layout());
  Results& results = session.results();
  for (const Job& job : session.jobs()) check(job, session.options());
  std::vector<RemovalResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back({job.task,
                    read_fractions(job.settings),
                    job.settings.number("judged"),
                    remove_and_train(job, session.options())});
    write_rows(done.back(), results);
    session.print(arms_table(done.back()) + fractions_table(done.back()));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, kRemovalIntervals, selective_removal_words()));
  session.print(std::string(kWhoseDefinitions) + "\n");
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
