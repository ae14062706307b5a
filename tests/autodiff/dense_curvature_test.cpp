// SPDX-License-Identifier: MIT
#include "autodiff/dense_curvature.h"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>

#include "autodiff/ops/mean_functions.h"
#include "autodiff/parameter_curvature.h"
#include "tests/autodiff/dense_matrix.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;
using Vec = Vector<double>;

Mat columns_of_products(Network& net, Curvature curvature) {
  return product_of(net, Mat::Identity(net.theta.size(), net.theta.size()), curvature);
}

/// dL/dy at every example, times its weight (out x N).
Mat weighted_output_gradients(Network& net) {
  const Index outs = net.spec.widths.back();
  Mat y(outs, net.examples()), mean = y, centre = y;
  Workspace<double> ws(net.program, net.examples());
  outputs(ws, net.batch(), net.theta, y);
  const auto apply = [&](auto family) {
    using Family = decltype(family);
    const ConstMatrixMap<double> at(y.data(), outs, y.cols());
    const ConstMatrixMap<double> reference(net.reference().data(), outs, y.cols());
    Family::mean(at, MatrixMap<double>(mean.data(), outs, y.cols()));
    centre = reference;
    if (net.spec.loss >= Loss::bregman_half_squared_error)
      Family::mean(reference, MatrixMap<double>(centre.data(), outs, y.cols()));
  };
  switch (net.spec.loss) {
    case Loss::half_squared_error:
    case Loss::bregman_half_squared_error:
      apply(Identity<double>());
      break;
    case Loss::binary_cross_entropy:
    case Loss::bregman_binary_cross_entropy:
      apply(Bernoulli<double>());
      break;
    default:
      apply(Softmax<double>());
  }
  return (mean - centre) * net.weights().row(0).asDiagonal();
}

}  // namespace

TEST_CASE("Hessian by parameters = by units = columns of products = complex step of the gradient") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Mat h = dense(net, Curvature::full, DenseMethod::by_parameters);
    CHECK(distance(complex_step_hessian(net), h) < 1e-12);
    CHECK(distance(dense(net, Curvature::full, DenseMethod::by_units), h) < 1e-12);
    CHECK(distance(dense(net, Curvature::full, DenseMethod::automatic), h) < 1e-12);
    CHECK(distance(columns_of_products(net, Curvature::full), h) < 1e-12);
    CHECK(distance(h.transpose(), h) < 1e-14);  // without being symmetrised
  }
}

TEST_CASE("Gauss-Newton by parameters = by units = by Jacobian, and has no negative eigenvalue") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Mat g = dense(net, Curvature::gauss_newton, DenseMethod::by_parameters);
    const Mat units = dense(net, Curvature::gauss_newton, DenseMethod::by_units);
    CHECK(distance(units, g) < 1e-12);
    CHECK(distance(dense(net, Curvature::gauss_newton, DenseMethod::by_jacobian), g) < 1e-12);
    CHECK(distance(dense(net, Curvature::gauss_newton, DenseMethod::automatic), g) < 1e-12);
    CHECK(distance(columns_of_products(net, Curvature::gauss_newton), g) < 1e-12);
    CHECK(distance(g.transpose(), g) < 1e-14);
    const Vec eigenvalues =
        Eigen::SelfAdjointEigenSolver<Mat>(units, Eigen::EigenvaluesOnly).eigenvalues();
    CHECK(eigenvalues.minCoeff() > -1e-13 * eigenvalues.maxCoeff());
  }
}

TEST_CASE("Hessian = Gauss-Newton + sum of output gradients times output Hessians") {
  for (const NetworkSpec& spec : all_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    if (!spec.tilt) net.data[3].setZero();
    const Mat h = dense(net, Curvature::full, DenseMethod::by_units);
    const Mat g = dense(net, Curvature::gauss_newton, DenseMethod::by_units);
    NetworkSpec tilted = spec;  // the same network, its objective a linear function of its outputs
    tilted.tilt = true;
    Network residual = make_network(tilted);
    residual.data = net.data;
    residual.data[3] += weighted_output_gradients(net);
    residual.weights().setZero();
    const Mat r = complex_step_hessian(residual);
    CHECK((h - g - r).cwiseAbs().maxCoeff() <= 1e-12 * h.cwiseAbs().maxCoeff());
    if (spec.widths.size() > 2) CHECK(r.cwiseAbs().maxCoeff() > 1e-6);
  }
}

