// SPDX-License-Identifier: MIT
// An outside oracle: ADOL-C, a tape of scalars, differentiates the same network with code that
// shares nothing with ours. Compiled where the package is there (libadolc-dev), empty elsewhere.
#if __has_include(<adolc/adolc.h>)

#include <adolc/adolc.h>
#include <doctest/doctest.h>

#include <vector>

#include "autodiff/dense_curvature.h"
#include "tests/support/networks.h"

namespace leaveout {

namespace {

/// sum_n w_n |f(theta, x_n) - t_n|^2 / 2 of a tanh network, one scalar operation after another.
adouble objective_by_scalars(const Network& net, const std::vector<adouble>& theta) {
  const std::vector<Index>& widths = net.spec.widths;
  adouble total = 0;
  for (Index n = 0; n < net.examples(); ++n) {
    std::vector<adouble> h(static_cast<std::size_t>(widths[0]));
    for (std::size_t i = 0; i < h.size(); ++i) h[i] = net.data[0](static_cast<Index>(i), n);
    std::size_t at = 0;  // where this layer's [W b] begins in theta
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const auto in = static_cast<std::size_t>(widths[l]);
      const auto out = static_cast<std::size_t>(widths[l + 1]);
      std::vector<adouble> z(out);
      for (std::size_t o = 0; o < out; ++o) {
        z[o] = theta[at + in * out + o];
        for (std::size_t i = 0; i < in; ++i) z[o] += theta[at + i * out + o] * h[i];
        if (l + 2 < widths.size()) z[o] = tanh(z[o]);
      }
      h = z;
      at += (in + 1) * out;
    }
    const adouble error = h[0] - net.data[1](0, n);
    total += net.data[2](0, n) * 0.5 * error * error;
  }
  return total;
}

}  // namespace

TEST_CASE("the Hessian of a 10-20-20-1 network is that of ADOL-C, which shares no code with it") {
  const Network net = make_network({.widths = {10, 20, 20, 1}, .examples = 3});
  const auto p = static_cast<std::size_t>(net.theta.size());
  constexpr short kTape = 1;
  trace_on(kTape);
  std::vector<adouble> theta(p);
  for (std::size_t i = 0; i < p; ++i) theta[i] <<= net.theta(static_cast<Index>(i));
  double value = 0;
  objective_by_scalars(net, theta) >>= value;
  trace_off();
  std::vector<std::vector<double>> rows(p);
  std::vector<double*> lower(p);  // ADOL-C fills the lower triangle
  for (std::size_t i = 0; i < p; ++i) {
    rows[i].assign(i + 1, 0);
    lower[i] = rows[i].data();
  }
  std::vector<double> point(net.theta.data(), net.theta.data() + net.theta.size());
  REQUIRE(hessian(kTape, static_cast<int>(p), point.data(), lower.data()) >= 0);
  const Matrix<double> ours = dense_curvature(net.program, net.batch(), net.theta, Curvature::full);
  double worst = 0;
  for (std::size_t i = 0; i < p; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      worst = std::max(worst,
                       std::abs(rows[i][j] - ours(static_cast<Index>(i), static_cast<Index>(j))));
  CHECK(worst < 1e-13 * ours.cwiseAbs().maxCoeff());
}

}  // namespace leaveout

#endif
