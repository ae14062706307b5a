// SPDX-License-Identifier: MIT
#include "influence/memorization/forgetting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "datasets/words.h"
#include "influence/harmonic/query_output.h"
#include "influence/memorization/seeded_training.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const Dataset& require_classes(const Dataset& data) {
  if (!allows(data.task, QueryOutput::correct))
    throw std::invalid_argument(
        fmt::format("[forgetting] '{}' is a {}, expected a binary or multiclass task: without "
                    "classes nothing is right or wrong; use early_scores.h",
                    data.name,
                    task_name(data.task)));
  return data;
}

using Field = VectorXd ForgettingScores::*;
constexpr std::array<Field, 5> kFields = {&ForgettingScores::events,
                                          &ForgettingScores::presentations,
                                          &ForgettingScores::never_learned,
                                          &ForgettingScores::learned_at,
                                          &ForgettingScores::mean_margin};

std::string bytes_of(const ForgettingScores& scores) {
  std::string bytes;
  for (const Field field : kFields)
    for (const double x : scores.*field) put(bytes, x);
  return bytes;
}

ForgettingScores from_bytes(const std::string& bytes, Index n) {
  Words words(bytes);
  ForgettingScores scores;
  for (const Field field : kFields) {
    (scores.*field).resize(n);
    for (double& x : scores.*field) x = words.real();
  }
  return scores;
}

}  // namespace

void Presentations::present(bool is_right, double margin) {
  ++count;
  if (right && !is_right) ++forgotten;
  if (is_right && !learned()) learned_at = count;
  right = is_right;
  margins += margin;
}

ForgettingScores total(const std::vector<ForgettingScores>& runs) {
  if (runs.empty())
    throw std::invalid_argument("[forgetting] runs, expected at least one, got none");
  ForgettingScores sum = runs[0];
  for (std::size_t r = 1; r < runs.size(); ++r)
    for (const Field field : kFields) sum.*field += runs[r].*field;
  sum.learned_at /= static_cast<double>(runs.size());
  sum.mean_margin /= static_cast<double>(runs.size());
  return sum;
}

ForgettingHook::ForgettingHook(const Model& model, const Dataset& data)
    : data_(&require_classes(data)),
      ws_(model.program(Term::loss),
          std::min(default_tile(model.program(Term::loss)), data.size())),
      examples_(static_cast<std::size_t>(data.size())) {}

void ForgettingHook::before_step(const TrainingStep& step) {
  const std::span<const Index> batch = step.batch;
  const auto b = static_cast<Index>(batch.size());
  if (b > x_.cols()) {  // the first batch is the largest
    x_.resize(data_->features(), b);
    t_.resize(data_->outputs(), b);
    y_.resize(data_->outputs(), b);
    w_ = VectorXd::Ones(b);
  }
  for (Index j = 0; j < b; ++j) {
    x_.col(j) = data_->inputs.col(batch[static_cast<std::size_t>(j)]);
    t_.col(j) = data_->targets.col(batch[static_cast<std::size_t>(j)]);
  }
  outputs<double>(ws_, {{x_.data(), t_.data(), w_.data()}, b}, step.theta(), y_.leftCols(b));
  const auto asked = [&](QueryOutput kind) {
    return output_values(kind, y_.leftCols(b), t_.leftCols(b), data_->task);
  };
  const VectorXd right = asked(QueryOutput::correct), margin = asked(QueryOutput::margin);
  for (Index j = 0; j < b; ++j)
    examples_[static_cast<std::size_t>(batch[static_cast<std::size_t>(j)])].present(right(j) == 1,
                                                                                    margin(j));
}

ForgettingScores ForgettingHook::scores() const {
  const auto n = static_cast<Index>(examples_.size());
  ForgettingScores scores;
  for (const Field field : kFields) (scores.*field).resize(n);
  for (Index i = 0; i < n; ++i) {
    const Presentations& p = examples_[static_cast<std::size_t>(i)];
    scores.events(i) = static_cast<double>(p.events());
    scores.presentations(i) = static_cast<double>(p.count);
    scores.never_learned(i) = p.learned() ? 0 : 1;
    scores.learned_at(i) = static_cast<double>(p.learned() ? p.learned_at : p.count + 1);
    scores.mean_margin(i) = p.count > 0 ? p.margins / static_cast<double>(p.count) : 0;
  }
  return scores;
}

ForgettingScores forgetting_scores(const SubsetProblem& problem, const PoolOptions& options) {
  require_classes(*problem.train);
  std::vector<ShardTask> tasks;
  for (Index r = 0; r < problem.seeds; ++r)
    tasks.push_back({seeded_key(problem, r, "forgetting"), [&problem, r] {
                       ForgettingHook hook(*problem.model, *problem.train);
                       train_seeded(problem, full_weights(problem), r, &hook);
                       return bytes_of(hook.scores());
                     }});
  std::vector<ForgettingScores> runs;
  for (const std::string& bytes : make_shards(tasks, options))
    runs.push_back(from_bytes(bytes, problem.examples()));
  return total(runs);
}

}  // namespace leaveout