TEST_CASE("a linear model's Gauss-Newton matrix is its Hessian") {
  for (const Loss loss :
       {Loss::half_squared_error, Loss::binary_cross_entropy, Loss::cross_entropy})
    for (const DenseMethod method :
         {DenseMethod::by_parameters, DenseMethod::by_units, DenseMethod::by_jacobian}) {
      Network net =
          make_network({.widths = {5, 3}, .activation = TestActivation::none, .loss = loss});
      const Mat h = dense(net, Curvature::full, DenseMethod::by_parameters);
      CHECK(distance(dense(net, Curvature::gauss_newton, method), h) < 1e-13);
    }
}

TEST_CASE("each layer's own block of a ReLU network's Hessian is its Gauss-Newton block") {
  for (const Loss loss : {Loss::half_squared_error, Loss::cross_entropy}) {
    Network net = make_network(
        {.widths = {4, 8, 6, 3}, .activation = TestActivation::relu, .loss = loss, .examples = 20});
    const Mat h = dense(net, Curvature::full, DenseMethod::by_units);
    const Mat g = dense(net, Curvature::gauss_newton, DenseMethod::by_units);
    for (const AffineLayer& layer : net.program.affine_layers())
      CHECK(distance(h.block(layer.offset, layer.offset, layer.size(), layer.size()),
                     g.block(layer.offset, layer.offset, layer.size(), layer.size())) < 1e-13);
    CHECK(distance(h, g) > 1e-3);  // off the blocks they differ
  }
}

TEST_CASE("programs without dense layers fall back to unit directions") {
  Network split = make_network({.widths = {4, 5, 2}, .split = true});
  Network net = make_network({.widths = {4, 5, 2}});
  CHECK(split.program.affine_layers().empty());
  for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
    CHECK(distance(dense(split, c, DenseMethod::automatic), dense(net, c, DenseMethod::by_units)) <
          1e-12);
    CHECK_THROWS_AS(dense(split, c, DenseMethod::by_units), std::invalid_argument);
  }
  CHECK(distance(dense(split, Curvature::gauss_newton, DenseMethod::by_jacobian),
                 dense(net, Curvature::gauss_newton, DenseMethod::by_units)) < 1e-12);
}

TEST_CASE("convolutional networks: the automatic choice, and columns mirrored where they can be") {
  for (const NetworkSpec& spec : image_networks()) {
    CAPTURE(describe(spec));
    Network net = make_network(spec);
    const Index p = net.theta.size();
    const Mat h = dense(net, Curvature::full, DenseMethod::by_parameters);
    for (const int threads : {1, 2}) {
      Mat mirrored = Mat::Zero(p, p);
      parameter_curvature(net.program,
                          net.program.parameters(),
                          Columns::mirrored,
                          net.batch(),
                          net.theta,
                          Curvature::full,
                          4,
                          threads,
                          mirrored);
      CHECK(distance(mirrored, h) < 1e-12);
      CHECK((mirrored.array() == mirrored.transpose().array()).all());
    }
    const Mat hybrid = dense(net, Curvature::full, DenseMethod::by_units, 4, 2);
    CHECK((hybrid.array() == hybrid.transpose().array()).all());
  }
}

TEST_CASE("each convolution's own block of a ReLU network's Hessian is its Gauss-Newton block") {
  NetworkSpec spec = image_networks().front();
  spec.activation = TestActivation::relu;
  Network net = make_network(spec);
  const Mat h = dense(net, Curvature::full, DenseMethod::by_units);
  const Mat g = dense(net, Curvature::gauss_newton, DenseMethod::by_jacobian);
  REQUIRE(net.program.affine_layers().size() == 3);
  for (const AffineLayer& layer : net.program.affine_layers())
    CHECK(distance(h.block(layer.offset, layer.offset, layer.size(), layer.size()),
                   g.block(layer.offset, layer.offset, layer.size(), layer.size())) < 1e-13);
  CHECK(distance(h, g) > 1e-3);
}

TEST_CASE("a convolutional network's Hessian is the slope of its gradient") {
  Network net = make_network(image_networks().front());
  const Mat h = dense(net, Curvature::full, DenseMethod::automatic);
  Mat slope(h.rows(), h.cols());
  const double step = 1e-5;
  for (Index j = 0; j < h.cols(); ++j) {
    const Vec e = step * Vec::Unit(h.cols(), j);
    slope.col(j) = (gradient_of(net, net.theta + e) - gradient_of(net, net.theta - e)) / (2 * step);
  }
  CHECK(distance(slope, h) < 1e-7);
}

