// SPDX-License-Identifier: MIT
// The experiment: every task of the preset, its tables on the terminal, its results folder.
#include "experiments/harmonic/spectrum.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/harmonic/spectrum_report.h"
#include "experiments/harmonic/subset_influence.h"

namespace leaveout {

namespace {

SubsetSpectrumOptions read_options(const Job& job) {
  const double rho = job.settings.number("rho");
  if (!(rho > 0 && rho < 1))
    throw std::invalid_argument(
        fmt::format("[spectrum] rho, expected a number between 0 and 1, got {}", rho));
  return {read_rates(job.settings, "spectrum"), rho};
}

}  // namespace

std::vector<SettingSpec> spectrum_settings() {
  std::vector<SettingSpec> specs = subset_task_settings();
  specs.push_back(rates_setting());
  specs.push_back({"rho",
                   SettingType::number,
                   "0.5",
                   "correlation of two subsets, whose noise stability brackets the residual"});
  return specs;
}

void run_spectrum(const Invocation& invocation) {
  Session session(invocation, "spectrum", spectrum_settings(), spectrum_layout());
  Results& results = session.results();
  std::vector<SubsetTask> tasks;  // what the user got wrong is said before anything is trained
  std::vector<SubsetSpectrumOptions> options;
  for (const Job& job : session.jobs()) {
    options.push_back(read_options(job));
    tasks.push_back(load_subset_task(job, session.options()));
    require_enumerable(tasks.back().problem);
  }
  SubsetFiles files(results.partial());
  std::vector<SpectrumResult> done;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const SubsetTask& task = tasks[i];
    const SubsetLogits logits = train_all_subsets(task, session.options());
    files.exact(task, subset_outputs(logits, task.output, *task.query), influence_pair(task));
    done.push_back(find_spectra(task, logits, options[i]));
    write_rows(done.back(), results);
    session.print(spectrum_table(done.back()));
  }
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, "intervals: 95 %, Student's t over queries"));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
