// SPDX-License-Identifier: MIT
// B10: 400 steps of SGD on mini-batches of 32 from 1000 images of 64 pixels, network 64-32-10. The
// backward walk for one query beside the training that it unrolls; Diff-In's scores of all examples
// at 5 checkpoints beside the gradient of the whole training set.
#include "influence/bench/trajectory_bench.h"

#include <memory>

#include "datasets/synthetic.h"
#include "influence/trajectory/diff_in.h"
#include "influence/trajectory/unrolled.h"

namespace leaveout {

namespace {

constexpr Index kExamples = 1000, kQueries = 50, kFeatures = 64, kClasses = 10;

struct Recorded {
  Dataset train, query;
  Model model;
  Objective objective;
  Protocol protocol;
  Eigen::VectorXd start, g;
  TrainingLog log;
  QueryLosses mean;
  Run run;
  Eigen::MatrixXd values;

  Recorded()
      : train(make_blobs(kExamples, kFeatures, kClasses, 1.0, 1)),
        query(make_blobs(kQueries, kFeatures, kClasses, 1.0, 2)),
        model(parse_model("mlp:32", train)),
        objective(training_objective(model, train, 1e-4)),
        mean(model, query, QueryLosses::As::mean) {
    protocol.batch_size = 32;
    protocol.epochs = 12;
    protocol.learning_rate = 0.05;
    start = initialise(model.spec(), Initialisation::glorot_normal, 1);
    log = record_training(objective, start, protocol);
  }
  Recorded(const Recorded&) = delete;  // the objective points here

  Trajectory path() const { return {&objective, &log}; }
  void training() { run = train_again(); }
  void backward() { values = unrolled_scores(path(), mean).values; }
  void gradients() {  // 10 of them
    Evaluator evaluate(objective);
    for (int i = 0; i < 10; ++i) evaluate.gradient(start, g);
  }

 private:
  Run train_again() const { return leaveout::train(objective, start, protocol); }
};

Race unrolling() {
  const auto lab = std::make_shared<Recorded>();
  return Race({{"backward", [lab] { lab->backward(); }}, {"training", [lab] { lab->training(); }}});
}

}  // namespace

void add_trajectory_benchmarks(Suite& suite) {
  suite.add("B10_unrolled",
            unrolling,
            4.0,
            {{"B10",
              "unrolled derivative of one query, 384 steps of 64-32-10: over the training",
              "backward",
              "",
              "<= 3.5 trainings",
              "training",
              3.5}});
}

}  // namespace leaveout
