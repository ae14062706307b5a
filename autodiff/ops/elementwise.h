// SPDX-License-Identifier: MIT
#pragma once
// Elementwise operations: f, f' and f'' each.
//
//   SlotId h = tanh(r, affine(r, W, b, x));
//
// relu is piecewise linear: its second derivative is zero almost everywhere, and is taken as zero
// at the kink too. Theory that needs two continuous derivatives wants tanh, softplus or gelu.

#include "autodiff/program.h"

namespace leaveout {

template <class S>
SlotId relu(Recorder<S>& r, SlotId x);
template <class S>
SlotId tanh(Recorder<S>& r, SlotId x);
template <class S>
SlotId sigmoid(Recorder<S>& r, SlotId x);
/// log(1 + e^x)
template <class S>
SlotId softplus(Recorder<S>& r, SlotId x);
/// x Phi(x) with the normal distribution function itself (not the tanh approximation)
template <class S>
SlotId gelu(Recorder<S>& r, SlotId x);
template <class S>
SlotId exp(Recorder<S>& r, SlotId x);
template <class S>
SlotId log(Recorder<S>& r, SlotId x);
template <class S>
SlotId square(Recorder<S>& r, SlotId x);
/// 1 / sqrt(x + epsilon)
template <class S>
SlotId rsqrt(Recorder<S>& r, SlotId x, double epsilon);

}  // namespace leaveout
