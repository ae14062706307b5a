// SPDX-License-Identifier: MIT
// Held-out influence, self-influence, neighbours and memorization against retraining.
#include "experiments/audit/evidence.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/random.h"
#include "models/objective.h"
#include "models/trust_region.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Two classes in two dimensions, some labels against the rule, and a copy of row 3 at the end.
AuditData rows(Index n, Task task = Task::binary) {
  Random random(11);
  AuditData data;
  Dataset& d = data.table;
  d.name = "rows";
  d.task = task;
  d.inputs = random.normal_matrix(2, n);
  d.targets.resize(1, n);
  for (Index i = 0; i < n; ++i) {
    const double z = d.inputs.col(i).sum() + 0.8 * random.normal();
    d.targets(0, i) = task == Task::binary ? (z > 0 ? 1.0 : 0.0) : z;
    data.rows.push_back(i);
  }
  d.inputs.col(n - 1) = d.inputs.col(3);
  d.targets.col(n - 1) = d.targets.col(3);
  d.feature_names = {"a", "b"};
  if (task == Task::binary) d.class_names = {"no", "yes"};
  data.scaled = d;
  data.copy_of.assign(static_cast<std::size_t>(n), -1);
  data.copy_of.back() = 3;
  data.kinds = kinds_of(d.inputs);
  data.planted.assign(static_cast<std::size_t>(n), false);
  data.key = "rows";
  return data;
}

struct Audited {
  AuditData data;
  TaskSettings settings;
  AuditHow how{.candidates = {"plain"}, .weight_decays = {0.05}, .folds = 4, .repeats = 1};
  Chosen chosen;
  Evidence evidence;

  explicit Audited(Index n, Task task = Task::binary, Index repeats = 1)
      : Audited(rows(n, task), repeats) {}
  explicit Audited(AuditData audited, Index repeats = 1) : data(std::move(audited)) {
    settings.name = "rows";
    how.repeats = repeats;
    chosen = choose_model(data, settings, candidates(settings, data, how), how, {});
    evidence = collect_evidence(data, settings, chosen, how, {});
  }

  /// Parameters of model m without training row i.
  VectorXd without(const FoldModel& m, Index i) const {
    const Dataset part = take(data.scaled, m.train);
    Objective q = training_objective(*chosen.candidate().model, part, 0.05);
    for (std::size_t k = 0; k < m.train.size(); ++k)
      if (m.train[k] == i) q.weights(static_cast<Index>(k)) = 0;
    return minimise(q, m.theta).theta;
  }

  /// Change of the loss of u.
  double change(const FoldModel& m, const VectorXd& theta, Index u) const {
    const Dataset one = take(data.scaled, {u});
    const Model& model = *chosen.candidate().model;
    return losses(model, one, theta)(0) - losses(model, one, m.theta)(0);
  }
};

}  // namespace

TEST_CASE("audit: folds hold every row once, classes evenly, copies together") {
  const AuditData data = rows(41);
  const std::vector<Index> fold = deal_rows(data, 5, 3);
  CHECK(fold[40] == fold[3]);
  std::array<std::array<int, 2>, 5> count{};
  for (Index i = 0; i < 40; ++i)
    ++count[static_cast<std::size_t>(fold[static_cast<std::size_t>(i)])]
           [static_cast<std::size_t>(data.table.label(i))];
  for (std::size_t f = 1; f < 5; ++f)
    for (std::size_t c = 0; c < 2; ++c) CHECK(std::abs(count[f][c] - count[0][c]) <= 1);
  CHECK(fold != deal_rows(data, 5, 4));
  AuditData twin = rows(41);
  twin.table.targets(0, 40) = 1 - twin.table.targets(0, 40);  // equal features, another target
  CHECK(deal_rows(twin, 5, 3)[40] == deal_rows(twin, 5, 3)[3]);
}

TEST_CASE("audit: held-out and self-influence are what retraining without the row does") {
  for (const Task task : {Task::binary, Task::regression}) {
    const Audited a(480, task);
    const Evidence& e = a.evidence;
    double worst = 0, worst_self = 0, scale = 0;
    for (const Index i : {0, 7, 20, 55}) {
      double held = 0, count = 0, self = 0, trained = 0;
      for (const FoldModel& m : a.chosen.models) {
        if (m.held(i)) continue;
        const VectorXd theta = a.without(m, i);
        self += a.change(m, theta, i);
        trained += 1;
        for (Index u = 0; u < a.data.size(); ++u)
          if (m.held(u)) {
            held += a.change(m, theta, u);
            count += 1;
          }
      }
      scale = std::max(scale, std::abs(held / count));
      worst = std::max(worst, std::abs(held / count - e.held(i)));
      worst_self = std::max(worst_self, std::abs(self / trained / e.self_influence(i) - 1));
    }
    CHECK(worst < 0.1 * scale);  // first order: the rest is of relative size leverage, about P/n
    CHECK(worst_self < 0.1);
  }
}

