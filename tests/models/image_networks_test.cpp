// SPDX-License-Identifier: MIT
// Objectives of the networks of architecture.h: their derivatives, and training on real digits.
#include <doctest/doctest.h>

#include <complex>
#include <numbers>

#include "autodiff/dense_curvature.h"
#include "datasets/images.h"
#include "datasets/registry.h"
#include "models/trainer.h"
#include "tests/models/image_specs.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Complex = std::complex<double>;

/// Inputs, references (labels, or outputs at a centre), weights and tilts of one of both terms.
std::vector<Matrix<double>> data_for(const ModelSpec& spec, Term term, TestNumbers& numbers) {
  constexpr Index kExamples = 4;
  std::vector<Matrix<double>> data = {numbers.normal(spec.inputs, kExamples),
                                      numbers.normal(spec.outputs, kExamples),
                                      numbers.uniform(1, kExamples, 0.5, 1.5)};
  Matrix<double>& reference = data[1];
  if (term == Term::bregman)
    data.push_back(numbers.normal(spec.outputs, kExamples));
  else if (spec.loss == LossKind::binary_cross_entropy)
    reference = numbers.uniform(spec.outputs, kExamples, 0, 1);
  else
    for (Index n = 0; n < kExamples; ++n) reference.col(n) = VectorXd::Unit(spec.outputs, n % 3);
  return data;
}

template <class S>
Batch<S> batch_of(const std::vector<Matrix<S>>& data) {
  Batch<S> batch;
  for (const Matrix<S>& part : data) batch.data.push_back(part.data());
  batch.columns = data.front().cols();
  return batch;
}

/// H v = Im gradient(theta + i h v) / h, exact to rounding.
VectorXd complex_step_product(const ModelSpec& spec,
                              Term term,
                              const std::vector<Matrix<double>>& data,
                              const VectorXd& theta,
                              const VectorXd& v) {
  const double h = 1e-30;
  const Program<Complex> program = record<Complex>(spec, term);
  std::vector<Matrix<Complex>> complex_data;
  complex_data.reserve(data.size());
  for (const Matrix<double>& part : data) complex_data.push_back(part.cast<Complex>());
  Workspace<Complex> ws(program, data.front().cols());
  const Vector<Complex> moved = theta.cast<Complex>() + Complex(0, h) * v.cast<Complex>();
  Vector<Complex> g(theta.size());
  gradient(ws, batch_of(complex_data), moved, g);
  return g.imag() / h;
}

Dataset few(const Dataset& data, Index examples) {
  std::vector<Index> rows;
  for (Index i = 0; i < examples; ++i) rows.push_back(i);
  return take(data, rows);
}

Dataset standardized_digits(Index examples) {
  const Dataset digits = few(load_dataset("digits"), examples);
  return Standardizer::fit(digits).apply(digits);
}

void check_gradient_by_differences(const Model& model, const Dataset& data) {
  Evaluator evaluate(training_objective(model, data, 0.01));
  TestNumbers numbers(9);
  const VectorXd theta = 0.4 * numbers.normal(model.parameter_count(), 1);
  const VectorXd v = numbers.normal(model.parameter_count(), 1);
  VectorXd g;
  evaluate.gradient(theta, g);
  const double h = 1e-6;
  const double along = (evaluate.value(theta + h * v) - evaluate.value(theta - h * v)) / (2 * h);
  CHECK(g.dot(v) == doctest::Approx(along).epsilon(1e-6));
}

/// Mean losses before and after 30 epochs.
struct Losses {
  double before, after;
};

Losses trained_losses(const Model& model, const Dataset& data) {
  Protocol protocol;
  protocol.optimiser = OptimiserKind::adam;
  protocol.learning_rate = 0.01;
  protocol.batch_size = 10;
  protocol.epochs = 30;
  const VectorXd start = initialise(model.spec(), default_initialisation(model.spec()), 1);
  const Run run = train(training_objective(model, data, 1e-4), start, protocol);
  return {losses(model, data, start).mean(), losses(model, data, run.theta).mean()};
}

}  // namespace

TEST_CASE("Hessian products of every network are the complex step of its gradient") {
  TestNumbers numbers(21);
  for (const ModelSpec& spec : small_networks())
    for (const Term term : {Term::loss, Term::bregman}) {
      CAPTURE(spec.name);
      CAPTURE(term == Term::bregman);
      const Program<double> program = record<double>(spec, term);
      const std::vector<Matrix<double>> data = data_for(spec, term, numbers);
      const VectorXd theta = 0.5 * numbers.normal(program.parameter_count(), 1);
      const VectorXd v = numbers.normal(program.parameter_count(), 1);
      Workspace<double> ws(program, data.front().cols(), 1);
      VectorXd hv(theta.size());
      curvature_product<double>(ws, batch_of(data), theta, v, hv, Curvature::full);
      CHECK(distance(hv, complex_step_product(spec, term, data, theta, v)) < 1e-12);
    }
}

