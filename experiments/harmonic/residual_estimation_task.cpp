// SPDX-License-Identifier: MIT
#include "experiments/harmonic/residual_estimation_task.h"

#include <cassert>
#include <cmath>
#include <numeric>

#include "datasets/random.h"
#include "influence/harmonic/cube.h"
#include "influence/harmonic/spectrum.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Kind = ResidualMethod::Kind;

/// The paper's algorithm and its unconstrained form see the same trainings.
std::uint64_t stream_of(const ResidualMethod& m, std::size_t position) {
  return m.level > 0 && m.kind != Kind::centred
             ? static_cast<std::uint64_t>(std::lround(1000 * m.level))
             : 10000 + position;
}

void predict(const TrainedCube& cube, const ResidualErrors& errors, ErrorCell& cell) {
  const ResidualMethod& method = errors.methods[cell.method];
  const Index queries = errors.variance.size();
  const auto plan = plan_of(method, cube.p, cell.trainings, cube.runs());
  if (!plan && method.kind != Kind::u_statistic) return;
  cell.predicted_bias = VectorXd::Zero(queries);
  cell.predicted_error.resize(queries);
  for (Index q = 0; q < queries; ++q) {
    if (plan) cell.predicted_bias[q] = predicted_bias(*plan, errors.weights.col(q));
    cell.predicted_error[q] = plan ? predicted_error(*plan, errors.weights.col(q), errors.noise[q])
                                   : u_statistic_error(cube, q, cell.trainings);
  }
  cell.predicted_bias = cell.predicted_bias.cwiseQuotient(errors.variance);
  cell.predicted_error = cell.predicted_error.cwiseQuotient(errors.variance);
}

/// Fills the cell; false where a repetition has no estimate.
bool repeat(const TrainedCube& cube,
            const ResidualErrors& errors,
            Index repetitions,
            std::uint64_t seed,
            int threads,
            ErrorCell& cell) {
  const ResidualMethod& method = errors.methods[cell.method];
  const std::uint64_t stream = stream_of(method, cell.method);
  const Index queries = errors.variance.size();
  cell.degree1.resize(repetitions, queries);
  cell.residual.resize(repetitions, queries);
  cell.share.resize(repetitions, queries);
  bool complete = true;
#pragma omp parallel for schedule(dynamic) num_threads(threads) reduction(&& : complete)
  for (Index r = 0; r < repetitions; ++r) {
    Random random(seed,
                  {0x7265736964 /* "resid" */,
                   stream,
                   static_cast<std::uint64_t>(cell.trainings),
                   static_cast<std::uint64_t>(r)});
    const auto reading = estimate(method, cube, cell.trainings, random.bits());
    complete = complete && reading.has_value();
    if (!reading) continue;
    cell.degree1.row(r) = reading->degree1.cwiseQuotient(errors.variance).transpose();
    cell.residual.row(r) = reading->residual.cwiseQuotient(errors.variance).transpose();
    cell.share.row(r) = reading->residual.cwiseQuotient(reading->variance).transpose();
  }
  return complete;
}

MeanError bias_over_repetitions(const MatrixXd& values, const VectorXd& exact) {
  return mean_error((values.rowwise() - exact.transpose()).rowwise().mean());
}

Picks all_of(Index repetitions) {
  Picks all(static_cast<std::size_t>(repetitions));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

void exact_values(const TrainedCube& cube, ResidualErrors& errors) {
  const Index queries = cube.mean.cols();
  errors.weights.resize(cube.examples + 1, queries);
  errors.noise = VectorXd::Zero(queries);
  for (Index q = 0; q < queries; ++q) {
    VectorXd table = cube.mean.col(q);
    to_spectrum(table, cube.p);
    errors.weights.col(q) = degree_weights(table);
    if (!cube.noisy()) continue;
    VectorXd noise = cube.deviation.col(q).cwiseAbs2();
    to_spectrum(noise, cube.p);
    errors.noise[q] = noise[0];  // its mean over subsets at rate p
  }
  errors.variance = errors.weights.bottomRows(cube.examples).colwise().sum().transpose();
  errors.degree1 = errors.weights.row(1).transpose().cwiseQuotient(errors.variance);
  errors.share = 1 - errors.degree1.array();
}

}  // namespace

