// SPDX-License-Identifier: MIT
#include "experiments/decomposition/response_path.h"

#include <fmt/format.h>

#include "experiments/decomposition/response_path_report.h"
#include "experiments/session.h"

namespace leaveout {

namespace {

constexpr std::array<Response, 3> kFollowed = {
    Response::warm_start, Response::proximal, Response::pbrf};

PathBundle follow_all(const Job& job, const Session& session) {
  const TrainedTask task = train_task(job.task, session.options());
  const std::vector<Index> removed = draw_removed(task, job.task.removed);
  PathOptions how;
  how.epsilon =
      removal_grid(task.train->size(), job.settings.whole("steps"), job.settings.number("reach"));
  how.newton = job.task.newton;
  how.newton.threads = session.options().threads;
  std::function<void(Index, Index)> report = [](Index, Index) {};
  if (session.options().progress)
    report = session.options().progress(fmt::format("{} (paths)", job.task.name));
  PathBundle bundle{job.task.name, job.task.seed, task.train->size(), {}};
  const auto total = static_cast<Index>(kFollowed.size() * removed.size());
  report(0, total);
  for (const Response response : kFollowed)
    for (const Index k : removed) {
      ResponsePath path = follow(*task.loo, response, k, how);
      if (path.theta1.size() > 0 && path.epsilon.size() > 1) {
        PathMeasurement measured = measure(path, *task.loo, *task.query);
        bundle.paths.push_back({std::move(path), std::move(measured)});
      } else {
        bundle.paths.push_back({std::move(path), {}});
      }
      report(static_cast<Index>(bundle.paths.size()), total);
    }
  return bundle;
}

}  // namespace

const std::vector<SettingSpec>& response_path_settings() {
  static const std::vector<SettingSpec> all = [] {
    std::vector<SettingSpec> specs = task_settings();
    SettingSpec steps{"steps", SettingType::whole, "20", "points of a curve after eps = 0"};
    steps.minimum = 2;
    SettingSpec reach{"reach", SettingType::number, "1", "where a curve ends, in units of 1/N"};
    reach.minimum = 1;
    specs.insert(specs.end(), {steps, reach});
    return specs;
  }();
  return all;
}

void run_response_path(const Invocation& invocation) {
  Session session(invocation, "response-path", response_path_settings(), path_layout());
  std::vector<PathBundle> done;
  for (const Job& job : session.jobs()) {
    done.push_back(follow_all(job, session));
    write_path_rows(done.back(), session.results());
    session.print(path_table(done.back()));
  }
  const std::vector<Verdict> verdicts = judge_paths(done);
  write_verdicts(verdicts, session.results());
  session.print(verdict_table(verdicts,
                              "the paper could not draw these curves: claims are what its account "
                              "of the linearisation error "
                              "implies; intervals: 95 % bootstrap over removed",
                              theory("response")));
  draw_paths(done, session.results().partial());
  session.finish();
}

}  // namespace leaveout
