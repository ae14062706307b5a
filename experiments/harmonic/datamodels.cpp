// SPDX-License-Identifier: MIT
// The experiment: trainings, fits and removals of every task.
#include "experiments/harmonic/datamodels.h"

#include <fmt/format.h>

#include <cmath>

#include "experiments/harmonic/datamodels_report.h"
#include "experiments/harmonic/subset_influence.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

std::vector<Index> removal_sizes(const Settings& settings) {
  return read_counts(settings, "removals", 1, "datamodels");
}

/// What is known of each query's spectrum without all subsets.
void write_files(const SubsetTask& task,
                 const SubsetPools& pools,
                 const DatamodelFits& fits,
                 SubsetFiles& files) {
  const double s = std::sqrt(task.p * (1 - task.p));
  const double m = static_cast<double>(pools.outputs.rows());
  for (std::size_t k = 0; k < pools.queries.size(); ++k) {
    const auto q = static_cast<Index>(k);
    const VectorXd y = pools.outputs.col(q), w = fits.models[fits.chosen].model.weights.col(q);
    SubsetValues values;
    values.datamodel = w;
    if (task.p == 0.5) values.banzhaf = w;
    if (fits.influence.full.size() > 0) values.influence_full = fits.influence.full.row(q);
    if (fits.influence.rate.size() > 0) values.influence_rate = fits.influence.rate.row(q);
    files.values(task, pools.queries[k], values);
    files.linear_coefficients(task, pools.queries[k], y.mean(), s * w);
    VectorXd weights(3);  // B_0 without the noise of the mean
    weights << y.mean() * y.mean() - (y.array() - y.mean()).square().sum() / (m - 1) / m,
        fits.degree_one[k].weight.value, fits.degree_two[k].value;
    files.spectrum(task, pools.queries[k], weights, {});
  }
}

/// Of so few examples that all subsets are no more than those drawn, nothing need be estimated.
bool all_are_fewer(const SubsetTask& task, const SubsetPools& pools) {
  return task.examples() <= most_enumerated(task.model->spec()) &&
         (Index{1} << task.examples()) <= pools.outputs.rows();
}

DatamodelsResult run_task(const Job& job, const Session& session, SubsetFiles& files) {
  const TaskOptions& options = session.options();
  const SubsetTask task = load_subset_task(job, options);
  DatamodelsResult r;
  r.settings = job.task;
  r.output = output_name(task.output);
  r.model = describe(task.model->spec());
  r.parameters = task.model->parameter_count();
  r.p = task.p;
  r.rows = task.rows;
  r.seeds = task.problem.repeats();
  r.pools =
      train_pools(task, {job.settings.whole("subsets"), job.settings.whole("held_out")}, options);
  const InfluencePair influence = influence_pair(task);
  r.fits = fit_datamodels(task, r.pools, influence);
  r.removals = measure_removals(task, r.pools, r.fits, removal_sizes(job.settings), options);
  if (all_are_fewer(task, r.pools)) {
    const SubsetLogits logits = train_all_subsets(task, options);
    files.exact(task, subset_outputs(logits, task.output, *task.query), influence);
  } else {
    write_files(task, r.pools, r.fits, files);
  }
  return r;
}

SettingSpec count(const char* key, const char* fallback, const char* help) {
  SettingSpec s{key, SettingType::whole, fallback, help};
  s.minimum = 30;
  return s;
}

}  // namespace

std::vector<SettingSpec> datamodels_settings() {
  std::vector<SettingSpec> specs = subset_task_settings();
  for (SettingSpec& s : specs)
    if (s.key == "seeds")
      s.help = "networks: trainings of each held-out subset and of each removal";
  specs.push_back(
      count("subsets",
            "2000",
            "trainings that datamodels are fitted to, and those of each plan of pairs"));
  specs.push_back(count("held_out", "500", "subsets that no fit sees"));
  specs.push_back({"removals",
                   SettingType::list,
                   "1,2,5,10,20,50,100",
                   "how many examples are removed; at most half of them are"});
  return specs;
}

void run_datamodels(const Invocation& invocation) {
  Session session(invocation, "datamodels", datamodels_settings(), datamodels_layout());
  Results& results = session.results();
  for (const Job& job : session.jobs()) {
    removal_sizes(job.settings);
    load_subset_task(job, session.options());
  }
  SubsetFiles files(results.partial());
  std::vector<DatamodelsResult> done;
  for (const Job& job : session.jobs()) {
    done.push_back(run_task(job, session, files));
    write_rows(done.back(), results);
    write_arrays(done.back(), results.arrays(job.task.name));
    session.print(datamodels_tables(done.back()));
  }
  write_weights(done, results);
  describe(done, results);
  const std::vector<Verdict> verdicts = judge(done);
  write_verdicts(verdicts, results);
  session.print(verdict_table(verdicts, kDatamodelsIntervals));
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
