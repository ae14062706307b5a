// SPDX-License-Identifier: MIT
#include "influence/harmonic/subset_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "autodiff/memory.h"
#include "datasets/random.h"
#include "datasets/sha256.h"
#include "datasets/words.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Subsets of a shard: enough that warm starts pay and files are few, few enough that little is
/// lost when work is interrupted. Powers of two, for the Gray order.
Index block_size(const ModelSpec& spec) {
  return is_convex(spec) ? 256 : 32;
}

std::string hash(const MatrixXd& m) {
  return sha256_numbers({m.data(), static_cast<std::size_t>(m.size())});
}

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[subsets] " + what);
}

void check(const SubsetProblem& p, const MatrixXd& subsets) {
  require(p.model && p.train && p.query, "model, train and query, expected all three");
  require(subsets.rows() == p.examples(),
          fmt::format("subsets, expected {} rows, one for each training example, got {}",
                      p.examples(),
                      subsets.rows()));
  require(subsets.allFinite() && (subsets.size() == 0 || subsets.minCoeff() >= 0),
          "subsets, expected finite weights of at least 0");
  require(p.seeds >= 1, fmt::format("seeds, expected at least 1, got {}", p.seeds));
  require(!is_convex(p.model->spec()) || p.weight_decay > 0,
          fmt::format("weight_decay, expected above 0, got {}: on few examples {} has no unique "
                      "minimum without it; --set weight_decay=0.01",
                      p.weight_decay,
                      p.model->spec().name));
  const std::size_t bytes = sizeof(double) * static_cast<std::size_t>(p.model->outputs()) *
                            static_cast<std::size_t>(p.query->size()) *
                            static_cast<std::size_t>(subsets.cols() * p.repeats());
  require_memory(
      "subsets",
      2 * bytes,  // the shards' bytes and the matrix
      0,
      fmt::format(
          "what {} trainings say of {} queries", subsets.cols() * p.repeats(), p.query->size()),
      "use fewer queries (--set max_query=10) or fewer seeds");
}

/// Subset 0 stands for all of them.
Random seed_stream(const SubsetProblem& p, Index subset, Index repeat) {
  return Random(p.seed,
                {0x737562736574 /* "subset" */,
                 static_cast<std::uint64_t>(subset),
                 static_cast<std::uint64_t>(repeat)});
}

/// The trainings of some neighbouring columns of `subsets`, in one shard.
class Block {
 public:
  Block(const SubsetProblem& problem, const MatrixXd& subsets, Index first)
      : p_(problem),
        subsets_(subsets),
        first_(first),
        size_(block_size(problem.model->spec())),
        count_(std::min(size_, subsets.cols() - first)) {}

  std::string key(const std::string& problem) const {
    return fmt::format("{}block first={} subsets={}\n",
                       problem,
                       first_,
                       hash(subsets_.middleCols(first_, count_)));
  }

  /// The number that are not converged, then the logits of each training.
  std::string make() const {
    MatrixXd logits(p_.model->outputs() * p_.query->size(), count_ * p_.repeats());
    Objective objective = training_objective(*p_.model, *p_.train, p_.weight_decay);
    VectorXd theta = VectorXd::Zero(p_.model->parameter_count());
    std::int64_t unconverged = 0;
    for (Index step = 0; step < size_; ++step) {
      const Index j = step ^ (step >> 1);  // neighbours in Gray order differ in one example
      if (j >= count_) continue;
      objective.weights = subsets_.col(first_ + j) / static_cast<double>(p_.examples());
      for (Index r = 0; r < p_.repeats(); ++r) {
        unconverged += train_one(objective, first_ + j, r, theta) ? 0 : 1;
        logits.col(j * p_.repeats() + r) = outputs(*p_.model, p_.query->inputs, theta).reshaped();
      }
    }
    std::string bytes;
    bytes.reserve(kWordBytes * static_cast<std::size_t>(1 + logits.size()));
    put(bytes, unconverged);
    for (const double z : logits.reshaped()) put(bytes, z);
    return bytes;
  }

