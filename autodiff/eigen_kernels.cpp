// SPDX-License-Identifier: MIT
#include "autodiff/eigen_kernels.h"

#ifdef LEAVEOUT_EIGEN_KERNELS
namespace Eigen {
LEAVEOUT_EIGEN_KERNELS()
}  // namespace Eigen
#endif
