// SPDX-License-Identifier: MIT
#include "experiments/harmonic/influence_vs_fourier_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/group_prediction.h"
#include "influence/harmonic/spectrum.h"
#include "influence/harmonic/values.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void add(PairTerms& sum, const PairTerms& terms) {
  sum.example += terms.example;
  sum.third += terms.third;
  sum.output += terms.output;
}

using PairsOf = MatrixXd (*)(const PairTerms&);

struct PairMethod {
  const char* name;
  PairsOf pairs;
};

constexpr PairMethod kPairMethods[] = {
    {"full", [](const PairTerms& t) { return t.full(); }},
    {"without_third", [](const PairTerms& t) { return t.without_third(); }},
    {"output", [](const PairTerms& t) { return t.output; }}};

FourierComparison spectral(const std::string& quantity, Index n, double p, MatrixXd exact) {
  FourierComparison c;
  c.quantity = quantity;
  c.examples = n;
  c.p = p;
  c.exact = std::move(exact);
  c.items.resize(static_cast<std::size_t>(c.exact.cols()));
  return c;
}

/// Exact numbers of every query, without predictions: weight, pair, mean, b1, b2.
std::vector<FourierComparison> exact_spectra(const SubsetOutputs& f, double p) {
  const Index n = cube_dimension(f.mean.rows()), queries = f.mean.cols();
  MatrixXd weight(queries, n), pair(queries, n * n), mean(queries, 1), b1 = mean, b2 = mean;
  for (Index q = 0; q < queries; ++q) {
    VectorXd table = f.mean.col(q);
    weight.row(q) = datamodel_weights(table, p).transpose();
    pair.row(q) = pair_interactions(table, p).reshaped().transpose();
    to_spectrum(table, p);
    const VectorXd weights = degree_weights(table);
    mean(q) = table(0);
    b1(q) = n > 0 ? weights(1) : 0;
    b2(q) = n > 1 ? weights(2) : 0;
  }
  std::vector<FourierComparison> all = {spectral("weight", n, p, weight),
                                        spectral("pair", n, p, pair),
                                        spectral("mean", n, p, mean),
                                        spectral("b1", n, p, b1),
                                        spectral("b2", n, p, b2)};
  for (Index i = 0; i < n; ++i) {
    all[0].items[static_cast<std::size_t>(i)] = {i};
    for (Index j = i + 1; j < n; ++j) all[1].items[static_cast<std::size_t>(i * n + j)] = {i, j};
  }
  return all;
}

void predict_pairs(const WeightDerivatives& rate, FourierComparison& pair, FourierComparison& b2) {
  const Index queries = pair.exact.rows();
  const double v = pair.p * (1 - pair.p);
  for (const PairMethod& method : kPairMethods) {
    MethodValues pairs{method.name, MatrixXd(queries, pair.exact.cols())};
    MethodValues weight{method.name, MatrixXd(queries, 1)};
    for (Index q = 0; q < queries; ++q) {
      MatrixXd f_ij = method.pairs(rate.second[static_cast<std::size_t>(q)]);
      f_ij.diagonal().setZero();
      pairs.values.row(q) = f_ij.reshaped().transpose();
      weight.values(q) = v * v * f_ij.squaredNorm() / 2;
    }
    pair.predictions.push_back(std::move(pairs));
    b2.predictions.push_back(std::move(weight));
  }
}

void predict_mean(const WeightDerivatives& rate, FourierComparison& mean) {
  MatrixXd second = rate.value;
  for (Index q = 0; q < second.rows(); ++q)
    second(q) = predict_spectrum(mean.p,
                                 rate.value(q),
                                 rate.first.row(q).transpose(),
                                 rate.second[static_cast<std::size_t>(q)].full())
                    .mean;
  mean.predictions = {{"wp", rate.value}, {"wp_second", second}};
}

}  // namespace

const MatrixXd* FourierComparison::find(const std::string& method) const {
  for (const MethodValues& known : predictions)
    if (known.method == method) return &known.values;
  return nullptr;
}

void require_derivatives(const SubsetTask& task) {
  if (!differentiable(task.output))
    throw std::invalid_argument(
        fmt::format("[influence-vs-fourier] output, expected one with derivatives, got {}: --set "
                    "output={}",
                    output_name(task.output),
                    output_name(default_output(task.query->task))));
}

WeightDerivatives weight_derivatives(const SubsetTask& task, double centre) {
  require_derivatives(task);
  WeightDerivatives d;
  d.centre = centre;
  d.minima = weighted_minima(task, centre);
  if (!d.known()) return d;
  const double share = 1 / static_cast<double>(d.minima.size());
  d.value = VectorXd::Zero(task.queries());
  for (const WeightedResponse& at : d.minima)
    d.value += share * at.values(*task.query, task.output);
  d.first = mean_first(d.minima, task, task.output);
  for (Index q = 0; q < task.queries(); ++q) {
    PairTerms sum = d.minima.front().second(*task.query, q, task.output);
    for (std::size_t m = 1; m < d.minima.size(); ++m)
      add(sum, d.minima[m].second(*task.query, q, task.output));
    sum.example *= share;
    sum.third *= share;
    sum.output *= share;
    d.second.push_back(std::move(sum));
  }
  return d;
}

MatrixXd predicted_weights(const WeightDerivatives& at, double p, bool second_order) {
  MatrixXd a = at.first;
  if (!second_order) return a;
  for (Index q = 0; q < a.rows(); ++q) {
    const MatrixXd f_ij = at.second[static_cast<std::size_t>(q)].full();
    const VectorXd diagonal = f_ij.diagonal();
    a.row(q) += (p - at.centre) * (f_ij.rowwise().sum() - diagonal).transpose() +
                0.5 * (1 - 2 * at.centre) * diagonal.transpose();
  }
  return a;
}

