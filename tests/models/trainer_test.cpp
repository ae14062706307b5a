// SPDX-License-Identifier: MIT
#include "models/trainer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

Protocol small_protocol(OptimiserKind kind = OptimiserKind::sgd) {
  Protocol p;
  p.optimiser = kind;
  p.learning_rate = 0.05;
  p.batch_size = 7;  // does not divide the number of examples: the last batch is short
  p.epochs = 5;
  p.seed = 3;
  return p;
}

/// The mean over a batch of N w_i grad loss_i, plus weight decay: from per-example gradients.
VectorXd batch_gradient_by_hand(const Objective& q,
                                const VectorXd& theta,
                                const std::vector<Index>& batch) {
  const MatrixXd g = loss_gradients(*q.model, *q.data, theta);
  VectorXd sum = VectorXd::Zero(theta.size());
  for (const Index i : batch) sum += static_cast<double>(q.size()) * q.weights(i) * g.col(i);
  return sum / static_cast<double>(batch.size()) + q.weight_decay * theta;
}

/// Calls `step(gradient, theta)` for each batch of each epoch of the protocol.
VectorXd train_by_hand(const Objective& q,
                       VectorXd theta,
                       const Protocol& p,
                       const std::function<void(const VectorXd&, VectorXd&)>& step) {
  for (Index e = 0; e < p.epochs; ++e)
    for (const auto& batch : epoch_batches(q.size(), p, p.first_epoch + e))
      step(batch_gradient_by_hand(q, theta, batch), theta);
  return theta;
}

VectorXd sgd_by_hand(const Objective& q, const VectorXd& start, const Protocol& p) {
  VectorXd velocity = VectorXd::Zero(start.size());
  return train_by_hand(q, start, p, [&](const VectorXd& g, VectorXd& theta) {
    velocity = p.momentum * velocity + g;
    theta -= p.learning_rate * velocity;
  });
}

/// Algorithm 1 of Kingma and Ba (2015), entry by entry.
VectorXd adam_by_hand(const Objective& q, const VectorXd& start, const Protocol& p) {
  VectorXd m = VectorXd::Zero(start.size()), v = m;
  int t = 0;
  return train_by_hand(q, start, p, [&](const VectorXd& g, VectorXd& theta) {
    ++t;
    for (Index i = 0; i < theta.size(); ++i) {
      m(i) = p.beta1 * m(i) + (1 - p.beta1) * g(i);
      v(i) = p.beta2 * v(i) + (1 - p.beta2) * g(i) * g(i);
      const double m_hat = m(i) / (1 - std::pow(p.beta1, t));
      const double v_hat = v(i) / (1 - std::pow(p.beta2, t));
      theta(i) -= p.learning_rate * m_hat / (std::sqrt(v_hat) + p.epsilon);
    }
  });
}

