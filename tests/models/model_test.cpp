// SPDX-License-Identifier: MIT
#include "models/model.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/objective.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The message of what `action` throws.
template <class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

double softplus(double z) {
  return std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0);
}

double activated(Activation a, double z) {
  switch (a) {
    case Activation::relu:
      return z > 0 ? z : 0;
    case Activation::tanh:
      return std::tanh(z);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-z));
    case Activation::softplus:
      return softplus(z);
    default:
      return 0.5 * z * (1 + std::erf(z / std::numbers::sqrt2));
  }
}

constexpr Activation kAll[] = {Activation::relu,
                               Activation::tanh,
                               Activation::sigmoid,
                               Activation::softplus,
                               Activation::gelu};

ModelSpec wide_spec() {
  ModelSpec spec;
  spec.inputs = 30;
  spec.hidden = {50, 20};
  spec.outputs = 40;
  return spec;
}

}  // namespace

TEST_CASE("theta is [W b] of each layer, column by column") {
  ModelSpec spec;
  spec.inputs = 2;
  spec.hidden = {3};
  spec.outputs = 2;
  // W1 (3 x 2), b1 (3), W2 (2 x 3), b2 (2): all numbers differ, so that no permutation passes.
  VectorXd theta(17);
  theta << 0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, -0.8, 0.9, 1.1, 1.2, -1.3, 1.4, 1.5, 1.6, -1.7, 1.8;
  const double x1 = 0.35, x2 = -1.25;
  const MatrixXd x = (MatrixXd(2, 1) << x1, x2).finished();
  for (const Activation a : kAll) {
    CAPTURE(activation_name(a));
    spec.activation = a;
    const Model model(spec);
    REQUIRE(model.parameter_count() == 17);
    const double h1 = activated(a, 0.1 * x1 + 0.4 * x2 + 0.7);
    const double h2 = activated(a, -0.2 * x1 + 0.5 * x2 - 0.8);
    const double h3 = activated(a, 0.3 * x1 - 0.6 * x2 + 0.9);
    const VectorXd by_hand =
        (VectorXd(2) << 1.1 * h1 - 1.3 * h2 + 1.5 * h3 - 1.7, 1.2 * h1 + 1.4 * h2 + 1.6 * h3 + 1.8)
            .finished();
    CHECK(distance(outputs(model, x, theta), by_hand) < 1e-14);
  }
}

TEST_CASE("without bias theta is W of each layer, column by column") {
  ModelSpec spec;
  spec.inputs = 2;
  spec.hidden = {2};
  spec.outputs = 1;
  spec.bias = false;
  const Model model(spec);
  REQUIRE(model.parameter_count() == 6);
  VectorXd theta(6);
  theta << 0.1, -0.2, 0.3, 0.4, 0.5, -0.6;
  const MatrixXd x = (MatrixXd(2, 1) << 2, -1).finished();
  const double y = 0.5 * std::tanh(0.2 - 0.3) - 0.6 * std::tanh(-0.4 - 0.4);
  CHECK(outputs(model, x, theta)(0, 0) == doctest::Approx(y).epsilon(1e-14));
}

TEST_CASE("without hidden layers the outputs are W x + b") {
  const Model model(parse_model("softmax", Task::multiclass, 2, 3));
  REQUIRE(model.parameter_count() == 9);
  const VectorXd theta = VectorXd::LinSpaced(9, 1, 9);
  const MatrixXd x = (MatrixXd(2, 2) << 10, 0, 100, 0).finished();
  MatrixXd by_hand(3, 2);
  by_hand << 10 + 400 + 7, 7, 20 + 500 + 8, 8, 30 + 600 + 9, 9;
  CHECK(outputs(model, x, theta) == by_hand);
}

