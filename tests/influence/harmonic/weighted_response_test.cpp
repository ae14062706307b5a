// SPDX-License-Identifier: MIT
// Derivatives in the weights beside retraining with other weights, and beside closed forms.
#include "influence/harmonic/weighted_response.h"

#include <doctest/doctest.h>

#include <cmath>

#include "models/third_derivative.h"
#include "tests/influence/harmonic/small_trainings.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("F_i is the central difference of weighted retraining, for every model and output") {
  for (const Training& t : every_training()) {
    const VectorXd w = t.uneven_weights();
    const WeightedResponse at = t.at(w);
    for (const QueryOutput kind : t.outputs()) {
      const MatrixXd first = at.first(t.problem.query, kind);
      for (const Index i : {Index(0), t.size() - 1}) {
        const VectorXd measured = slope(
            [&](double h) { return t.at(nudged(w, i, h)).values(t.problem.query, kind); }, 0.001);
        CHECK((first.col(i) - measured).cwiseAbs().maxCoeff() < 1e-9);
      }
    }
  }
}

TEST_CASE("theta_i is the central difference of the minimiser") {
  for (const Training& t : every_training()) {
    const VectorXd w = t.uneven_weights();
    const MatrixXd steps = t.at(w).parameter_steps();
    for (Index i = 0; i < t.size(); i += 3) {
      const VectorXd measured =
          slope([&](double h) { return t.at(nudged(w, i, h)).theta(); }, 0.001);
      CHECK((steps.col(i) - measured).cwiseAbs().maxCoeff() < 1e-9);
    }
  }
}

TEST_CASE("F_ij is the central difference of F_i under retraining, for every model and output") {
  for (const Training& t : every_training()) {
    const VectorXd w = t.uneven_weights();
    const WeightedResponse at = t.at(w);
    for (const Index j : {Index(1), t.size() - 2}) {
      std::vector<WeightedResponse> near;  // at -2h, -h, h, 2h
      const double h = 0.001;
      for (const double k : {-2, -1, 1, 2}) near.push_back(t.at(nudged(w, j, k * h)));
      for (const QueryOutput kind : t.outputs()) {
        const auto first = [&](std::size_t k) { return near[k].first(t.problem.query, kind); };
        const MatrixXd measured = (8 * (first(2) - first(1)) - (first(3) - first(0))) / (12 * h);
        for (Index q = 0; q < t.problem.query.size(); ++q) {
          const MatrixXd second = at.second(t.problem.query, q, kind).full();
          CHECK((second.col(j) - measured.row(q).transpose()).cwiseAbs().maxCoeff() < 1e-9);
        }
      }
    }
  }
}

TEST_CASE("F_ij is the mixed second difference of retrained values") {
  for (const Training& t : every_training()) {
    const QueryOutput kind = default_output(t.problem.query.task);
    const VectorXd w = t.uneven_weights();
    const MatrixXd second = t.at(w).second(t.problem.query, 0, kind).full();
    const auto value = [&](double a, double b) {
      return t.value(nudged(nudged(w, 0, a), 2, b), 0, kind);
    };
    const double pair =
        slope([&](double a) { return slope([&](double b) { return value(a, b); }, 0.004); }, 0.004);
    const double own = second_slope([&](double a) { return value(a, 0); }, 0.004);
    CHECK(std::abs(second(0, 2) - pair) < 1e-7);
    CHECK(std::abs(second(0, 0) - own) < 1e-7);
  }
}

TEST_CASE("F_ij is symmetric, and so are its terms but the examples' curvature") {
  for (const Training& t : every_training()) {
    const WeightedResponse at = t.at(t.uneven_weights());
    for (const QueryOutput kind : t.outputs()) {
      const PairTerms terms = at.second(t.problem.query, 1, kind);
      const MatrixXd full = terms.full();
      const double scale = full.cwiseAbs().maxCoeff() + terms.third.cwiseAbs().maxCoeff() + 1e-9;
      CHECK((full - full.transpose()).cwiseAbs().maxCoeff() < 1e-12 * scale);
      CHECK((terms.third - terms.third.transpose()).cwiseAbs().maxCoeff() < 1e-12 * scale);
      CHECK(distance(full - terms.without_third(), terms.third) < 1e-9);
    }
  }
}

