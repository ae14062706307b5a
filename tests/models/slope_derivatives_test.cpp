// SPDX-License-Identifier: MIT
#include "models/slope_derivatives.h"

#include <doctest/doctest.h>

#include "datasets/random.h"
#include "models/third_derivative.h"
#include "tests/models/image_specs.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Against the gradients and Hessian products of all examples, formed.
void check(const Model& model, const Dataset& data) {
  CAPTURE(model.spec().name);
  const Index parameters = model.parameter_count();
  const VectorXd theta = 0.5 * Random(1).normal_matrix(parameters, 1);
  const VectorXd u = Random(2).normal_matrix(parameters, 1);
  const MatrixXd v = Random(3).normal_matrix(parameters, 2);
  const MatrixXd w = Random(4).normal_matrix(parameters, 2);
  const MatrixXd hu = loss_hessian_products(model, data, theta, u);
  const MatrixXd g = loss_gradients(model, data, theta);
  const MatrixXd expected = hu.transpose() * v + g.transpose() * w;
  CHECK(distance(slope_derivatives(model, data, theta, u, v, w), expected) < 1e-12);
}

}  // namespace

TEST_CASE("regression, logistic, softmax and tanh networks: V'H u + W'g of every example") {
  for (const Problem& p : every_problem()) check(p.model, p.train);
}

TEST_CASE("networks of images, with layer norms and autoencoders: the same") {
  for (const ModelSpec& spec : small_networks()) {
    const Index n = 6;
    Dataset data;
    data.inputs = Random(5).normal_matrix(spec.inputs, n);
    data.targets = MatrixXd::Zero(spec.outputs, n);
    if (spec.loss == LossKind::binary_cross_entropy)
      data.targets = (1 + data.inputs.array().sin()) / 2;
    else
      for (Index i = 0; i < n; ++i) data.targets(i % spec.outputs, i) = 1;
    check(Model(spec), data);
  }
}
