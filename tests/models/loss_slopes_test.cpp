// SPDX-License-Identifier: MIT
// Directional derivatives of single losses, and curvature products of mini-batches.
#include <doctest/doctest.h>

#include "models/objective.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

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