TEST_CASE("logistic regression: g_i, H_i and T_i are the textbook's, and F_i and F_ij theirs") {
  const Training t = logistic_training();
  const VectorXd w = t.uneven_weights();
  const WeightedResponse at = t.at(w);
  const Problem& p = t.problem;
  const MatrixXd x = extended(p.train);  // (P x N)
  const double n = static_cast<double>(t.size());
  const VectorXd y = 2 * p.train.targets.row(0).transpose().array() - 1;
  const Eigen::ArrayXd s = (1 + (y.array() * (x.transpose() * at.theta()).array()).exp()).inverse();
  const VectorXd bend = s * (1 - s), twist = -s * (1 - s) * (1 - 2 * s) * y.array();

  const MatrixXd g = -(x * (s * y.array()).matrix().asDiagonal());  // (P x N)
  CHECK(distance(loss_gradients(p.model, p.train, at.theta()), g) < 1e-11);
  const VectorXd u = p.anywhere(7), v = p.anywhere(8);
  const VectorXd along_u = x.transpose() * u, along_v = x.transpose() * v;
  CHECK(distance(loss_hessian_products(p.model, p.train, at.theta(), u),
                 x * bend.cwiseProduct(along_u).asDiagonal()) < 1e-11);
  const VectorXd weighted_twist = w.cwiseProduct(twist) / n;
  CHECK(distance(third_derivatives(at.objective(), at.theta(), u, v),
                 x * weighted_twist.cwiseProduct(along_u).cwiseProduct(along_v)) < 1e-11);

  MatrixXd h = x * (w.cwiseProduct(bend) / n).asDiagonal() * x.transpose();
  h.diagonal().array() += p.weight_decay;
  const VectorXd query = extended(p.query).col(0);  // the logit's gradient
  const VectorXd q = h.llt().solve(query);
  const MatrixXd steps = -h.llt().solve(g) / n;  // (P x N)
  CHECK(distance(at.parameter_steps(), steps) < 1e-11);
  CHECK(distance(at.first(p.query, QueryOutput::prediction).row(0), -q.transpose() * g / n) <
        1e-11);
  const MatrixXd moves = x.transpose() * steps;  // (N x N)
  const VectorXd reach = x.transpose() * q;      // (N)
  const PairTerms terms = at.second(p.query, 0, QueryOutput::prediction);
  CHECK(distance(terms.example, (-bend.cwiseProduct(reach) / n).asDiagonal() * moves) < 1e-11);
  CHECK(distance(terms.third,
                 -moves.transpose() * weighted_twist.cwiseProduct(reach).asDiagonal() * moves) <
        1e-11);
  CHECK(terms.output.isZero(1e-15));
  const PairTerms loss = at.second(p.query, 0, QueryOutput::loss);
  const double right = 1 / (1 + std::exp(-at.values(p.query, QueryOutput::margin)(0)));
  const VectorXd move = steps.transpose() * query;
  CHECK(distance(loss.output, right * (1 - right) * move * move.transpose()) < 1e-11);
}

TEST_CASE("ridge: no third derivative, and the outputs' term is that of the output alone") {
  const Training t = ridge_training();
  const WeightedResponse at = t.at(t.uneven_weights());
  const PairTerms prediction = at.second(t.problem.query, 0, QueryOutput::prediction);
  CHECK(prediction.third.isZero(0));
  CHECK(prediction.output.isZero(0));
  const PairTerms loss = at.second(t.problem.query, 0, QueryOutput::loss);
  const VectorXd move = at.first(t.problem.query, QueryOutput::prediction).row(0);
  CHECK(distance(loss.output, move * move.transpose()) < 1e-13);
}

TEST_CASE("networks: each of the four terms matters") {
  const Training t = classification_network_training();
  const WeightedResponse at = t.at(t.uneven_weights());
  const PairTerms terms = at.second(t.problem.query, 0, QueryOutput::margin);
  const double scale = terms.full().norm();
  for (const MatrixXd& term : {terms.example, terms.third, terms.output})
    CHECK(term.norm() > 0.05 * scale);
}

TEST_CASE("without a penalty scaling all weights by p divides F_i by p and F_ij by p^2") {
  const Training t = logistic_training(0);
  const QueryOutput kind = QueryOutput::logodds;
  const double p = 0.4;
  const VectorXd one = VectorXd::Ones(t.size());
  const WeightedResponse full = t.at(one), scaled = t.at(p * one);
  CHECK(distance(scaled.theta(), full.theta()) < 1e-11);
  const MatrixXd first = full.first(t.problem.query, kind);
  CHECK(distance(scaled.first(t.problem.query, kind), first / p) < 1e-10);
  CHECK(distance(scaled.second(t.problem.query, 0, kind).full(),
                 full.second(t.problem.query, 0, kind).full() / (p * p)) < 1e-9);
  // F does not change along w itself (Euler).
  CHECK((first * one).cwiseAbs().maxCoeff() < 1e-10 * first.cwiseAbs().maxCoeff());
}

TEST_CASE("with a penalty it is not so: F_i grows by less than 1/p") {
  const Training t = logistic_training(0.05);
  const VectorXd one = VectorXd::Ones(t.size());
  const QueryOutput kind = QueryOutput::margin;
  const MatrixXd full = t.at(one).first(t.problem.query, kind);
  const MatrixXd scaled = t.at(0.4 * one).first(t.problem.query, kind);
  CHECK(scaled.norm() > 1.1 * full.norm());
  CHECK(scaled.norm() < 0.9 * full.norm() / 0.4);
}

TEST_CASE("for two classes margin and log-odds have the same derivatives") {
  const Training t = logistic_training();
  const WeightedResponse at = t.at(t.uneven_weights());
  const Dataset& query = t.problem.query;
  CHECK(at.first(query, QueryOutput::margin) == at.first(query, QueryOutput::logodds));
  CHECK(at.second(query, 2, QueryOutput::margin).full() ==
        at.second(query, 2, QueryOutput::logodds).full());
}

TEST_CASE("refused: weights that do not fit, steps as outputs, points without derivatives") {
  const Training t = logistic_training();
  const VectorXd one = VectorXd::Ones(t.size());
  CHECK_THROWS_WITH_AS(t.at(-one), doctest::Contains("not negative"), std::invalid_argument);
  CHECK_THROWS_AS(t.at(VectorXd::Ones(t.size() + 1)), std::invalid_argument);
  CHECK_THROWS_AS(t.at(one).first(t.problem.query, QueryOutput::correct), std::invalid_argument);
  CHECK_THROWS_AS(t.at(one).second(t.problem.query, 99, QueryOutput::margin),
                  std::invalid_argument);
  Objective quadratic = t.problem.objective();
  quadratic.term = ObjectiveTerm::quadratic;
  CHECK_THROWS_AS(WeightedResponse(quadratic, one, t.start), std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      WeightedResponse(t.problem.objective(), one, t.problem.anywhere(1), {.max_iterations = 1}),
      doctest::Contains("expected a minimum"),
      std::invalid_argument);
}