TEST_CASE("dense curvature of every network: by units = by parameters, Gauss-Newton by Jacobians") {
  TestNumbers numbers(22);
  std::vector<ModelSpec> specs = small_networks();
  for (const Activation activation : {Activation::relu,
                                      Activation::tanh,
                                      Activation::sigmoid,
                                      Activation::softplus,
                                      Activation::gelu})
    for (const LossKind loss :
         {LossKind::half_squared_error, LossKind::binary_cross_entropy, LossKind::cross_entropy})
      for (const char* text : {"mlp:4,3", "lenet:2,3"}) {
        specs.push_back(small_network(text, {1, 4, 4}));
        specs.back().activation = activation;
        specs.back().loss = loss;
      }
  for (const ModelSpec& spec : specs)
    for (const Term term : {Term::loss, Term::bregman}) {
      CAPTURE(spec.name);
      CAPTURE(activation_name(spec.activation));
      CAPTURE(loss_name(spec.loss));
      const Program<double> program = record<double>(spec, term);
      const std::vector<Matrix<double>> data = data_for(spec, term, numbers);
      const VectorXd theta = 0.5 * numbers.normal(program.parameter_count(), 1);
      const auto dense = [&](Curvature c, DenseMethod method) {
        return dense_curvature(program, batch_of(data), theta, c, {.method = method});
      };
      for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
        const Matrix<double> oracle = dense(c, DenseMethod::by_parameters);
        CHECK(distance(oracle.transpose(), oracle) < 1e-13);
        CHECK(distance(dense(c, DenseMethod::by_units), oracle) < 1e-12);
        CHECK(distance(dense(c, DenseMethod::automatic), oracle) < 1e-12);
      }
    }
}

TEST_CASE("networks of digits: gradients are the differences of the objective") {
  const Dataset digits = standardized_digits(20);
  check_gradient_by_differences(Model(parse_model("lenet:2,3", digits)), digits);
  check_gradient_by_differences(Model(parse_model("resnet:2,3", digits)), digits);
  const Dataset pixels = reconstruction_of(few(load_dataset("digits"), 20));
  check_gradient_by_differences(Model(parse_model("conv_autoencoder:2,3/4", pixels)), pixels);
}

TEST_CASE("training a LeNet, a ResNet and autoencoders on digits lowers their loss") {
  const Dataset digits = standardized_digits(100);
  for (const std::string text : {"lenet:4,8", "lenet_ln:4,8", "resnet:4,8"}) {
    const Model model(parse_model(text, digits));
    const Losses loss = trained_losses(model, digits);
    CAPTURE(text);
    CAPTURE(loss.after);
    CHECK(loss.before > 2);  // about log 10
    CHECK(loss.after < 0.5);
  }
  const Dataset pixels = few(reconstruction_of(load_dataset("digits")), 100);
  const VectorXd mean = pixels.targets.rowwise().mean();
  double of_the_mean = 0;  // loss of the best constant outputs: the entropy of the mean image
  for (const double p : mean)
    if (p > 0 && p < 1) of_the_mean -= p * std::log(p) + (1 - p) * std::log1p(-p);
  for (const std::string text : {"autoencoder:8", "autoencoder:32,8", "conv_autoencoder:8,8/16"}) {
    const Model model(parse_model(text, pixels));
    const Losses loss = trained_losses(model, pixels);
    CAPTURE(text);
    CAPTURE(loss.after);
    CHECK(loss.before > of_the_mean);
    CHECK(loss.after < 0.8 * of_the_mean);
  }
}

TEST_CASE("an autoencoder without weights loses log 2 a pixel, its gradient is 1/2 less the mean") {
  const Dataset pixels = few(reconstruction_of(load_dataset("digits")), 50);
  const Model model(parse_model("autoencoder:4,2", pixels));
  const VectorXd theta = VectorXd::Zero(model.parameter_count());
  const VectorXd of_each = losses(model, pixels, theta);
  CHECK(distance(of_each, VectorXd::Constant(50, 64 * std::numbers::ln2).eval()) < 1e-14);
  VectorXd g;
  Evaluator(training_objective(model, pixels, 0)).gradient(theta, g);
  const VectorXd mean = pixels.inputs.rowwise().mean();
  CHECK(distance(g.tail(64), (0.5 - mean.array()).matrix().eval()) < 1e-13);
  CHECK(g.head(g.size() - 64).isZero(0));
}
