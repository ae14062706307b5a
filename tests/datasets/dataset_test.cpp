// SPDX-License-Identifier: MIT
#include "datasets/dataset.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "datasets/synthetic.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

/// Example i has input i and target -i.
Dataset counting(Eigen::Index examples) {
  Dataset dataset;
  dataset.name = "counting";
  dataset.inputs = Eigen::RowVectorXd::LinSpaced(examples, 0.0, static_cast<double>(examples - 1));
  dataset.targets = -dataset.inputs;
  dataset.feature_names = {"i"};
  dataset.target_name = "minus_i";
  return dataset;
}

}  // namespace

TEST_CASE("a task is named and read back") {
  for (const Task task : {Task::regression, Task::binary, Task::multiclass, Task::reconstruction}) {
    CHECK(parse_task(task_name(task)) == task);
  }
  CHECK(has(refusal([] { parse_task("ranking"); }),
            "use regression, binary, multiclass or reconstruction"));
}

TEST_CASE("take keeps the order asked for, repeats included, and the names") {
  const Dataset part = take(counting(5), {4, 0, 4});
  CHECK(part.inputs == Eigen::RowVector3d(4, 0, 4));
  CHECK(part.targets == Eigen::RowVector3d(-4, 0, -4));
  CHECK(part.feature_names == std::vector<std::string>{"i"});
  CHECK(part.target_name == "minus_i");
  CHECK(take(counting(5), {}).size() == 0);
  CHECK(has(refusal([] { take(counting(5), {5}); }), "row 5"));
  CHECK(has(refusal([] { take(counting(5), {-1}); }), "row -1"));
}

TEST_CASE("the label of an example is the index of its class") {
  const Dataset two = make_blobs(6, 2, 2, 1.0, 1);
  const Dataset three = make_blobs(6, 2, 3, 1.0, 1);
  for (Eigen::Index i = 0; i < 6; ++i) {
    CHECK(two.label(i) == i % 2);
    CHECK(three.label(i) == i % 3);
  }
}

TEST_CASE("a split puts every example on exactly one side, with its target") {
  const Dataset whole = counting(101);
  const Split parts = split(whole, 0.9, 7);
  CHECK(parts.train.size() == 91);  // round(90.9)
  CHECK(parts.query.size() == 10);
  std::set<double> seen;
  for (const Dataset* part : {&parts.train, &parts.query}) {
    CHECK(part->targets == -part->inputs);
    for (const double x : part->inputs.reshaped()) seen.insert(x);
  }
  CHECK(seen.size() == 101);
  CHECK(take(whole, parts.train_rows).inputs == parts.train.inputs);
  CHECK(take(whole, parts.query_rows).inputs == parts.query.inputs);
}

TEST_CASE("a split depends on its seed and on nothing else") {
  const Dataset whole = counting(50);
  CHECK(split(whole, 0.5, 1).train_rows == split(whole, 0.5, 1).train_rows);
  CHECK(split(whole, 0.5, 1).train_rows != split(whole, 0.5, 2).train_rows);
}

TEST_CASE("a limit keeps a prefix of its part and moves nothing to the other") {
  const Split all = split(counting(100), 0.8, 3);
  const Split few = split(counting(100), 0.8, 3, 10, 5);
  CHECK(few.train_rows == std::vector(all.train_rows.begin(), all.train_rows.begin() + 10));
  CHECK(few.query_rows == std::vector(all.query_rows.begin(), all.query_rows.begin() + 5));
}

TEST_CASE("a split with an empty part is refused") {
  CHECK(has(refusal([] { split(counting(10), 0.99, 1); }), "10 to train on and 0 to query"));
  CHECK(has(refusal([] { split(counting(1), 0.5, 1); }), "each part needs"));
  CHECK(has(refusal([] { split(counting(10), 0.5, 1, 0); }), "each part needs"));
  CHECK(has(refusal([] { split(counting(10), 0.5, 1, -3); }), "each part needs"));
  for (const double fraction : {0.0, 1.0, -0.5, 1.5, std::nan("")}) {
    CHECK(has(refusal([&] { split(counting(10), fraction, 1); }), "train_fraction"));
  }
}

}  // namespace leaveout
