// SPDX-License-Identifier: MIT
// B5 in `make bench`, beside a hand-written loop, and for `make bench-peers`.
#include <fmt/format.h>

#include <memory>

#include "autodiff/bench/suite.h"
#include "models/bench/retraining.h"
#include "models/bench/server.h"

namespace leaveout {

namespace {

constexpr Index kMeasured = 50, kWanted = 1000, kServed = 10;

Race retrainings() {
  const auto lab = std::make_shared<Retrainings>(kMeasured);
  lab->ours(2);
  lab->by_hand();
  require_equal("retraining", lab->runs.back().theta.data(), lab->theta.data(), lab->theta.size());
  const double scale = static_cast<double>(kWanted) / kMeasured;
  return Race({{"ours", [lab] { lab->ours(1); }, scale},
               {"hand", [lab] { lab->by_hand(); }, scale},
               {"ours_2_threads", [lab] { lab->ours(2); }, scale}});
}

/// A unit is one retraining; the result has one in each column.
Served served_retrainings(const std::string& folder) {
  const auto lab = std::make_shared<Retrainings>(kServed);
  write_problem(folder,
                lab->problem,
                blocks_of(kSmallNet),
                "retraining",
                {{"count", fmt::to_string(kServed)},
                 {"steps", fmt::to_string(Retrainings::kSteps)},
                 {"rate", fmt::to_string(Retrainings::kRate)},
                 {"weight_decay", fmt::to_string(Retrainings::kWeightDecay)}});
  lab->ours(1);
  Eigen::MatrixXd result(lab->start.size(), kServed);  // (P x retrainings)
  for (Index k = 0; k < kServed; ++k) result.col(k) = lab->runs[static_cast<std::size_t>(k)].theta;
  write_result(folder, result);
  return {[lab] { lab->ours(1); }, kServed};
}

}  // namespace

void add_retraining_benchmarks(Suite& suite) {
  const std::string work = fmt::format("{} LOO x {} steps, N={} ({} run)",
                                       kWanted,
                                       Retrainings::kSteps,
                                       Retrainings::kExamples,
                                       kMeasured);
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

void add_retraining_workloads(Server& server) {
  server.add("B5.retraining", served_retrainings);
}

}  // namespace leaveout
