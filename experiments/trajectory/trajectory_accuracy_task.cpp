// SPDX-License-Identifier: MIT
#include "experiments/trajectory/trajectory_accuracy_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

#include "datasets/random.h"
#include "experiments/trajectory/removal_truth.h"
#include "experiments/trajectory/trajectory_accuracy_estimates.h"
#include "influence/metrics/closeness.h"
#include "influence/trajectory/counterfactual_runs.h"
#include "influence/trajectory/error_budget.h"
#include "influence/trajectory/hydra.h"
#include "influence/trajectory/step_curvature.h"
#include "influence/trajectory/unrolled.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::vector<Index> draw_removed(const RecordedTask& task, Index count) {
  std::vector<Index> removed = Random(task.data.settings.seed, {0x72656d6f7665 /* "remove" */})
                                   .permutation(task.data.examples());
  removed.resize(static_cast<std::size_t>(std::min(count, task.data.examples())));
  std::sort(removed.begin(), removed.end());
  return removed;
}

/// Values of all queries in one matrix: the mean test loss, then the single ones.
struct Asked {
  Asked(const RecordedTask& task, Index count)
      : path(task.path()),
        mean(task.model(), *task.data.test, QueryLosses::As::mean),
        few(first_rows(*task.data.test, count)),
        single(task.model(), few) {}
  Asked(const Asked&) = delete;  // `single` points to `few`

  static Dataset first_rows(const Dataset& data, Index count) {
    std::vector<Index> rows(static_cast<std::size_t>(std::min(count, data.size())));
    std::iota(rows.begin(), rows.end(), Index{0});
    return take(data, rows);
  }
  MatrixXd gradients() const {
    MatrixXd all(path.parameters(), 1 + single.count());
    all.col(0) = mean.gradients(path.theta_end());
    all.rightCols(single.count()) = single.gradients(path.theta_end());
    return all;
  }
  MatrixXd removal(const CounterfactualRuns& runs) const {
    MatrixXd all(1 + single.count(), static_cast<Index>(runs.removed.size()));
    all.row(0) = counterfactual_scores(path, runs, mean).values;
    all.bottomRows(single.count()) = counterfactual_scores(path, runs, single).values;
    return all;
  }

  Trajectory path;
  QueryLosses mean;
  Dataset few;
  QueryLosses single;
};

class Point {
 public:
  Point(const RecordedTask& task, const AccuracyOptions& how)
      : task_(task), how_(how), path_(task.path()), asked_(task, how.single_queries) {
    point_.rate = task.data.settings.base.learning_rate;
    point_.epochs = task.data.settings.base.epochs;
    point_.seed = task.data.settings.seed;
    point_.removed = draw_removed(task, how.removed);
  }

  AccuracyPoint measure() {
    const CounterfactualRuns runs = naming_divergence(task_.data.settings, [&] {
      return counterfactual_runs(path_, one_by_one(point_.removed));
    });
    removal_ = asked_.removal(runs);
    require_removal(task_, removal_);
    further_training();
    parameters(runs);
    scores();
    budget();
    training();
    return std::move(point_);
  }

 private:
  void add(const char* part,
           const std::string& estimator,
           const std::string& truth,
           const std::string& query,
           const std::string& metric,
           std::optional<double> value) {
    if (value && !std::isfinite(*value)) {
      refuse(estimator.empty() ? part : estimator, fmt::format("{}: {}", part, kBeyondBoundsWords));
      value.reset();
    }
    point_.rows.push_back({part, estimator, truth, query, metric, value});
  }
  void refuse(const std::string& who, const std::string& why) {
    const std::string line = fmt::format("{}: {}", who, why);
    if (std::find(point_.refused.begin(), point_.refused.end(), line) == point_.refused.end())
      point_.refused.push_back(line);
  }
  void further_training();
  void parameters(const CounterfactualRuns& runs);
  void scores();
  void compare(const std::string& name, const MatrixXd& values);
  void against(const std::string& name,
               const char* truth,
               const MatrixXd& values,
               const MatrixXd& t);
  void budget();
  void training();

  const RecordedTask& task_;
  AccuracyOptions how_;
  Trajectory path_;
  Asked asked_;
  MatrixXd removal_, derivative_;  // (1 + single x K)
  MatrixXd warm_;                  // the same; none where it is beyond all bounds
  AccuracyPoint point_;
};

