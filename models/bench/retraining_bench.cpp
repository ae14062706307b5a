// SPDX-License-Identifier: MIT
// B5: leave-one-out retrainings, the work that gives the ground truth.
#include <fmt/format.h>

#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "models/retraining_pool.h"
#include "models/trainer.h"

namespace leaveout {

namespace {

constexpr Index kExamples = 500, kSteps = 200, kMeasured = 50, kWanted = 1000;
constexpr double kRate = 0.05, kWeightDecay = 1e-3;

struct Lab {
  Model model{parse_model("mlp:20,20", Task::regression, 10, 1)};
  Dataset data;
  Eigen::VectorXd start = initialise(model.spec(), Initialisation::glorot_normal, 1);
  Protocol protocol;
  std::vector<RetrainingTask> tasks;
  std::vector<Run> runs;
  BenchData hand_data;
  HandMlp hand{model.spec().widths(), false, 128};
  Eigen::VectorXd theta, g;  // (P), the hand-written version's

  Lab() {
    data.task = Task::regression;
    data.inputs = irregular(10, kExamples, 0.1);
    data.targets = irregular(1, kExamples, 0.2);
    protocol.learning_rate = kRate;
    protocol.batch_size = kExamples;
    protocol.epochs = kSteps;
    for (Index k = 0; k < kMeasured; ++k)
      tasks.push_back({fmt::format("without {}", k), [this, k] { return retrained(k); }});
    hand_data = {data.inputs, data.targets, Eigen::VectorXd()};
    g.resize(start.size());
  }
  Lab(const Lab&) = delete;  // the tasks point here

  Run retrained(Index k) const {
    Objective q = training_objective(model, data, kWeightDecay);
    q.weights(k) = 0;
    return train(q, start, protocol);
  }
  void ours(int threads) { runs = retrain(tasks, {.threads = threads}); }
  void by_hand() {
    for (Index k = 0; k < kMeasured; ++k) {
      hand_data.w = Eigen::VectorXd::Constant(kExamples, 1.0 / kExamples);
      hand_data.w(k) = 0;
      theta = start;
      for (Index s = 0; s < kSteps; ++s) {
        hand.gradient(theta, hand_data, g);
        theta -= kRate * (g + kWeightDecay * theta);
      }
    }
  }
};

Race retrainings() {
  const auto lab = std::make_shared<Lab>();
  lab->ours(2);
  lab->by_hand();
  require_equal("retraining", lab->runs.back().theta.data(), lab->theta.data(), lab->theta.size());
  const double scale = static_cast<double>(kWanted) / kMeasured;
  return Race({{"ours", [lab] { lab->ours(1); }, scale},
               {"hand", [lab] { lab->by_hand(); }, scale},
               {"ours_2_threads", [lab] { lab->ours(2); }, scale}});
}

}  // namespace

void add_retraining_benchmarks(Suite& suite) {
  const std::string work =
      fmt::format("{} LOO x {} steps, N={} ({} run)", kWanted, kSteps, kExamples, kMeasured);
  suite.add("B5_retraining",
            retrainings,
            20.0,
            {{"B5", work + ", 1 thread", "ours", "hand", "<= 20 s", "", 20.0},
             {"B5",
              work + ": threads 1 : 2",
              "ours",
              "",
              ">= 1.85",
              "ours_2_threads",
              1.85,
              true,
              Clock::wall}});
}

}  // namespace leaveout
