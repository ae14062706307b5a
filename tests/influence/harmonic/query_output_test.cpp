// SPDX-License-Identifier: MIT
// Outputs of queries: textbook formulas at ordinary logits, limits at extreme ones, and derivatives
// beside central differences.
#include "influence/harmonic/query_output.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/random.h"
#include "models/model.h"
#include "models/objective.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr QueryOutput kKinds[] = {QueryOutput::margin,
                                  QueryOutput::logodds,
                                  QueryOutput::probability,
                                  QueryOutput::loss,
                                  QueryOutput::correct,
                                  QueryOutput::prediction};
constexpr Task kTasks[] = {Task::regression, Task::binary, Task::multiclass, Task::reconstruction};

struct Queries {
  Task task;
  MatrixXd logits, targets;  // (O x Q)
};

/// Seven queries of a task with ordinary logits.
Queries queries(Task task) {
  const Index rows = task == Task::binary ? 1 : task == Task::regression ? 1 : 4, n = 7;
  Random random(3, {static_cast<std::uint64_t>(task)});
  Queries q{task, 1.5 * random.normal_matrix(rows, n), MatrixXd::Zero(rows, n)};
  for (Index i = 0; i < n; ++i) {
    if (task == Task::multiclass) q.targets(i % rows, i) = 1;
    if (task == Task::binary) q.targets(0, i) = static_cast<double>(i % 2);
    if (task == Task::regression) q.targets(0, i) = random.normal();
    for (Index j = 0; j < rows && task == Task::reconstruction; ++j)
      q.targets(j, i) = random.uniform();
  }
  return q;
}

VectorXd values(QueryOutput kind, const Queries& q) {
  return output_values(kind, q.logits, q.targets, q.task);
}

/// One query of class `y`.
double value(QueryOutput kind, const VectorXd& z, Index y) {
  const bool binary = z.size() == 1;
  VectorXd target = VectorXd::Zero(z.size());
  target(binary ? 0 : y) = binary ? static_cast<double>(y) : 1;
  return output_values(kind, z, target, binary ? Task::binary : Task::multiclass)(0);
}

}  // namespace

TEST_CASE("query outputs of classes are the textbook's functions of the softmax") {
  const Queries q = queries(Task::multiclass);
  for (Index i = 0; i < q.logits.cols(); ++i) {
    const VectorXd z = q.logits.col(i);
    const Index y = i % z.size();
    const VectorXd e = z.array().exp();
    const double p = e(y) / e.sum();
    VectorXd others = z;
    others(y) = -1e9;
    CHECK(values(QueryOutput::margin, q)(i) == doctest::Approx(z(y) - others.maxCoeff()));
    CHECK(values(QueryOutput::logodds, q)(i) == doctest::Approx(std::log(p / (1 - p))));
    CHECK(values(QueryOutput::probability, q)(i) == doctest::Approx(p).epsilon(1e-13));
    CHECK(values(QueryOutput::loss, q)(i) == doctest::Approx(-std::log(p)).epsilon(1e-13));
    CHECK(values(QueryOutput::prediction, q)(i) == z(y));
    CHECK(values(QueryOutput::correct, q)(i) == (z(y) > others.maxCoeff() ? 1 : 0));
  }
}

TEST_CASE("one logit: margin and log-odds are (2y - 1) z, and the class of y = 1 is sigmoid z") {
  const Queries q = queries(Task::binary);
  CHECK(values(QueryOutput::margin, q) == values(QueryOutput::logodds, q));
  for (Index i = 0; i < q.logits.cols(); ++i) {
    const double z = q.logits(0, i), sign = i % 2 == 1 ? 1 : -1, p = 1 / (1 + std::exp(-sign * z));
    CHECK(values(QueryOutput::margin, q)(i) == sign * z);
    CHECK(values(QueryOutput::probability, q)(i) == doctest::Approx(p).epsilon(1e-14));
    CHECK(values(QueryOutput::loss, q)(i) == doctest::Approx(-std::log(p)).epsilon(1e-13));
    CHECK(values(QueryOutput::correct, q)(i) == (sign * z > 0 ? 1 : 0));
    CHECK(values(QueryOutput::prediction, q)(i) == z);
  }
}