/// Largest |a - b| over the largest |b|; undefined where both are zero.
std::optional<double> deviation(const MatrixXd& a, const MatrixXd& b) {
  const double size = (b.isZero(0) ? a : b).cwiseAbs().maxCoeff();
  if (size == 0) return {};
  return (a - b).cwiseAbs().maxCoeff() / size;
}

/// Cosine and relative error of each column, means over the columns that have a truth.
std::array<std::optional<double>, 2> column_means(const MatrixXd& estimate, const MatrixXd& truth) {
  double cosine = 0, error = 0, n = 0;
  for (Index k = 0; k < truth.cols(); ++k) {
    const double size = truth.col(k).norm(), other = estimate.col(k).norm();
    if (size == 0) continue;
    if (other > 0) cosine += estimate.col(k).dot(truth.col(k)) / (size * other);
    error += (estimate.col(k) - truth.col(k)).norm() / size;
    ++n;
  }
  if (n == 0) return {};
  return {cosine / n, error / n};
}

/// The question that the influence function answers: training goes on from the end for half as
/// many epochs, without each example and with all.
void Point::further_training() {
  const CounterfactualRuns runs = naming_divergence(task_.data.settings, [&] {
    return warm_runs(
        path_, one_by_one(point_.removed), Response::warm_start, 0, ProtocolKind::paper);
  });
  MatrixXd changes = asked_.removal(runs);
  if (!within_bounds(changes)) return refuse(kWarmStart, kBeyondBoundsWords);
  warm_ = std::move(changes);
  against(kRemoval, kWarmStart, removal_, warm_);
}

void Point::parameters(const CounterfactualRuns& runs) {
  const MatrixXd delta = runs.delta();
  const std::vector<EstimatedParameters> all =
      estimate_parameters(path_, point_.removed, point_.seed);
  const MatrixXd& exact = all.front().change;
  for (const EstimatedParameters& e : all) {
    for (const auto& [truth, theta] : {std::pair{kRemoval, &delta}, {kDerivative, &exact}}) {
      if (&e.change == theta || !within_bounds(*theta)) continue;
      const auto [cosine, error] = column_means(e.change, *theta);
      add(kParameters, e.name, truth, "", "cosine", cosine);
      add(kParameters, e.name, truth, "", "relative_error", error);
    }
    if (e.name == "accumulated_sgd_influence" && path_.model().spec().hidden.empty() &&
        path_.model().spec().loss == LossKind::half_squared_error)
      add(kIdentity, e.name, kRemoval, "", "accumulated_linear", deviation(e.change, delta));
  }
  const MatrixXd gradients = asked_.gradients();
  derivative_ = gradients.transpose() * exact;
  if (!within_bounds(derivative_)) refuse(kDerivative, kBeyondBoundsWords);
  const MatrixXd backward = unrolled_values(path_, gradients);
  const MatrixXd hydra = hydra_scores(path_, asked_.mean, Hydra::hessian).values;
  add(kIdentity,
      kUnrolled,
      kDerivative,
      "",
      "forward_backward",
      deviation(backward(Eigen::all, point_.removed), derivative_));
  add(kIdentity, "hydra", kDerivative, "", "hydra_unrolled", deviation(hydra, backward.row(0)));
}

void Point::against(const std::string& name,
                    const char* truth,
                    const MatrixXd& values,
                    const MatrixXd& t) {
  const Index top = std::min(how_.top, t.cols() / 2);
  for (const auto& [metric, value] :
       closeness_metrics(values.row(0).transpose(), t.row(0).transpose(), top))
    add(kAccuracy, name, truth, kMean, metric, value);
  for (const char* metric : {"relative_error", "spearman"}) {
    double sum = 0, n = 0;
    for (Index q = 1; q < t.rows(); ++q) {
      const VectorXd e = values.row(q).transpose(), exact = t.row(q).transpose();
      const auto one = metric[0] == 'r' ? relative_error(e, exact) : spearman(e, exact);
      if (one) {
        sum += *one;
        ++n;
      }
    }
    add(kAccuracy, name, truth, kSingle, metric, n > 0 ? std::optional(sum / n) : std::nullopt);
  }
}

