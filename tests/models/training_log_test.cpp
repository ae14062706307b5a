// SPDX-License-Identifier: MIT
#include "models/training_log.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "tests/support/problems.h"

using namespace leaveout;
using Eigen::VectorXd;

namespace {

Protocol short_protocol(OptimiserKind kind, Index batch_size) {
  Protocol p;
  p.optimiser = kind;
  p.learning_rate = 0.05;
  p.momentum = 0.6;
  p.batch_size = batch_size;
  p.epochs = 5;
  p.seed = 3;
  p.schedule = RateSchedule::cosine;
  return p;
}

/// Every step as train() takes it.
struct Watch : TrainingHook {
  std::vector<std::vector<Index>> batches;
  std::vector<double> rates;
  std::vector<VectorXd> thetas;
  void before_step(const TrainingStep& step) override {
    batches.emplace_back(step.batch.begin(), step.batch.end());
    rates.push_back(step.rate);
    thetas.push_back(step.theta());
  }
};

void check_step(const LoggedStep& s, const Watch& seen, const Run& run) {
  const auto t = static_cast<std::size_t>(s.number);
  CHECK(std::vector<Index>(s.batch.begin(), s.batch.end()) == seen.batches[t]);
  CHECK(s.rate == seen.rates[t]);
  CHECK(s.before.theta == seen.thetas[t]);
  CHECK(s.before.steps == s.number);
  CHECK(s.after.theta == (t + 1 < seen.thetas.size() ? seen.thetas[t + 1] : run.theta));
}

std::string refusal(const Objective& q,
                    const VectorXd& start,
                    const Protocol& p,
                    const LogOptions& options) {
  try {
    record_training(q, start, p, options);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("walks over a log see the training's steps bit for bit, whatever the spacing") {
  const Problem problem = tanh_classification_problem();
  Objective q = problem.objective();
  q.weights(4) = 0;
  const VectorXd start = problem.anywhere(1);
  for (const OptimiserKind kind :
       {OptimiserKind::sgd, OptimiserKind::nesterov, OptimiserKind::adam})
    for (const Index batch_size : {Index{9}, q.size()}) {
      const Protocol p = short_protocol(kind, batch_size);
      Watch seen;
      const Run run = train(q, start, p, &seen);
      const auto steps = static_cast<Index>(seen.rates.size());
      for (const Index spacing : {1, 2, 7, 1000}) {
        LogOptions options;
        options.spacing = spacing;
        const TrainingLog log = record_training(q, start, p, options);
        REQUIRE(log.steps() == steps);
        CHECK(log.run.theta == run.theta);
        CHECK(log.end.theta == run.theta);
        Replay replay(q, log);
        Index next = 0;
        replay.forward([&](const LoggedStep& s) {
          CHECK(s.number == next++);
          check_step(s, seen, run);
        });
        CHECK(next == steps);
        replay.backward([&](const LoggedStep& s) {
          CHECK(s.number == --next);
          check_step(s, seen, run);
        });
        CHECK(next == 0);
        CHECK(replay.theta(3) == seen.thetas[3]);
        CHECK(replay.theta(steps) == run.theta);
        replay.visit({1, 4}, [&](const LoggedStep& s) { check_step(s, seen, run); });
      }
    }
}

TEST_CASE("the spacing is the smallest whose states fit, and too little memory is refused") {
  const Problem problem = logistic_problem();
  const Objective q = problem.objective();
  const Protocol p = short_protocol(OptimiserKind::sgd, 2);  // 30 steps an epoch
  const Index steps = step_count(p, q.size()), parameters = problem.parameters();
  LogOptions options;
  CHECK(record_training(q, problem.anywhere(1), p, options).spacing == 1);
  options.memory = log_bytes(p, parameters, steps, 5);
  CHECK(record_training(q, problem.anywhere(1), p, options).spacing == 5);
  options.memory -= 1;
  CHECK(record_training(q, problem.anywhere(1), p, options).spacing == 6);
  options.memory = 100;
  const std::string message = refusal(q, problem.anywhere(1), p, options);
  CHECK(message.starts_with("[training log] 150 steps with "));
  CHECK(message.ends_with("raise the memory, or train for fewer steps"));
  options.memory = 0;
  CHECK(refusal(q, problem.anywhere(1), p, options).starts_with("[training log] spacing"));
}

TEST_CASE("a log of no step is its start, and somebody else's objective is refused") {
  const Problem problem = logistic_problem();
  Protocol p = short_protocol(OptimiserKind::sgd, 9);
  p.epochs = 0;
  const TrainingLog log = record_training(problem.objective(), problem.anywhere(1), p);
  CHECK(log.steps() == 0);
  Replay replay(problem.objective(), log);
  CHECK(replay.theta(0) == problem.anywhere(1));
  replay.backward([](const LoggedStep&) { FAIL("there is no step"); });
  CHECK_THROWS_AS(replay.visit({0}, [](const LoggedStep&) {}), std::invalid_argument);
  const Problem other = ridge_problem();
  CHECK_THROWS_AS(Replay(other.objective(), log), std::invalid_argument);
}
