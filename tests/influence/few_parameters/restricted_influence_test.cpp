// SPDX-License-Identifier: MIT
// With H = [A B; B' C], S = C - B' A^-1 B and r(g) = g_rest - B' A^-1 g_w:
//
//   g_t' H^-1 g_i = g_tw' A^-1 g_iw + r(g_t)' S^-1 r(g_i),      inertia(H) = inertia(A) +
//   inertia(S)
#include "influence/few_parameters/restricted_influence.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <numeric>
#include <string>

#include "influence/curvature/objective_curvature.h"
#include "influence/estimators/influence_function.h"
#include "influence/few_parameters/parameter_subset.h"
#include "influence/few_parameters/softmax_head.h"
#include "influence/solvers/bunch_kaufman.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A trained tanh network: its Hessian with weight decay, and gradients of queries and examples.
struct Trained {
  Problem p;
  VectorXd theta;
  MatrixXd h, query, train;

  explicit Trained(Problem problem)
      : p(std::move(problem)),
        theta(minimise(p.objective(), p.anywhere(2)).theta),
        h(Evaluator(p.objective()).curvature(theta, Curvature::full)),
        query(loss_gradients(p.model, p.query, theta)),
        train(loss_gradients(p.model, p.train, theta)) {}

  std::vector<std::string> splits() const {
    std::vector<std::string> all = {"last_layer", "biases", "weights", "parameters:0,3,5-9"};
    const Index layers = static_cast<Index>(p.model.spec().hidden.size()) + 1;
    for (Index k = 1; k <= layers; ++k) all.push_back(fmt::format("last_layers:{}", k));
    for (Index k = 0; k < 2 * layers; ++k) all.push_back(fmt::format("block:{}", k));
    return all;
  }
  std::vector<Index> subset(const std::string& text) const {
    return parameter_subset(p.model.spec(), text);
  }
  RestrictedInfluence restricted(const std::string& text) const {
    return restricted_influence(h, subset(text), query, train, p.size());
  }
  MatrixXd full() const { return query.transpose() * h.ldlt().solve(train) / n(); }
  double n() const { return static_cast<double>(p.size()); }
};

std::vector<Trained> trained_networks() {
  std::vector<Trained> all;
  all.emplace_back(tanh_regression_problem());
  all.emplace_back(tanh_classification_problem());
  return all;
}

/// Symmetric with the given eigenvalues.
MatrixXd with_eigenvalues(const VectorXd& e, std::uint64_t seed) {
  const MatrixXd m = Random(seed, {1}).normal_matrix(e.size(), e.size());
  const MatrixXd q = m.householderQr().householderQ();
  return q * e.asDiagonal() * q.transpose();
}

Index negative(const MatrixXd& m) {
  return BunchKaufman(m).inertia().negative;
}

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Schur-complement identity: both terms add up to full influence, for every split") {
  for (const Trained& net : trained_networks()) {
    const MatrixXd full = net.full();
    for (const std::string& split : net.splits()) {
      CAPTURE(split);
      const RestrictedInfluence r = net.restricted(split);
      CHECK(r.converged);
      CHECK(distance(r.full(), full) < 1e-10);
      // The first term by its definition: the influence when nothing else may move.
      const std::vector<Index> w = net.subset(split);
      const MatrixXd a = net.h(w, w), g = net.train(w, Eigen::all);
      const MatrixXd alone = net.query(w, Eigen::all).transpose() * a.ldlt().solve(g) / net.n();
      CHECK(distance(r.restricted, alone) < 1e-10);
    }
    CHECK(net.restricted("last_layers:1").correction.norm() > 1e-3 * full.norm());
    const std::string whole = fmt::format("last_layers:{}", net.p.model.spec().hidden.size() + 1);
    CHECK(net.restricted(whole).correction.norm() == 0);
  }
}

TEST_CASE("Schur-complement identity and additive inertia hold for indefinite matrices too") {
  const Index size = 14;
  const MatrixXd query = Random(1, {2}).normal_matrix(size, 3);
  const MatrixXd train = Random(1, {3}).normal_matrix(size, 5);
  for (const Index below : {0, 1, 5, 14}) {
    VectorXd e = Random(2, {4}).normal_matrix(size, 1).cwiseAbs().array() + 0.3;
    e.head(below) *= -1;
    const MatrixXd h = with_eigenvalues(e, 7);
    const MatrixXd full = query.transpose() * h.partialPivLu().solve(train) / 9;
    for (std::uint64_t draw = 0; draw < 6; ++draw) {
      std::vector<Index> order = Random(3, {draw}).permutation(size), w(order);
      w.resize(static_cast<std::size_t>(1 + 2 * draw));
      std::sort(w.begin(), w.end());
      const RestrictedInfluence r = restricted_influence(h, w, query, train, 9);
      CHECK(distance(r.full(), full) < 1e-10);
      CHECK(r.negative_in_subset == negative(h(w, w)));
      CHECK(r.negative_in_subset + r.negative_in_rest == below);
    }
  }
}

