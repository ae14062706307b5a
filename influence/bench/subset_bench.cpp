// SPDX-License-Identifier: MIT
// B9: all 65536 logistic regressions of 16 examples with 10 features, and 8 trainings on each of
// the 4096 subsets of 12 examples of a network 2-6-1, 400 full-batch steps each. Blocks of subsets,
// as they are, stand for the whole where all would take too long.
#include "influence/bench/subset_bench.h"

#include <memory>

#include "datasets/synthetic.h"
#include "influence/harmonic/subset_training.h"

namespace leaveout {

namespace {

constexpr Index kQueries = 10;

struct Subsets {
  Dataset train, query;
  Model model;
  SubsetProblem problem;
  Eigen::MatrixXd subsets;  // (N x those that are trained on)
  SubsetLogits logits;

  Subsets(const Dataset& data, Index examples, const char* model_text, Index measured)
      : train(take(data, rows(0, examples))),
        query(take(data, rows(examples, kQueries))),
        model(parse_model(model_text, train)),
        problem{&model, &train, &query, 0.01},
        subsets(all_subsets(examples).leftCols(measured)) {}
  Subsets(const Subsets&) = delete;  // the problem points here

  void run(int threads) { logits = train_subsets(problem, subsets, {.threads = threads}); }

 private:
  static std::vector<Index> rows(Index first, Index count) {
    std::vector<Index> r;
    for (Index i = 0; i < count; ++i) r.push_back(first + i);
    return r;
  }
};

Race logistic_regressions() {
  const auto lab = std::make_shared<Subsets>(
      make_blobs(16 + kQueries, 10, 2, 0.5, 1), 16, "logistic", Index{1} << 16);
  return Race({{"one", [lab] { lab->run(1); }}, {"two", [lab] { lab->run(2); }}});
}

Race networks() {
  constexpr Index kMeasured = 256;
  const auto lab =
      std::make_shared<Subsets>(make_two_moons(12 + kQueries, 0.1, 1), 12, "mlp:6", kMeasured);
  lab->problem.seeds = 8;
  lab->problem.protocol.epochs = 400;
  lab->problem.protocol.batch_size = 12;
  const double scale = 4096.0 / kMeasured;
  return Race({{"one", [lab] { lab->run(1); }, scale}, {"two", [lab] { lab->run(2); }, scale}});
}

Claim claim(const std::string& workload, const char* target, double seconds) {
  Claim c{"B9", workload, "two", "", target, "", seconds};
  c.clock = Clock::wall;
  return c;
}

}  // namespace

void add_subset_benchmarks(Suite& suite) {
  suite.add("B9_logistic",
            logistic_regressions,
            4.0,
            {claim("65536 logistic regressions, 16 of 10 features: 2 threads", "<= 10 s", 10)});
  suite.add("B9_networks",
            networks,
            4.0,
            {claim("4096 x 8 of 2-6-1 tanh, 400 steps, N=12 (256 run): 2 threads", "<= 60 s", 60)});
}

}  // namespace leaveout
