// SPDX-License-Identifier: MIT
#include "experiments/audit/influence_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/memory.h"
#include "datasets/random.h"
#include "influence/metrics/bootstrap.h"
#include "models/objective.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Keeps a factor possible where weight decay is zero and an input constant.
constexpr double kDamping = 1e-8;

/// Examples in the roles that a model gives them, as positions in a list.
struct Roles {
  std::vector<Index> trained, held;
};

Roles roles(const std::vector<Index>& rows, const FoldModel& model) {
  Roles r;
  for (std::size_t i = 0; i < rows.size(); ++i)
    (model.held(rows[i]) ? r.held : r.trained).push_back(static_cast<Index>(i));
  return r;
}

std::vector<Index> all_rows(Index n) {
  std::vector<Index> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), Index{0});
  return rows;
}

std::vector<Index> draw_reference(Index examples, Index most, std::uint64_t seed) {
  if (examples <= most) return all_rows(examples);
  std::vector<Index> rows = Random(seed, {0x726566 /* "ref" */}).permutation(examples);
  rows.resize(static_cast<std::size_t>(most));
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// How often each of n items is drawn, one column per resample.
MatrixXd draw_counts(Index n, Index resamples, std::uint64_t seed) {
  MatrixXd counts = MatrixXd::Zero(n, resamples);
  for (Index b = 0; b < resamples; ++b)
    for (const Index pick : resample_items(n, seed, b)) counts(pick, b) += 1;
  return counts;
}

}  // namespace

/// Over models, of a block of b rows: influence on rows held out, and on the block's rows where
/// they are held out.
struct InfluenceBlocks::Sums {
  VectorXd self, trained;     // (b)
  MatrixXd on, on_count;      // (b x held rows) Inf(i -> u) and how many models gave it
  MatrixXd from, from_count;  // (b x U) Inf(u -> i)

  Sums(Index b, Index held, Index u)
      : self(VectorXd::Zero(b)),
        trained(VectorXd::Zero(b)),
        on(MatrixXd::Zero(b, held)),
        on_count(MatrixXd::Zero(b, held)),
        from(MatrixXd::Zero(b, u)),
        from_count(MatrixXd::Zero(b, u)) {}
};

InfluenceBlocks::InfluenceBlocks(const AuditData& data,
                                 const Chosen& chosen,
                                 const AuditHow& how,
                                 std::uint64_t seed)
    : data_(&data),
      chosen_(&chosen),
      reference_(draw_reference(data.size(), how.reference_rows, seed)),
      once_(chosen.models.size()),
      prepared_(chosen.models.size()) {
  const auto p = static_cast<std::size_t>(chosen.candidate().model->parameter_count());
  const auto u =
      reference_.size() + (data.query ? static_cast<std::size_t>(data.query->size()) : 0);
  require_memory("audit",
                 chosen.models.size() * (2 * p * p + p * u) * sizeof(double),
                 0,
                 fmt::format("influence by {} models of {} parameters", chosen.models.size(), p),
                 "use a smaller model, or fewer reference rows: --set max_query=500");
  const MatrixXd held =
      data.query ? data.query->inputs : MatrixXd(data.scaled.inputs(Eigen::all, reference_));
  kinds_ = kinds_of(held);
  counts_ = draw_counts(kinds_.count, how.resamples, seed);
}

const InfluenceBlocks::Prepared& InfluenceBlocks::prepared(std::size_t model) const {
  std::call_once(once_[model], [&] {
    const FoldModel& fold = chosen_->models[model];
    const Model& network = *chosen_->candidate().model;
    Prepared& p = prepared_[model];
    p.train = take(data_->scaled, fold.train);
    p.at_theta = std::make_unique<LeaveOneOut>(
        network, p.train, chosen_->candidate().weight_decay, kDamping, fold.theta, fold.theta);
    p.influence = std::make_unique<InfluenceFunction>(
        *p.at_theta, EstimatorOptions{.solver = SolverKind::automatic});
    p.reference = loss_gradients(network, take(data_->scaled, reference_), fold.theta);
    if (data_->query) p.query = loss_gradients(network, *data_->query, fold.theta);
  });
  return prepared_[model];
}