TEST_CASE("restricted self-influence is at most the full one where H is positive definite") {
  for (const Trained& net : trained_networks())
    for (const std::string& split : net.splits()) {
      CAPTURE(split);
      const RestrictedInfluence r =
          restricted_influence(net.h, net.subset(split), net.train, net.train, net.p.size());
      REQUIRE(r.negative_in_subset + r.negative_in_rest == 0);
      CHECK(r.restricted.diagonal().minCoeff() >= 0);
      CHECK(r.correction.diagonal().minCoeff() >= -1e-12 * r.full().diagonal().maxCoeff());
    }
}

TEST_CASE("the correction is zero where the subset explains the rest of the gradients") {
  const Trained net(tanh_classification_problem());
  const std::vector<Index> w = net.subset("last_layer");
  const std::vector<Index> rest = complement(w, net.h.rows());
  MatrixXd train = net.train;
  const MatrixXd a = net.h(w, w), b = net.h(w, rest), g = train(w, Eigen::all);
  train(rest, Eigen::all) = b.transpose() * a.ldlt().solve(g);
  const RestrictedInfluence r = restricted_influence(net.h, w, net.query, train, net.p.size());
  CHECK(r.correction.norm() < 1e-10 * r.restricted.norm());
  CHECK(distance(r.restricted, net.restricted("last_layer").restricted) < 1e-12);
}

TEST_CASE(
    "freezing the rest turns full influence into restricted influence, linearly in 1/stiffness") {
  const Trained net(tanh_classification_problem());
  const std::vector<Index> w = net.subset("last_layer");
  const std::vector<Index> rest = complement(w, net.h.rows());
  const auto correction = [&](double stiffness) {
    MatrixXd h = net.h;
    for (const Index i : rest) h(i, i) += stiffness;
    return MatrixXd(restricted_influence(h, w, net.query, net.train, net.p.size()).correction *
                    stiffness);
  };
  // stiffness * correction -> r' r / N
  CHECK(distance(correction(1e5), correction(1e6)) < 1e-3);
  CHECK(distance(correction(1e6), correction(1e7)) < 1e-4);
}

TEST_CASE("with everything below frozen, full influence is the last layer's influence") {
  for (const Trained& net : trained_networks()) {
    // What is left to train is a linear model on the features: all of its parameters are the head.
    const HeadProblem head = head_problem(net.p.model, net.p.train, net.theta);
    const HeadProblem asked = head_problem(net.p.model, net.p.query, net.theta);
    const LeaveOneOut frozen(head.model, head.data, net.p.weight_decay, 0, head.w, head.w);
    std::vector<Index> all(static_cast<std::size_t>(net.p.size()));
    std::iota(all.begin(), all.end(), Index{0});
    const InfluenceFunction full(frozen, {.curvature = Curvature::full});
    CHECK(distance(full.scores(asked.data, all).values, net.restricted("last_layer").restricted) <
          1e-10);
  }
}

TEST_CASE("the last layer's influence is the slope of retraining the head on frozen features") {
  const Trained net(tanh_classification_problem());
  const Index hidden = net.p.model.spec().hidden.back();
  const std::vector<Index> w = net.subset("last_layer");
  // tanh(W1 x + b1) as inputs of a softmax regression, whose theta is the last layer's.
  const auto features = [&](const Dataset& data) {
    const Index in = data.features();
    const Eigen::Map<const MatrixXd> w1(net.theta.data(), hidden, in);
    const Eigen::Map<const VectorXd> b1(net.theta.data() + hidden * in, hidden);
    const MatrixXd z = (w1 * data.inputs).colwise() + b1;
    Dataset f = data;
    f.inputs = z.unaryExpr([](double v) { return std::tanh(v); });
    return f;
  };
  const Dataset train = features(net.p.train), query = features(net.p.query);
  const Model head(parse_model("softmax", Task::multiclass, hidden, net.p.model.outputs()));
  const VectorXd start = net.theta(w);
  const MatrixXd restricted = net.restricted("last_layer").restricted;
  const VectorXd before = losses(head, query, start);
  CHECK(distance(before, losses(net.p.model, net.p.query, net.theta)) < 1e-13);
  const auto error = [&](Index i, double epsilon) {  // of the slope, relative to the largest
    Objective q = training_objective(head, train, net.p.weight_decay);
    q.weights(i) -= epsilon;
    const VectorXd after = losses(head, query, minimise(q, start, {.tolerance = 1e-13}).theta);
    const VectorXd slope = (after - before) / (epsilon * net.n());
    return (slope - restricted.col(i)).norm() / restricted.col(i).norm();
  };
  for (const Index i : {0, 7, 20}) {
    const double coarse = error(i, 1e-3), fine = error(i, 1e-4);
    CHECK(coarse < 0.05);
    CHECK(fine / coarse == doctest::Approx(0.1).epsilon(0.1));
  }
}

