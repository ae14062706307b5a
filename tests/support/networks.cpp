// SPDX-License-Identifier: MIT
#include "tests/support/networks.h"

#include <fmt/format.h>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/convolution.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "autodiff/ops/normalisation.h"
#include "tests/support/random_numbers.h"

namespace leaveout {

namespace {

using Complex = std::complex<double>;
using Mat = Matrix<double>;

template <class S>
SlotId activate(Recorder<S>& r, TestActivation activation, SlotId z) {
  switch (activation) {
    case TestActivation::relu:
      return relu(r, z);
    case TestActivation::tanh:
      return tanh(r, z);
    case TestActivation::sigmoid:
      return sigmoid(r, z);
    case TestActivation::softplus:
      return softplus(r, z);
    case TestActivation::gelu:
      return gelu(r, z);
    default:
      return z;
  }
}

template <class S>
SlotId record_loss(Recorder<S>& r, Loss loss, SlotId y, SlotId reference) {
  switch (loss) {
    case Loss::half_squared_error:
      return half_squared_error(r, y, reference);
    case Loss::binary_cross_entropy:
      return binary_cross_entropy(r, y, reference);
    case Loss::cross_entropy:
      return cross_entropy(r, y, reference);
    case Loss::bregman_half_squared_error:
      return bregman_half_squared_error(r, y, reference);
    case Loss::bregman_binary_cross_entropy:
      return bregman_binary_cross_entropy(r, y, reference);
    default:
      return bregman_cross_entropy(r, y, reference);
  }
}

/// Affine layers, activated in between; `first` is the first weight.
template <class S>
SlotId record_layers(Recorder<S>& r, const NetworkSpec& spec, SlotId y, SlotId& first) {
  for (std::size_t l = 1; l < spec.widths.size(); ++l) {
    const SlotId w = r.parameter(spec.widths[l], spec.widths[l - 1]);
    if (l == 1) first = w;
    const SlotId b = spec.bias ? r.parameter(spec.widths[l], 1) : -1;
    if (!spec.split)
      y = affine(r, w, b, y);
    else
      y = spec.bias ? bias(r, matmul(r, w, y), b) : matmul(r, w, y);
    if (l + 1 < spec.widths.size()) y = activate(r, spec.activation, y);
  }
  return y;
}

/// Networks of 2 x 4 x 4 images, and one of numbers with layer normalisation.
template <class S>
SlotId record_body(Recorder<S>& r, const NetworkSpec& spec, SlotId x) {
  const auto parameter = [&](Index rows, Index cols) { return r.parameter(rows, cols); };
  const auto conv = [&](SlotId in, const ImageShape& image, Index out, const Window& w) {
    const SlotId weight = parameter(out, image.channels * w.size * w.size);
    return conv2d(r, weight, parameter(out, 1), in, image, w);
  };
  const auto full = [&](SlotId in, Index out) {
    const SlotId weight = parameter(out, r.slot(in).rows);
    return affine(r, weight, parameter(out, 1), in);
  };
  const auto act = [&](SlotId z) { return activate(r, spec.activation, z); };
  const Window same{.size = 3, .stride = 1, .padding = 1}, half{.size = 2, .stride = 2};
  const ImageShape image{2, 4, 4}, wide{3, 4, 4}, pooled{3, 2, 2};
  switch (spec.body) {
    case Body::convolutional: {
      const SlotId h = max_pool(r, act(conv(x, image, 3, same)), wide, half);
      return full(avg_pool(r, act(conv(h, pooled, 4, same)), {4, 2, 2}, half), spec.widths.back());
    }
    case Body::residual: {
      const SlotId h = act(conv(x, image, 3, same));
      const SlotId twice = conv(act(conv(h, wide, 3, same)), wide, 3, same);
      return full(avg_pool(r, act(add(r, h, twice)), wide, half), spec.widths.back());
    }
    case Body::autoencoder: {  // its outputs are images again
      const SlotId code = act(full(act(conv(x, image, 3, half)), 3));
      const SlotId h = act(full(code, 12));
      const SlotId weight = parameter(2 * 2 * 2, 3);
      return conv2d_transpose(r, weight, parameter(2, 1), h, image, half);
    }
    default: {
      const SlotId z = full(x, 5), gain = parameter(5, 1);
      return full(act(layer_norm(r, z, gain, parameter(5, 1), 1e-3)), spec.widths.back());
    }
  }
}

template <class S>
Program<S> record(const NetworkSpec& spec) {
  Recorder<S> r;
  const Index outs = spec.widths.back();
  const SlotId x = r.input(spec.widths.front());
  const SlotId reference = r.input(outs), weights = r.input(1), tilt = r.input(outs);
  SlotId first = -1;
  const SlotId y =
      spec.body == Body::layers ? record_layers(r, spec, x, first) : record_body(r, spec, x);
  const SlotId losses = record_loss(r, spec.loss, y, reference);
  SlotId objective = dot(r, weights, losses);
  if (spec.tilt) objective = add(r, objective, dot(r, tilt, y));
  if (spec.penalty != 0)
    objective = add(r, objective, scale(r, l2_penalty(r, first), spec.penalty));
  return std::move(r).finish({y, losses, objective});
}

Mat references(const NetworkSpec& spec, TestNumbers& numbers) {
  const Index outs = spec.widths.back();
  Mat t = numbers.normal(outs, spec.examples);
  if (spec.loss == Loss::binary_cross_entropy) t = (t.array() > 0).cast<double>().matrix();
  if (spec.loss != Loss::cross_entropy) return t;
  for (Index n = 0; n < t.cols(); ++n) {  // classes, and every fourth a soft label
    if (n % 4 == 3) {
      t.col(n) = t.col(n).cwiseAbs() / t.col(n).cwiseAbs().sum();
    } else {
      Index best;
      t.col(n).maxCoeff(&best);
      t.col(n).setZero();
      t(best, n) = 1;
    }
  }
  return t;
}

}  // namespace

Batch<double> Network::batch() const {
  Batch<double> batch{{}, examples()};
  for (const auto& m : data) batch.data.push_back(m.data());
  return batch;
}

Batch<Complex> Network::complex_batch() {
  complex_data.clear();
  for (const auto& m : data) complex_data.push_back(m.cast<Complex>());
  Batch<Complex> batch{{}, examples()};
  for (const auto& m : complex_data) batch.data.push_back(m.data());
  return batch;
}

Network make_network(const NetworkSpec& spec) {
  TestNumbers numbers(spec.seed);
  Network net{spec, record<double>(spec), record<Complex>(spec), {}, {}, {}};
  const Index n = spec.examples, outs = spec.widths.back();
  net.data = {numbers.normal(spec.widths.front(), n),
              references(spec, numbers),
              numbers.uniform(1, n, 0.5, 1.5) / static_cast<double>(n),
              numbers.normal(outs, n) / static_cast<double>(n)};
  const double spread = 1 / std::sqrt(static_cast<double>(spec.widths[spec.widths.size() / 2]));
  net.theta = numbers.normal(net.program.parameter_count(), 1) * spread;
  return net;
}

Program<float> record_float(const NetworkSpec& spec) {
  return record<float>(spec);
}

std::vector<NetworkSpec> usual_networks() {
  std::vector<NetworkSpec> specs = {
      {.widths = {10, 20, 20, 1}, .examples = 13},
      {.widths = {3, 6, 2}, .bias = false, .tilt = true},
      {.widths = {5, 4}, .activation = TestActivation::none, .examples = 8},
      {.widths = {3, 5, 1}, .loss = Loss::binary_cross_entropy, .examples = 1},
      {.widths = {3, 4, 2}, .loss = Loss::binary_cross_entropy, .bias = false, .tilt = true},
      {.widths = {4, 5, 2}, .loss = Loss::bregman_half_squared_error, .tilt = true},
      {.widths = {4, 5, 2}, .loss = Loss::bregman_binary_cross_entropy, .tilt = true},
      {.widths = {4, 5, 3}, .loss = Loss::bregman_cross_entropy, .tilt = true}};
  for (const TestActivation a : {TestActivation::relu,
                                 TestActivation::tanh,
                                 TestActivation::sigmoid,
                                 TestActivation::softplus,
                                 TestActivation::gelu})
    specs.push_back({.widths = {4, 7, 5, 3}, .activation = a, .loss = Loss::cross_entropy});
  specs.push_back({.widths = {4, 6, 3}, .loss = Loss::cross_entropy, .bias = false, .tilt = true});
  return specs;
}

std::vector<NetworkSpec> image_networks() {
  const auto with = [](Body body, Index outputs, TestActivation activation, Loss loss) {
    NetworkSpec spec{.widths = {body == Body::normalised ? 4 : 32, outputs}};
    spec.activation = activation;
    spec.loss = loss;
    spec.examples = 6;
    spec.body = body;
    return spec;
  };
  return {with(Body::convolutional, 3, TestActivation::tanh, Loss::cross_entropy),
          with(Body::convolutional, 1, TestActivation::softplus, Loss::half_squared_error),
          with(Body::convolutional, 2, TestActivation::relu, Loss::bregman_cross_entropy),
          with(Body::residual, 3, TestActivation::tanh, Loss::cross_entropy),
          with(Body::residual, 2, TestActivation::gelu, Loss::binary_cross_entropy),
          with(Body::autoencoder, 32, TestActivation::tanh, Loss::binary_cross_entropy),
          with(Body::normalised, 2, TestActivation::tanh, Loss::half_squared_error),
          with(Body::normalised, 3, TestActivation::sigmoid, Loss::cross_entropy)};
}

std::vector<NetworkSpec> all_networks() {
  std::vector<NetworkSpec> specs = usual_networks();
  for (const NetworkSpec& spec : image_networks()) specs.push_back(spec);
  return specs;
}

std::string describe(const NetworkSpec& spec) {
  const char* bodies[] = {"", "convolutional ", "residual ", "normalised ", "autoencoder "};
  const char* activations[] = {"none", "relu", "tanh", "sigmoid", "softplus", "gelu"};
  const char* losses[] = {"half_squared_error",
                          "binary_cross_entropy",
                          "cross_entropy",
                          "bregman_half_squared_error",
                          "bregman_binary_cross_entropy",
                          "bregman_cross_entropy"};
  return fmt::format("{}{} {} {}{}{}",
                     bodies[static_cast<int>(spec.body)],
                     fmt::join(spec.widths, "-"),
                     activations[static_cast<int>(spec.activation)],
                     losses[static_cast<int>(spec.loss)],
                     spec.bias ? "" : " without bias",
                     spec.tilt ? " with tilt" : "");
}

double objective_of(Network& net, const Vector<double>& theta) {
  Workspace<double> ws(net.program, net.examples());
  return loss(ws, net.batch(), theta);
}

Vector<double> gradient_of(Network& net, const Vector<double>& theta) {
  Workspace<double> ws(net.program, net.examples());
  Vector<double> g(theta.size());
  gradient(ws, net.batch(), theta, g);
  return g;
}

Matrix<double> product_of(Network& net, const Matrix<double>& v, Curvature curvature) {
  Workspace<double> ws(net.program, net.examples(), 4);
  Mat hv(v.rows(), v.cols());
  curvature_product(ws, net.batch(), net.theta, v, hv, curvature);
  return hv;
}

Matrix<double> complex_step_hessian(Network& net) {
  constexpr double h = 1e-30;
  const Batch<Complex> batch = net.complex_batch();
  Workspace<Complex> ws(net.complex_program, net.examples());
  Mat hessian(net.theta.size(), net.theta.size());
  Vector<Complex> g(net.theta.size());
  for (Index j = 0; j < net.theta.size(); ++j) {
    Vector<Complex> at = net.theta.cast<Complex>();
    at(j) += Complex(0, h);
    gradient(ws, batch, at, g);
    hessian.col(j) = g.imag() / h;
  }
  return hessian;
}

}  // namespace leaveout
