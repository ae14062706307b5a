// SPDX-License-Identifier: MIT
#pragma once
// Bilinear operations: products. Their K has only cross terms, which the family derives.
//
//   SlotId z = affine(r, W, b, x);      // z = W x + b 1', the layer of every network here

#include "autodiff/program.h"

namespace leaveout {

/// y = a b (m x k times k x n).
template <class S>
SlotId matmul(Recorder<S>& r, SlotId a, SlotId b);
/// z = W x + b 1' in one pass; b = -1 for none. W (out x in), b (out x 1), x (in x batch).
/// A column of x may hold several positions, one below the other, x (in positions x batch): the
/// layer acts on each, z (out positions x batch). That is what a convolution is (convolution.h).
template <class S>
SlotId affine(Recorder<S>& r, SlotId weight, SlotId b, SlotId x);
/// y = a * b entry by entry.
template <class S>
SlotId mul(Recorder<S>& r, SlotId a, SlotId b);
/// y = sum of a * b over all entries (1 x 1): weighted sums of losses, linear tilts of outputs.
template <class S>
SlotId dot(Recorder<S>& r, SlotId a, SlotId b);

}  // namespace leaveout
