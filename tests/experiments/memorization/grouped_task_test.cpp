// SPDX-License-Identifier: MIT
#include "experiments/memorization/grouped_task.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/files.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;

namespace {

Job job_of(const std::vector<std::string>& set, const Invocation& invocation = {}) {
  Job job;
  job.settings = Settings(grouped_task_settings());
  for (const std::string& s : set) job.settings.set(s);
  job.task = read_task_settings(job.settings, invocation);
  return job;
}

Index count(const GroupedTask& task, PlantedGroup group) {
  const std::vector<bool> in = task.members(group);
  return std::count(in.begin(), in.end(), true);
}

}  // namespace

TEST_CASE("groups are planted into the training part alone, the held-out part is cut in two") {
  const GroupedTask task = load_grouped_task(
      job_of({"data=planted", "max_train=100", "max_query=50", "validation=0.4", "model=mlp:3"}),
      {});
  CHECK(task.examples() == 100);
  CHECK(task.validation->size() == 20);
  CHECK(task.test->size() == 30);
  CHECK(task.test_groups.size() == 30);
  CHECK(count(task, PlantedGroup::mislabelled) == 10);
  CHECK(count(task, PlantedGroup::rare) == 2);
  CHECK(count(task, PlantedGroup::duplicate) == 10);
  CHECK(count(task, PlantedGroup::typical) == 78);
  CHECK(task.problem.train == task.train.get());
  CHECK(task.problem.query == task.test.get());
  // Standardised by the training examples.
  CHECK(task.train->inputs.rowwise().mean().cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("a user's table gets groups too; with all shares 0 it stays as it is") {
  const TemporaryFolder folder;
  std::string text = "a,b,y\n";
  for (int i = 0; i < 60; ++i) text += fmt::format("{},{},{}\n", i, (i * 7) % 13, i % 2);
  write_file(folder / "t.csv", text);
  Invocation user;
  user.data = folder / "t.csv";
  user.target = "y";
  const GroupedTask task = load_grouped_task(job_of({"rare=0.05"}, user), {});
  CHECK(task.examples() == 48);
  CHECK(count(task, PlantedGroup::mislabelled) == 5);
  const GroupedTask plain =
      load_grouped_task(job_of({"mislabelled=0", "rare=0", "duplicate=0"}, user), {});
  CHECK(count(plain, PlantedGroup::typical) == 48);
  const TaskData as_read = load_task_data(plain.settings);
  CHECK(plain.train->inputs == as_read.train.inputs);
  CHECK(plain.train->targets == as_read.train.targets);
  CHECK(plain.rows == as_read.rows);
  CHECK(plain.validation->size() + plain.test->size() == as_read.query.size());
}

TEST_CASE("each seed has a split and groups of its own") {
  const Job job = job_of({"data=planted", "max_train=60", "max_query=20"});
  const GroupedTask first = load_grouped_task(job, {}, 0), second = load_grouped_task(job, {}, 1);
  CHECK(first.groups != second.groups);
  CHECK(second.settings.seed == first.settings.seed + 1);
  CHECK(load_grouped_task(job, {}, 1).train->inputs == second.train->inputs);
}

TEST_CASE("a validation share that leaves nothing is refused in one line") {
  const Job job = job_of({"data=planted", "max_train=60", "max_query=20", "validation=0.99"});
  CHECK_THROWS_WITH_AS(
      load_grouped_task(job, {}), doctest::Contains("validation"), std::invalid_argument);
  const Job few = job_of({"data=planted", "max_train=60", "max_query=3"});
  CHECK_THROWS_WITH_AS(load_grouped_task(few, {}),
                       doctest::Contains("expected at least 4 to validate and to test on, got 3"),
                       std::invalid_argument);
}