 private:
  /// Overwrites theta, from which an exact solution starts. False where it was not found.
  bool train_one(const Objective& objective, Index subset, Index repeat, VectorXd& theta) const {
    const ModelSpec& spec = p_.model->spec();
    if ((objective.weights.array() == 0).all()) {
      theta.setZero();  // the prior
      return true;
    }
    if (is_convex(spec)) {
      Run run = minimise(objective, theta, p_.newton);
      theta = std::move(run.theta);
      return run.converged;
    }
    Random stream = seed_stream(p_, p_.shared_seeds ? 0 : subset + 1, repeat);
    Protocol protocol = p_.protocol;
    const VectorXd start = initialise(spec, p_.initialisation, stream.bits());
    protocol.seed = stream.bits();
    theta = train(objective, start, protocol).theta;
    return true;
  }

  const SubsetProblem& p_;
  const MatrixXd& subsets_;
  Index first_, size_, count_;  // of columns: where it starts, a whole block, this one
};

}  // namespace

bool is_convex(const ModelSpec& spec) {
  return spec.family == Family::mlp && spec.hidden.empty() && !spec.layer_norm;
}

std::string describe(const SubsetProblem& p) {
  const ModelSpec& spec = p.model->spec();
  const std::string how = is_convex(spec)
                              ? describe(p.newton, p.model->parameter_count())
                              : fmt::format("{} initialisation={} seeds={} shared={} seed={}",
                                            describe(p.protocol),
                                            initialisation_name(p.initialisation),
                                            p.seeds,
                                            p.shared_seeds,
                                            p.seed);
  return fmt::format(
      "{}\nsubsets model={} loss={} weight_decay={}\ninputs={} targets={} "
      "queries={}\n{}\n",
      p.provenance,
      describe(spec),
      loss_name(spec.loss),
      p.weight_decay,
      hash(p.train->inputs),
      hash(p.train->targets),
      hash(p.query->inputs),
      how);
}

SubsetLogits train_subsets(const SubsetProblem& problem,
                           const MatrixXd& subsets,
                           const PoolOptions& options) {
  check(problem, subsets);
  const std::string description = describe(problem);
  std::vector<Block> blocks;
  std::vector<ShardTask> tasks;
  for (Index first = 0; first < subsets.cols(); first += block_size(problem.model->spec()))
    blocks.emplace_back(problem, subsets, first);
  tasks.reserve(blocks.size());
  for (const Block& block : blocks)
    tasks.push_back({block.key(description), [&block] { return block.make(); }});
  SubsetLogits all;
  all.outputs = problem.model->outputs();
  all.queries = problem.query->size();
  all.repeats = problem.repeats();
  all.values.resize(all.outputs * all.queries, subsets.cols() * all.repeats);
  double* next = all.values.data();
  for (std::string& bytes : make_shards(tasks, options)) {
    Words words(bytes);
    all.unconverged += static_cast<Index>(words.integer());
    for (std::size_t left = bytes.size() / kWordBytes - 1; left > 0; --left) *next++ = words.real();
    std::string().swap(bytes);  // not all of them twice
  }
  return all;
}

Random shared_seed(const SubsetProblem& problem, Index repeat) {
  return seed_stream(problem, 0, repeat);
}

MatrixXd all_subsets(Index examples) {
  require(examples >= 0 && examples <= 24,
          fmt::format("examples, expected 0 to 24, got {}", examples));
  MatrixXd subsets(examples, Index{1} << examples);
  for (Index b = 0; b < subsets.cols(); ++b)
    for (Index i = 0; i < examples; ++i) subsets(i, b) = static_cast<double>((b >> i) & 1);
  return subsets;
}

Index most_enumerated(const ModelSpec& spec) {
  return is_convex(spec) ? 18 : 16;
}

void require_enumerable(const SubsetProblem& p) {
  const Index n = p.examples(), most = most_enumerated(p.model->spec());
  if (n <= most) return;
  const double trainings = std::ldexp(static_cast<double>(p.repeats()), static_cast<int>(n));
  const double bytes = trainings * 8 * static_cast<double>(p.model->outputs() * p.query->size());
  require(false,
          fmt::format("{} training examples, expected at most {} for all subsets of {}: it would "
                      "take 2^{} x {} = {:.10g} trainings and {:.3g} bytes of outputs; --set "
                      "max_train={}",
                      n,
                      most,
                      p.model->spec().name,
                      n,
                      p.repeats(),
                      trainings,
                      bytes,
                      most));
}

}  // namespace leaveout
