// SPDX-License-Identifier: MIT
#pragma once
// Linear operations (K = 0): sums, scalings, biases and changes of shape.
//
//   SlotId z = bias(r, matmul(r, W, x), b);     // z = W x + b 1'

#include "autodiff/program.h"

namespace leaveout {

/// y = a + b, equal shapes.
template <class S>
SlotId add(Recorder<S>& r, SlotId a, SlotId b);
/// y = c x.
template <class S>
SlotId scale(Recorder<S>& r, SlotId x, double c);
/// y = x + b 1': adds the column b (rows x 1) to every column of x, or to each of the positions
/// that a column of x (rows positions x batch) holds.
template <class S>
SlotId bias(Recorder<S>& r, SlotId x, SlotId b);
/// The mean of each column, (1 x batch).
template <class S>
SlotId column_mean(Recorder<S>& r, SlotId x);
/// Each column less its mean.
template <class S>
SlotId centre(Recorder<S>& r, SlotId x);
/// y = 1 x: the row x (1 x batch) on top of itself, (rows x batch).
template <class S>
SlotId repeat_row(Recorder<S>& r, SlotId x, Index rows);
/// y = x 1': the column x (rows x 1) side by side, (rows x batch).
template <class S>
SlotId repeat_column(Recorder<S>& r, SlotId x);
/// The same numbers (column by column) as rows x cols; batches keep their columns (cols = kBatch).
template <class S>
SlotId reshape(Recorder<S>& r, SlotId x, Index rows, Index cols);
/// Sum of all entries (1 x 1).
template <class S>
SlotId sum(Recorder<S>& r, SlotId x);

}  // namespace leaveout
