// SPDX-License-Identifier: MIT
#include "experiments/harmonic/datamodels_pool.h"

#include <fmt/format.h>

#include <stdexcept>

#include "datasets/random.h"
#include "influence/harmonic/mask_pool.h"
#include "influence/harmonic/residual_estimation.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

enum Purpose : std::uint64_t { kFit = 1, kHeldOut = 2 };

constexpr std::array<const char*, 3> kPlans = {"paper, rho = 0.45", "symmetric", "Chebyshev 4"};

std::uint64_t seed_for(const SubsetTask& task, std::uint64_t purpose) {
  return Random(task.settings.seed, {0x706f6f6c /* "pool" */, purpose}).bits();
}

/// The plans that m trainings are enough for, without outputs yet.
std::vector<PairedPool> plans(double p, Index trainings) {
  std::vector<PairedPool> all;
  for (const ResidualMethod& method : residual_methods(p)) {
    if (std::find(kPlans.begin(), kPlans.end(), method.text()) == kPlans.end()) continue;
    if (const auto plan = plan_of(method, p, trainings, 1))
      all.push_back({method.text(), *plan, {}, {}});
  }
  return all;
}

/// Takes the next `rows` rows.
class Rows {
 public:
  explicit Rows(MatrixXd all) : all_(std::move(all)) {}
  MatrixXd next(Index rows) {
    next_ += rows;
    return all_.middleRows(next_ - rows, rows);
  }

 private:
  MatrixXd all_;
  Index next_ = 0;
};

/// One training of each subset for the fit, then both members of all pairs: one pool, in which no
/// two trainings share a seed.
void train_fit(const SubsetTask& task,
               const PoolSizes& sizes,
               const TaskOptions& options,
               SubsetPools& pools) {
  const Index n = task.examples();
  pools.masks = bernoulli_masks(n, task.p, sizes.subsets, seed_for(task, kFit));
  pools.pairs = plans(task.p, sizes.subsets);
  std::vector<MatrixXd> parts = {pools.masks};
  for (std::size_t i = 0; i < pools.pairs.size(); ++i) {
    const MaskPairs drawn = draw_pairs(pools.pairs[i].plan, n, seed_for(task, 100 + i));
    parts.push_back(drawn.first);
    parts.push_back(drawn.second);
  }
  Index columns = 0;
  for (const MatrixXd& part : parts) columns += part.cols();
  MatrixXd masks(n, columns);
  columns = 0;
  for (const MatrixXd& part : parts) {
    masks.middleCols(columns, part.cols()) = part;
    columns += part.cols();
  }
  const SubsetLogits logits = train_subsets(
      problem_for(task, kFit, 1), masks, subset_pool(options, task.settings.name + " subsets"));
  pools.unconverged += logits.unconverged;
  Rows rows(subset_outputs(logits, task.output, *task.query).mean);
  pools.outputs = rows.next(parts[0].cols());
  for (std::size_t i = 0; i < pools.pairs.size(); ++i) {
    pools.pairs[i].first = rows.next(parts[2 * i + 1].cols());
    pools.pairs[i].second = rows.next(parts[2 * i + 2].cols());
  }
}

/// The last column is the whole training set.
void train_held_out(const SubsetTask& task,
                    const PoolSizes& sizes,
                    const TaskOptions& options,
                    SubsetPools& pools) {
  pools.held_masks =
      bernoulli_masks(task.examples(), task.p, sizes.held_out, seed_for(task, kHeldOut));
  MatrixXd masks(task.examples(), sizes.held_out + 1);
  masks << pools.held_masks, VectorXd::Ones(task.examples());
  const SubsetLogits logits = train_subsets(problem_for(task, kHeldOut, task.problem.seeds),
                                            masks,
                                            subset_pool(options, task.settings.name + " held out"));
  pools.unconverged += logits.unconverged;
  pools.all = VectorXd::Zero(task.queries());
  for (Index r = 0; r < logits.repeats; ++r) {
    SubsetLogits one{logits.outputs, logits.queries, 1, {}, 0};
    one.values = logits.values(Eigen::all, Eigen::seqN(r, masks.cols(), logits.repeats));
    const MatrixXd y = subset_outputs(one, task.output, *task.query).mean;
    pools.held.push_back(y.topRows(sizes.held_out));
    pools.all += y.bottomRows(1).transpose() / static_cast<double>(logits.repeats);
  }
}

bool varies(const VectorXd& y) {
  return y.maxCoeff() - y.minCoeff() > 1e-9 * y.cwiseAbs().maxCoeff();
}

/// Queries whose outputs vary over all folds of a fit: those of a third of the subsets do.
void keep_varying(const SubsetTask& task, SubsetPools& pools) {
  for (Index q = 0; q < pools.outputs.cols(); ++q) {
    const VectorXd y = pools.outputs.col(q);
    bool all = varies(pools.held[0].col(q));
    for (Index third = 0; third < 3; ++third)
      all = all && varies(y.segment(third * (y.size() / 3), y.size() / 3));
    if (all) pools.queries.push_back(q);
  }
  if (pools.queries.empty())
    throw std::invalid_argument(
        fmt::format("[datamodels] {} of {}, expected an output that depends on the training "
                    "examples, got the same for nearly every subset; choose another with --set "
                    "output=",
                    output_name(task.output),
                    task.settings.name));
  const auto keep = [&](MatrixXd& y) { y = MatrixXd(y(Eigen::all, pools.queries)); };
  keep(pools.outputs);
  for (MatrixXd& y : pools.held) keep(y);
  for (PairedPool& pair : pools.pairs) {
    keep(pair.first);
    keep(pair.second);
  }
  pools.all = VectorXd(pools.all(pools.queries));
}

}  // namespace

MatrixXd SubsetPools::held_mean() const {
  MatrixXd sum = held[0];
  for (std::size_t r = 1; r < held.size(); ++r) sum += held[r];
  return sum / static_cast<double>(held.size());
}

SubsetProblem problem_for(const SubsetTask& task, std::uint64_t purpose, Index seeds) {
  SubsetProblem problem = task.problem;
  problem.seed = seed_for(task, purpose);
  problem.seeds = seeds;
  return problem;
}

SubsetPools train_pools(const SubsetTask& task,
                        const PoolSizes& sizes,
                        const TaskOptions& options) {
  SubsetPools pools;
  train_fit(task, sizes, options, pools);
  train_held_out(task, sizes, options, pools);
  keep_varying(task, pools);
  return pools;
}

}  // namespace leaveout