/// Every row twice, copies at the end.
AuditData twice(const AuditData& once) {
  AuditData data = once;
  const Index n = once.size();
  for (Dataset* d : {&data.table, &data.scaled}) {
    d->inputs = once.table.inputs.replicate(1, 2);
    d->targets = once.table.targets.replicate(1, 2);
  }
  for (Index i = 0; i < n; ++i) data.rows.push_back(n + i);
  for (Index i = 0; i < n; ++i) data.copy_of.push_back(i);
  data.planted.assign(static_cast<std::size_t>(2 * n), false);
  data.kinds = kinds_of(data.table.inputs);
  data.key = "rows twice";
  return data;
}

TEST_CASE("audit: rows over again make no interval narrower") {
  // Held-out influence over its standard error: with copies drawn apart it would be sqrt(2) times
  // as large, in the mean over rows.
  AuditData once = rows(120);
  once.copy_of.back() = -1;  // nor is the last row one
  once.table.inputs(0, 119) += 0.1;
  once.scaled = once.table;
  once.kinds = kinds_of(once.table.inputs);
  const Audited a(once, 3), b(twice(once), 3);
  REQUIRE_FALSE(b.data.kinds.are_few());
  const auto strength = [](const Evidence& e) {
    return (e.held.array().abs() / e.held_error.array()).head(120).mean();
  };
  CHECK(strength(b.evidence) / strength(a.evidence) > 0.8);
  CHECK(strength(b.evidence) / strength(a.evidence) < 1.2);
  CHECK(b.evidence.held_kinds == a.evidence.held_kinds);
}

TEST_CASE("audit: influence is first order: its error falls as 1 / n") {
  // Of self-influence by least squares it is 3 h / 2 of the first order, with leverage h about P /
  // n.
  std::array<double, 2> error{};
  for (std::size_t k = 0; k < 2; ++k) {
    const Audited a(k == 0 ? 60 : 240, Task::regression);
    for (Index i = 0; i < 10; ++i) {
      double self = 0, trained = 0;
      for (const FoldModel& m : a.chosen.models) {
        if (m.held(i)) continue;
        self += a.change(m, a.without(m, i), i);
        trained += 1;
      }
      error[k] += (self / trained / a.evidence.self_influence(i) - 1) / 10;
    }
  }
  CHECK(error[0] > 0);  // 1 / (1 - h)^2 is above its tangent
  CHECK(error[0] < 0.2);
  CHECK(error[1] < 0.4 * error[0]);
}

TEST_CASE("audit: neighbours are the rows whose removal moves the held-out loss of a row most") {
  const Audited a(80);
  const Index i = 10;
  for (const FoldModel& m : a.chosen.models) {
    if (!m.held(i)) continue;
    Index best = -1, worst = -1;
    double high = 0, low = 0;
    for (const Index u : m.train) {
      const double d = a.change(m, a.without(m, u), i);
      if (d > high) high = d, best = u;
      if (d < low) low = d, worst = u;
    }
    CHECK(a.evidence.helpful[10] == best);
    CHECK(a.evidence.harmful[10] == worst);
    CHECK(a.evidence.helpful_score(i) == doctest::Approx(high).epsilon(0.2));
    CHECK(a.evidence.harmful_score(i) == doctest::Approx(low).epsilon(0.2));
  }
}

TEST_CASE("audit: memorization is the held-out loss less the training loss, over all deals") {
  const Audited a(60, Task::binary, 3);
  CHECK(a.chosen.models.size() == 12);
  const Index i = 5;
  double in = 0, out = 0;
  for (const FoldModel& m : a.chosen.models)
    (m.held(i) ? out : in) +=
        losses(*a.chosen.candidate().model, a.data.scaled, m.theta)(i) / (m.held(i) ? 3 : 9);
  CHECK(a.evidence.out_loss(i) == doctest::Approx(out).epsilon(1e-13));
  CHECK(a.evidence.memorization(i) == doctest::Approx(out - in).epsilon(1e-11));
  CHECK(a.evidence.memorization.mean() > 0);
}

TEST_CASE("audit: intervals are those of a mean over held-out rows") {
  const Audited a(120, Task::regression);
  Index inside = 0;
  for (Index i = 0; i < a.data.size(); ++i) {
    const double error = 1.96 * a.evidence.held_error(i);
    const double below = (a.evidence.held(i) - a.evidence.low(i)) / error;
    const double above = (a.evidence.high(i) - a.evidence.held(i)) / error;
    inside += std::abs(below - 1) < 0.3 && std::abs(above - 1) < 0.3 ? 1 : 0;
  }
  CHECK(inside > 108);  // nine in ten: the percentiles of 400 resamples err by about 8 %, and skew
}

}  // namespace leaveout
