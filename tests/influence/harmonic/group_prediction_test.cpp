// SPDX-License-Identifier: MIT
// Predictions of groups and spectra: exact on quadratics, and off by the next order elsewhere.
#include "influence/harmonic/group_prediction.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "tests/influence/harmonic/small_trainings.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

VectorXd corner(unsigned mask, Index n) {
  VectorXd b(n);
  for (Index i = 0; i < n; ++i) b(i) = static_cast<double>((mask >> i) & 1U);
  return b;
}

/// f_hat_S by its definition, E f(b) prod_{i in S} (b_i - p) / s, from the table f (2^N).
double coefficient(const VectorXd& f, double p, unsigned set) {
  const Index n = std::countr_zero(static_cast<unsigned>(f.size()));
  double sum = 0;
  for (unsigned mask = 0; mask < f.size(); ++mask) {
    double term = f(mask);
    for (Index i = 0; i < n; ++i) {
      const bool in = (mask >> i) & 1U;
      term *= in ? p : 1 - p;
      if ((set >> i) & 1U) term *= ((in ? 1 : 0) - p) / std::sqrt(p * (1 - p));
    }
    sum += term;
  }
  return sum;
}

SpectrumPrediction exact_spectrum(const VectorXd& f, double p) {
  const Index n = std::countr_zero(static_cast<unsigned>(f.size()));
  SpectrumPrediction s;
  s.mean = coefficient(f, p, 0);
  s.first.resize(n);
  s.second = MatrixXd::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    s.first(i) = coefficient(f, p, 1U << i);
    for (Index j = 0; j < n; ++j)
      if (i != j) s.second(i, j) = coefficient(f, p, (1U << i) | (1U << j));
  }
  return s;
}

/// Errors of the mean, of first and of second coefficients.
Eigen::Vector3d error(const SpectrumPrediction& a, const SpectrumPrediction& exact) {
  const double second = a.second.size() == 0 ? 0 : (a.second - exact.second).norm();
  return {std::abs(a.mean - exact.mean), (a.first - exact.first).norm(), second};
}

struct Quadratic {
  double value = 0.3;
  VectorXd first;   // (N)
  MatrixXd second;  // (N x N)

  explicit Quadratic(Index n) : first(Random(41).normal_matrix(n, 1)) {
    const MatrixXd a = Random(42).normal_matrix(n, n);
    second = a + a.transpose();
  }
  double at(const VectorXd& d) const { return value + first.dot(d) + 0.5 * d.dot(second * d); }
};

/// |F(1) - F(1 - t on the group) - prediction| of a training's queries, as a norm.
double group_error(
    const Training& t, const Group& group, double step, bool second, bool third = true) {
  const Dataset& query = t.problem.query;
  const QueryOutput kind = default_output(query.task);
  VectorXd w = VectorXd::Ones(t.size());
  const WeightedResponse at = t.at(w);
  w(group).array() -= step;
  VectorXd error = at.values(query, kind) - t.at(w).values(query, kind);  // (Q)
  for (Index q = 0; q < query.size(); ++q) {
    const PairTerms terms = at.second(query, q, kind);
    const VectorXd first = at.first(query, kind).row(q);
    error(q) -=
        second ? group_influence(group, first, third ? terms.full() : terms.without_third(), step)
               : group_influence(group, first, step);
  }
  return error.norm();
}

/// The minimiser on the path of Basu, You and Feizi.
VectorXd on_path(const Training& t, const Group& group, double eps) {
  const double pi = static_cast<double>(group.size()) / static_cast<double>(t.size());
  Objective q = t.problem.objective();
  VectorXd w = VectorXd::Constant(t.size(), 1 - eps * pi / (1 - pi));
  w(group).setConstant(1 + eps);
  q.weights = q.weights.cwiseProduct(w);
  return minimise(q, t.start).theta;
}

}  // namespace

TEST_CASE("quadratics: groups leave exactly as the second order says, the diagonal included") {
  const Index n = 6;
  const Quadratic f(n);
  for (const double weight : {1.0, 0.3})
    for (const Group& group : {Group{2}, Group{0, 3}, Group{0, 1, 2, 3, 4, 5}, Group{}}) {
      VectorXd d = VectorXd::Zero(n);
      d(group).setConstant(-weight);
      const double truth = f.value - f.at(d);
      CHECK(std::abs(group_influence(group, f.first, f.second, weight) - truth) < 1e-13);
      CHECK(std::abs(group_influence(group, f.first, weight) + f.first.dot(d)) < 1e-14);
    }
}

