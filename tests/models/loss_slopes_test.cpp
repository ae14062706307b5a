// SPDX-License-Identifier: MIT
// Directional derivatives of single losses, once and twice, and curvature products of mini-batches.
#include "models/loss_slopes.h"

#include <doctest/doctest.h>

#include "models/third_derivative.h"
#include "tests/models/image_specs.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Against the gradients and Hessian products of all examples, formed one by one.
void check_derivatives(const Model& model, const Dataset& data) {
  CAPTURE(model.spec().name);
  const Index parameters = model.parameter_count();
  const VectorXd u = Random(2).normal_matrix(parameters, 1);
  const MatrixXd v = Random(3).normal_matrix(parameters, 2);
  const MatrixXd w = Random(4).normal_matrix(parameters, 2);
  LossSlopes slopes(model, data);
  for (const double spread : {0.5, 0.1}) {  // the object moves along
    const VectorXd theta = spread * Random(1).normal_matrix(parameters, 1);
    const MatrixXd g = loss_gradients(model, data, theta);
    const MatrixXd hu = loss_hessian_products(model, data, theta, u);
    const MatrixXd bent = slopes.derivatives(theta, u, v, w);
    CHECK(distance(bent, hu.transpose() * v + g.transpose() * w) < 1e-12);
    CHECK(distance(slopes.along(theta, v), g.transpose() * v) < 1e-12);
  }
}

}  // namespace

TEST_CASE("slopes of the losses are gradients times directions") {
  for (const Problem& p : every_problem()) {
    const VectorXd theta = p.anywhere(1);
    const MatrixXd v = Random(2).normal_matrix(p.parameters(), 3);
    const MatrixXd g = loss_gradients(p.model, p.train, theta);
    const MatrixXd expected = g.transpose() * v;
    const MatrixXd slopes = loss_slopes(p.model, p.train, theta, v);
    CHECK((slopes - expected).norm() < 1e-13 * expected.norm());
    const MatrixXd none = loss_slopes(p.model, p.train, theta, MatrixXd::Zero(p.parameters(), 1));
    CHECK(none.isZero(0));
    const MatrixXd wide = Random(3).normal_matrix(2 * p.parameters(), 3);
    const MatrixXd top = loss_slopes(p.model, p.train, theta, wide.topRows(p.parameters()));
    CHECK((top - g.transpose() * wide.topRows(p.parameters())).norm() < 1e-12 * top.norm());
  }
}

TEST_CASE("a mini-batch's curvature is that of the objective with its weights, slopes with it") {
  const std::vector<Index> batch = {5, 2, 11, 7, 0, 3, 9};
  for (const Problem& p : every_problem()) {
    Objective q = p.objective();
    q.weights(2) = 0;  // keeps its place
    q.weights(7) *= 1.5;
    const VectorXd theta = p.anywhere(1);
    const MatrixXd v = Random(2).normal_matrix(p.parameters(), 5);
    Objective only = q;
    only.weights.setZero();
    const double scale = static_cast<double>(q.size()) / static_cast<double>(batch.size());
    for (const Index i : batch) only.weights(i) = scale * q.weights(i);
    const MatrixXd g = loss_gradients(p.model, p.train, theta);
    for (const Curvature c : {Curvature::full, Curvature::gauss_newton})
      for (const Index directions : {1, 4, 100}) {
        MatrixXd expected, hv, slopes;
        Evaluator(only).curvature_product(theta, v, expected, c);
        Evaluator evaluate(q, 4, directions);  // tiles of four: several a batch
        evaluate.batch_curvature_product(theta, batch, v, hv, c, &slopes);
        CHECK((hv - expected).norm() < 1e-12 * expected.norm());
        REQUIRE(slopes.rows() == 7);
        for (Index j = 0; j < 7; ++j)
          CHECK(distance(slopes.row(j).transpose(),
                         v.transpose() * g.col(batch[static_cast<std::size_t>(j)])) < 1e-12);
      }
  }
}

TEST_CASE(
    "slopes along v + s w change by v'H u + w'g along u: regression, logistic, softmax, tanh") {
  for (const Problem& p : every_problem()) check_derivatives(p.model, p.train);
}

TEST_CASE("the same of networks of images, with layer norms, and of autoencoders") {
  constexpr Index kExamples = 6;
  for (const ModelSpec& spec : small_networks()) {
    Dataset data;
    data.inputs = Random(5).normal_matrix(spec.inputs, kExamples);
    data.targets = MatrixXd::Zero(spec.outputs, kExamples);
    if (spec.loss == LossKind::binary_cross_entropy)
      data.targets.setConstant(0.3);
    else
      for (Index i = 0; i < kExamples; ++i) data.targets(i % spec.outputs, i) = 1;
    check_derivatives(Model(spec), data);
  }
}
