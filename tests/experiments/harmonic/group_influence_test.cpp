// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "experiments/cli.h"
#include "experiments/harmonic/group_influence_report.h"
#include "influence/harmonic/cube.h"
#include "tests/support/user_task.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const std::vector<std::string> kLogistic = {"model=logistic", "weight_decay=0.05", "p=0.3"};

/// Mean of f(R + A) - f(R - A) over all R, by their probabilities.
double effect_by_averaging(const VectorXd& f, double p, Index group) {
  double sum = 0, total = 0;
  for (Index r = 0; r < f.size(); ++r) {
    if ((r & group) != 0) continue;
    const int in = subset_size(r);
    const int out = subset_size(f.size() - 1 - group) - in;
    const double weight = std::pow(p, in) * std::pow(1 - p, out);
    sum += weight * (f(r | group) - f(r));
    total += weight;
  }
  CHECK(total == doctest::Approx(1));
  return sum;
}

Index mask(const std::vector<Index>& order, Index size) {
  Index m = 0;
  for (Index k = 0; k < size; ++k) m |= Index{1} << order[static_cast<std::size_t>(k)];
  return m;
}

}  // namespace

TEST_CASE("groups: what is reported is what averaging over all subsets gives") {
  const UserTask user(7, kLogistic);
  SubsetTask task = user.load();
  duplicate_first(task, 2);
  const GroupOptions options{{0.3, 0.5}, 2, 2};
  const SubsetLogits logits = train_all_subsets(task, {});
  const GroupResult r = measure_groups(task, logits, options);
  REQUIRE(r.outputs.size() == 2);
  std::size_t similar = 0;  // sizes 2 and 3, as far as the class of the first member goes
  for (const auto& order : group_orders(task, GroupKind::similar, options))
    similar += std::min<std::size_t>(3, order.size()) - 1;
  // Outputs, rates, queries; groups.
  CHECK(r.groups.size() == 2 * 2 * 3 * (2 + 2 * 2 + similar));
  for (const GroupEffects& e : r.groups) {
    const VectorXd f = subset_outputs(logits, e.output, *task.query).mean.col(e.query);
    const auto order = group_orders(task, e.kind, options)[static_cast<std::size_t>(e.number)];
    const Index group = mask(order, e.size);
    CHECK(e.effect == doctest::Approx(effect_by_averaging(f, e.p, group)).epsilon(1e-10));
    double sum = 0, sizes = 0, removals = 0;
    for (Index k = 0; k < e.size; ++k) {
      const Index one = Index{1} << order[static_cast<std::size_t>(k)];
      const double weight = effect_by_averaging(f, e.p, one);
      sum += weight;
      sizes += std::abs(weight);
      removals += f(127) - f(127 ^ one);
    }
    CHECK(e.sum == doctest::Approx(sum).epsilon(1e-10));
    CHECK(std::abs(e.defect - (e.effect - sum)) < 1e-12);
    REQUIRE(e.relative());
    CHECK(*e.relative() == doctest::Approx(std::abs(e.effect - sum) / sizes).epsilon(1e-8));
    CHECK(std::abs(e.removal - (f(127) - f(127 ^ group))) < 1e-14);
    CHECK(std::abs(e.removals - removals) < 1e-12);
    CHECK(std::abs(e.defect) <= e.bound + 1e-14);
    double joins = 0;  // E[f(R + A) - f(R)] over all R, members of A included
    for (Index s = 0; s < f.size(); ++s)
      joins += std::pow(e.p, subset_size(s)) * std::pow(1 - e.p, 7 - subset_size(s)) *
               (f(s | group) - f(s));
    CHECK(std::abs(e.addition - joins) < 1e-12);
    CHECK(std::abs(e.addition - e.deletion - e.effect) < 1e-12);
    if (e.p == 0.5) CHECK(std::abs(e.degree_two) < 1e-15);
  }
}

