// SPDX-License-Identifier: MIT
#pragma once
// Layer normalisation, composed from operations that are there: it has no rules of its own.
//
//   y = gain * (x - mean) / sqrt(variance + epsilon) + shift,
//
// mean and variance (without Bessel's correction) over the entries of each example's column, so
// that examples stay apart.
//
//   SlotId h = layer_norm(r, z, r.parameter(20, 1), r.parameter(20, 1));

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/linear.h"

namespace leaveout {

/// x (rows x batch), gain and shift (rows x 1).
template <class S>
SlotId layer_norm(Recorder<S>& r, SlotId x, SlotId gain, SlotId shift, double epsilon = 1e-5) {
  const SlotId centred = centre(r, x);
  const SlotId scale = rsqrt(r, column_mean(r, square(r, centred)), epsilon);  // (1 x batch)
  const SlotId normal = mul(r, centred, repeat_row(r, scale, r.slot(x).rows));
  return bias(r, mul(r, repeat_column(r, gain), normal), shift);
}

}  // namespace leaveout
