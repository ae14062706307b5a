// SPDX-License-Identifier: MIT
// The experiment: every task of the preset over its seeds, its tables, its results folder.
#include "experiments/decomposition/mislabelled.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "experiments/decomposition/mislabelled_report.h"
#include "experiments/session.h"

namespace leaveout {

namespace {

/// What the user got wrong is said before anything is trained.
void check(const TaskSettings& s) {
  if (s.protocols.size() != 1)
    throw std::invalid_argument(
        fmt::format("[mislabelled] protocols, expected one of exact and paper for the PBRFs, got "
                    "both: --set protocols=exact"));
  const TaskData data = load_task_data(s);
  if (data.corrupted.empty() || static_cast<Index>(data.corrupted.size()) == data.train.size())
    throw std::invalid_argument(
        fmt::format("[mislabelled] label_noise, expected a share that makes some of the {} "
                    "training labels of {} wrong and leaves some right, got {}",
                    data.train.size(),
                    s.name,
                    s.label_noise));
}

MislabelledResult run_seeds(const Job& job, const TaskOptions& options) {
  MislabelledResult r{job.task, {}};
  for (Index i = 0; i < job.settings.whole("seeds"); ++i) {
    TaskSettings s = job.task;
    s.seed += static_cast<std::uint64_t>(i);
    r.seeds.push_back(inspect(train_task(s, options), options));
  }
  return r;
}

}  // namespace

std::vector<SettingSpec> mislabelled_settings() {
  std::vector<SettingSpec> specs = task_settings();
  for (SettingSpec& s : specs) {
    if (s.key == "label_noise") s.fallback = "0.1";
    if (s.key == "protocols") {
      s.fallback = "exact";
      s.help = "how the PBRFs are found: exact or paper";
    }
    if (s.key == "removed") s.help = "not used here: every training example is removed once";
    if (s.key == "seed") s.help = "the first of the seeds, each with its own split and noise";
  }
  SettingSpec seeds{"seeds", SettingType::whole, "5", "how many, from `seed` on"};
  seeds.minimum = 1;
  specs.push_back(seeds);
  return specs;
}

void run_mislabelled(const Invocation& invocation) {
  Session session(invocation, "mislabelled", mislabelled_settings(), mislabelled_layout());
  Results& results = session.results();
  for (const Job& job : session.jobs()) check(job.task);
  std::vector<MislabelledResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(run_seeds(job, session.options()));
    write_rows(done.back(), results);
    write_arrays(done.back(), results.arrays(job.task.name));
    session.print(inspection_table(done.back()));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, "intervals: 95 %, Student's t over seeds", of_the_paper()));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