std::vector<FourierComparison> compare_spectra(const SubsetOutputs& f,
                                               const WeightDerivatives& one,
                                               const WeightDerivatives& rate) {
  const double p = rate.centre, v = p * (1 - p);
  std::vector<FourierComparison> all = exact_spectra(f, p);
  FourierComparison &weight = all[0], &pair = all[1], &mean = all[2], &b1 = all[3], &b2 = all[4];
  const auto predict = [&](const char* method, const WeightDerivatives& at, bool second_order) {
    if (!at.known()) return;
    const MatrixXd a = predicted_weights(at, p, second_order);
    weight.predictions.push_back({method, a});
    b1.predictions.push_back({method, v * a.rowwise().squaredNorm()});
  };
  predict("w1", one, false);
  predict("w1_second", one, true);
  predict("wp", rate, false);
  predict("wp_second", rate, true);
  if (!rate.known()) return all;
  predict_pairs(rate, pair, b2);
  predict_mean(rate, mean);
  return all;
}

SubsetTask first_examples(const SubsetTask& task, Index n) {
  SubsetTask part;
  part.settings = task.settings;
  part.p = task.p;
  part.output = task.output;
  part.rows.assign(task.rows.begin(), task.rows.begin() + n);
  std::vector<Index> kept(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) kept[static_cast<std::size_t>(i)] = i;
  part.train = std::make_unique<Dataset>(take(*task.train, kept));
  part.query = std::make_unique<Dataset>(*task.query);
  part.model = std::make_unique<Model>(task.model->spec());
  part.problem = task.problem;
  part.problem.model = part.model.get();
  part.problem.train = part.train.get();
  part.problem.query = part.query.get();
  return part;
}

namespace {

void append(std::vector<FourierComparison>& to, std::vector<FourierComparison> more) {
  for (FourierComparison& c : more) to.push_back(std::move(c));
}

/// The size of the third derivative's part is more than rounding.
bool bends(const WeightDerivatives& at) {
  double third = 0, full = 0;
  for (const PairTerms& t : at.second) {
    third = std::max(third, t.third.norm());
    full = std::max(full, t.full().norm());
  }
  return third > 1e-9 * full;
}

/// Spectra at p, and each example alone as a group: what is followed as N grows.
std::vector<FourierComparison> measure_size(const SubsetTask& task,
                                            const SubsetOutputs& f,
                                            const WeightDerivatives& one) {
  std::vector<FourierComparison> found = compare_spectra(f, one, weight_derivatives(task, task.p));
  const Index n = task.examples();
  found.push_back(compare_removal(f, one, draw_groups(n, 1, n, task.problem.seed)));
  return found;
}

FourierResult describe_task(const SubsetTask& task) {
  FourierResult r;
  r.settings = task.settings;
  r.output = task.output;
  r.p = task.p;
  r.examples = task.examples();
  r.queries = task.queries();
  r.parameters = task.model->parameter_count();
  r.repeats = task.problem.repeats();
  r.model = describe(task.model->spec());
  r.rows = task.rows;
  return r;
}

}  // namespace

const FourierComparison* FourierResult::find(const std::string& quantity,
                                             double rate,
                                             Index size,
                                             Index of_examples) const {
  const Index n = of_examples == 0 ? examples : of_examples;
  for (const FourierComparison& c : comparisons)
    if (c.quantity == quantity && c.p == rate && c.size == size && c.examples == n) return &c;
  return nullptr;
}

FourierResult predict_and_measure(const SubsetTask& task,
                                  const SubsetOutputs& f,
                                  const FourierOptions& options,
                                  const TaskOptions& how) {
  FourierResult r = describe_task(task);
  const WeightDerivatives one = weight_derivatives(task, 1);
  r.minima_one = static_cast<Index>(one.minima.size());
  if (one.known())
    r.training_gap =
        (f.mean.row(f.mean.rows() - 1).transpose() - one.value).norm() / one.value.norm();
  r.rates = options.rates;
  for (const double p : r.rates) {
    const WeightDerivatives rate = weight_derivatives(task, p);
    if (p == task.p) {
      r.minima_rate = static_cast<Index>(rate.minima.size());
      r.third = bends(one) || bends(rate);
    }
    append(r.comparisons, compare_spectra(f, one, rate));
  }
  for (Index k = 1; k <= std::max<Index>(r.examples / 2, 1); ++k) {
    const Index most = k == 1 ? r.examples : options.groups;
    const std::vector<Group> groups = draw_groups(r.examples, k, most, task.problem.seed);
    r.comparisons.push_back(compare_removal(f, one, groups));
    if (k < r.examples) r.comparisons.push_back(compare_renormalised(task, how, f, one, groups));
  }
  for (const Index n : options.sizes) {
    if (n >= r.examples) continue;
    const SubsetTask part = first_examples(task, n);
    const SubsetLogits logits = train_all_subsets(part, how);
    r.unconverged += logits.unconverged;
    r.sizes.push_back(n);
    append(
        r.comparisons,
        measure_size(
            part, subset_outputs(logits, part.output, *part.query), weight_derivatives(part, 1)));
  }
  r.sizes.push_back(r.examples);
  return r;
}

void follow_removals(const SubsetTask& larger,
                     const FourierOptions& options,
                     const TaskOptions& how,
                     FourierResult& result) {
  const Index n = larger.examples();
  const Index most = std::max(options.groups, result.examples);
  result.larger.push_back(n);
  result.comparisons.push_back(train_removal(
      larger, how, weight_derivatives(larger, 1), draw_groups(n, 1, most, larger.problem.seed)));
}

}  // namespace leaveout