TEST_CASE("groups: duplicates are one example, and the other kinds leave its copies out") {
  const UserTask user(8, kLogistic);
  SubsetTask task = user.load();
  duplicate_first(task, 3);
  for (Index k = 5; k < 8; ++k) {
    CHECK(task.train->inputs.col(k) == task.train->inputs.col(0));
    CHECK(task.train->targets.col(k) == task.train->targets.col(0));
    CHECK(task.rows[static_cast<std::size_t>(k)] == task.rows[0]);
  }
  const GroupOptions options{{0.5}, 3, 4};
  CHECK(group_orders(task, GroupKind::duplicates, options) ==
        std::vector<std::vector<Index>>{{0, 5, 6, 7}});
  for (const GroupKind kind : {GroupKind::similar, GroupKind::random}) {
    const auto orders = group_orders(task, kind, options);
    REQUIRE(orders.size() == 4);
    for (std::size_t g = 0; g < 4; ++g) {
      for (const Index i : orders[g]) CHECK(i < 5);
      if (kind == GroupKind::random) {
        CHECK(orders[g].size() == 5);
        continue;
      }
      CHECK(orders[g][0] == static_cast<Index>(g));
      const MatrixXd& x = task.train->inputs;
      const auto label = [&](Index i) { return task.train->targets(0, i); };
      std::size_t of_class = 0;
      for (Index i = 0; i < 5; ++i) of_class += label(i) == label(orders[g][0]) ? 1 : 0;
      CHECK(orders[g].size() == of_class);  // all of the class, and none of the other
      for (std::size_t k = 0; k < orders[g].size(); ++k) {
        CHECK(label(orders[g][k]) == label(orders[g][0]));
        if (k > 1)
          CHECK((x.col(orders[g][k]) - x.col(orders[g][0])).norm() >=
                (x.col(orders[g][k - 1]) - x.col(orders[g][0])).norm());
      }
    }
  }
  CHECK(group_orders(task, GroupKind::duplicates, {{0.5}, 0, 4}).empty());
  CHECK_THROWS_AS(duplicate_first(task, 7), std::invalid_argument);
}

TEST_CASE("groups: toy clusters have their closed forms, and their verdicts see a wrong one") {
  std::vector<ToyCluster> toys = toy_clusters(10);
  REQUIRE(toys.size() == 4 * 9);
  for (const ToyCluster& toy : toys) {
    const double k = static_cast<double>(toy.size);
    if (toy.name == "one") {
      CHECK(toy.sum == doctest::Approx(k * std::pow(2, 1 - k)).epsilon(1e-13));
      CHECK(toy.effect == doctest::Approx(1).epsilon(1e-13));
    }
    if (toy.name == "log_odds") CHECK(std::abs(toy.sum - 2 * k) < 1e-12);
  }
  const std::vector<Verdict> rows = judge({}, toys);
  REQUIRE(rows.size() == 4);
  for (const Verdict& v : rows) CHECK(v.verdict == "agrees");
  for (ToyCluster& toy : toys) toy.sum *= 1.001;
  for (std::size_t i = 0; i < 3; ++i) CHECK(judge({}, toys)[i].verdict == "disagrees");
}

TEST_CASE("group-influence on a user's file: the same bytes for any threads, all files") {
  const UserTask user(6, kLogistic);
  REQUIRE(user.run("group-influence", "one", 1).second == "");
  REQUIRE(user.run("group-influence", "two", 2).first == kSuccess);
  for (const char* file :
       {"runs.csv", "verdicts.csv", "spectrum.csv", "coefficients.csv", "values.csv"}) {
    const std::string text = user.result("one", "group-influence", file);
    CHECK(text == user.result("two", "group-influence", file));
    CHECK(text.size() > 100);
  }
  const UserTask large(25, kLogistic);
  const auto [status, error] = large.run("group-influence", "out", 1);
  CHECK(status == kUserError);
  CHECK(error.find("33554432 trainings") != std::string::npos);
  CHECK(user.run("group-influence", "out", 1, {"duplicates=5"}).first == kUserError);
}