TEST_CASE(
    "without the P x P matrix: the block, the gradients and the steps are those of the whole") {
  const Trained net(tanh_regression_problem());
  const ObjectiveCurvature products(net.p.objective(), net.theta, Curvature::full);
  for (const std::string& split : net.splits()) {
    CAPTURE(split);
    const std::vector<Index> w = net.subset(split);
    const MatrixXd a = principal_block(products, w);
    CHECK(distance(a, net.h(w, w)) < 1e-12);
    const MatrixXd train = subset_gradients(net.p.model, net.p.train, net.theta, w);
    CHECK(distance(train, net.train(w, Eigen::all)) < 1e-14);
    const Solution steps = restricted_steps(a, train, net.p.size());
    CHECK(steps.converged);
    CHECK(steps.negative_eigenvalues == 0);
    const MatrixXd query = subset_gradients(net.p.model, net.p.query, net.theta, w);
    const MatrixXd restricted = net.restricted(split).restricted;
    CHECK(distance(query.transpose() * steps.x, restricted) < 1e-10);
    const MatrixXd whole = scatter(steps.x, w, net.h.rows());
    CHECK(distance(net.query.transpose() * whole, restricted) < 1e-10);
    CHECK(whole(complement(w, net.h.rows()), Eigen::all).norm() == 0);
  }
}

TEST_CASE(
    "gradients of more examples than a tile, and blocks of more than a sweep, are all there") {
  const Problem p = make_problem(make_blobs(310, 40, 3, 0.8, 3), 10, "softmax", 0.1);
  const VectorXd theta = p.anywhere(1);
  const std::vector<Index> w = parameter_subset(p.model.spec(), "parameters:2-70,100");
  CHECK(distance(subset_gradients(p.model, p.train, theta, w),
                 loss_gradients(p.model, p.train, theta)(w, Eigen::all)) < 1e-14);
  const ObjectiveCurvature products(p.objective(), theta, Curvature::gauss_newton);
  CHECK(distance(principal_block(products, w), products.dense()(w, w)) < 1e-13);
}

TEST_CASE("comparison counts pairs: certain signs, equal signs, share of the correction") {
  RestrictedInfluence r;
  r.restricted.resize(2, 3);
  r.correction.resize(2, 3);
  r.restricted << 3, -2, 1, -1, 2, 4;
  r.correction << -1, -4, -5, 0, 7, 4.5;  // certain: the first and fourth; unequal: the third
  const RestrictedComparison c = compare(r);
  CHECK(c.certain_signs == doctest::Approx(2.0 / 6));
  CHECK(c.equal_signs == doctest::Approx(5.0 / 6));
  CHECK(c.correction_share == doctest::Approx(21.5 / 34.5));
  const Trained net(tanh_classification_problem());
  for (const std::string& split : net.splits()) {
    const RestrictedComparison s = compare(net.restricted(split));
    CHECK(s.certain_signs <= s.equal_signs);
  }
  r.restricted.setZero();
  r.correction.setZero();
  CHECK(has(refusal([&] { compare(r); }), "2 x 3 pairs without any"));
}

TEST_CASE("singular blocks and wrong shapes are refused with the cure") {
  MatrixXd h(2, 2);
  h << 0, 1, 1, 0;  // not singular, but its first entry is
  const MatrixXd g = MatrixXd::Ones(2, 1);
  const auto call = [&](const MatrixXd& m, const std::vector<Index>& w) {
    return refusal([&] { restricted_influence(m, w, g, g, 4); });
  };
  CHECK(has(call(h, {0}), "own block of the matrix is singular"));
  CHECK(has(call(h, {0}), "take another subset"));
  CHECK(has(call(MatrixXd::Ones(2, 2), {0}), "Schur complement of the subset is singular"));
  CHECK(has(call(MatrixXd::Ones(2, 2), {0}), "raise damping or weight_decay"));
  const VectorXd v = VectorXd::LinSpaced(3, 1, 2);  // singular to rounding only
  const MatrixXd rank_one = v * v.transpose();
  CHECK(has(refusal([&] { restricted_steps(rank_one, MatrixXd::Ones(3, 1), 4); }), "singular"));
  CHECK(has(call(h, {}), "0 to 1, got none"));
  CHECK(has(call(h, {1, 1}), "ascending"));
  CHECK(has(call(h, {0, 2}), "got 2 from 0 to 2"));
  CHECK(has(call(MatrixXd::Ones(2, 3), {0}), "square"));
  h << 2, 1, 0, 2;
  CHECK(has(call(h, {0}), "not symmetric"));
  h << 2, 1, 1, 2;
  CHECK(call(h, {0}).empty());
  const auto with = [&](const MatrixXd& query, const MatrixXd& train, Index n) {
    return refusal([&] { restricted_influence(h, {0}, query, train, n); });
  };
  CHECK(has(with(MatrixXd::Ones(3, 1), g, 4), "query gradients, expected columns of 2"));
  CHECK(has(with(g, MatrixXd::Ones(1, 1), 4), "train gradients, expected columns of 2"));
  CHECK(has(with(g, MatrixXd::Constant(2, 1, std::nan("")), 4), "not finite"));
  CHECK(has(with(g, g, 0), "train_size"));
  CHECK(has(refusal([&] { scatter(g, {0}, 2); }), "expected 1 rows, got 2"));
}
