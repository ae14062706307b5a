// SPDX-License-Identifier: MIT
#include "influence/memorization/early_scores.h"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "influence/metrics/correlation.h"
#include "models/layer.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

SubsetProblem protocol_of(const Problem& p) {
  SubsetProblem s{&p.model, &p.train, &p.query, p.weight_decay};
  s.protocol.epochs = 9;
  s.protocol.batch_size = 16;
  s.protocol.momentum = 0.5;
  s.seeds = 3;
  return s;
}

}  // namespace

TEST_CASE("EL2N is the distance of the mean output from the target, GraNd a gradient's length") {
  std::vector<Problem> problems = every_problem();
  problems.push_back(make_problem(make_blobs(310, 2, 3, 0.8, 16), 10, "mlp:4", 0.01));
  for (const Problem& p : problems) {
    const VectorXd theta = p.anywhere(1);
    const MatrixXd mu = means(p.model.spec().loss, outputs(p.model, p.train.inputs, theta));
    const VectorXd by_hand = (mu - p.train.targets).colwise().norm();
    CHECK(distance(el2n(p.model, p.train, theta), by_hand) < 1e-12);
    const VectorXd lengths = loss_gradients(p.model, p.train, theta).colwise().norm();
    CHECK(distance(grand(p.model, p.train, theta), lengths) < 1e-12);
  }
}

TEST_CASE("the last layer's part of GraNd is |e| sqrt(1 + |phi|^2)") {
  const Problem p = tanh_classification_problem();  // mlp:4 with biases
  const VectorXd theta = p.anywhere(1);
  const Index hidden = 4, inputs = p.train.features(), classes = 3;
  const Eigen::Map<const MatrixXd> w(theta.data(), hidden, inputs);
  const VectorXd b = theta.segment(hidden * inputs, hidden);
  const MatrixXd phi =
      ((w * p.train.inputs).colwise() + b).unaryExpr([](double x) { return std::tanh(x); });
  const MatrixXd e = output_residuals(p.model, p.train, outputs(p.model, p.train.inputs, theta));
  const MatrixXd g = loss_gradients(p.model, p.train, theta);
  const VectorXd head = g.bottomRows(classes * (hidden + 1)).colwise().norm();
  CHECK(distance(last_layer_grand(phi, e), head) < 1e-12);
  CHECK(((grand(p.model, p.train, theta) - head).array() > 0).all());
  CHECK_THROWS_AS(last_layer_grand(phi, e.leftCols(3)), std::invalid_argument);
}

TEST_CASE("scores are means over runs, with standard errors over runs") {
  const Problem p = tanh_classification_problem();
  MatrixXd thetas(p.parameters(), 3);
  for (Index r = 0; r < 3; ++r) thetas.col(r) = p.anywhere(static_cast<std::uint64_t>(r));
  const EarlyScores s = early_scores(p.model, p.train, thetas);
  for (const Index i : {0, 7}) {
    VectorXd e(3), g(3), m(3);
    for (Index r = 0; r < 3; ++r) {
      const VectorXd theta = thetas.col(r);
      const VectorXd z = outputs(p.model, p.train.inputs.col(i), theta);
      e(r) = el2n(p.model, p.train, theta)(i);
      g(r) = loss_gradients(p.model, p.train, theta).col(i).norm();
      const Index y = p.train.label(i);
      m(r) = z(y) - std::max(z((y + 1) % 3), z((y + 2) % 3));
    }
    CHECK(s.el2n.mean(i) == doctest::Approx(e.mean()).epsilon(1e-12));
    CHECK(s.grand.mean(i) == doctest::Approx(g.mean()).epsilon(1e-12));
    CHECK(s.margin.mean(i) == doctest::Approx(m.mean()).epsilon(1e-12));
    CHECK(s.margin.error(i) == doctest::Approx(*mean_error(m).standard_error).epsilon(1e-12));
    CHECK(s.grand.error(i) == doctest::Approx(*mean_error(g).standard_error).epsilon(1e-12));
  }
  CHECK(early_scores(p.model, p.train, thetas.leftCols(1)).el2n.error.size() == 0);
  CHECK_THROWS_AS(early_scores(p.model, p.train, thetas.leftCols(0)), std::invalid_argument);
  const Problem ridge = ridge_problem();
  CHECK(early_scores(ridge.model, ridge.train, ridge.anywhere(1)).margin.mean.size() == 0);
}

TEST_CASE("an early epoch is a part of the whole training, bit for bit, of every kind of model") {
  struct Recorder : TrainingHook {
    std::vector<VectorXd> after;
    void after_epoch(Index, const VectorXd& theta, VectorXd&) override { after.push_back(theta); }
  };
  for (const Problem& p : {tanh_classification_problem(), softmax_problem()}) {
    const SubsetProblem s = protocol_of(p);
    const MatrixXd thetas = early_thetas(s, 4, {.threads = 2});
    REQUIRE(thetas.cols() == 3);
    for (Index r = 0; r < 3; ++r) {
      Recorder recorder;
      train_seeded(s, full_weights(s), r, &recorder);
      REQUIRE(recorder.after.size() == 9);
      CHECK(thetas.col(r) == recorder.after[3]);
      CHECK(thetas.col(r) != recorder.after[4]);
    }
    CHECK(thetas.col(0) != thetas.col(1));
  }
  const Problem p = softmax_problem();
  CHECK_THROWS_WITH_AS(
      early_thetas(protocol_of(p), 10, {}),
      "[early scores] epochs, expected 0 to 9, as many as the protocol has, got 10",
      std::invalid_argument);
}