std::string failure(const Objective& q, const VectorXd& start, const Protocol& p) {
  try {
    train(q, start, p);
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("SGD with momentum is its recursion, batch by batch") {
  const Problem p = softmax_problem(30);
  Objective q = p.objective();
  q.weights(4) = 0;
  const VectorXd start = p.anywhere(1);
  for (const double momentum : {0.0, 0.9}) {
    Protocol protocol = small_protocol();
    protocol.momentum = momentum;
    const Run run = train(q, start, protocol);
    CHECK(distance(run.theta, sgd_by_hand(q, start, protocol)) < 1e-13);
  }
}

TEST_CASE("Adam is its recursion with bias correction, batch by batch") {
  const Problem p = tanh_classification_problem();
  Protocol protocol = small_protocol(OptimiserKind::adam);
  protocol.epsilon = 1e-4;  // large enough to be seen
  const VectorXd start = p.anywhere(1);
  CHECK(distance(train(p.objective(), start, protocol).theta,
                 adam_by_hand(p.objective(), start, protocol)) < 1e-12);
}

TEST_CASE("full-batch descent on ridge contracts by (I - rate H) at every step") {
  const Problem p = ridge_problem();
  Protocol protocol = small_protocol();
  protocol.batch_size = 1000;  // more than there are
  protocol.epochs = 6;
  const VectorXd start = p.anywhere(1), optimum = p.optimum();
  const MatrixXd h = Evaluator(p.objective()).curvature(start, Curvature::full);
  VectorXd offset = start - optimum;
  for (int i = 0; i < 6; ++i) offset -= protocol.learning_rate * h * offset;
  CHECK(distance(train(p.objective(), start, protocol).theta, optimum + offset) < 1e-13);
}

TEST_CASE("the batches of an epoch are a partition of the examples, cut at the batch size") {
  Protocol protocol = small_protocol();
  const auto batches = epoch_batches(24, protocol, 0);
  REQUIRE(batches.size() == 4);
  std::vector<Index> all;
  for (std::size_t b = 0; b < 4; ++b) {
    CHECK(batches[b].size() == (b < 3 ? 7 : 3));
    all.insert(all.end(), batches[b].begin(), batches[b].end());
  }
  CHECK(all != all_examples(24));
  std::ranges::sort(all);
  CHECK(all == all_examples(24));
}

TEST_CASE("the order of an epoch depends on seed and epoch and on nothing else") {
  const Protocol protocol = small_protocol();
  const auto order = [](const Protocol& p, Index epoch) {
    std::vector<Index> flat;
    for (const auto& batch : epoch_batches(24, p, epoch))
      flat.insert(flat.end(), batch.begin(), batch.end());
    return flat;
  };
  Protocol other = protocol;
  other.optimiser = OptimiserKind::adam;
  other.learning_rate = 3;
  other.momentum = 0.5;
  other.batch_size = 5;
  other.epochs = 99;
  other.first_epoch = 12;
  other.log_every = 2;
  CHECK(order(protocol, 4) == order(other, 4));
  CHECK(order(protocol, 4) != order(protocol, 5));
  other.seed = 4;
  CHECK(order(protocol, 4) != order(other, 4));
}

TEST_CASE("a training repeats bit for bit") {
  const Problem p = tanh_regression_problem();
  for (const OptimiserKind kind : {OptimiserKind::sgd, OptimiserKind::adam}) {
    const Protocol protocol = small_protocol(kind);
    const Run a = train(p.objective(), p.anywhere(1), protocol);
    const Run b = train(p.objective(), p.anywhere(1), protocol);
    CHECK(a.theta == b.theta);
    CHECK(a.objective == b.objective);
    Protocol reseeded = protocol;
    reseeded.seed = 4;
    CHECK(a.theta != train(p.objective(), p.anywhere(1), reseeded).theta);
  }
}

TEST_CASE("a removed example keeps its place: one without gradient may be removed unnoticed") {
  Dataset data = ridge_problem().train;
  data.inputs.col(5).setZero();  // without bias the gradient of this example is always zero
  data.targets(0, 5) = 0;
  ModelSpec spec = parse_model("mlp:3", Task::regression, 4, 1);
  spec.bias = false;
  const Model model(spec);
  const VectorXd start = initialise(spec, Initialisation::glorot_normal, 1);
  Objective all = training_objective(model, data, 0.01), without = all;
  without.weights(5) = 0;
  Protocol protocol = small_protocol();
  protocol.momentum = 0.9;
  CHECK(train(all, start, protocol).theta == train(without, start, protocol).theta);
  without.weights(6) = 0;
  CHECK(train(all, start, protocol).theta != train(without, start, protocol).theta);
}

TEST_CASE("further training takes the batches where the first stage ended, buffers at zero") {
  const Problem p = logistic_problem();
  const Objective q = p.objective();
  Protocol whole = small_protocol();
  Protocol first = whole, second = whole;
  first.epochs = 2;
  second.first_epoch = 2;
  second.epochs = 3;
  const VectorXd start = p.anywhere(1);
  const auto in_two = [&] { return train(q, train(q, start, first).theta, second).theta; };
  CHECK(in_two() == train(q, start, whole).theta);
  whole.momentum = first.momentum = second.momentum = 0.9;
  CHECK(in_two() != train(q, start, whole).theta);  // the velocity is forgotten between stages
  CHECK(distance(in_two(), sgd_by_hand(q, sgd_by_hand(q, start, first), second)) < 1e-13);
}

TEST_CASE("the log holds the start, every asked epoch and the end, measured on all the data") {
  const Problem p = logistic_problem();
  Protocol protocol = small_protocol();
  protocol.log_every = 2;
  const Run run = train(p.objective(), p.anywhere(1), protocol);
  REQUIRE(run.log.size() == 4);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(run.log[i].step == std::vector<std::int64_t>{0, 2, 4, 5}[i]);
  Evaluator evaluate(p.objective());
  VectorXd g;
  CHECK(run.log[0].objective == evaluate.gradient(p.anywhere(1), g));
  CHECK(run.objective == evaluate.gradient(run.theta, g));
  CHECK(run.gradient_norm == g.norm());
  CHECK(run.log[3].gradient_norm == g.norm());
  CHECK(run.iterations == 5);
  CHECK_FALSE(run.converged);
  CHECK(run.kind == Stationarity::not_examined);
  protocol.epochs = 0;
  CHECK(train(p.objective(), p.anywhere(1), protocol).theta == p.anywhere(1));
}

TEST_CASE("a hook sees every batch before its step, and the weights it writes hold from the next") {
  struct Hook : TrainingHook {
    std::vector<std::vector<Index>> batches;
    std::vector<VectorXd> seen, after;
    void before_step(const TrainingStep& step) override {
      CHECK(step.epoch == static_cast<Index>(after.size()));
      CHECK(step.number == static_cast<Index>(seen.size()));
      CHECK(step.state.steps == step.number);
      batches.emplace_back(step.batch.begin(), step.batch.end());
      seen.push_back(step.theta());
    }
    void after_epoch(Index done, const VectorXd& theta, VectorXd& weights) override {
      after.push_back(theta);
      if (done == 2) weights(4) = 0;
    }
  };
  const Problem problem = tanh_regression_problem();
  const Objective q = problem.objective();
  const VectorXd start = problem.anywhere(1);
  for (const Index batch_size : {Index{7}, q.size()}) {
    Protocol p = small_protocol();
    p.batch_size = batch_size;
    Hook hook;
    const Run run = train(q, start, p, &hook);
    std::vector<std::vector<Index>> expected;
    Objective now = q;
    VectorXd theta = start;
    for (Index e = 0; e < p.epochs; ++e) {
      if (e == 2) now.weights(4) = 0;
      std::vector<std::vector<Index>> batches = epoch_batches(q.size(), p, e);
      if (batch_size == q.size()) batches = {all_examples(q.size())};
      for (const std::vector<Index>& batch : batches) {
        CHECK(distance(hook.seen[expected.size()], theta) < 1e-12);
        theta -= p.learning_rate * batch_gradient_by_hand(now, theta, batch);
        expected.push_back(batch);
      }
      CHECK(distance(hook.after[static_cast<std::size_t>(e)], theta) < 1e-12);
    }
    CHECK(hook.batches == expected);
    CHECK(distance(run.theta, theta) < 1e-12);
    CHECK(run.objective == doctest::Approx(Evaluator(now).value(run.theta)).epsilon(1e-14));
  }
  struct Idle : TrainingHook {
  } idle;
  CHECK(train(q, start, small_protocol(), &idle).theta == train(q, start, small_protocol()).theta);
}

TEST_CASE("a learning rate that is too large ends in one line that says so") {
  const Problem p = ridge_problem();
  Protocol protocol = small_protocol();
  protocol.learning_rate = 1e3;
  protocol.epochs = 200;
  const std::string message = failure(p.objective(), p.anywhere(1), protocol);
  CHECK(message.starts_with("[train] parameters are no longer finite after epoch "));
  CHECK(message.ends_with("of 200: lower the learning rate (now 1000)"));
  CHECK_THROWS_AS(train(p.objective(), p.anywhere(1), protocol), std::runtime_error);
}

TEST_CASE("a protocol that means nothing is refused") {
  const Problem p = ridge_problem();
  const auto refused = [&](auto change) {
    Protocol protocol = small_protocol();
    change(protocol);
    return failure(p.objective(), p.anywhere(1), protocol).starts_with("[train] protocol");
  };
  CHECK_FALSE(refused([](Protocol&) {}));
  CHECK(refused([](Protocol& x) { x.batch_size = 0; }));
  CHECK(refused([](Protocol& x) { x.epochs = -1; }));
  CHECK(refused([](Protocol& x) { x.first_epoch = -1; }));
  CHECK(refused([](Protocol& x) { x.learning_rate = 0; }));
  CHECK(refused([](Protocol& x) { x.learning_rate = std::nan(""); }));
  CHECK_THROWS_AS(train(p.objective(), VectorXd::Zero(3), small_protocol()), std::invalid_argument);
  CHECK(parse_optimiser("adam") == OptimiserKind::adam);
  CHECK(parse_optimiser(optimiser_name(OptimiserKind::sgd)) == OptimiserKind::sgd);
  CHECK_THROWS_AS(parse_optimiser("lbfgs"), std::invalid_argument);
}
