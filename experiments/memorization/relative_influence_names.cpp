// SPDX-License-Identifier: MIT
#include "experiments/memorization/relative_influence_names.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "experiments/memorization/relative_influence_scores.h"
#include "influence/few_parameters/softmax_head.h"
#include "influence/harmonic/query_output.h"
#include "influence/metrics/bootstrap.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::size_t kNeighbour = 5;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

std::vector<Index> labels_of(const Dataset& data) {
  std::vector<Index> labels(at(data.size()));
  for (Index i = 0; i < data.size(); ++i) labels[at(i)] = data.label(i);
  return labels;
}

/// Mean of a number over everything that is named.
template <class Number>
std::optional<double> mean_over(const Names& names, Number number) {
  double sum = 0, count = 0;
  for (std::size_t t = 0; t < names.size(); ++t)
    for (const Index i : names[t]) {
      const std::optional<double> value = number(t, i);
      if (!value) continue;
      sum += *value;
      ++count;
    }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

std::optional<double> mean_distance(const Names& names, const MatrixXd& relative) {
  return mean_over(names, [&](std::size_t t, Index i) -> std::optional<double> {
    const double d = relative(static_cast<Index>(t), i);
    return std::isnan(d) ? std::nullopt : std::optional(d);
  });
}

/// Different names, of as many as there could be.
double distinct(const Names& names, Index examples) {
  std::vector<bool> named(at(examples), false);
  std::size_t all = 0;
  for (const std::vector<Index>& list : names) {
    all += list.size();
    for (const Index i : list) named[at(i)] = true;
  }
  const auto different = static_cast<double>(std::count(named.begin(), named.end(), true));
  return different / static_cast<double>(std::min(all, named.size()));
}

}  // namespace

Index name_metric(const std::string& name) {
  const auto found = std::find(kNameMetrics.begin(), kNameMetrics.end(), name);
  assert(found != kNameMetrics.end());
  return found - kNameMetrics.begin();
}

Names name_examples(const MatrixXd& scores, bool helpful, Index count) {
  Names names;
  for (Index t = 0; t < scores.rows(); ++t) {
    const VectorXd row = (helpful ? 1.0 : -1.0) * scores.row(t).transpose();
    names.push_back(largest_of(row, count));
  }
  return names;
}

Names name_all(Index queries, Index examples) {
  std::vector<Index> all(at(examples));
  std::iota(all.begin(), all.end(), Index{0});
  return Names(at(queries), all);
}

Neighbourhood neighbourhood(const GroupedTask& task, const VectorXd& theta, const VectorXd& self) {
  const Dataset &train = *task.train, &test = *task.test;
  Neighbourhood n;
  n.groups = task.groups;
  n.query_groups = task.test_groups;
  n.labels = labels_of(train);
  n.query_labels = labels_of(test);
  n.outlier = largest_tenth(merge_ties(self));  // twins are equal up to rounding
  n.isolated = largest_tenth(isolation(train.inputs, n.labels));
  const HeadExamples head = head_examples(*task.model, train, theta);
  const MatrixXd query_features = head_examples(*task.model, test, theta).features;
  const VectorXd right =
      output_values(QueryOutput::correct, head.outputs, train.targets, train.task);
  for (Index i = 0; i < right.size(); ++i) n.misfit.push_back(right(i) < 0.5);
  n.input_distance =
      relative_to_class(distances(test.inputs, train.inputs), n.query_labels, n.labels);
  n.feature_distance =
      relative_to_class(distances(query_features, head.features), n.query_labels, n.labels);
  return n;
}

NameMeasures measure(const Names& names, const Neighbourhood& near) {
  NameMeasures m;
  const auto set = [&](const char* name, std::optional<double> value) {
    m[at(name_metric(name))] = value;
  };
  const auto share = [&](auto is) {
    return mean_over(names,
                     [&](std::size_t t, Index i) { return std::optional(is(t, i) ? 1.0 : 0.0); });
  };
  for (const PlantedGroup group : {PlantedGroup::mislabelled,
                                   PlantedGroup::rare,
                                   PlantedGroup::duplicate,
                                   PlantedGroup::typical})
    set(planted_group_name(group).c_str(),
        share([&](std::size_t, Index i) { return near.groups[at(i)] == group; }));
  set("outliers", share([&](std::size_t, Index i) { return near.outlier[at(i)]; }));
  set("isolated", share([&](std::size_t, Index i) { return near.isolated[at(i)]; }));
  set("misfit", share([&](std::size_t, Index i) { return near.misfit[at(i)]; }));
  set("same_class",
      share([&](std::size_t t, Index i) { return near.labels[at(i)] == near.query_labels[t]; }));
  set("rare_of_rare", mean_over(names, [&](std::size_t t, Index i) -> std::optional<double> {
        if (near.query_groups[t] != PlantedGroup::rare) return std::nullopt;
        return near.groups[at(i)] == PlantedGroup::rare ? 1.0 : 0.0;
      }));
  set("input_distance", mean_distance(names, near.input_distance));
  set("feature_distance", mean_distance(names, near.feature_distance));
  set("distinct", distinct(names, static_cast<Index>(near.groups.size())));
  return m;
}

MatrixXd distances(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd d(a.cols(), b.cols());
  for (Index j = 0; j < b.cols(); ++j)  // by differences: equal columns are at distance 0
    for (Index i = 0; i < a.cols(); ++i) d(i, j) = (a.col(i) - b.col(j)).norm();
  return d;
}

MatrixXd relative_to_class(const MatrixXd& d,
                           const std::vector<Index>& query_labels,
                           const std::vector<Index>& labels) {
  MatrixXd relative = MatrixXd::Constant(d.rows(), d.cols(), NAN);
  for (Index t = 0; t < d.rows(); ++t) {
    std::vector<double> own;
    for (Index i = 0; i < d.cols(); ++i)
      if (labels[at(i)] == query_labels[at(t)]) own.push_back(d(t, i));
    std::sort(own.begin(), own.end());
    if (!own.empty() && quantile(own, 0.5) > 0) relative.row(t) = d.row(t) / quantile(own, 0.5);
  }
  return relative;
}

VectorXd isolation(const MatrixXd& inputs, const std::vector<Index>& labels) {
  const MatrixXd d = distances(inputs, inputs);
  VectorXd result(d.rows());
  for (Index i = 0; i < d.rows(); ++i) {
    std::vector<double> own;
    for (Index j = 0; j < d.cols(); ++j)
      if (j != i && labels[at(j)] == labels[at(i)]) own.push_back(d(i, j));
    std::sort(own.begin(), own.end());
    result(i) = own.empty() ? std::numeric_limits<double>::infinity()
                            : own[std::min(kNeighbour, own.size()) - 1];
  }
  return result;
}

std::vector<bool> largest_tenth(const VectorXd& values) {
  std::vector<Index> order(at(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(
      order.begin(), order.end(), [&](Index a, Index b) { return values(a) > values(b); });
  std::vector<bool> is(order.size(), false);
  for (std::size_t k = 0; k < (order.size() + 9) / 10; ++k) is[at(order[k])] = true;
  return is;
}

}  // namespace leaveout
