// SPDX-License-Identifier: MIT
// Delta f_t = J_t H^-1 g_i / N is minus the derivative of the outputs in the example's weight, over
// N; every smooth value of the outputs follows by the chain rule.
#include "influence/few_parameters/output_influence.h"

#include <doctest/doctest.h>

#include <string>

#include "influence/few_parameters/parameter_subset.h"
#include "influence/few_parameters/restricted_influence.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

struct Trained {
  Problem p;
  VectorXd theta;
  MatrixXd steps;  // (P x N) H^-1 g_i / N
  OutputInfluence influence;

  explicit Trained(Problem problem)
      : p(std::move(problem)),
        theta(minimise(p.objective(), p.anywhere(2)).theta),
        steps(Evaluator(p.objective())
                  .curvature(theta, Curvature::full)
                  .ldlt()
                  .solve(loss_gradients(p.model, p.train, theta)) /
              static_cast<double>(p.size())),
        influence(output_influence(p.model, p.query, theta, steps)) {}

  /// Outputs at the minimiser with the weight 1/N + change of example i, (O x Q).
  MatrixXd outputs_at(Index i, double change) const {
    Objective q = p.objective();
    q.weights(i) += change;
    return outputs(p.model, p.query.inputs, minimise(q, theta, {.tolerance = 1e-13}).theta);
  }
};

std::vector<Trained> trained() {
  std::vector<Trained> all;
  all.emplace_back(multiple_ridge_problem());
  all.emplace_back(logistic_problem());
  all.emplace_back(softmax_problem());
  all.emplace_back(tanh_regression_problem());
  all.emplace_back(tanh_classification_problem());
  return all;
}

bool classifies(const Trained& t) {
  return t.p.query.task == Task::binary || t.p.query.task == Task::multiclass;
}

/// -1/N times the central difference in the weight of example i of values (any shape) of outputs.
template <class Value>
MatrixXd removal_difference(const Trained& t, Index i, const Value& value) {
  const double n = static_cast<double>(t.p.size()), h = 1e-4 / n;
  const MatrixXd plus = value(t.outputs_at(i, h)), minus = value(t.outputs_at(i, -h));
  return -(plus - minus) / (2 * h * n);
}

/// Outputs of one query after a removal as the linearisation foretells them, (O).
VectorXd linearised(const OutputInfluence& o, Index t, Index i) {
  return o.logits.col(t) + o.changes.block(t * o.outputs(), i, o.outputs(), 1);
}

bool right(const VectorXd& z, const VectorXd& target) {
  if (z.size() == 1) return (z(0) > 0) == (target(0) > 0.5);
  Index said = 0, is = 0;
  z.maxCoeff(&said);
  target.maxCoeff(&is);
  return said == is;
}

}  // namespace

TEST_CASE("logits, probabilities, losses and margins change as those of reweighted minimisers") {
  for (const Trained& t : trained()) {
    CAPTURE(t.p.model.spec().name);
    const OutputInfluence& o = t.influence;
    const Dataset& query = t.p.query;
    REQUIRE(o.changes.rows() == o.outputs() * o.queries());
    for (const Index i : {Index{0}, t.p.size() / 2}) {
      const MatrixXd logits = removal_difference(t, i, [](const MatrixXd& z) { return z; });
      CHECK(distance(o.changes.col(i), logits.reshaped()) < 1e-6);
      for (const QueryOutput kind : {QueryOutput::loss,
                                     QueryOutput::probability,
                                     QueryOutput::margin,
                                     QueryOutput::logodds,
                                     QueryOutput::prediction}) {
        if (!allows(query.task, kind)) continue;
        if (kind == QueryOutput::prediction && !classifies(t) && o.outputs() > 1) continue;
        const MatrixXd values = removal_difference(t, i, [&](const MatrixXd& z) {
          return MatrixXd(output_values(kind, z, query.targets, query.task));
        });
        CHECK(distance(value_changes(o, kind).col(i), values) < 1e-6);
      }
      if (!classifies(t)) continue;
      const MatrixXd p = removal_difference(
          t, i, [&](const MatrixXd& z) { return means(t.p.model.spec().loss, z); });
      CHECK(distance(probability_changes(o).col(i), p.reshaped()) < 1e-6);
    }
  }
}

TEST_CASE("residual times change of the outputs is the influence on the loss") {
  for (const Trained& t : trained()) {
    CAPTURE(t.p.model.spec().name);
    const MatrixXd scores = loss_gradients(t.p.model, t.p.query, t.theta).transpose() * t.steps;
    CHECK(distance(value_changes(t.influence, QueryOutput::loss), scores) < 1e-12);
    const MatrixXd e = output_residuals(t.p.model, t.p.query, t.influence.logits);  // (O x Q)
    for (Index q = 0; q < t.influence.queries(); ++q)
      CHECK(distance(e.col(q).transpose() * t.influence.of_query(q), scores.row(q)) < 1e-12);
  }
}