TEST_CASE("a model's name gives its widths, and its task the loss") {
  CHECK(parse_model("linear", Task::regression, 3, 1).widths() == std::vector<Index>{3, 1});
  CHECK(parse_model("logistic", Task::binary, 3, 1).widths() == std::vector<Index>{3, 1});
  CHECK(parse_model("softmax", Task::multiclass, 3, 4).widths() == std::vector<Index>{3, 4});
  const ModelSpec usual = parse_model("mlp", Task::multiclass, 64, 10);
  CHECK(usual.widths() == std::vector<Index>{64, 32, 32, 10});
  CHECK(usual.parameter_count() == 65 * 32 + 33 * 32 + 33 * 10);
  CHECK(usual.name == "mlp");
  CHECK(parse_model("mlp:5", Task::binary, 2, 1).widths() == std::vector<Index>{2, 5, 1});
  CHECK(parse_model("mlp:5,7,1", Task::binary, 2, 1).widths() == std::vector<Index>{2, 5, 7, 1, 1});
  CHECK(parse_model("mlp:5", Task::binary, 2, 1).loss == LossKind::binary_cross_entropy);
  CHECK(parse_model("mlp:5", Task::multiclass, 2, 3).loss == LossKind::cross_entropy);
  CHECK(parse_model("mlp:5", Task::regression, 2, 1).loss == LossKind::half_squared_error);
}