void Point::compare(const std::string& name, const MatrixXd& values) {
  against(name, kRemoval, values, removal_);
  if (warm_.size() > 0) against(name, kWarmStart, values, warm_);
  if (name == kUnrolled || !within_bounds(derivative_)) return;
  const ErrorSplit split = split_error(
      values.row(0).transpose(), derivative_.row(0).transpose(), removal_.row(0).transpose());
  // Of `unrolled`, which is the derivative, the error is the linearisation's.
  if (!removal_.row(0).isZero(0))
    add(kAccuracy, name, kRemoval, kMean, "estimator_error", split.estimator(0));
  against(name, kDerivative, values, derivative_);
}

void Point::scores() {
  const EstimateOptions how{how_.damping, point_.seed};
  const std::vector<EstimatedScores> mean = estimate_all(path_, asked_.mean, how);
  const std::vector<EstimatedScores> single = estimate_all(path_, asked_.single, how);
  const auto column = [&](const std::string& name, const VectorXd& v) {
    point_.scores.push_back({name, {v.data(), v.data() + v.size()}});
  };
  column(kRemoval, removal_.row(0).transpose());
  if (within_bounds(derivative_)) column(kDerivative, derivative_.row(0).transpose());
  if (warm_.size() > 0) column(kWarmStart, warm_.row(0).transpose());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const std::string& refused = mean[i].refused.empty() ? single[i].refused : mean[i].refused;
    if (!refused.empty()) {
      refuse(mean[i].name, refused);
      continue;
    }
    MatrixXd all(removal_.rows(), path_.examples());
    all.row(0) = mean[i].values;
    all.bottomRows(all.rows() - 1) = single[i].values;
    const MatrixXd of_removed = all(Eigen::all, point_.removed);
    compare(mean[i].name, of_removed);
    column(mean[i].name, of_removed.row(0).transpose());
  }
}

void Point::budget() {
  if (!within_bounds(derivative_)) return;  // it is what they are errors of
  for (const BudgetLine& line :
       error_budget(path_, asked_.mean, standard_budget(path_, point_.seed))) {
    add(kBudget, line.name, kDerivative, kMean, "relative_error", line.relative_error);
    add(kBudget, line.name, kDerivative, kMean, "best_scale", line.scale);
    add(kBudget, line.name, kDerivative, kMean, "spearman", line.spearman);
  }
}

/// Of the Hessians of five batches; undefined where these are too large to have all eigenvalues.
std::optional<double> negative_mass(const Trajectory& path) {
  if (path.parameters() > StepCurvatureOptions().max_parameters) return {};
  const Index t = path.steps();
  const std::set<Index> steps = {0, t / 4, t / 2, 3 * t / 4, t - 1};
  double sum = 0;
  for (const StepSpectrum& s : step_spectra(path, {steps.begin(), steps.end()}))
    sum += s.negative_mass();
  return sum / static_cast<double>(steps.size());
}

void Point::training() {
  const auto say = [&](const char* metric, std::optional<double> value) {
    add(kTraining, "", "", "", metric, value);
  };
  const TrainingLength length = training_length(task_);
  say("x", length.x);
  say("steps", static_cast<double>(path_.steps()));
  say("parameters", static_cast<double>(path_.parameters()));
  say("largest_curvature", length.largest_curvature);
  say("negative_mass", negative_mass(path_));
  say("test_loss", asked_.mean.values(path_.theta_end())(0));
  say("start_loss", asked_.mean.values(task_.start)(0));
  say("removal_norm", removal_.row(0).norm());
  say("derivative_norm", derivative_.row(0).norm());
}

}  // namespace

std::vector<std::pair<std::string, std::optional<double>>> closeness_metrics(const VectorXd& e,
                                                                             const VectorXd& t,
                                                                             Index top) {
  return {{"relative_error", relative_error(e, t)},
          {"best_scale", best_scale(e, t)},
          {"scaled_error", scaled_error(e, t)},
          {"pearson", pearson(e, t)},
          {"spearman", spearman(e, t)},
          {"kendall", kendall(e, t)},
          {"sign_agreement", sign_agreement(e, t, {.resamples = 0}).value},
          {"top_overlap", top_k_overlap(e, t, top, TopBy::magnitude)}};
}

AccuracyPoint measure_accuracy(const RecordedTask& task, const AccuracyOptions& how) {
  return Point(task, how).measure();
}

}  // namespace leaveout
