// SPDX-License-Identifier: MIT
// The experiment: all subsets of every task once, then every estimator on look-ups.
#include "experiments/harmonic/residual_estimation.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/harmonic/residual_estimation_report.h"
#include "experiments/harmonic/subset_influence.h"
#include "experiments/session.h"

namespace leaveout {

namespace {

/// Sixteen trainings are the fewest that the paper's plan needs.
std::vector<Index> training_counts(const Settings& settings) {
  std::vector<Index> counts = read_counts(settings, "trainings", 16, "residual-estimation");
  if (counts.empty())
    throw std::invalid_argument(
        "[residual-estimation] trainings, expected at least one number, as in 100,1000, got none");
  return counts;
}

/// Queries whose output is the same for all subsets have no residual; those that vary are kept.
TrainedCube varying_queries(const SubsetTask& task,
                            const SubsetOutputs& f,
                            std::vector<Index>& kept) {
  for (Index q = 0; q < f.mean.cols(); ++q)
    if (f.mean.col(q).maxCoeff() - f.mean.col(q).minCoeff() >
        1e-9 * f.mean.col(q).cwiseAbs().maxCoeff())
      kept.push_back(q);
  if (kept.empty())
    throw std::invalid_argument(fmt::format(
        "[residual-estimation] {} of {}, expected an output that depends on the training examples, "
        "got the same for every subset; choose another with --set output=",
        output_name(task.output),
        task.settings.name));
  TrainedCube cube;
  cube.p = task.p;
  cube.mean = f.mean(Eigen::all, kept);
  cube.examples = task.examples();
  if (f.repeats > 1) cube.deviation = f.noise(Eigen::all, kept).cwiseSqrt();
  return cube;
}

ResidualResult run_task(const Job& job, const Session& session, SubsetFiles& files) {
  const TaskOptions& options = session.options();
  const SubsetTask task = load_subset_task(job, options);
  const std::vector<Index> budgets = training_counts(job.settings);
  const SubsetLogits logits = train_all_subsets(task, options);
  const SubsetOutputs f = subset_outputs(logits, task.output, *task.query);
  files.exact(task, f, influence_pair(task));
  ResidualResult r;
  r.settings = job.task;
  r.output = output_name(task.output);
  r.model = describe(task.model->spec());
  r.p = task.p;
  r.examples = task.examples();
  r.repeats = logits.repeats;
  r.unconverged = logits.unconverged;
  r.repetitions = job.settings.whole("repetitions");
  const TrainedCube cube = varying_queries(task, f, r.queries);
  r.errors = measure_errors(cube, budgets, r.repetitions, job.task.seed, options.threads);
  return r;
}

}  // namespace

std::vector<SettingSpec> residual_estimation_settings() {
  std::vector<SettingSpec> specs = subset_task_settings();
  SettingSpec trainings{"trainings",
                        SettingType::list,
                        "100,200,500,1000,2000,5000",
                        "how many an estimate may spend: one point of the curves each"};
  SettingSpec repetitions{
      "repetitions", SettingType::whole, "200", "estimates of each kind, each of new subsets"};
  repetitions.minimum = 2;
  specs.push_back(trainings);
  specs.push_back(repetitions);
  return specs;
}

void run_residual_estimation(const Invocation& invocation) {
  Session session(
      invocation, "residual-estimation", residual_estimation_settings(), residual_layout());
  Results& results = session.results();
  for (const Job& job : session.jobs()) {
    training_counts(job.settings);
    require_enumerable(load_subset_task(job, session.options()).problem);
  }
  SubsetFiles files(results.partial());
  std::vector<ResidualResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(run_task(job, session, files));
    write_rows(done.back(), results);
    session.print(error_table(done.back()));
  }
  write_errors(done, results);
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, kResidualIntervals));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
