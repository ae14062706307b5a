// SPDX-License-Identifier: MIT
#include "influence/trajectory/data_value_embedding.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("an embedding is the unrolled tangent with second moments in the Hessian's place") {
  Problem p = tanh_classification_problem();
  p.weight_decay = 0.1;
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  const MatrixXd v = data_value_embeddings(s.path());
  const double n = static_cast<double>(p.size());
  MatrixXd u = MatrixXd::Zero(p.parameters(), p.size());  // forward, no adjoint and no propagator
  Replay(s.objective, s.log).forward([&](const LoggedStep& step) {
    const MatrixXd g = loss_gradients(p.model, p.train, step.before.theta);
    const double b = static_cast<double>(step.batch.size());
    MatrixXd dg = 0.1 * u;
    for (const Index i : step.batch) {
      const double share = n * s.objective.weights(i) / b;
      dg += share * g.col(i) * (g.col(i).transpose() * u);
      dg.col(i) -= share * g.col(i);
    }
    u -= step.rate * dg;
  });
  CHECK(relative_distance(v, u) < 1e-12);
  const MatrixXd gradients = s.queries().gradients(s.log.end.theta);
  CHECK(relative_distance(data_value_scores(s.path(), s.queries()).values,
                          gradients.transpose() * u) < 1e-12);
  CHECK(relative_distance(v, removal_tangents(s.path(), one_by_one(all_examples(p.size())))) >
        0.05);
}

TEST_CASE("without weight decay, embeddings follow the paper's M <- M + sum v g'") {
  Problem p = tanh_regression_problem();
  p.weight_decay = 0;
  Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  MatrixXd m = MatrixXd::Zero(p.parameters(), p.parameters());
  MatrixXd v = MatrixXd::Zero(p.parameters(), p.size());
  Replay(s.objective, s.log).backward([&](const LoggedStep& step) {
    const MatrixXd g = loss_gradients(p.model, p.train, step.before.theta);
    MatrixXd added = 0 * m;
    for (const Index i : step.batch) {
      const double weight = (i == 2 ? 1.5 : 1.0) / static_cast<double>(step.batch.size());
      const VectorXd now = step.rate * weight * (g.col(i) - m * g.col(i));
      v.col(i) += now;
      added += now * g.col(i).transpose();
    }
    m += added;
  });
  CHECK(relative_distance(data_value_embeddings(s.path()), v) < 1e-12);
}

TEST_CASE("data value embedding has the sign of retraining") {
  const Problem p = logistic_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  const QueryLosses mean = s.queries(QueryLosses::As::mean);
  const Scores scores = data_value_scores(s.path(), mean);
  Index strongest = 0;
  scores.values.row(0).cwiseAbs().maxCoeff(&strongest);
  const double truth = mean.values(s.end(strongest, 1))(0) - mean.values(s.log.end.theta)(0);
  CHECK(scores.values(0, strongest) == doctest::Approx(truth).epsilon(0.3));
}

TEST_CASE("momentum, adam and matrices that do not fit are refused, with the numbers") {
  for (const OptimiserKind kind : {OptimiserKind::sgd, OptimiserKind::adam}) {
    const Problem p = ridge_problem();
    const Recorded s = uneven(p, protocol_of(kind));
    CHECK_THROWS_AS(data_value_embeddings(s.path()), std::invalid_argument);
  }
  const Problem p = ridge_problem();
  const Recorded s = uneven(p, protocol_of(OptimiserKind::sgd, 0));
  // P = 5, N = 24, b = 9: 5 (5 + 24 + 18) numbers.
  CHECK(data_value_bytes(s.path()) == 8 * 5 * 47);
  CHECK_NOTHROW(data_value_embeddings(s.path(), 1880));
  std::string message;
  try {
    data_value_embeddings(s.path(), 1879);
  } catch (const std::invalid_argument& e) {
    message = e.what();
  }
  CHECK(message.find("5 x 5") != std::string::npos);
  CHECK(message.find("0.00188 MB") != std::string::npos);
}