TEST_CASE("quadratics: the predicted spectrum is that of all subsets, at every p") {
  const unsigned n = 6;
  const Quadratic f(n);
  for (const double p : {0.15, 0.5, 0.8}) {
    VectorXd table(1 << n);
    for (unsigned mask = 0; mask < table.size(); ++mask)
      table(mask) = f.at(corner(mask, n) - VectorXd::Constant(n, p));
    const SpectrumPrediction exact = exact_spectrum(table, p);
    const SpectrumPrediction predicted = predict_spectrum(p, f.value, f.first, f.second);
    CHECK(error(predicted, exact).maxCoeff() < 1e-13);
    CHECK(predicted.b1() == doctest::Approx(exact.first.squaredNorm()).epsilon(1e-12));
    double b2 = 0;
    for (unsigned mask = 0; mask < table.size(); ++mask)
      if (std::popcount(mask) == 2) b2 += std::pow(coefficient(table, p, mask), 2);
    CHECK(predicted.b2() == doctest::Approx(b2).epsilon(1e-12));
    const double v = p * (1 - p);
    const SpectrumPrediction leading = predict_spectrum(p, f.value, f.first);
    CHECK(leading.b1() == doctest::Approx(v * f.first.squaredNorm()).epsilon(1e-14));
    CHECK(leading.mean == f.value);
    CHECK(leading.b2() == 0);
  }
}

// Weights c w in place of w: the k-th derivatives in w carry c^k, so halving c divides what an
// expansion leaves out by 2 to the order of its first missing term.
TEST_CASE("logistic regression: spectra of all subsets, off by third derivatives only") {
  const Training t = settled(make_problem(make_blobs(7, 2, 2, 0.5, 25), 1, "logistic", 0.1));
  const Index n = t.size();
  const double p = 0.3;
  const QueryOutput kind = QueryOutput::margin;
  std::vector<Eigen::Vector3d> leading, corrected;
  for (const double c : {0.01, 0.005}) {
    Objective q = t.problem.objective();
    q.weights *= c;
    VectorXd table(1 << n);
    for (unsigned mask = 0; mask < table.size(); ++mask)
      table(mask) = WeightedResponse(q, corner(mask, n), t.start).values(t.problem.query, kind)(0);
    const WeightedResponse at(q, VectorXd::Constant(n, p), t.start);
    const double value = at.values(t.problem.query, kind)(0);
    const VectorXd first = at.first(t.problem.query, kind).row(0);
    const MatrixXd second = at.second(t.problem.query, 0, kind).full();
    const SpectrumPrediction exact = exact_spectrum(table, p);
    leading.push_back(error(predict_spectrum(p, value, first), exact));
    corrected.push_back(error(predict_spectrum(p, value, first, second), exact));
  }
  CHECK(leading[0](0) / leading[1](0) == doctest::Approx(4).epsilon(0.1));      // E f
  CHECK(leading[0](1) / leading[1](1) == doctest::Approx(4).epsilon(0.1));      // degree 1
  CHECK(corrected[0](0) / corrected[1](0) == doctest::Approx(8).epsilon(0.1));  // E f
  CHECK(corrected[0](1) / corrected[1](1) == doctest::Approx(8).epsilon(0.1));  // degree 1
  CHECK(corrected[0](2) / corrected[1](2) == doctest::Approx(8).epsilon(0.1));  // degree 2
}

TEST_CASE("halving a group's step divides the error by 4 to first and by 8 to second order") {
  for (const Training& t : every_training()) {
    CAPTURE(t.problem.model.spec().name);
    const Group group = {0, 2, 5};
    const double step = 0.02;
    const auto ratio = [&](auto... order) {
      return group_error(t, group, step, order...) / group_error(t, group, step / 2, order...);
    };
    CHECK(ratio(false) == doctest::Approx(4).epsilon(0.05));
    CHECK(ratio(true) == doctest::Approx(8).epsilon(0.05));
  }
}