TEST_CASE("Gauss-Newton goes by Jacobians where convolutions make sweeps dear, else by units") {
  Network conv = make_network(image_networks()[1]), layers = make_network({.widths = {10, 20, 5}});
  CHECK(cheapest_method(conv.program, Curvature::gauss_newton) == DenseMethod::by_jacobian);
  CHECK(cheapest_method(conv.program, Curvature::full) == DenseMethod::by_units);
  CHECK(cheapest_method(layers.program, Curvature::gauss_newton) == DenseMethod::by_units);
  Network split = make_network({.widths = {4, 5, 2}, .split = true});
  CHECK(cheapest_method(split.program, Curvature::full) == DenseMethod::by_parameters);
}

TEST_CASE("memory is predicted, and refused with the numbers") {
  Network net = make_network({.widths = {10, 20, 20, 1}});
  const std::size_t needed = dense_curvature_bytes(net.program, net.examples());
  CHECK(needed > 661 * 661 * sizeof(double));
  CHECK(needed < 661 * 661 * sizeof(double) + (4U << 20U));
  const auto with_limit = [&](std::size_t bytes) {
    return dense_curvature(
        net.program, net.batch(), net.theta, Curvature::full, {.max_bytes = bytes});
  };
  CHECK(with_limit(needed).rows() == 661);
  CHECK_THROWS_WITH_AS(with_limit(1'000'000),
                       doctest::Contains("[dense_curvature] memory, a dense matrix of 661 "
                                         "parameters needs"),
                       std::invalid_argument);
  // 15 000 parameters fit into 4 GiB, twice as many do not.
  for (const Index hidden : {117, 234}) {
    Network wide = make_network({.widths = {117, hidden, 10}, .examples = 1});
    for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
      const std::size_t bytes = dense_curvature_bytes(wide.program, 1000, c, {.threads = 2});
      CHECK((bytes < (std::size_t(4) << 30U)) == (hidden == 117));
    }
  }
}

TEST_CASE("a penalty in the objective is part of both matrices") {
  Network net = make_network({.widths = {3, 4, 1}, .penalty = 0.5});
  Network plain = make_network({.widths = {3, 4, 1}});
  Vec diagonal = Vec::Zero(net.theta.size());
  diagonal.head(12).setConstant(0.5);
  for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
    Mat expected = dense(plain, c, DenseMethod::by_units);
    expected.diagonal() += diagonal;
    CHECK(distance(dense(net, c, DenseMethod::automatic), expected) < 1e-13);
    CHECK_THROWS_AS(dense(net, c, DenseMethod::by_parameters, 4), std::invalid_argument);
    CHECK_THROWS_AS(dense(net, c, DenseMethod::by_jacobian), std::invalid_argument);
  }
}

TEST_CASE("an objective linear in the outputs has no Gauss-Newton matrix") {
  Network net = make_network({.widths = {3, 4, 2}, .tilt = true});
  net.weights().setZero();
  for (const DenseMethod m :
       {DenseMethod::by_parameters, DenseMethod::by_units, DenseMethod::by_jacobian})
    CHECK((dense(net, Curvature::gauss_newton, m).array() == 0).all());
  CHECK(dense(net, Curvature::full, DenseMethod::by_units).cwiseAbs().maxCoeff() > 1e-3);
}

TEST_CASE("what dense curvature cannot do is refused in one line") {
  Network net = make_network({.widths = {3, 4, 2}});
  CHECK_THROWS_AS(dense(net, Curvature::full, DenseMethod::by_jacobian), std::invalid_argument);
  const Vec shorter = net.theta.head(5);
  CHECK_THROWS_AS(dense_curvature(net.program, net.batch(), shorter, Curvature::full),
                  std::invalid_argument);
  Batch<double> none = net.batch();
  none.columns = 0;
  CHECK_THROWS_AS(dense_curvature(net.program, none, net.theta, Curvature::full),
                  std::invalid_argument);
  Batch<double> incomplete = net.batch();
  incomplete.data.pop_back();
  for (const int threads : {1, 2})
    for (const DenseMethod m : {DenseMethod::by_parameters, DenseMethod::by_units})
      CHECK_THROWS_AS(dense_curvature(net.program,
                                      incomplete,
                                      net.theta,
                                      Curvature::full,
                                      {.method = m, .tile = 4, .threads = threads}),
                      std::invalid_argument);
}
