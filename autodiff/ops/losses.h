// SPDX-License-Identifier: MIT
#pragma once
// Losses: outputs y (O x batch) to per-example losses (1 x batch), columns independent.
//
// Each is the loss of an exponential family in its natural parameters. With the mean function
// mu(y) and variance V(y) = dmu/dy:
//
//   gradient  dL/dy = mu(y) - t        Hessian  d2L/dy2 = V(y)
//
//   loss                    L(y, t)                              mu(y)         V(y)
//   half_squared_error      |y - t|^2 / 2                        y             I
//   binary_cross_entropy    sum_o softplus(y_o) - t_o y_o        sigmoid(y)    diag(mu (1 - mu))
//   cross_entropy           logsumexp(y) sum(t) - t'y            softmax(y)    diag(mu) - mu mu'
//
// The Bregman term of such a loss between y and the outputs y_s at the centre,
// D(y, y_s) = L(y, t) - L(y_s, t) - dL/dy(y_s, t)'(y - y_s), does not depend on the label t: it is
// |y - y_s|^2 / 2, or the Kullback-Leibler divergence of mu(y) from mu(y_s). Its gradient is
// mu(y) - mu(y_s), its Hessian V(y). Values are computed without cancellation: they are right to
// rounding even where y - y_s is tiny (Bae et al. 2022, eq. 7).
//
//   SlotId l = cross_entropy(r, logits, targets);       // targets: one column of probabilities
//   each SlotId d = bregman_cross_entropy(r, logits, centre_logits);
//
// All are losses in the sense of op.h: Curvature::gauss_newton keeps their K.

#include "autodiff/program.h"

namespace leaveout {

template <class S>
SlotId half_squared_error(Recorder<S>& r, SlotId y, SlotId target);
template <class S>
SlotId binary_cross_entropy(Recorder<S>& r, SlotId y, SlotId target);
/// Targets are columns of probabilities (one-hot, or soft labels), summing to 1.
template <class S>
SlotId cross_entropy(Recorder<S>& r, SlotId y, SlotId target);

template <class S>
SlotId bregman_half_squared_error(Recorder<S>& r, SlotId y, SlotId centre);
template <class S>
SlotId bregman_binary_cross_entropy(Recorder<S>& r, SlotId y, SlotId centre);
template <class S>
SlotId bregman_cross_entropy(Recorder<S>& r, SlotId y, SlotId centre);

/// |x|^2 / 2 over all entries (1 x 1). Weight decay is `weight_decay` times this.
template <class S>
SlotId l2_penalty(Recorder<S>& r, SlotId x);

/// Column-wise log softmax (not a loss: its K belongs to the network).
template <class S>
SlotId log_softmax(Recorder<S>& r, SlotId x);

}  // namespace leaveout