TEST_CASE("on curved models the second order without third derivatives is of first order still") {
  for (const Training& t : {softmax_training(), classification_network_training()}) {
    CAPTURE(t.problem.model.spec().name);
    const Group group = {0, 2, 5};
    const double step = 0.004;
    CHECK(group_error(t, group, step, true, false) / group_error(t, group, step / 2, true, false) ==
          doctest::Approx(4).epsilon(0.05));
    CHECK(group_error(t, group, step, true, true) < 0.1 * group_error(t, group, step, true, false));
  }
}

TEST_CASE("normalised removal: theta1 and theta2 are derivatives of retraining along its path") {
  for (const Training& t : every_training()) {
    CAPTURE(t.problem.model.spec().name);
    const Group group = {1, 3, 4};
    const NormalisedRemoval r = normalised_removal(t.at(VectorXd::Ones(t.size())), group);
    const auto theta = [&](double eps) { return on_path(t, group, eps); };
    const VectorXd first = slope(theta, 0.001), second = second_slope(theta, 0.002);
    CHECK((r.theta1 - first).norm() < 1e-8);
    CHECK((r.theta2 - second / 2).norm() < 1e-6);
  }
}

TEST_CASE("normalised removal without a penalty is the formula of Basu, You and Feizi") {
  const Training t = logistic_training(0);
  const Problem& p = t.problem;
  const Group group = {1, 3, 4};
  const double n = static_cast<double>(t.size()), pi = 3 / n;
  const NormalisedRemoval r = normalised_removal(t.at(VectorXd::Ones(t.size())), group);
  const MatrixXd h = Evaluator(p.objective()).curvature(t.start, Curvature::full);
  const VectorXd sum = loss_gradients(p.model, take(p.train, group), t.start).rowwise().sum();
  const VectorXd theta1 = -h.llt().solve(sum) / ((1 - pi) * n);
  CHECK(distance(r.theta1, theta1) < 1e-9);
  const Dataset members = take(p.train, group);
  const MatrixXd of_group =
      Evaluator(training_objective(p.model, members, 0)).curvature(t.start, Curvature::full);
  const VectorXd theta2 = pi / (1 - pi) * (theta1 - h.llt().solve(of_group * theta1));
  CHECK(distance(r.theta2 - r.third, theta2) < 1e-9);
  CHECK(distance(r.step_without_third(), theta2 - theta1) < 1e-9);
  CHECK(r.third.norm() > 0.01 * theta2.norm());
}

TEST_CASE("normalised removal is second order along the weights that keep their sum") {
  const Training t = classification_network_training();
  const Group group = {0, 7};
  const WeightedResponse at = t.at(VectorXd::Ones(t.size()));
  const NormalisedRemoval r = normalised_removal(at, group);
  const double pi = 2 / static_cast<double>(t.size());
  VectorXd d = VectorXd::Constant(t.size(), pi / (1 - pi));  // at eps = -1
  d(group).setConstant(-1);
  const QueryOutput kind = QueryOutput::prediction;
  const VectorXd g = at.gradients(t.problem.query, kind).col(0);
  const PairTerms terms = at.second(t.problem.query, 0, kind);
  CHECK(-g.dot(r.theta1) ==
        doctest::Approx(at.first(t.problem.query, kind).row(0).dot(d)).epsilon(1e-11));
  const MatrixXd of_parameters = terms.full() - terms.output;  // what theta's own curve makes
  CHECK(g.dot(r.theta2) == doctest::Approx(0.5 * d.dot(of_parameters * d)).epsilon(1e-11));
  CHECK(g.dot(r.third) == doctest::Approx(0.5 * d.dot(terms.third * d)).epsilon(1e-11));
}

TEST_CASE("without a third derivative nothing is left out of the second order") {
  const Training t = ridge_training();
  const NormalisedRemoval r = normalised_removal(t.at(VectorXd::Ones(t.size())), {2, 3});
  CHECK(r.third.isZero(0));
  CHECK(r.step() == r.step_without_third());
}

TEST_CASE("refused: other weights than 1, groups that are empty, everything or not there") {
  const Training t = ridge_training();
  const VectorXd one = VectorXd::Ones(t.size());
  CHECK_THROWS_AS(normalised_removal(t.at(0.5 * one), {1}), std::invalid_argument);
  const WeightedResponse at = t.at(one);
  for (const Group& group : {Group{}, Group{0, 1, 2, 3, 4, 5, 6, 7}, Group{8}, Group{1, 1}})
    CHECK_THROWS_AS(normalised_removal(at, group), std::invalid_argument);
}