TEST_CASE("two classes as two logits are the same outputs as one logit, their difference") {
  const Queries q = queries(Task::binary);
  for (const QueryOutput kind : kKinds)
    for (Index i = 0; i < q.logits.cols() && kind != QueryOutput::prediction; ++i) {
      const VectorXd one = q.logits.col(i);
      VectorXd two(2);
      two << 0.4, 0.4 + one(0);
      for (const Index y : {0, 1})
        CHECK(value(kind, two, y) == doctest::Approx(value(kind, one, y)).epsilon(1e-12));
    }
}

TEST_CASE("the loss is the loss that the models are trained on, of every task") {
  for (const Task task : kTasks) {
    const Queries q = queries(task);
    Dataset data;  // an identity network: its outputs are the data's inputs
    data.task = task;
    data.inputs = q.logits;
    data.targets = q.targets;
    ModelSpec spec;
    spec.inputs = spec.outputs = q.logits.rows();
    spec.loss = loss_of_task(task);
    spec.bias = false;
    const MatrixXd identity = MatrixXd::Identity(spec.outputs, spec.outputs);
    const VectorXd losses_of_model = losses(Model(spec), data, identity.reshaped());
    CHECK(distance(values(QueryOutput::loss, q), losses_of_model) < 1e-14);
  }
}

TEST_CASE("extreme logits: nothing overflows, and small numbers keep their digits") {
  VectorXd one(1), three(3);
  one << 700;
  three << 700, -700, -701;
  CHECK(value(QueryOutput::logodds, one, 0) == -700);
  CHECK(value(QueryOutput::logodds, three, 0) ==
        doctest::Approx(1400 - std::log1p(std::exp(-1.0))).epsilon(1e-15));
  CHECK(value(QueryOutput::logodds, three, 1) == doctest::Approx(-1400).epsilon(1e-15));
  CHECK(value(QueryOutput::loss, one, 0) == 700);
  CHECK(value(QueryOutput::loss, one, 1) == doctest::Approx(std::exp(-700.0)).epsilon(1e-12));
  CHECK(value(QueryOutput::probability, one, 0) ==
        doctest::Approx(std::exp(-700.0)).epsilon(1e-12));
  CHECK(value(QueryOutput::probability, three, 0) == 1);
  CHECK(value(QueryOutput::probability, three, 1) == 0);
  VectorXd huge(3);
  huge << 1e300, -1e300, 0;
  for (const QueryOutput kind : kKinds)
    for (const Index y : {0, 1, 2}) {
      CHECK(std::isfinite(value(kind, huge, y)));
      if (!differentiable(kind)) continue;
      const MatrixXd target = VectorXd::Unit(3, y);
      CHECK(output_gradients(kind, huge, target, Task::multiclass).allFinite());
      CHECK(output_hessian(kind, huge, target, Task::multiclass).allFinite());
    }
}

TEST_CASE("the untrained model answers margin 0, probability 1/K, loss log K, and is not correct") {
  const VectorXd z = VectorXd::Zero(4);
  CHECK(value(QueryOutput::margin, z, 2) == 0);
  CHECK(value(QueryOutput::logodds, z, 2) == doctest::Approx(-std::log(3.0)));
  CHECK(value(QueryOutput::probability, z, 2) == doctest::Approx(0.25));
  CHECK(value(QueryOutput::loss, z, 2) == doctest::Approx(std::log(4.0)));
  CHECK(value(QueryOutput::correct, z, 2) == 0);
  CHECK(value(QueryOutput::correct, VectorXd::Zero(1), 1) == 0);
}

