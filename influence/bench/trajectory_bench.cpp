// SPDX-License-Identifier: MIT
// B10: 400 steps of SGD on mini-batches of 32 from 1000 images of 64 pixels, network 64-32-10. The
// backward walk for one query beside the training that it unrolls (its log is there); Diff-In's
// scores of all examples for one query at 5 checkpoints, by exact products and by differences,
// beside gradients of the whole training set. In multiply-adds the two are 11.0 and 10.0 gradients
// of all (2 + 2 and 2 x 2 products of the first layer's size beside 2, 9 and 6 of the second's
// beside 3), and 0.5 more for the batches and the queries; but neither asks for the losses
// themselves.
#include "influence/bench/trajectory_bench.h"

#include <memory>

#include "datasets/synthetic.h"
#include "influence/trajectory/diff_in.h"
#include "influence/trajectory/unrolled.h"

namespace leaveout {

namespace {

constexpr Index kExamples = 1000, kQueries = 50, kFeatures = 64, kClasses = 10;
constexpr int kPasses = 10;

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
  void gradients() {
    Evaluator evaluate(objective);
    for (int i = 0; i < kPasses; ++i) evaluate.gradient(start, g);
  }
  void diff_in(HessianProducts products) {
    DiffInOptions options;
    options.checkpoints.sampling = Sampling::even;
    options.products.products = products;
    values = diff_in_scores(path(), mean, options).values;
  }

 private:
  Run train_again() const { return leaveout::train(objective, start, protocol); }
};

Race unrolling() {
  const auto lab = std::make_shared<Recorded>();
  return Race({{"backward", [lab] { lab->backward(); }}, {"training", [lab] { lab->training(); }}});
}

Race diff_in() {
  const auto lab = std::make_shared<Recorded>();
  using enum HessianProducts;
  return Race({{"differences", [lab] { lab->diff_in(forward_difference); }},
               {"exact", [lab] { lab->diff_in(exact); }},
               {"passes", [lab] { lab->gradients(); }, 1.0 / kPasses}});
}

Claim diff_in_claim(const char* how, const char* contender) {
  return {"B10", how, contender, "", "<= 10 gradients", "passes", 10};
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
  suite.add(
      "B10_diff_in",
      diff_in,
      4.0,
      {diff_in_claim("Diff-In, all of N=1000 at 5 checkpoints, exact: over one gradient", "exact"),
       diff_in_claim("  the same with differences, Eq. (6)", "differences")});
}

}  // namespace leaveout
