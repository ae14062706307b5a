// SPDX-License-Identifier: MIT
// The head as a convex problem of its own: its features, gradients and curvature are pieces of the
// network's, and its Kronecker form is exact where it can be.
#include "influence/few_parameters/softmax_head.h"

#include <doctest/doctest.h>

#include "influence/estimators/influence_function.h"
#include "tests/models/image_specs.h"
#include "tests/support/leave_one_out.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Random pixels and classes for any network.
Dataset random_examples(const ModelSpec& spec, Index n) {
  TestNumbers numbers(3);
  Dataset data;
  data.inputs = numbers.uniform(spec.inputs, n, 0, 1);
  data.targets = MatrixXd::Zero(spec.outputs, n);
  for (Index i = 0; i < n; ++i) data.targets(i % spec.outputs, i) = 1;
  return data;
}

Problem logistic_network() {
  return make_problem(make_blobs(40, 3, 2, 0.8, 17), 5, "mlp:4", 0.02);
}

std::vector<Problem> network_problems() {
  std::vector<Problem> problems = every_problem();
  problems.push_back(logistic_network());
  return problems;
}

MatrixXd kronecker(const MatrixXd& k, const MatrixXd& q) {
  MatrixXd product(k.rows() * q.rows(), k.cols() * q.cols());
  for (Index i = 0; i < k.rows(); ++i)
    for (Index j = 0; j < k.cols(); ++j)
      product.block(i * q.rows(), j * q.cols(), q.rows(), q.cols()) = k(i, j) * q;
  return product;
}

/// (1/N) sum phi phi' (x) V + shift I, (C d' x C d').
MatrixXd curvature_by_hand(const HeadExamples& h, double shift) {
  const Index size = h.means.rows() * h.features.rows();
  MatrixXd a = shift * MatrixXd::Identity(size, size);
  for (Index i = 0; i < h.size(); ++i) {
    const MatrixXd outer = h.features.col(i) * h.features.col(i).transpose();
    a += kronecker(outer, output_curvature(h, i)) / static_cast<double>(h.size());
  }
  return a;
}

}  // namespace

TEST_CASE("head: outputs are W phi and gradients vec(e phi') of every network that ends dense") {
  int dense = 0;
  for (const ModelSpec& spec : small_networks()) {
    const Model model(spec);
    const Dataset data = random_examples(spec, 7);
    const VectorXd theta = 0.5 * TestNumbers(5).normal(model.parameter_count(), 1);
    if (spec.family == Family::conv_autoencoder) {
      CHECK_THROWS_WITH_AS(head_layer(model),
                           "[head] model, expected one whose last layer is dense, got "
                           "conv_autoencoder:3,2/4: take another family",
                           std::invalid_argument);
      continue;
    }
    ++dense;
    const AffineLayer& head = head_layer(model);
    const HeadExamples h = head_examples(model, data, theta);
    CHECK(head.offset + head.size() == model.parameter_count());
    CHECK(h.features.rows() == head.in + (spec.bias ? 1 : 0));
    if (spec.bias) CHECK(h.features.bottomRows(1) == MatrixXd::Ones(1, 7));
    const VectorXd w = theta.tail(head.size());
    const MatrixXd by_hand = w.reshaped(head.out, head.columns()) * h.features;
    CHECK(distance(h.outputs, by_hand) < 1e-13);
    CHECK(distance(h.outputs, outputs(model, data.inputs, theta)) < 1e-14);
    CHECK(distance(h.residuals, means(spec.loss, by_hand) - data.targets) < 1e-13);
    CHECK(distance(head_gradients(h), loss_gradients(model, data, theta).bottomRows(head.size())) <
          1e-13);
  }
  CHECK(dense == 11);
}

TEST_CASE("head: A is the head's block of Hessian and Gauss-Newton, and the sum over examples") {
  for (const Problem& p : network_problems()) {
    const VectorXd theta = p.anywhere(4);
    const HeadProblem head = head_problem(p.model, p.train, theta);
    const HeadExamples h = head_examples(p.model, p.train, theta);
    const Index size = head.w.size();
    CHECK(head.w == theta.tail(size));
    const MatrixXd a = head_curvature(head, p.weight_decay, 0.03);
    CHECK(distance(a, curvature_by_hand(h, p.weight_decay + 0.03)) < 1e-13);
    for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
      MatrixXd block = Evaluator(p.objective()).curvature(theta, c).bottomRightCorner(size, size);
      block.diagonal().array() += 0.03;
      CHECK(distance(a, block) < 1e-12);
    }
    CHECK(a == head_curvature(head, p.weight_decay, 0.03, 2));
    CHECK(a == MatrixXd(a.transpose()));
  }
}

TEST_CASE("head: trained alone, it has the gradients that the network's head has") {
  for (const Problem& p : network_problems()) {
    const VectorXd theta = p.anywhere(6);
    const HeadProblem head = head_problem(p.model, p.train, theta);
    VectorXd whole, part;
    Evaluator(p.objective()).gradient(theta, whole);
    Evaluator(head.objective(p.weight_decay)).gradient(head.w, part);
    CHECK(distance(part, whole.tail(head.w.size())) < 1e-13);
  }
}

