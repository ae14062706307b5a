// SPDX-License-Identifier: MIT
#include "influence/memorization/forgetting.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string_view>

#include "influence/memorization/seeded_training.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

Presentations scripted(std::string_view trace) {
  Presentations p;
  for (const char c : trace) p.present(c == '1', c == '1' ? 2 : -1);
  return p;
}

SubsetProblem protocol_of(const Problem& p) {
  SubsetProblem s{&p.model, &p.train, &p.query, p.weight_decay};
  s.protocol.epochs = 25;
  s.protocol.batch_size = 8;
  s.protocol.learning_rate = 0.8;  // restless
  s.seeds = 3;
  return s;
}

/// Every step's batch and parameters.
struct Trajectory : TrainingHook {
  std::vector<std::vector<Index>> batches;
  std::vector<VectorXd> thetas;
  void before_step(const TrainingStep& step) override {
    batches.emplace_back(step.batch.begin(), step.batch.end());
    thetas.push_back(step.theta());
  }
};

/// Of example i, by the textbook: its trace of margins from the recorded trajectory.
std::vector<double> margins(const Problem& p, const Trajectory& recorded, Index i) {
  std::vector<double> all;
  for (std::size_t step = 0; step < recorded.batches.size(); ++step)
    for (const Index j : recorded.batches[step]) {
      if (j != i) continue;
      VectorXd z = outputs(p.model, p.train.inputs.col(i), recorded.thetas[step]);
      if (z.size() == 1) {
        all.push_back(p.train.label(i) == 1 ? z(0) : -z(0));
        continue;
      }
      const double own = z(p.train.label(i));
      z(p.train.label(i)) = -1e300;
      all.push_back(own - z.maxCoeff());
    }
  return all;
}

}  // namespace

TEST_CASE("forgetting events of a scripted trace are its steps from right to wrong") {
  struct Case {
    std::string_view trace;
    Index events, learned_at;
  };
  for (const Case& c : {Case{"1111", 0, 1},
                        Case{"0011", 0, 3},
                        Case{"0110100", 2, 2},
                        Case{"10", 1, 1},
                        Case{"1010101", 3, 1},
                        Case{"01", 0, 2},
                        Case{"00000", 5, 0},  // never learned: its presentations
                        Case{"", 0, 0}}) {
    CAPTURE(c.trace);
    const Presentations p = scripted(c.trace);
    CHECK(p.events() == c.events);
    CHECK(p.learned_at == c.learned_at);
    CHECK(p.count == static_cast<Index>(c.trace.size()));
  }
  CHECK(scripted("0110").margins == 2);
}

TEST_CASE("the hook's counts are those of the trajectory, and it leaves training alone") {
  bool forgot = false, never = false;
  for (const Problem& p : {tanh_classification_problem(), logistic_problem(40)})
    for (const Index batch_size : {Index{8}, p.size()}) {
      SubsetProblem s = protocol_of(p);
      s.protocol.batch_size = batch_size;
      ForgettingHook hook(p.model, p.train);
      Trajectory recorder;
      const Run watched = train_seeded(s, full_weights(s), 0, &hook);
      const Run plain = train_seeded(s, full_weights(s), 0, &recorder);
      CHECK(watched.theta == plain.theta);
      CHECK(plain.theta == train_seeded(s, full_weights(s), 0).theta);
      const ForgettingScores scores = hook.scores();
      for (Index i = 0; i < p.size(); ++i) {
        const std::vector<double> trace = margins(p, recorder, i);
        REQUIRE(trace.size() == 25);
        double events = 0, first = 0, sum = 0;
        for (std::size_t k = 0; k < trace.size(); ++k) {
          sum += trace[k];
          if (k > 0 && trace[k - 1] > 0 && trace[k] <= 0) ++events;
          if (first == 0 && trace[k] > 0) first = static_cast<double>(k + 1);
        }
        forgot = forgot || events > 0;
        never = never || first == 0;
        CHECK(scores.events(i) == (first == 0 ? 25 : events));
        CHECK(scores.learned_at(i) == (first == 0 ? 26 : first));
        CHECK(scores.never_learned(i) == (first == 0 ? 1 : 0));
        CHECK(scores.presentations(i) == 25);
        CHECK(scores.unforgettable(i) == (first > 0 && events == 0));
        CHECK(scores.mean_margin(i) == doctest::Approx(sum / 25).epsilon(1e-10));
      }
    }
  CHECK(forgot);  // the cases above were met
  CHECK(never);
}

TEST_CASE("runs are summed, kept as shards, and come back with the same bits") {
  const Problem p = tanh_classification_problem();
  const SubsetProblem s = protocol_of(p);
  std::vector<ForgettingScores> runs;
  for (Index r = 0; r < 3; ++r) {
    ForgettingHook hook(p.model, p.train);
    train_seeded(s, full_weights(s), r, &hook);
    runs.push_back(hook.scores());
  }
  const TemporaryFolder folder;
  for (int again = 0; again < 2; ++again) {
    const ForgettingScores all =
        forgetting_scores(s, {.threads = 2, .shard_folder = folder.path().string()});
    CHECK(all.events == runs[0].events + runs[1].events + runs[2].events);
    CHECK(all.presentations == VectorXd::Constant(p.size(), 75));
    CHECK(all.never_learned ==
          runs[0].never_learned + runs[1].never_learned + runs[2].never_learned);
    CHECK(distance(all.learned_at,
                   (runs[0].learned_at + runs[1].learned_at + runs[2].learned_at) / 3) < 1e-14);
    CHECK(distance(all.mean_margin,
                   (runs[0].mean_margin + runs[1].mean_margin + runs[2].mean_margin) / 3) < 1e-12);
  }
  CHECK_THROWS_AS(total({}), std::invalid_argument);
}

TEST_CASE("without classes there is nothing to forget") {
  const Problem p = ridge_problem();
  CHECK_THROWS_WITH_AS(ForgettingHook(p.model, p.train),
                       "[forgetting] 'linear_regression' is a regression, expected a binary or "
                       "multiclass task: without classes nothing is right or wrong; use "
                       "early_scores.h",
                       std::invalid_argument);
  CHECK_THROWS_AS(forgetting_scores(protocol_of(p), {}), std::invalid_argument);
}