TEST_CASE("probabilities of all classes change by nothing in sum, and the query's own as asked") {
  for (const Trained& t : trained()) {
    if (!classifies(t)) continue;
    const OutputInfluence& o = t.influence;
    const MatrixXd p = probability_changes(o), own = value_changes(o, QueryOutput::probability);
    for (Index q = 0; q < o.queries(); ++q) {
      const MatrixXd block = p.middleRows(q * o.outputs(), o.outputs());
      const VectorXd target = o.targets.col(q);
      if (o.outputs() == 1) {
        CHECK(distance((target(0) > 0.5 ? 1 : -1) * block, own.row(q)) < 1e-12);
        continue;
      }
      CHECK(block.colwise().sum().cwiseAbs().maxCoeff() < 1e-14 * block.cwiseAbs().maxCoeff());
      CHECK(distance(target.transpose() * block, own.row(q)) < 1e-12);
    }
  }
}

TEST_CASE(
    "decisions flip where the linearised logits decide otherwise, and with the margin's sign") {
  Index lost = 0, won = 0;
  for (Trained& t : trained()) {
    if (!classifies(t)) continue;
    OutputInfluence& o = t.influence;
    o.changes *= 40;  // one removal flips nothing in problems this small and clean: groups would
    const MatrixXd flips = linearised_differences(o, QueryOutput::correct);
    const MatrixXd margins = linearised_differences(o, QueryOutput::margin);
    const VectorXd now = output_values(QueryOutput::margin, o.logits, o.targets, o.task);
    const MatrixXd slopes = value_changes(o, QueryOutput::margin);
    for (Index q = 0; q < o.queries(); ++q)
      for (Index i = 0; i < o.removals(); ++i) {
        const VectorXd target = o.targets.col(q), after = linearised(o, q, i);
        const int was = right(o.logits.col(q), target) ? 1 : 0, is = right(after, target) ? 1 : 0;
        CHECK(flips(q, i) == is - was);
        CHECK((now(q) + margins(q, i) > 0) == (is == 1));
        // Another rival may overtake: the fixed rival's margin is an upper bound, exact for two.
        CHECK(margins(q, i) <= slopes(q, i) + 1e-12);
        if (o.outputs() == 1) CHECK(margins(q, i) == doctest::Approx(slopes(q, i)));
        lost += flips(q, i) < 0 ? 1 : 0;
        won += flips(q, i) > 0 ? 1 : 0;
      }
  }
  CHECK(lost > 10);
  CHECK(won > 10);
}

TEST_CASE("differences of values at linearised logits are second order away from the slopes") {
  for (const Trained& t : trained()) {
    CAPTURE(t.p.model.spec().name);
    const auto gap = [&](double scale) {
      OutputInfluence o = t.influence;
      o.changes *= scale;
      const MatrixXd a = linearised_differences(o, QueryOutput::loss);
      return MatrixXd(a - value_changes(o, QueryOutput::loss)).norm();
    };
    CHECK(gap(0.1) / gap(1e-2) == doctest::Approx(100).epsilon(0.05));
  }
}

TEST_CASE("restricted steps give the restricted loss influence through the outputs as well") {
  const Trained t(tanh_classification_problem());
  const std::vector<Index> w = parameter_subset(t.p.model.spec(), "last_layer");
  const MatrixXd h = Evaluator(t.p.objective()).curvature(t.theta, Curvature::full);
  const Solution steps =
      restricted_steps(h(w, w), subset_gradients(t.p.model, t.p.train, t.theta, w), t.p.size());
  const OutputInfluence o =
      output_influence(t.p.model, t.p.query, t.theta, scatter(steps.x, w, t.p.parameters()));
  const MatrixXd query = subset_gradients(t.p.model, t.p.query, t.theta, w);
  CHECK(distance(value_changes(o, QueryOutput::loss), query.transpose() * steps.x) < 1e-12);
}

TEST_CASE("steps of another model and outputs that a task does not have are refused") {
  const Trained t(multiple_ridge_problem());
  CHECK_THROWS_WITH_AS(output_influence(t.p.model, t.p.query, t.theta, MatrixXd::Zero(3, 1)),
                       doctest::Contains("expected columns of 15 parameters, got 3: scatter"),
                       std::invalid_argument);
  CHECK_THROWS_AS(value_changes(t.influence, QueryOutput::margin), std::invalid_argument);
  CHECK_THROWS_WITH_AS(probability_changes(t.influence),
                       doctest::Contains("expected a classification task, got regression"),
                       std::invalid_argument);
  const Trained binary(logistic_problem());
  CHECK_THROWS_AS(value_changes(binary.influence, QueryOutput::correct), std::invalid_argument);
  CHECK_THROWS_AS(
      output_influence(binary.p.model, take(binary.p.query, {}), binary.theta, binary.steps),
      std::invalid_argument);
}
