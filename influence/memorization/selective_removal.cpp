// SPDX-License-Identifier: MIT
#include "influence/memorization/selective_removal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "influence/solvers/direct.h"
#include "models/names.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Names<RemovalReason, 3> kReasons = {{{RemovalReason::harmful, "harmful"},
                                               {RemovalReason::redundant, "redundant"},
                                               {RemovalReason::returned, "returned"}}};

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument("[selective removal] " + what);
}

void check(const RemovalOptions& o) {
  require(o.period >= 1 && o.warm_up >= 0,
          fmt::format("period and warm_up, expected at least 1 and 0 epochs, got {} and {}",
                      o.period,
                      o.warm_up));
  require(o.memory >= 0 && o.memory < 1,
          fmt::format("memory, expected at least 0 and below 1, got {}", o.memory));
  require(o.harmful >= 0 && o.redundant >= 0,
          fmt::format("harmful and redundant, expected thresholds of zero or more, got {} and {}",
                      o.harmful,
                      o.redundant));
  require(o.max_dropped >= 0 && o.max_dropped < 1,
          fmt::format("max_dropped, expected a share of at least 0 and below 1, got {}",
                      o.max_dropped));
}

/// The indices in the order of their keys (N), equal keys in their own order.
void sort_by(const VectorXd& keys, std::vector<Index>& indices) {
  std::stable_sort(
      indices.begin(), indices.end(), [&](Index a, Index b) { return keys(a) < keys(b); });
}

}  // namespace

std::string removal_reason_name(RemovalReason reason) {
  return name_of(kReasons, reason);
}

RemovalRule::RemovalRule(Index examples, const RemovalOptions& options)
    : options_(options),
      average_(VectorXd::Zero(examples)),
      dropped_(static_cast<std::size_t>(examples), 0) {
  check(options);
}

/// Who should be out, most harmful first, then most redundant, cut at the cap.
std::vector<Index> RemovalRule::candidates(const VectorXd& confidence) const {
  std::vector<Index> harmful, redundant;
  const VectorXd size = average_.cwiseAbs();
  for (Index i = 0; i < average_.size(); ++i) {
    if (is_harmful(i))
      harmful.push_back(i);
    else if (size(i) < options_.redundant && confidence(i) >= options_.confidence)
      redundant.push_back(i);
  }
  sort_by(average_, harmful);
  sort_by(size, redundant);
  harmful.insert(harmful.end(), redundant.begin(), redundant.end());
  // The share of N as the user means it: 0.29 of 100 are 29, whatever 0.29 is in binary.
  const double cap = options_.max_dropped * static_cast<double>(average_.size()) + 1e-9;
  if (static_cast<double>(harmful.size()) > cap) harmful.resize(static_cast<std::size_t>(cap));
  return harmful;
}

void RemovalRule::update(Index epochs_done, const VectorXd& scores, const VectorXd& confidence) {
  assert(scores.size() == average_.size() && confidence.size() == average_.size());
  average_ =
      started_ ? VectorXd(options_.memory * average_ + (1 - options_.memory) * scores) : scores;
  started_ = true;
  if (epochs_done < options_.warm_up) return;
  std::vector<char> now(dropped_.size(), 0);
  for (const Index i : candidates(confidence)) now[static_cast<std::size_t>(i)] = 1;
  for (Index i = 0; i < average_.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (now[at] == dropped_[at]) continue;
    const RemovalReason reason = !now[at]        ? RemovalReason::returned
                                 : is_harmful(i) ? RemovalReason::harmful
                                                 : RemovalReason::redundant;
    events_.push_back({epochs_done, i, reason, average_(i)});
  }
  dropped_ = std::move(now);
}

HeadScorer::HeadScorer(const Model& model,
                       const Dataset& train,
                       const Dataset& validation,
                       double weight_decay,
                       double damping)
    : model_(&model),
      train_(&train),
      validation_(&validation),
      weight_decay_(weight_decay),
      damping_(damping) {
  head_layer(model);  // refuses networks without one
  for (const Dataset* data : {&train, &validation})
    require(data->size() > 0 && data->features() == model.spec().inputs &&
                data->outputs() == model.outputs(),
            fmt::format("data, expected examples of {} features and {} outputs, got {} of {} and "
                        "{}: take training and validation set from the same data",
                        model.spec().inputs,
                        model.outputs(),
                        data->size(),
                        data->features(),
                        data->outputs()));
}

HeadScorer::Result HeadScorer::at(const VectorXd& theta, const VectorXd& weights, int threads) {
  const HeadProblem head = head_problem(*model_, *train_, theta);
  const HeadExamples train = head_examples(head.model, head.data, head.w);
  const HeadExamples validation = head_examples(*model_, *validation_, theta);
  Objective q = head.objective(weight_decay_, damping_);
  q.weights = weights;
  const Cholesky curvature(DenseOperator(Evaluator(q).curvature(head.w, Curvature::full, threads)));
  ++factorisations_;
  MatrixXd target = validation.residuals * validation.features.transpose();  // (C x d')
  target /= static_cast<double>(validation.size());
  const VectorXd v = curvature.solve(target.reshaped()).x;
  const MatrixXd pull = v.reshaped(target.rows(), target.cols()) * train.features;  // (C x N)
  Result result;
  result.scores = pull.cwiseProduct(train.residuals).colwise().sum().transpose() /
                  static_cast<double>(train.size());
  result.confidence = 1 - train.residuals.cwiseAbs().colwise().maxCoeff().transpose().array();
  return result;
}

SelectiveRemoval::SelectiveRemoval(const Model& model,
                                   const Dataset& train,
                                   const Dataset& validation,
                                   double weight_decay,
                                   const RemovalOptions& options)
    : options_(options),
      scorer_(model, train, validation, weight_decay, options.damping),
      rule_(train.size(), options) {
  const bool classes = train.task == Task::binary || train.task == Task::multiclass;
  require(options.redundant == 0 || classes,
          fmt::format("redundant, expected 0 without classes, as there is no confidence, got {}",
                      options.redundant));
}

void SelectiveRemoval::after_epoch(Index epochs_done, const VectorXd& theta, VectorXd& weights) {
  if (epochs_done % options_.period != 0) return;
  if (base_.size() == 0) base_ = weights;
  const HeadScorer::Result now = scorer_.at(theta, weights, options_.threads);
  rule_.update(epochs_done, now.scores, now.confidence);
  for (Index i = 0; i < weights.size(); ++i)
    weights(i) = rule_.dropped()[static_cast<std::size_t>(i)] ? 0 : base_(i);
}

std::vector<Index> removed_examples(const VectorXd& scores, double fraction) {
  require(fraction >= 0 && fraction <= 1,
          fmt::format("fraction, expected 0 to 1, got {}", fraction));
  require(!scores.array().isNaN().any(), "scores, expected numbers, got NaN");
  std::vector<Index> order(static_cast<std::size_t>(scores.size()));
  std::iota(order.begin(), order.end(), Index{0});
  sort_by(scores, order);
  order.resize(
      static_cast<std::size_t>(std::llround(fraction * static_cast<double>(scores.size()))));
  return order;
}

}  // namespace leaveout
