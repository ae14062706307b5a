// SPDX-License-Identifier: MIT
#include "autodiff/vector_math.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

// A result may depend on nothing but its argument: not on the position in the array, nor on n.
// So each function is written once, branch-free, on a pack of lanes (GCC's and Clang's portable
// vector types, no intrinsics), and a short last pack is padded and takes the same path.
//
// The polynomials are minimax fits (Remez, 50 digits, rounded to double); "error" in the comments
// below is the relative error that the fit itself adds to the result, 2^-53 being half an ulp.
namespace leaveout::vmath {
namespace {

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "vector_math.cpp must not be compiled with -ffast-math or -ffinite-math-only"
#endif

#if defined(__AVX512F__)
constexpr int kPackBytes = 64;
#elif defined(__AVX__)
constexpr int kPackBytes = 32;
#else
constexpr int kPackBytes = 16;
#endif
constexpr std::ptrdiff_t kLanes = kPackBytes / static_cast<int>(sizeof(double));

typedef double Pack __attribute__((vector_size(kPackBytes)));
typedef float Floats __attribute__((vector_size(kPackBytes / 2)));
typedef std::uint64_t Bits __attribute__((vector_size(kPackBytes)));

// Inlined always: a call would pass packs through memory, and the whole point is not to.
#define LEAVEOUT_KERNEL [[gnu::always_inline]] inline

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kLn2High = 0x1.62e42feep-1;  // 32 bits, so that its multiples by n are exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseSqrt2Pi = 0x1.9884533d43651p-2;
constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;
constexpr double kRound = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::uint64_t kOneBits = std::uint64_t{1023} << 52;  // the bits of 1.0

// Coefficients, lowest power first.
// clang-format off
// (exp(r) - 1 - r) / r^2
constexpr double kExp[] = {
    0x1p-1, 0x1.555555555555bp-3, 0x1.5555555555502p-5, 0x1.111111110ec40p-7,
    0x1.6c16c16c30614p-10, 0x1.a01a01b389fe0p-13, 0x1.a01a01364161dp-16, 0x1.71ddf002b5e05p-19,
    0x1.27e5b4a8cafa5p-22, 0x1.af6c1d6ddf009p-26, 0x1.1e3ceb2d1d97bp-29};
// tanh(r / 2) = r P(r^2) / Q(r^2)
constexpr double kTanhP[] = {1.0, 0x1.f0768e090acdep-6, 0x1.08b9c4eb1ff5bp-13};
constexpr double kTanhQ[] = {
    2.0, 0x1.d172f8d79808dp-3, 0x1.4af3df3d5ba62p-9, 0x1.9347cdcc24899p-19};
// (2 atanh(s) - 2 s) / s^3, in s^2
constexpr double kLog[] = {
    0x1.5555555555555p-1, 0x1.9999999999e01p-2, 0x1.249249242b0d6p-2, 0x1.c71c72593bd26p-3,
    0x1.745cde21eba9dp-3, 0x1.3b20aef6a87edp-3, 0x1.0f5c7b938d864p-3, 0x1.0f65d7c52de7cp-3};
// (erf(x) - 2 x / sqrt(pi)) / x^3, in x^2
constexpr double kErf[] = {
    -0x1.812746b0379e7p-2, 0x1.ce2f21a042b4ap-4, -0x1.b82ce31280854p-6, 0x1.565bcd0af1492p-8,
    -0x1.c02db2555715bp-11, 0x1.f9a2ab0b43600p-14, -0x1.f4bc281356d94p-17, 0x1.b77ed15647cf5p-20,
    -0x1.3a34f1abac83cp-23};
// (a + 4) Phi(-a) exp(a^2 / 2), in 1/2 - 8 / (a + 4)
constexpr double kTail[] = {
    0x1.0e7dcd1d93192p-1, -0x1.5547ed57324b9p-2, 0x1.7d99fbc7fcf4bp-3, -0x1.6fa9ad6f61a35p-4,
    0x1.21dbca3408124p-5, -0x1.4a9f31b9bd9bap-7, 0x1.2df786f76cf9ap-10, 0x1.550fd46741d1bp-11,
    -0x1.9cb100329a6e9p-12, 0x1.64419d9b2f20ep-15, 0x1.a0aacab727854p-15, -0x1.6bdd3f0786c17p-16,
    -0x1.05ee8e63dc357p-18, 0x1.67a08b465f9cfp-18, -0x1.9a91655aede65p-23, -0x1.3966357a62529p-20,
    0x1.c45a19ef88e53p-23, 0x1.6b4d1f10e65efp-24, -0x1.efcfb2d4487e5p-22, -0x1.e5ec9fd221c08p-22,
    -0x1.ac039bd9c646ap-23, -0x1.8df0bfafd6f5cp-25, -0x1.327b6bf1d475dp-28, 0x1.0f8b8d25d4dbdp-32,
    0x1.28111cff945cap-34};
// its derivative, to 5 per cent
constexpr double kTailSlope[] = {-0.3084748122982219, 0.3374710763673533, -0.5696751805390244};
// clang-format on

LEAVEOUT_KERNEL Pack all(double value) {
  return value - Pack{};
}
LEAVEOUT_KERNEL Bits bits(Pack x) {
  return std::bit_cast<Bits>(x);
}
LEAVEOUT_KERNEL Pack from_bits(Bits b) {
  return std::bit_cast<Pack>(b);
}
LEAVEOUT_KERNEL Pack absolute(Pack x) {
  return from_bits(bits(x) & ~kSignBit);
}
LEAVEOUT_KERNEL Pack with_sign_of(Pack magnitude, Pack x) {
  return from_bits(bits(magnitude) | (bits(x) & kSignBit));
}

/// c[0] + c[1] z + ... + c[N-1] z^(N-1).
template <std::size_t N>
LEAVEOUT_KERNEL Pack polynomial(const double (&c)[N], Pack z) {
  Pack sum = all(c[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;) sum = sum * z + c[i];
  return sum;
}

/// x = n ln 2 + r with |r| <= ln(2) / 2.
struct Reduced {
  Pack n_shifted, n, r;  // n_shifted = n + kRound
};

/// The argument is high - low (a difference, because x - 0 is x and costs nothing); n * kLn2High
/// and the first difference are exact.
LEAVEOUT_KERNEL Reduced reduce(Pack high, Pack low) {
  const Pack shifted = (high - low) * kLog2E + kRound;
  const Pack n = shifted - kRound;
  return {shifted, n, (high - n * kLn2High) - (n * kLn2Low + low)};
}

/// 2^n from n + kRound, for -1022 <= n <= 1023.
LEAVEOUT_KERNEL Pack power_of_two(Pack n_shifted) {
  return from_bits((bits(n_shifted) << 52) + kOneBits);
}

/// mantissa * scale1 * scale2: the last product is then the only one that may round to a
/// denormal, whatever the mantissa has been multiplied by before.
struct Scaled {
  Pack mantissa, scale1, scale2;
  LEAVEOUT_KERNEL Pack times(Pack factor) const { return mantissa * factor * scale1 * scale2; }
};

/// exp(high - low), the difference within [-800, 711]. Error 2^-64.
LEAVEOUT_KERNEL Scaled exp_scaled(Pack high, Pack low) {
  const Reduced x = reduce(high, low);
  const Pack half_shifted = x.n * 0.5 + kRound;
  const Pack rest_shifted = (x.n - (half_shifted - kRound)) + kRound;
  const Pack mantissa = 1.0 + (x.r + x.r * x.r * polynomial(kExp, x.r));
  return {mantissa, power_of_two(half_shifted), power_of_two(rest_shifted)};
}

/// exp(x): the limits are where the result is surely 0 or infinity; NaN fails both comparisons.
LEAVEOUT_KERNEL Pack exp_kernel(Pack x) {
  x = x < -750.0 ? all(-750.0) : x;
  x = x > 711.0 ? all(711.0) : x;
  return exp_scaled(x, Pack{}).times(all(1.0));
}

/// tanh(x) by its addition formula. With 2|x| = n ln 2 + r and T = tanh(r / 2),
/// tanh(n ln(2) / 2) = (s - 1) / (s + 1) where s = 2^n, so that
///   tanh |x| = ((s - 1) + (s + 1) T) / ((s + 1) + (s - 1) T),   T = r P(r^2) / Q(r^2).
/// Error 2^-61. n = 0 leaves T itself, hence full accuracy at zero; from n = 2 on the same quotient
/// is written 1 - 2 (1 - T) / (...), whose roundings count less. One division does it all.
LEAVEOUT_KERNEL Pack tanh_kernel(Pack x) {
  Pack a = absolute(x);
  a = a > 22.0 ? all(22.0) : a;  // tanh rounds to 1 from 19.1 on
  const Reduced y = reduce(a + a, Pack{});
  const Pack s = power_of_two(y.n_shifted);
  const Pack z = y.r * y.r;
  const Pack p = y.r * polynomial(kTanhP, z);
  const Pack q = polynomial(kTanhQ, z);
  const Pack minus = s - 1.0;
  const Pack plus = s + 1.0;
  const auto large = s > 2.0;  // n >= 2
  const Pack base = large ? all(1.0) : Pack{};
  const Pack rest = large ? (p - q) + (p - q) : plus * p + minus * q;
  return with_sign_of(base + rest / (plus * q + minus * p), x);
}

/// sigmoid(x): with e = exp(-|x|), 1 / (1 + e) or e / (1 + e), whichever side x is on.
LEAVEOUT_KERNEL Pack sigmoid_kernel(Pack x) {
  const Pack e = exp_kernel(-absolute(x));
  return (x < 0.0 ? e : all(1.0)) / (1.0 + e);
}

/// k ln 2 + log(1 + f) for 1 + f in [1/sqrt(2), sqrt(2)], by log(1 + f) = 2 atanh(s) with
/// s = f / (2 + f), written f - s (f - R(s^2)) so that s's rounding hardly counts. Error 2^-66.
LEAVEOUT_KERNEL Pack log_of_reduced(Pack k, Pack f) {
  const Pack s = f / (2.0 + f);
  const Pack z = s * s;
  const Pack tail = s * (f - z * polynomial(kLog, z)) - k * kLn2Low;
  return k * kLn2High + (f - tail);
}

/// softplus(x) = max(x, 0) + log(1 + e), e = exp(-|x|) in [0, 1]; k = 1 once 1 + e > sqrt(2).
LEAVEOUT_KERNEL Pack softplus_kernel(Pack x) {
  const Pack e = exp_kernel(-absolute(x));
  const auto large = e > kSqrt2 - 1.0;
  const Pack k = large ? all(1.0) : Pack{};
  const Pack f = large ? e * 0.5 - 0.5 : e;
  return (x > 0.0 ? x : Pack{}) + log_of_reduced(k, f);
}

/// log(x): x = 2^k (1 + f) with 1 + f in [1/sqrt(2), sqrt(2)], read off the bits.
LEAVEOUT_KERNEL Pack log_kernel(Pack x) {
  constexpr std::uint64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
  constexpr std::uint64_t kOffset = std::uint64_t{1024} << 52;  // keeps the shifted k positive
  constexpr double kLift = 0x1p52;
  const auto denormal = x < std::numeric_limits<double>::min();
  const Pack normal = denormal ? x * 0x1p54 : x;
  const Bits u = (bits(normal) & ~kSignBit) + (kOffset - kSqrtHalfBits);
  const Bits fraction = u & ((std::uint64_t{1} << 52) - 1);
  const Pack lifted = from_bits((u >> 52) | std::bit_cast<std::uint64_t>(kLift));
  const Pack k = (lifted - (kLift + 1024.0)) - (denormal ? all(54.0) : Pack{});
  const Pack result = log_of_reduced(k, from_bits(fraction + kSqrtHalfBits) - 1.0);
  const Pack at_most_zero =
      x < 0.0 ? all(std::numeric_limits<double>::quiet_NaN()) : (x == 0.0 ? all(-kInfinity) : x);
  return x > 0.0 ? (x < kInfinity ? result : x) : at_most_zero;
}

/// exp(-a^2 / 2). The square is split into two parts, without which its rounding alone would cost
/// a^2 / 4 ulp in the result.
LEAVEOUT_KERNEL Scaled exp_minus_half_square(Pack a) {
  const Pack high = from_bits(bits(a) & ~((std::uint64_t{1} << 27) - 1));
  return exp_scaled(-0.5 * (high * high), 0.5 * ((a - high) * (a + high)));
}

/// Phi(-a) exp(a^2 / 2) for 0 <= a <= 40: t times a polynomial in 1/2 - 8 t, where t = 1 / (a + 4).
/// (After Shepherd and Laframboise, Math. Comp. 36, 1981; their variable, another factor.) Expanded
/// around 1/2 rather than 0, where the sum would lose a bit for large a. Error 2^-59.
/// The roundings of a + 4, t and w are made good to first order, with the polynomial's slope to 5
/// per cent: uncorrected they bring the error of Phi from 4 to 6 ulp.
LEAVEOUT_KERNEL Pack scaled_tail(Pack a) {
  const Pack t = 1.0 / (a + 4.0);
  const Pack w = 0.5 - 8.0 * t;
  const Pack missing = (1.0 - 4.0 * t) - a * t;
  const Pack w_low = ((0.5 - w) - 8.0 * t) - 8.0 * t * missing;
  const Pack p = polynomial(kTail, w);
  return t * (p + (missing * p + w_low * polynomial(kTailSlope, w)));
}

/// |x|, cut off where Phi(-|x|) has long rounded to zero.
LEAVEOUT_KERNEL Pack cut_absolute(Pack x) {
  const Pack a = absolute(x);
  return a > 40.0 ? all(40.0) : a;
}

LEAVEOUT_KERNEL Pack normal_pdf_kernel(Pack x) {
  return exp_minus_half_square(cut_absolute(x)).times(all(kInverseSqrt2Pi));
}

LEAVEOUT_KERNEL Pack normal_cdf_kernel(Pack x) {
  const Pack a = cut_absolute(x);
  const Pack tail = exp_minus_half_square(a).times(scaled_tail(a));
  return x > 0.0 ? 1.0 - tail : tail;
}

/// gelu(x) = x Phi(x): below zero x joins the product before the scaling, so that a denormal
/// Phi does not cost the result its digits; x is cut off there to make the limit -0, not NaN.
LEAVEOUT_KERNEL Pack gelu_kernel(Pack x) {
  const Pack a = cut_absolute(x);
  const Scaled density = exp_minus_half_square(a);
  const Pack tail = scaled_tail(a);
  return x > 0.0 ? x * (1.0 - density.times(tail)) : density.times(with_sign_of(a, x) * tail);
}

/// erf(x): an odd polynomial for |x| < 1/2 (error 2^-65), beyond it 1 - 2 Phi(-sqrt(2) |x|),
/// where the rounding of sqrt(2) |x| is harmless because erf has flattened.
LEAVEOUT_KERNEL Pack erf_kernel(Pack x) {
  constexpr double kSlopeMinusOne = 0x1.06eba8214db69p-3;  // 2 / sqrt(pi) - 1
  const Pack a = absolute(x);
  const Pack z = a * a;
  const Pack small = a + a * (kSlopeMinusOne + z * polynomial(kErf, z));
  const Pack b = cut_absolute(a * kSqrt2);
  const Pack large = 1.0 - exp_minus_half_square(b).times(2.0 * scaled_tail(b));
  return with_sign_of(a < 0.5 ? small : large, x);
}

/// Floats are computed as doubles, and rounded once.
LEAVEOUT_KERNEL Pack widened(const double* x) {
  Pack pack;
  std::memcpy(&pack, x, sizeof(Pack));
  return pack;
}
LEAVEOUT_KERNEL Pack widened(const float* x) {
  Floats floats;
  std::memcpy(&floats, x, sizeof(Floats));
  return __builtin_convertvector(floats, Pack);
}
LEAVEOUT_KERNEL void narrow(Pack pack, double* y) {
  std::memcpy(y, &pack, sizeof(Pack));
}
LEAVEOUT_KERNEL void narrow(Pack pack, float* y) {
  const Floats floats = __builtin_convertvector(pack, Floats);
  std::memcpy(y, &floats, sizeof(Floats));
}

/// Applies the kernel to n numbers, y == x allowed. One loop, hence one copy of the arithmetic:
/// the last pack differs only in how many lanes are read and written.
template <class T, class Kernel>
LEAVEOUT_KERNEL void map(const T* x, T* y, std::ptrdiff_t n, Kernel kernel) {
  for (std::ptrdiff_t i = 0; i < n; i += kLanes) {
    const bool full = n - i >= kLanes;
    const std::size_t rest = static_cast<std::size_t>(n - i) * sizeof(T);
    T buffer[kLanes] = {};
    if (!full) std::memcpy(buffer, x + i, rest);
    narrow(kernel(widened(full ? x + i : buffer)), full ? y + i : buffer);
    if (!full) std::memcpy(y + i, buffer, rest);
  }
}

}  // namespace

#define LEAVEOUT_ON_ARRAYS(function)                                 \
  void function(const float* x, float* y, std::ptrdiff_t n) {        \
    map(x, y, n, [](Pack pack) { return function##_kernel(pack); }); \
  }                                                                  \
  void function(const double* x, double* y, std::ptrdiff_t n) {      \
    map(x, y, n, [](Pack pack) { return function##_kernel(pack); }); \
  }
LEAVEOUT_ON_ARRAYS(tanh)
LEAVEOUT_ON_ARRAYS(sigmoid)
LEAVEOUT_ON_ARRAYS(softplus)
LEAVEOUT_ON_ARRAYS(exp)
LEAVEOUT_ON_ARRAYS(log)
LEAVEOUT_ON_ARRAYS(erf)
LEAVEOUT_ON_ARRAYS(normal_cdf)
LEAVEOUT_ON_ARRAYS(normal_pdf)
LEAVEOUT_ON_ARRAYS(gelu)
#undef LEAVEOUT_ON_ARRAYS
#undef LEAVEOUT_KERNEL

}  // namespace leaveout::vmath