TEST_CASE("a tie up to what solvers leave is not correct, in units of the largest logit") {
  const double unit = 1e-3;
  CHECK(value(QueryOutput::correct, unit * Eigen::Vector3d(-1, 1 + 1e-9, 1), 1) == 0);
  CHECK(value(QueryOutput::correct, unit * Eigen::Vector3d(-1, 1 + 1e-4, 1), 1) == 1);
  CHECK(value(QueryOutput::correct, VectorXd::Constant(1, 1e-12), 1) == 1);  // one logit: no tie
}

TEST_CASE("gradients and Hessians in the logits are the differences of values and gradients") {
  const double h = 1e-5;
  for (const Task task : kTasks)
    for (const QueryOutput kind : kKinds) {
      if (!allows(task, kind) || !differentiable(kind)) continue;
      const Queries q = queries(task);
      const MatrixXd gradients = output_gradients(kind, q.logits, q.targets, task);
      for (Index i = 0; i < q.logits.cols(); ++i) {
        const MatrixXd hessian =
            output_hessian(kind, q.logits.col(i), q.targets.col(i), task);  // (O x O)
        for (Index j = 0; j < q.logits.rows(); ++j) {
          Queries up = q, down = q;
          up.logits(j, i) += h;
          down.logits(j, i) -= h;
          const double slope = (values(kind, up)(i) - values(kind, down)(i)) / (2 * h);
          CHECK(std::abs(gradients(j, i) - slope) < 1e-9);
          const VectorXd bend = (output_gradients(kind, up.logits, up.targets, task).col(i) -
                                 output_gradients(kind, down.logits, down.targets, task).col(i)) /
                                (2 * h);
          CHECK((hessian.col(j) - bend).cwiseAbs().maxCoeff() < 1e-9);
        }
      }
    }
}

TEST_CASE("tasks allow the outputs that they have, and names come back") {
  for (const QueryOutput kind : kKinds) {
    CHECK(parse_output(output_name(kind)) == kind);
    CHECK(allows(Task::binary, kind));
    CHECK(allows(Task::multiclass, kind));
    const bool of_values = kind == QueryOutput::prediction || kind == QueryOutput::loss;
    CHECK(allows(Task::regression, kind) == of_values);
    CHECK(allows(Task::reconstruction, kind) == (kind == QueryOutput::loss));
  }
  for (const Task task : kTasks) CHECK(allows(task, default_output(task)));
  CHECK(default_output(Task::regression) == QueryOutput::prediction);
  CHECK(default_output(Task::multiclass) == QueryOutput::margin);
  CHECK_THROWS_WITH_AS(parse_output("logit"),
                       doctest::Contains("margin, logodds, probability, loss, correct"),
                       std::invalid_argument);
}

TEST_CASE("refused: outputs a task has not, derivatives of a step, shapes that do not fit") {
  const Queries q = queries(Task::multiclass), r = queries(Task::regression);
  CHECK_THROWS_WITH_AS(output_values(QueryOutput::margin, r.logits, r.targets, r.task),
                       "[query output] output, regression has no 'margin': ask for 'prediction'",
                       std::invalid_argument);
  CHECK_THROWS_AS(output_gradients(QueryOutput::correct, q.logits, q.targets, q.task),
                  std::invalid_argument);
  CHECK_THROWS_AS(output_hessian(QueryOutput::correct, q.logits.col(0), q.targets.col(0), q.task),
                  std::invalid_argument);
  CHECK_THROWS_AS(output_values(QueryOutput::margin, q.logits, r.targets, q.task),
                  std::invalid_argument);
  CHECK_THROWS_AS(output_values(QueryOutput::margin, q.logits, q.targets, Task::binary),
                  std::invalid_argument);
  CHECK_THROWS_AS(output_values(QueryOutput::prediction, q.logits, q.targets, Task::regression),
                  std::invalid_argument);
  CHECK_THROWS_AS(output_values(QueryOutput::margin, r.logits, r.targets, Task::multiclass),
                  std::invalid_argument);
}
