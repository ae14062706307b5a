// SPDX-License-Identifier: MIT
#include "experiments/audit/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "datasets/sha256.h"
#include "experiments/audit/influence_blocks.h"
#include "models/objective.h"
#include "models/shard_pool.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kBlock = 256;  // rows of a shard

std::string to_bytes(const MatrixXd& m) {
  return {reinterpret_cast<const char*>(m.data()),
          static_cast<std::size_t>(m.size()) * sizeof(double)};
}

/// Everything that a block's numbers depend on, but which block it is.
std::string blocks_key(const AuditData& data,
                       const TaskSettings& s,
                       const Chosen& chosen,
                       const AuditHow& how,
                       const TaskOptions& options) {
  Sha256 models;
  for (const FoldModel& m : chosen.models) {
    models.update(to_bytes(m.theta));
    for (const Index i : m.train) models.update(fmt::format("{} ", i));
  }
  return fmt::format(
      "audit block\n{}\n{}\n{}\nweight_decay={}\nmodels {}\nseed={} resamples={} "
      "reference={}\n",
      options.provenance,
      data.key,
      describe(chosen.candidate().model->spec()),
      chosen.candidate().weight_decay,
      models.finish(),
      s.seed,
      how.resamples,
      how.reference_rows);
}

/// Mean and variance of the mean over the models that were trained on a row, and the mean over
/// those that were not.
void split_losses(const AuditData& data, const Chosen& chosen, Evidence& e) {
  const Index n = data.size();
  VectorXd in = VectorXd::Zero(n), squares = in, out = in, trained = in, held = in;
  e.outputs = MatrixXd::Zero(data.scaled.outputs(), n);
  for (const FoldModel& m : chosen.models) {
    const VectorXd l = losses(*chosen.candidate().model, data.scaled, m.theta);
    const MatrixXd y = outputs(*chosen.candidate().model, data.scaled.inputs, m.theta);
    for (Index i = 0; i < n; ++i) {
      if (m.held(i)) {
        out(i) += l(i);
        held(i) += 1;
        e.outputs.col(i) += y.col(i);
      } else {
        in(i) += l(i);
        squares(i) += l(i) * l(i);
        trained(i) += 1;
      }
    }
  }
  e.out_loss = out.cwiseQuotient(held);
  e.in_loss = in.cwiseQuotient(trained);
  e.memorization = e.out_loss - e.in_loss;
  e.memorization_noise.resize(n);
  for (Index i = 0; i < n; ++i) {
    e.outputs.col(i) /= held(i);
    const double variance = std::max(squares(i) / trained(i) - e.in_loss(i) * e.in_loss(i), 0.0) *
                            trained(i) / std::max(trained(i) - 1, 1.0);
    e.memorization_noise(i) = std::sqrt(variance * (1 / held(i) + 1 / trained(i)));
  }
}

/// A class that a row's fold took away whole is one that no model could have predicted.
void note_classes(const AuditData& data, const Chosen& chosen, Evidence& e) {
  e.seen_class.assign(static_cast<std::size_t>(data.size()), true);
  if (!data.classes()) return;
  for (const FoldModel& m : chosen.models) {
    std::set<Index> known;
    for (const Index i : m.train) known.insert(data.table.label(i));
    for (Index i = 0; i < data.size(); ++i)
      if (m.held(i) && !known.contains(data.table.label(i)))
        e.seen_class[static_cast<std::size_t>(i)] = false;
  }
}

}  // namespace

Evidence collect_losses(const AuditData& data, const Chosen& chosen) {
  Evidence e;
  split_losses(data, chosen, e);
  note_classes(data, chosen, e);
  return e;
}

Evidence collect_evidence(const AuditData& data,
                          const TaskSettings& s,
                          const Chosen& chosen,
                          const AuditHow& how,
                          const TaskOptions& options) {
  Evidence e = collect_losses(data, chosen);
  const Index n = data.size();
  const InfluenceBlocks blocks(data, chosen, how, s.seed);
  const std::string key = blocks_key(data, s, chosen, how, options);
  std::vector<ShardTask> tasks;
  for (Index begin = 0; begin < n; begin += kBlock) {
    std::vector<Index> rows(static_cast<std::size_t>(std::min(kBlock, n - begin)));
    std::iota(rows.begin(), rows.end(), begin);
    tasks.push_back({fmt::format("{}rows {}+{}", key, begin, rows.size()),
                     [&blocks, rows] { return to_bytes(blocks.compute(rows)); }});
  }
  PoolOptions pool{.threads = options.threads, .shard_folder = options.shard_folder};
  if (options.progress) pool.progress = options.progress(fmt::format("{} evidence", s.name));
  const std::vector<std::string> shards = make_shards(tasks, pool);
  MatrixXd all(n, kBlockColumns);
  Index begin = 0;
  for (const std::string& shard : shards) {
    MatrixXd block(std::min(kBlock, n - begin), Index{kBlockColumns});
    if (shard.size() != static_cast<std::size_t>(block.size()) * sizeof(double))
      throw std::runtime_error("[audit] a shard has another size than its rows: remove it");
    std::memcpy(block.data(), shard.data(), shard.size());
    all.middleRows(begin, block.rows()) = block;
    begin += block.rows();
  }
  e.self_influence = all.col(kSelf);
  e.held = all.col(kHeld);
  e.low = all.col(kLow);
  e.high = all.col(kHigh);
  e.held_error = all.col(kError);
  e.helpful_score = all.col(kHelpfulScore);
  e.harmful_score = all.col(kHarmfulScore);
  for (Index i = 0; i < n; ++i) {
    e.helpful.push_back(static_cast<Index>(all(i, kHelpful)));
    e.harmful.push_back(static_cast<Index>(all(i, kHarmful)));
  }
  e.held_rows = blocks.held_rows();
  e.held_kinds = blocks.held_kinds();
  return e;
}

}  // namespace leaveout