TEST_CASE("Kronecker head: factors multiply to the influence through K (x) Q") {
  for (const Problem& p : network_problems()) {
    const VectorXd theta = p.anywhere(7);
    const HeadExamples train = head_examples(p.model, p.train, theta);
    const HeadExamples query = head_examples(p.model, p.query, theta);
    const KroneckerHead form(train, p.weight_decay, 0.05);
    const MatrixXd a = kronecker(form.feature_factor(), form.label_factor());
    const MatrixXd expected =
        head_gradients(query).transpose() * a.llt().solve(head_gradients(train));
    const HeadFactors f = form.factors(query, train);
    CHECK(distance(f.label_agreement.cwiseProduct(f.feature_similarity), expected) < 1e-11);
    CHECK(distance(f.influence(), expected / static_cast<double>(p.size())) < 1e-11);
  }
}

TEST_CASE("Kronecker head: K and Q are means, and their shares of the shift are K-FAC's") {
  const Problem p = tanh_classification_problem();
  const HeadExamples train = head_examples(p.model, p.train, p.anywhere(7));
  const KroneckerHead plain(train, 0, 0), shifted(train, 0.01, 0.08);
  const double n = static_cast<double>(p.size());
  MatrixXd q = -train.means * train.means.transpose() / n;
  q.diagonal() += train.means.rowwise().mean();
  CHECK(distance(plain.label_factor(), q) < 1e-14);
  CHECK(distance(plain.feature_factor(), train.features * train.features.transpose() / n) < 1e-14);
  const double on_k = (shifted.feature_factor() - plain.feature_factor())(0, 0);
  const double on_q = (shifted.label_factor() - plain.label_factor())(0, 0);
  CHECK(on_k * on_q == doctest::Approx(0.09).epsilon(1e-12));
  const double ratio = (plain.feature_factor().trace() / 5) / (q.trace() / 3);
  CHECK(on_k / on_q == doctest::Approx(ratio).epsilon(1e-12));
  CHECK_THROWS_AS(KroneckerHead(train, 0, -1e-3), std::invalid_argument);
}

TEST_CASE("Kronecker head: exact for squared error, as the influence function of all parameters") {
  for (const Problem& p : {ridge_problem(), multiple_ridge_problem()}) {
    const VectorXd theta = p.anywhere(8);
    const LeaveOneOut loo = leave_one_out(p, 0.1, theta);
    const HeadExamples train = head_examples(p.model, p.train, theta);
    const HeadExamples query = head_examples(p.model, p.query, theta);
    const HeadFactors f = KroneckerHead(train, p.weight_decay, 0.1).factors(query, train);
    const MatrixXd exact =
        InfluenceFunction(loo, {}).scores(p.query, all_examples(p.size())).values;
    CHECK(distance(f.influence(), exact) < 1e-11);
  }
}

TEST_CASE("Kronecker head: exact where all examples have one V, Q singular along the ones") {
  const Problem p = tanh_classification_problem();
  VectorXd theta = p.anywhere(9);
  theta.tail(head_layer(p.model).size()).setZero();  // every example: (1/3, 1/3, 1/3)
  const HeadExamples train = head_examples(p.model, p.train, theta);
  const HeadExamples query = head_examples(p.model, p.query, theta);
  const HeadFactors f = KroneckerHead(train, 0, 0).factors(query, train);
  const MatrixXd a = head_curvature(head_problem(p.model, p.train, theta), 0, 0);
  const MatrixXd inverse = a.completeOrthogonalDecomposition().pseudoInverse();
  const MatrixXd exact = head_gradients(query).transpose() * inverse * head_gradients(train);
  CHECK(distance(f.label_agreement.cwiseProduct(f.feature_similarity), exact) < 1e-9);
  for (Index t = 0; t < p.query.size(); ++t)  // equal labels agree, others do not
    for (Index i = 0; i < p.size(); ++i)
      CHECK((f.label_agreement(t, i) > 0) == (p.query.label(t) == p.train.label(i)));
}

TEST_CASE("Kronecker head: collinear features are left out, and nothing else") {
  const Problem p = ridge_problem(3);  // 3 examples, 5 features with the 1
  const HeadExamples train = head_examples(p.model, p.train, p.anywhere(1));
  const HeadExamples query = head_examples(p.model, p.query, p.anywhere(1));
  const HeadFactors f = KroneckerHead(train, 0, 0).factors(query, train);
  const MatrixXd gram = train.features.transpose() * train.features / 3;  // (3 x 3), regular
  const MatrixXd expected = query.features.transpose() * train.features * gram.inverse();
  CHECK(distance(f.feature_similarity, expected) < 1e-10);
}

TEST_CASE("head: what does not fit is refused in one line") {
  const Problem p = ridge_problem(), q = softmax_problem();
  const auto message = [](const auto& call) {
    try {
      call();
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(message([&] { head_examples(p.model, p.train, VectorXd::Zero(3)); }) ==
        "[head] theta, expected 5 parameters, got 3");
  CHECK(message([&] { head_examples(p.model, q.train, p.anywhere(1)); }) ==
        "[head] data, expected 4 features and 1 outputs, got 3 and 3");
  CHECK(message([&] { head_examples(p.model, take(p.train, {}), p.anywhere(1)); }) ==
        "[head] data, expected one example or more, got none");
  const HeadExamples a = head_examples(p.model, p.train, p.anywhere(1));
  const HeadExamples b = head_examples(q.model, q.train, q.anywhere(1));
  CHECK(message([&] {
          (void)KroneckerHead(a, 0.1, 0).factors(b, a);
        }).starts_with("[head] examples, expected 1 outputs and 5 features"));
}
