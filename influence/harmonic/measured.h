// SPDX-License-Identifier: MIT
#pragma once
// An estimate from sampled subsets, with the standard error of the sampling.

namespace leaveout {

struct Measured {
  double value = 0.0;
  double standard_error = 0.0;
};

}  // namespace leaveout
