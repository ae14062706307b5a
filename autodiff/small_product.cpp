// SPDX-License-Identifier: MIT
#include "autodiff/small_product.h"

#include <algorithm>
#include <cstring>

namespace leaveout {

namespace {

using Eigen::Index;

// As wide as the machine's registers: the compiler would split wider ones and spill.
#if defined(__AVX512F__)
constexpr int kLanes = 8, kRegisters = 32;
#elif defined(__AVX__)
constexpr int kLanes = 4, kRegisters = 16;
#else
constexpr int kLanes = 2, kRegisters = 16;
#endif
constexpr int kHalf = kLanes / 2;
typedef double Lanes __attribute__((vector_size(kLanes * sizeof(double))));
typedef double HalfLanes __attribute__((vector_size(kHalf * sizeof(double))));

// Blocks of the result stay in registers only where the loops over them are gone before the
// compiler looks for arrays to take apart.
#define LEAVEOUT_UNROLL _Pragma("GCC unroll 8")

template <class V>
V load(const double* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class V>
void store(double* to, const V& v) {
  std::memcpy(to, &v, sizeof v);
}

/// A column of rows: `kVectors` vectors, and half a vector where that holds what is left.
template <int kVectors, bool kHasHalf>
struct Column {
  static constexpr Index kRows = kVectors * kLanes + (kHasHalf ? kHalf : 0);
  Lanes vectors[std::max(kVectors, 1)];
  HalfLanes half;

  static Column read(const double* from) {
    Column c;
    for (int v = 0; v < kVectors; ++v) c.vectors[v] = load<Lanes>(from + v * kLanes);
    if constexpr (kHasHalf) c.half = load<HalfLanes>(from + kVectors * kLanes);
    return c;
  }
  static Column zero() {
    constexpr double kZeros[kRows] = {};
    return read(kZeros);
  }
  void write(double* to) const {
    for (int v = 0; v < kVectors; ++v) store(to + v * kLanes, vectors[v]);
    if constexpr (kHasHalf) store(to + kVectors * kLanes, half);
  }
  /// this = or += c times a number.
  template <bool kAdd>
  void take(const Column& c, double times) {
    const Lanes spread = times - Lanes{};
    for (int v = 0; v < kVectors; ++v)
      vectors[v] = kAdd ? vectors[v] + c.vectors[v] * spread : c.vectors[v] * spread;
    if constexpr (kHasHalf) {
      HalfLanes low;  // the same register, seen at half its width
      std::memcpy(&low, &spread, sizeof low);
      half = kAdd ? half + c.half * low : c.half * low;
    }
  }
  /// To m rows at `to`, overwriting or adding; what is padded does not leave.
  template <bool kAdd>
  void write_part(double* to, Index m) const {
    double all[kRows];
    write(all);
    for (Index r = 0; r < m; ++r) to[r] = kAdd ? to[r] + all[r] : all[r];
  }
};

/// Columns of the result that stay in registers, beside a column of the small factor and a spread
/// number.
template <class C>
constexpr int columns_for() {
  constexpr int vectors = static_cast<int>((C::kRows + kLanes - 1) / kLanes);
  return std::clamp((kRegisters - vectors - 2) / vectors, 1, 8);
}

/// A small factor as whole columns, (C::kRows x k), and the column that sums start from.
template <class C>
struct Packed {
  C start;
  const double* columns;
};

/// a or a', whose columns are padded with zeros into `room` where they are not whole already.
template <class C>
Packed<C> pack(
    const double* a, Index m, Index k, bool transposed, const double* bias, double* room) {
  double start[C::kRows] = {};
  if (bias) std::copy_n(bias, m, start);
  if (m == C::kRows && !transposed) return {C::read(start), a};
  for (Index i = 0; i < k; ++i) {
    double* const column = room + i * C::kRows;
    for (Index r = 0; r < m; ++r) column[r] = transposed ? a[i + r * k] : a[r + i * m];
    for (Index r = m; r < C::kRows; ++r) column[r] = 0;
  }
  return {C::read(start), room};
}

/// kColumns columns of y = a b. Padded rows run over into the next column, whose numbers are
/// written later (overwriting) or get zeros added; the last column has none and is written in part.
template <class C, int kColumns, bool kAdd>
void multiply_block(const Packed<C>& a, Index m, Index k, const double* b, double* y, bool last) {
  C sum[kColumns];
  const C start = a.start;
  LEAVEOUT_UNROLL
  for (int j = 0; j < kColumns; ++j) sum[j] = start;
  for (Index i = 0; i < k; ++i) {
    const C column = C::read(a.columns + i * C::kRows);
    LEAVEOUT_UNROLL
    for (int j = 0; j < kColumns; ++j) sum[j].template take<true>(column, b[i + j * k]);
  }
  LEAVEOUT_UNROLL
  for (int j = 0; j < kColumns; ++j) {
    double* const to = y + j * m;
    if (j + 1 == kColumns && last) {
      sum[j].template write_part<kAdd>(to, m);
    } else {
      if constexpr (kAdd) sum[j].template take<true>(C::read(to), 1);
      sum[j].write(to);
    }
  }
}

template <class C, bool kAdd>
void multiply_all(const Packed<C>& a, Index m, Index k, const double* b, Index n, double* y) {
  constexpr int kColumns = columns_for<C>();
  Index j = 0;
  for (; j + kColumns <= n; j += kColumns)
    multiply_block<C, kColumns, kAdd>(a, m, k, b + j * k, y + j * m, j + kColumns == n);
  for (; j < n; ++j) multiply_block<C, 1, kAdd>(a, m, k, b + j * k, y + j * m, j + 1 == n);
}

/// kColumns columns of c = y b'. Padded rows are read from the next column and not written; behind
/// the last column there may be nothing, so that it is read from a copy.
template <class C, int kColumns>
void accumulate_block(
    const double* y, Index m, const double* b, Index k, Index n, double* c, bool add) {
  C sum[kColumns];
  double last[C::kRows] = {};
  std::copy_n(y + (n - 1) * m, m, last);
  const C final = C::read(last);
  LEAVEOUT_UNROLL
  for (int j = 0; j < kColumns; ++j) sum[j].template take<false>(final, b[j + (n - 1) * k]);
  for (Index i = 0; i + 1 < n; ++i) {
    const C column = C::read(y + i * m);
    LEAVEOUT_UNROLL
    for (int j = 0; j < kColumns; ++j) sum[j].template take<true>(column, b[j + i * k]);
  }
  LEAVEOUT_UNROLL
  for (int j = 0; j < kColumns; ++j)
    if (add)
      sum[j].template write_part<true>(c + j * m, m);
    else
      sum[j].template write_part<false>(c + j * m, m);
}

template <class C>
void accumulate_all(
    const double* y, Index m, const double* b, Index k, Index n, double* c, bool add) {
  constexpr int kColumns = columns_for<C>();
  Index j = 0;
  for (; j + kColumns <= k; j += kColumns)
    accumulate_block<C, kColumns>(y, m, b + j, k, n, c + j * m, add);
  if constexpr (kColumns > 4)
    for (; j + 4 <= k; j += 4) accumulate_block<C, 4>(y, m, b + j, k, n, c + j * m, add);
  for (; j < k; ++j) accumulate_block<C, 1>(y, m, b + j, k, n, c + j * m, add);
}

/// Columns of y added up, four sums at a time: one alone would wait for each addition.
template <class C>
void add_columns(const double* y, Index m, Index n, double* sums, bool add) {
  constexpr int kSums = 4;
  C sum[kSums];
  double last[C::kRows] = {};
  std::copy_n(y + (n - 1) * m, m, last);
  const C final = C::read(last);
  LEAVEOUT_UNROLL
  for (int j = 0; j < kSums; ++j) sum[j].template take<false>(j == 0 ? final : C::zero(), 1);
  Index i = 0;
  for (; i + kSums < n; i += kSums) {
    LEAVEOUT_UNROLL
    for (int j = 0; j < kSums; ++j) sum[j].template take<true>(C::read(y + (i + j) * m), 1);
  }
  for (; i + 1 < n; ++i) sum[0].template take<true>(C::read(y + i * m), 1);
  LEAVEOUT_UNROLL
  for (int j = 1; j < kSums; ++j) sum[0].template take<true>(sum[j], 1);
  if (add)
    sum[0].template write_part<true>(sums, m);
  else
    sum[0].template write_part<false>(sums, m);
}

/// Calls body with an empty Column of m rows, padded.
template <int kVectors = 0, class Body>
void with_column(Index m, Body&& body) {
  if constexpr (kVectors * kLanes < kLargestRows) {
    if (m > kVectors * kLanes + kHalf && m > (kVectors + 1) * kLanes)
      return with_column<kVectors + 1>(m, body);
    if (m > kVectors * kLanes + kHalf) return body(Column<kVectors + 1, false>());
    return body(Column<kVectors, true>());
  }
}

}  // namespace

void multiply_small(const double* a,
                    Index m,
                    Index k,
                    bool transposed,
                    const double* b,
                    Index n,
                    double* y,
                    bool add,
                    const double* bias) {
  alignas(64) double room[kLargestRows * kLargestInner];
  with_column(m, [&](auto empty) {
    using C = decltype(empty);
    const Packed<C> factor = pack<C>(a, m, k, transposed, bias, room);
    if (add)
      multiply_all<C, true>(factor, m, k, b, n, y);
    else
      multiply_all<C, false>(factor, m, k, b, n, y);
  });
}

void accumulate_small(
    const double* y, Index m, const double* b, Index k, Index n, double* c, bool add) {
  with_column(m, [&](auto empty) { accumulate_all<decltype(empty)>(y, m, b, k, n, c, add); });
}

void sum_columns_small(const double* y, Index m, Index n, double* sums, bool add) {
  with_column(m, [&](auto empty) { add_columns<decltype(empty)>(y, m, n, sums, add); });
}

}  // namespace leaveout