TEST_CASE("a model that the task does not have is refused with what it has") {
  const auto parse = [](const std::string& text, Task task) {
    return message_of([&] { parse_model(text, task, 4, 2); });
  };
  CHECK(parse("softmax", Task::binary) ==
        "[model] model, expected logistic, mlp:W1,W2,..., lenet:C1,.../W1,..., resnet:C1,C2,... "
        "for a binary task, got 'softmax'");
  CHECK(parse("logistic", Task::regression).find("expected linear, mlp:") != std::string::npos);
  CHECK(parse("mlp:", Task::multiclass).find("expected softmax, mlp:") != std::string::npos);
  CHECK(parse("logistic", Task::reconstruction).find("expected mlp:") != std::string::npos);
  CHECK(parse("autoencoder:3", Task::multiclass).find("are for task=reconstruction") !=
        std::string::npos);
  CHECK(parse("", Task::multiclass).find("got ''") != std::string::npos);
  for (const char* bad : {"mlp:0",
                          "mlp:-3",
                          "mlp:3,",
                          "mlp:,3",
                          "mlp:3,,4",
                          "mlp:3.5",
                          "mlp:3 4",
                          "mlp:x",
                          "mlp:9999999",
                          "mlp:99999999999999999999",
                          "mlp: 3"}) {
    CAPTURE(bad);
    const std::string message = parse(bad, Task::regression);
    CHECK(message.find("expected positive whole numbers") != std::string::npos);
    CHECK(message.find(bad) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("numbers that are missing or in the wrong place are refused with an example") {
  struct Case {
    std::string text, example;
  };
  for (const Case& c : std::vector<Case>{{"lenet:8,16/", "lenet:8,16"},
                                         {"lenet:/3", "lenet:8,16"},
                                         {"lenet:3/4/5", "lenet:8,16"},
                                         {"lenet:0", "lenet:8,16"},
                                         {"mlp:3/4", "mlp:32,32"},
                                         {"resnet:3/4", "resnet:8,16"},
                                         {"conv_autoencoder:3", "conv_autoencoder:4,8/16"},
                                         {"conv_autoencoder:3/4,5", "4,8/16"},
                                         {"autoencoder:3,", "autoencoder:32,8"}}) {
    CAPTURE(c.text);
    const std::string message = message_of([&] {
      parse_model(c.text, Task::reconstruction, 64, 64, {1, 8, 8});
    });
    CHECK(message.find("expected positive whole numbers as in ") != std::string::npos);
    CHECK(message.find(c.example) != std::string::npos);
    CHECK(message.find("got '" + c.text + "'") != std::string::npos);
  }
}

TEST_CASE("every form that is listed can be written, and its name alone stands for its example") {
  for (const ModelForm& form : model_forms()) {
    CAPTURE(form.example);
    const ModelSpec spec = parse_model(form.example, Task::reconstruction, 64, 64, {1, 8, 8});
    const std::string name = form.example.substr(0, form.example.find(':'));
    CHECK(form.form.starts_with(name + ":"));
    CHECK(describe(spec) == describe(parse_model(name, Task::reconstruction, 64, 64, {1, 8, 8})));
    CHECK(spec.loss == LossKind::binary_cross_entropy);
    CHECK(spec.layer_norm == (name == "mlp_ln"));
  }
  for (const Task task : {Task::regression, Task::binary, Task::multiclass, Task::reconstruction})
    CHECK_NOTHROW(parse_model(plain_model(task), task, 4, 4));
  CHECK(parse_model("lenet_ln:2", Task::binary, 16, 1, {1, 4, 4}).layer_norm);
  CHECK(parse_pooling(pooling_name(Pooling::max)) == Pooling::max);
  CHECK(parse_pooling(pooling_name(Pooling::average)) == Pooling::average);
}

TEST_CASE("names of activations and initialisations survive printing and parsing") {
  for (const Activation a : kAll) CHECK(parse_activation(activation_name(a)) == a);
  for (const Initialisation i : {Initialisation::zeros,
                                 Initialisation::lecun_normal,
                                 Initialisation::he_normal,
                                 Initialisation::glorot_normal,
                                 Initialisation::glorot_uniform})
    CHECK(parse_initialisation(initialisation_name(i)) == i);
  CHECK(message_of([] { parse_activation("swish"); }) ==
        "[model] activation, expected one of relu, tanh, sigmoid, softplus, gelu, got 'swish'");
  CHECK(message_of([] { parse_initialisation("orthogonal"); }).find("glorot_uniform") !=
        std::string::npos);
}

TEST_CASE("only a hidden relu makes a model non-smooth") {
  ModelSpec spec = parse_model("mlp:3", Task::binary, 2, 1);
  CHECK(spec.smooth());
  spec.activation = Activation::relu;
  CHECK_FALSE(spec.smooth());
  CHECK(default_initialisation(spec) == Initialisation::he_normal);
  spec.activation = Activation::gelu;
  CHECK(default_initialisation(spec) == Initialisation::glorot_normal);
  spec.hidden.clear();
  spec.activation = Activation::relu;
  CHECK(spec.smooth());
  CHECK(default_initialisation(spec) == Initialisation::zeros);
}

TEST_CASE("initial weights have mean zero and the variance of their law, biases are zero") {
  const ModelSpec spec = wide_spec();
  const std::vector<Index> widths = spec.widths();
  struct Law {
    Initialisation how;
    double of_in, of_both;  // variance = of_in / in + of_both / (in + out)
    double kurtosis;
  };
  for (const Law& law : {Law{Initialisation::lecun_normal, 1, 0, 3},
                         Law{Initialisation::he_normal, 2, 0, 3},
                         Law{Initialisation::glorot_normal, 0, 2, 3},
                         Law{Initialisation::glorot_uniform, 0, 2, 1.8}}) {
    CAPTURE(initialisation_name(law.how));
    const VectorXd theta = initialise(spec, law.how, 5);
    Index offset = 0;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      CAPTURE(l);
      const double in = static_cast<double>(widths[l]), out = static_cast<double>(widths[l + 1]);
      const Index count = widths[l] * widths[l + 1];
      const double n = static_cast<double>(count);
      const double variance = law.of_in / in + law.of_both / (in + out);
      const VectorXd w = theta.segment(offset, count);
      CHECK(std::abs(w.mean()) < 4 * std::sqrt(variance / n));
      const double error = variance * std::sqrt((law.kurtosis - 1) / n);  // of the mean square
      CHECK(std::abs(w.squaredNorm() / n - variance) < 4 * error);
      if (law.how == Initialisation::glorot_uniform)
        CHECK(w.cwiseAbs().maxCoeff() <= std::sqrt(3 * variance));
      CHECK(theta.segment(offset + count, widths[l + 1]).isZero(0));
      offset += count + widths[l + 1];
    }
    CHECK(offset == theta.size());
  }
  CHECK(initialise(spec, Initialisation::zeros, 5).isZero(0));
}

TEST_CASE("the seed alone decides the initial weights, and layers draw from streams of their own") {
  const ModelSpec spec = wide_spec();
  const VectorXd a = initialise(spec, Initialisation::lecun_normal, 5);
  CHECK(a == initialise(spec, Initialisation::lecun_normal, 5));
  CHECK(a != initialise(spec, Initialisation::lecun_normal, 6));
  ModelSpec wider = spec;
  wider.hidden[1] = 21;  // layers below keep their numbers
  const VectorXd b = initialise(wider, Initialisation::lecun_normal, 5);
  CHECK(a.head(31 * 50) == b.head(31 * 50));
}
