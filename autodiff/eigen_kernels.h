// SPDX-License-Identifier: MIT
#pragma once
// Eigen's large kernels for doubles, compiled once for the whole project.
//
// Every file that multiplies two matrices would otherwise compile the product's kernel, its packing
// and its blocking anew: a fifth of the build. The declarations here say that eigen_kernels.cpp has
// them. They change no result and no inlining (Eigen never inlines these functions), and no file
// needs them: the precompiled header brings them along, and other versions of Eigen, whose internal
// names may differ, do without.
//
//   #include <Eigen/Dense>
//   #include "autodiff/eigen_kernels.h"
//   c.noalias() += a * b;  // calls the kernel, does not compile it

#include <Eigen/Dense>

#if EIGEN_VERSION_AT_LEAST(3, 4, 0) && !EIGEN_VERSION_AT_LEAST(3, 4, 90)

namespace Eigen {
namespace internal {
using DoubleKernel = gebp_traits<double, double>;
template <int Order>
using ConstDoubles = const_blas_data_mapper<double, Index, Order>;
using Doubles = blas_data_mapper<double, Index, ColMajor, Unaligned, 1>;
}  // namespace internal

// clang-format off
#define LEAVEOUT_PACK_LEFT(order)                                                                  \
  gemm_pack_lhs<double, Index, ConstDoubles<order>, DoubleKernel::mr, DoubleKernel::LhsProgress,   \
                DoubleKernel::LhsPacket4Packing, order, false, false>
#define LEAVEOUT_PACK_RIGHT(order)                                                                 \
  gemm_pack_rhs<double, Index, ConstDoubles<order>, DoubleKernel::nr, order, false, false>
#define LEAVEOUT_MATRIX_MATRIX(left, right)                                                        \
  general_matrix_matrix_product<Index, double, left, false, double, right, false, ColMajor, 1>
#define LEAVEOUT_MATRIX_VECTOR(matrix, vector, version)                                            \
  general_matrix_vector_product<Index, double, ConstDoubles<matrix>, matrix, false, double,        \
                                ConstDoubles<vector>, false, version>
#define LEAVEOUT_TRIANGULAR(mode, order)                                                           \
  triangular_solve_matrix<double, Index, OnTheLeft, mode, false, order, ColMajor, 1>

/// All of them; `declare` is `extern`, or nothing in the one file that compiles them.
#define LEAVEOUT_EIGEN_KERNELS(declare)                                                            \
  namespace internal {                                                                             \
  declare template struct gebp_kernel<double, double, Index, Doubles, DoubleKernel::mr,            \
                                      DoubleKernel::nr, false, false>;                             \
  declare template struct LEAVEOUT_PACK_LEFT(ColMajor);                                            \
  declare template struct LEAVEOUT_PACK_LEFT(RowMajor);                                            \
  declare template struct LEAVEOUT_PACK_RIGHT(ColMajor);                                           \
  declare template struct LEAVEOUT_PACK_RIGHT(RowMajor);                                           \
  declare template struct LEAVEOUT_MATRIX_MATRIX(ColMajor, ColMajor);                              \
  declare template struct LEAVEOUT_MATRIX_MATRIX(ColMajor, RowMajor);                              \
  declare template struct LEAVEOUT_MATRIX_MATRIX(RowMajor, ColMajor);                              \
  declare template struct LEAVEOUT_MATRIX_MATRIX(RowMajor, RowMajor);                              \
  declare template struct LEAVEOUT_MATRIX_VECTOR(RowMajor, ColMajor, 0);                           \
  declare template struct LEAVEOUT_MATRIX_VECTOR(RowMajor, RowMajor, 1);                           \
  declare template struct LEAVEOUT_MATRIX_VECTOR(ColMajor, RowMajor, 0);                           \
  declare template struct LEAVEOUT_MATRIX_VECTOR(ColMajor, ColMajor, 0);                           \
  declare template struct LEAVEOUT_TRIANGULAR(Lower, ColMajor);                                    \
  declare template struct LEAVEOUT_TRIANGULAR(Upper, ColMajor);                                    \
  declare template struct LEAVEOUT_TRIANGULAR(Lower, RowMajor);                                    \
  declare template struct LEAVEOUT_TRIANGULAR(Upper, RowMajor);                                    \
  }                                                                                                \
  declare template class LLT<MatrixXd>;                                                            \
  declare template LLT<MatrixXd>& LLT<MatrixXd>::compute(const EigenBase<MatrixXd>&);              \
  declare template class LDLT<MatrixXd>;                                                           \
  declare template LDLT<MatrixXd>& LDLT<MatrixXd>::compute(const EigenBase<MatrixXd>&);            \
  declare template class PartialPivLU<MatrixXd>;                                                   \
  declare template class FullPivLU<MatrixXd>;                                                      \
  declare template class HouseholderQR<MatrixXd>;                                                  \
  declare template class ColPivHouseholderQR<MatrixXd>;                                            \
  declare template class SelfAdjointEigenSolver<MatrixXd>;                                         \
  declare template SelfAdjointEigenSolver<MatrixXd>& SelfAdjointEigenSolver<MatrixXd>::compute(    \
      const EigenBase<MatrixXd>&, int);
// clang-format on

LEAVEOUT_EIGEN_KERNELS(extern)

}  // namespace Eigen

#endif