void InfluenceBlocks::add_model(std::size_t m, const std::vector<Index>& rows, Sums& sums) const {
  const FoldModel& fold = chosen_->models[m];
  const Prepared& p = prepared(m);
  const MatrixXd g =
      loss_gradients(*chosen_->candidate().model, take(data_->scaled, rows), fold.theta);
  const MatrixXd z = p.influence->solve(g).x / static_cast<double>(fold.train.size());  // (P x b)
  const Roles block = roles(rows, fold), reference = roles(reference_, fold);
  for (const Index i : block.trained) {
    sums.self(i) += g.col(i).dot(z.col(i));
    sums.trained(i) += 1;
  }
  const MatrixXd trained = z(Eigen::all, block.trained);
  if (data_->query) {
    const MatrixXd on = trained.transpose() * p.query;
    for (std::size_t i = 0; i < block.trained.size(); ++i) {
      sums.on.row(block.trained[i]) += on.row(static_cast<Index>(i));
      sums.on_count.row(block.trained[i]).array() += 1;
    }
  }
  const auto add = [](const MatrixXd& values,
                      const std::vector<Index>& at_rows,
                      const std::vector<Index>& at_columns,
                      MatrixXd& sum,
                      MatrixXd& count) {
    for (std::size_t u = 0; u < at_columns.size(); ++u)
      for (std::size_t i = 0; i < at_rows.size(); ++i) {
        sum(at_rows[i], at_columns[u]) += values(static_cast<Index>(i), static_cast<Index>(u));
        count(at_rows[i], at_columns[u]) += 1;
      }
  };
  if (!data_->query) {
    const MatrixXd others = p.reference(Eigen::all, reference.held);
    const MatrixXd on = trained.transpose() * others;
    add(on, block.trained, reference.held, sums.on, sums.on_count);
  }
  const MatrixXd held = z(Eigen::all, block.held);
  const MatrixXd others = p.reference(Eigen::all, reference.trained);
  const MatrixXd from = held.transpose() * others;
  add(from, block.held, reference.trained, sums.from, sums.from_count);
}

/// Mean over models and held-out rows. A resample of the kinds of rows moves it, to first order in
/// the models' counts and exactly where these are equal, by the sum over the rows u of
/// count_u (on_iu - mean_i n_iu) / n_i.
void InfluenceBlocks::summarise_held_out(const Sums& sums, MatrixXd& out) const {
  const Index b = sums.on.rows(), kinds = kinds_.count;
  const VectorXd total = sums.on_count.rowwise().sum();
  MatrixXd spread = MatrixXd::Zero(b, kinds);
  VectorXd of_rows(sums.on.cols());
  for (Index i = 0; i < b; ++i) {
    const double n = std::max(total(i), 1.0);
    out(i, kHeld) = sums.on.row(i).sum() / n;
    of_rows = (sums.on.row(i) - out(i, kHeld) * sums.on_count.row(i)).transpose() / n;
    for (Index u = 0; u < of_rows.size(); ++u)
      spread(i, kinds_.of[static_cast<std::size_t>(u)]) += of_rows(u);
    const double correction =
        static_cast<double>(kinds) / std::max(static_cast<double>(kinds - 1), 1.0);
    out(i, kError) = std::sqrt(spread.row(i).squaredNorm() * correction);
  }
  const MatrixXd moved = spread * counts_;  // (b x resamples)
  std::vector<double> sorted(static_cast<std::size_t>(moved.cols()));
  for (Index i = 0; i < b; ++i) {
    for (Index r = 0; r < moved.cols(); ++r) sorted[static_cast<std::size_t>(r)] = moved(i, r);
    std::sort(sorted.begin(), sorted.end());
    out(i, kLow) = out(i, kHeld) + quantile(sorted, 0.025);
    out(i, kHigh) = out(i, kHeld) + quantile(sorted, 0.975);
  }
}

void InfluenceBlocks::find_neighbours(const Sums& sums, MatrixXd& out) const {
  for (Index i = 0; i < sums.from.rows(); ++i) {
    out(i, kHelpful) = out(i, kHarmful) = -1;
    for (Index u = 0; u < sums.from.cols(); ++u) {
      if (sums.from_count(i, u) == 0) continue;
      const double score = sums.from(i, u) / sums.from_count(i, u);
      const auto example = static_cast<double>(reference_[static_cast<std::size_t>(u)]);
      if (score > out(i, kHelpfulScore)) {
        out(i, kHelpfulScore) = score;
        out(i, kHelpful) = example;
      }
      if (score < out(i, kHarmfulScore)) {
        out(i, kHarmfulScore) = score;
        out(i, kHarmful) = example;
      }
    }
  }
}

MatrixXd InfluenceBlocks::compute(const std::vector<Index>& rows) const {
  const auto b = static_cast<Index>(rows.size());
  Sums sums(b, held_rows(), static_cast<Index>(reference_.size()));
  for (std::size_t m = 0; m < prepared_.size(); ++m) add_model(m, rows, sums);
  MatrixXd out = MatrixXd::Zero(b, kBlockColumns);
  out.col(kSelf) = sums.self.cwiseQuotient(sums.trained.cwiseMax(1.0));
  summarise_held_out(sums, out);
  find_neighbours(sums, out);
  return out;
}

}  // namespace leaveout
