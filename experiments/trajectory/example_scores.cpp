// SPDX-License-Identifier: MIT
// The scores of one recorded training.
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "experiments/trajectory/scored_retraining.h"
#include "influence/estimators/influence_function.h"
#include "influence/few_parameters/softmax_head.h"
#include "influence/trajectory/estimators.h"
#include "influence/trajectory/tracin.h"

namespace leaveout {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::uint64_t kRandomOrder = 0x4f52444552;  // its stream of random numbers

/// Scores by name; those that come out of one computation are made together, once.
class ExampleScorer {
 public:
  ExampleScorer(const RecordedTask& task, const Settings& settings, const TaskOptions& options)
      : task_(task),
        settings_(settings),
        options_(options),
        validation_(task.model(), *task.data.validation, QueryLosses::As::mean),
        choice_{Sampling::random, settings.whole("checkpoints"), task.data.settings.seed} {}

  VectorXd operator()(const std::string& method) {
    const auto known = ready_.find(method);
    if (known != ready_.end()) return known->second;
    if (method == "el2n" || method == "grand") {
      make_early();
      return ready_.at(method);
    }
    if (const auto kind = registered(method)) return estimate(*kind);
    if (method == "validation_diff_in_whole") return validation_diff_in_whole();
    if (method == "self_diff_in") return diff_in_self_influence(path(), diff_in());
    if (method == "self_diff_in_whole") return diff_in_self_influence(path(), whole_diff_in());
    if (method == "self_tracin") return tracin_self_influence(path(), checkpoints());
    if (method == "self_influence") return self_influence();
    if (method == "loss") return losses(task_.model(), *task_.data.train, path().theta_end());
    if (method == "forgetting") return forgetting_events_of(task_.data, settings_, options_);
    if (method == "herding" || method == "k_center")
      return first_high(method == "herding" ? herding_order(features())
                                            : k_center_order(features()));
    if (method == "random") return random_order(task_.data, kRandomOrder);
    if (method == "oracle") return wrong_first(task_.data, (*this)("random"));
    throw std::logic_error("no such score: " + method);
  }

 private:
  Trajectory path() const { return task_.path(); }
  Checkpoints checkpoints() const { return choose_checkpoints(task_.log.steps(), choice_); }

  DiffInOptions diff_in() const {
    DiffInOptions o;
    o.checkpoints = choice_;
    return o;
  }

  DiffInOptions whole_diff_in() const {
    DiffInOptions o = consistent_diff_in();
    o.checkpoints = choice_;
    return o;
  }

  /// What the registry of estimators has; of the validation part where they ask of something.
  static std::optional<TrajectoryEstimator> registered(const std::string& method) {
    if (method == "moso") return TrajectoryEstimator::moso;
    if (method == "validation_diff_in") return TrajectoryEstimator::diff_in;
    if (method == "validation_tracin") return TrajectoryEstimator::tracin_checkpoints;
    if (method == "validation_unrolled") return TrajectoryEstimator::unrolled;
    return std::nullopt;
  }

  VectorXd estimate(TrajectoryEstimator kind) const {
    TrajectoryOptions how;
    how.sampled = choice_;
    return trajectory_estimate(kind, path(), validation_, how).values.row(0).transpose();
  }

  VectorXd validation_diff_in_whole() const {
    return diff_in_scores(path(), validation_, whole_diff_in()).values.row(0).transpose();
  }

  VectorXd self_influence() const {
    const GroupedTask& d = task_.data;
    const LeaveOneOut loo(*d.model,
                          *d.train,
                          d.problem.weight_decay,
                          settings_.number("damping"),
                          task_.start,
                          path().theta_end());
    std::vector<Index> all(static_cast<std::size_t>(d.examples()));
    std::iota(all.begin(), all.end(), Index{0});
    const MatrixXd steps = InfluenceFunction(loo, {}).steps(all).x;
    const MatrixXd g = loss_gradients(*d.model, *d.train, path().theta_end());
    return g.cwiseProduct(steps).colwise().sum().transpose();
  }

  /// The first of these trainings is the recorded one.
  void make_early() {
    const EarlyScores early = early_scores_of(task_.data, settings_, options_);
    ready_["el2n"] = early.el2n.mean;
    ready_["grand"] = early.grand.mean;
  }

  /// What the last layer sees at the end, without the bias's 1.
  MatrixXd features() const {
    const HeadExamples head = head_examples(task_.model(), *task_.data.train, path().theta_end());
    return head.features.topRows(head_layer(task_.model()).in);
  }

  static VectorXd first_high(const std::vector<Index>& order) {
    const auto n = static_cast<Index>(order.size());
    VectorXd scores(n);
    for (Index k = 0; k < n; ++k)
      scores(order[static_cast<std::size_t>(k)]) = static_cast<double>(n - k);
    return scores;
  }

  const RecordedTask& task_;
  const Settings& settings_;
  const TaskOptions& options_;
  QueryLosses validation_;
  CheckpointChoice choice_;
  std::map<std::string, VectorXd> ready_;
};

}  // namespace

std::vector<Index> herding_order(const MatrixXd& features) {
  const Index n = features.cols();
  const VectorXd mean = features.rowwise().mean();
  VectorXd owed = VectorXd::Zero(mean.size());  // so many means less the sum of the chosen
  ArrayXd gain(n);
  std::vector<char> chosen(static_cast<std::size_t>(n), 0);
  std::vector<Index> order;
  while (static_cast<Index>(order.size()) < n) {
    owed += mean;
    // |owed - f|^2 is smallest where f' owed - |f|^2 / 2 is largest.
    gain = (features.transpose() * owed).array() -
           features.colwise().squaredNorm().transpose().array() / 2;
    for (Index i = 0; i < n; ++i)
      if (chosen[static_cast<std::size_t>(i)]) gain(i) = -HUGE_VAL;
    Index next = 0;
    gain.maxCoeff(&next);
    chosen[static_cast<std::size_t>(next)] = 1;
    owed -= features.col(next);
    order.push_back(next);
  }
  return order;
}

std::vector<Index> k_center_order(const MatrixXd& features) {
  const Index n = features.cols();
  const VectorXd mean = features.rowwise().mean();
  Index next = 0;
  (features.colwise() - mean).colwise().squaredNorm().minCoeff(&next);
  VectorXd nearest = VectorXd::Constant(n, HUGE_VAL);
  std::vector<Index> order;
  while (true) {
    order.push_back(next);
    if (static_cast<Index>(order.size()) == n) return order;
    const VectorXd to_next =
        (features.colwise() - features.col(next)).colwise().squaredNorm().transpose();
    nearest = nearest.cwiseMin(to_next);
    for (const Index i : order) nearest(i) = -1;  // equal rows are as near, and yet not chosen
    nearest.maxCoeff(&next);
  }
}

MatrixXd example_scores(const RecordedTask& task,
                        const std::vector<std::string>& methods,
                        const Settings& settings,
                        const TaskOptions& options) {
  MatrixXd scores(task.data.examples(), static_cast<Index>(methods.size()));
  ExampleScorer score(task, settings, options);
  for (std::size_t m = 0; m < methods.size(); ++m)
    scores.col(static_cast<Index>(m)) = score(methods[m]);
  return scores;
}

}  // namespace leaveout
