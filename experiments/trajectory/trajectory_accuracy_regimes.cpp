// SPDX-License-Identifier: MIT
// Numbers over seeds, by regime, and how errors grow.
#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/trajectory/trajectory_accuracy_report.h"
#include "influence/metrics/student.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

VectorXd as_vector(const std::vector<double>& v) {
  return Eigen::Map<const VectorXd>(v.data(), static_cast<Index>(v.size()));
}

bool is_at(const AccuracyPoint& p, const Regime& g) {
  return p.rate == g.rate && p.epochs == g.epochs;
}

std::optional<double> number_at(const AccuracyPoint& p, const NumberOf& n) {
  return p.value(n.part, n.estimator, n.truth, n.query, n.metric);
}

using Curves = std::map<std::uint64_t, std::vector<std::pair<double, double>>>;  // of seeds

/// Root mean square of what the best line through (x, y) leaves.
double left_by_line(const VectorXd& x, const VectorXd& y) {
  const double b = slope(x, y).value_or(0);
  const VectorXd left = (y.array() - y.mean()) - b * (x.array() - x.mean());
  return std::sqrt(left.squaredNorm() / static_cast<double>(left.size()));
}

/// Over the seeds whose curve has all of the grid.
Growth grow(const Curves& curves, std::size_t length) {
  std::vector<double> slopes, misfits;
  for (const auto& [seed, curve] : curves) {
    if (curve.size() != length || length < 2) continue;
    VectorXd grid(static_cast<Index>(length)), values(static_cast<Index>(length));
    for (std::size_t k = 0; k < length; ++k) {
      grid(static_cast<Index>(k)) = curve[k].first;
      values(static_cast<Index>(k)) = curve[k].second;
    }
    if (const auto b = slope(grid.array().log(), values.array().log())) slopes.push_back(*b);
    if (length < 4) continue;
    if (const auto m = power_misfit(grid, values)) misfits.push_back(*m);
  }
  return {mean_interval(as_vector(slopes)), geometric_interval(as_vector(misfits))};
}

}  // namespace

std::vector<Regime> regimes(const AccuracyResult& r) {
  std::vector<Regime> all;
  for (const AccuracyPoint& p : r.points)
    if (std::none_of(all.begin(), all.end(), [&](const Regime& g) { return is_at(p, g); }))
      all.push_back({p.rate, p.epochs});
  for (Regime& g : all) {
    g.x = geometric_interval(over_seeds(r, g, {kTraining, "", "", "", "x"})).value.value_or(0);
    g.steps = over_seeds(r, g, {kTraining, "", "", "", "steps"}).mean();
  }
  std::stable_sort(
      all.begin(), all.end(), [](const Regime& a, const Regime& b) { return a.x < b.x; });
  return all;
}

std::vector<Regime> along_rates(const AccuracyResult& r) {
  std::vector<Regime> all = regimes(r);
  std::erase_if(all, [&](const Regime& g) { return g.epochs != r.settings.base.epochs; });
  return all;
}

std::vector<Regime> along_lengths(const AccuracyResult& r) {
  std::vector<Regime> all = regimes(r);
  std::erase_if(all, [&](const Regime& g) { return g.rate != r.settings.base.learning_rate; });
  std::sort(
      all.begin(), all.end(), [](const Regime& a, const Regime& b) { return a.epochs < b.epochs; });
  return all;
}

NumberOf mean_score(const std::string& estimator, const std::string& truth, const char* metric) {
  return {kAccuracy, estimator, truth, kMean, metric};
}

VectorXd over_seeds(const AccuracyResult& r, const Regime& at, const NumberOf& number) {
  std::vector<double> values;  // points come in the order of the seeds
  for (const AccuracyPoint& p : r.points)
    if (is_at(p, at))
      if (const auto v = number_at(p, number)) values.push_back(*v);
  return as_vector(values);
}

Estimate geometric_interval(const VectorXd& values) {
  std::vector<double> logs;
  for (const double v : values)
    if (v > 0) logs.push_back(std::log(v));
  Estimate e = mean_interval(as_vector(logs));
  if (e.value) e.value = std::exp(*e.value);
  e.low = std::exp(e.low);
  e.high = std::exp(e.high);
  return e;
}

std::optional<double> power_misfit(const VectorXd& grid, const VectorXd& values) {
  const VectorXd y = values.array().log();
  const double exponential = left_by_line(grid, y);
  if (exponential == 0) return {};
  return left_by_line(grid.array().log(), y) / exponential;
}

Growth growth_in_steps(const AccuracyResult& r,
                       const std::string& estimator,
                       const std::string& truth) {
  const std::vector<Regime> grid = along_lengths(r);
  Curves curves;
  for (const Regime& g : grid)
    for (const AccuracyPoint& p : r.points) {
      if (!is_at(p, g)) continue;
      const auto error = number_at(p, mean_score(estimator, truth, "relative_error"));
      const auto norm = p.value(kTraining, "", "", "", truth + "_norm");
      if (error && norm && *error > 0 && *norm > 0)
        curves[p.seed].emplace_back(g.steps, *error * *norm);
    }
  return grow(curves, grid.size());
}

Growth growth_in_x(const AccuracyResult& r, const std::string& estimator) {
  std::vector<Regime> grid = along_rates(r);
  std::erase_if(grid, [](const Regime& g) { return !(g.x < kSmallX); });
  Curves curves;
  for (const Regime& g : grid)
    for (const AccuracyPoint& p : r.points) {
      if (!is_at(p, g)) continue;
      const auto error = number_at(p, mean_score(estimator, kDerivative, "relative_error"));
      const auto x = p.value(kTraining, "", "", "", "x");
      if (error && x && *error > 0 && *x > 0) curves[p.seed].emplace_back(*x, *error);
    }
  return grow(curves, grid.size());
}

}  // namespace leaveout
