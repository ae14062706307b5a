// SPDX-License-Identifier: MIT
#pragma once
// The products of a layer z = W x + b 1': by the kernel for small W (small_product.h) where that is
// faster, by Eigen's elsewhere.
//
//   multiply(w, false, x, ws.sink_dot(z, t));            // W x
//   multiply(w, false, x, Sink<S>{z, true}, b.data());   // W x + b 1'
//   multiply(w, true, z_bar, ws.sink_bar(x));            // W' z_bar

#include <type_traits>

#include "autodiff/small_product.h"
#include "autodiff/workspace.h"

namespace leaveout {

/// put = a b, or a' b if `transposed`; with the column bias (rows of the result) added to each of
/// its columns where there is one.
template <class S>
void multiply(const ConstMatrixMap<S>& a,
              bool transposed,
              const ConstMatrixMap<S>& b,
              Sink<S> put,
              const S* bias = nullptr) {
  if constexpr (std::is_same_v<S, double>) {
    const Index rows = put.map.rows(), inner = b.rows(), n = b.cols();
    if (small_enough(rows, inner, n)) {
      multiply_small(
          a.data(), rows, inner, transposed, b.data(), n, put.map.data(), !put.fresh, bias);
      return;
    }
  }
  if (transposed)
    put(a.transpose() * b);
  else
    put(a * b);
  if (bias) put.map.colwise() += Vector<S>::Map(bias, put.map.rows());
}

}  // namespace leaveout
