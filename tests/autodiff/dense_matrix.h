// SPDX-License-Identifier: MIT
#pragma once
// The dense curvature of a test network, in one call.
//
//   Matrix<double> h = dense(net, Curvature::full, DenseMethod::by_units, 3, 2);

#include "autodiff/dense_curvature.h"
#include "tests/support/networks.h"

namespace leaveout {

/// tile 0: the default.
inline Matrix<double> dense(
    Network& net, Curvature curvature, DenseMethod method, Index tile = 0, int threads = 1) {
  return dense_curvature(net.program, net.batch(), net.theta, curvature, {method, tile, threads});
}

}  // namespace leaveout