const ErrorCell* ResidualErrors::find(std::size_t wanted, Index trainings) const {
  for (const ErrorCell& cell : cells)
    if (cell.method == wanted && cell.trainings == trainings) return &cell;
  return nullptr;
}

std::size_t ResidualErrors::method(const std::string& text) const {
  for (std::size_t m = 0; m < methods.size(); ++m)
    if (methods[m].text() == text) return m;
  assert(false);
  return 0;
}

ResidualErrors measure_errors(const TrainedCube& cube,
                              const std::vector<Index>& budgets,
                              Index repetitions,
                              std::uint64_t seed,
                              int threads) {
  ResidualErrors errors;
  errors.methods = residual_methods(cube.p);
  errors.budgets = budgets;
  exact_values(cube, errors);
  for (std::size_t m = 0; m < errors.methods.size(); ++m)
    for (const Index n : budgets) {
      ErrorCell cell;
      cell.method = m;
      cell.trainings = n;
      if (!repeat(cube, errors, repetitions, seed, threads, cell)) continue;
      predict(cube, errors, cell);
      errors.cells.push_back(std::move(cell));
    }
  return errors;
}

double residual_rmse(const ResidualErrors& errors, const ErrorCell& cell, const Picks& picks) {
  double sum = 0;
  const Picks chosen = picks.empty() ? all_of(cell.residual.rows()) : picks;
  for (const Index r : chosen)
    sum += (cell.residual.row(r) - errors.share.transpose()).squaredNorm();
  return std::sqrt(sum / static_cast<double>(chosen.size()) /
                   static_cast<double>(cell.residual.cols()));
}

MeanError residual_bias(const ResidualErrors& errors, const ErrorCell& cell) {
  return bias_over_repetitions(cell.residual, errors.share);
}

MeanError degree1_bias(const ResidualErrors& errors, const ErrorCell& cell) {
  return bias_over_repetitions(cell.degree1, errors.degree1);
}

double spread(const MatrixXd& values, const Picks& picks) {
  const Picks chosen = picks.empty() ? all_of(values.rows()) : picks;
  VectorXd sum = VectorXd::Zero(values.cols()), squares = sum;
  const Eigen::RowVectorXd origin = values.row(0);
  for (const Index r : chosen) {
    const VectorXd x = (values.row(r) - origin).transpose();
    sum += x;
    squares += x.cwiseAbs2();
  }
  const double n = static_cast<double>(chosen.size());
  return std::sqrt(((squares - sum.cwiseAbs2() / n) / (n - 1)).mean());
}

double predicted_spread(const ErrorCell& cell) {
  return std::sqrt(cell.predicted_error.cwiseAbs2().mean());
}

double u_statistic_error(const TrainedCube& cube, Index query, Index trainings) {
  const double runs = static_cast<double>(cube.runs());
  const Index subsets = trainings / cube.runs();
  const double m = static_cast<double>(subsets);
  VectorXd linear = cube.mean.col(query);
  to_spectrum(linear, cube.p);
  const double mean = linear[0], degree1 = degree_one(linear).squaredNorm();
  for (Index s = 0; s < linear.size(); ++s)
    if (subset_size(s) != 1) linear[s] = 0;
  to_table(linear, cube.p);
  VectorXd squares = (cube.mean.col(query).array() - mean).square();  // of y about its mean
  if (cube.noisy()) squares += cube.deviation.col(query).cwiseAbs2() / runs;
  VectorXd products = squares.cwiseProduct(linear.cwiseAbs2());
  to_spectrum(squares, cube.p);  // entry 0: the mean over subsets
  to_spectrum(products, cube.p);
  const double n = static_cast<double>(cube.examples);
  return std::sqrt(4 * (products[0] - degree1 * degree1) / m +
                   2 * n * squares[0] * squares[0] / (m * m));
}

}  // namespace leaveout
