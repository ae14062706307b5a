// SPDX-License-Identifier: MIT
#pragma once
// The three output families of losses.h: mean, variance product, loss and divergence, column-wise.
//
//   Softmax<double>::mean(y, mu);                       // mu(y), columns sum to 1
//   Softmax<double>::add_variance(mu, v, weight, out);  // out += weight V(y) v
//
// Nothing here knows of slots or sweeps.

#include <cmath>

#include "autodiff/types.h"
#include "autodiff/vector_math.h"

namespace leaveout {

/// e^x - 1 - x without cancellation: a series near 0, where the direct form loses all digits.
template <class S>
S exp_remainder(const S& x) {
  if (std::abs(x) > 0.5) return std::exp(x) - S(1) - x;
  // x^2/2! + x^3/3! + ...: 16 terms leave less than 2^-17 / 17! of the sum, below rounding.
  S term = x * x * S(0.5), total = term;
  for (int k = 3; k < 18; ++k) {
    term *= x / S(k);
    total += term;
  }
  return total;
}

/// log(1 + x), also for complex steps (imaginary part carried to first order).
template <class S>
S log_one_plus(const S& x) {
  return std::log1p(x);
}
inline std::complex<double> log_one_plus(const std::complex<double>& x) {
  return {std::log1p(x.real()), x.imag() / (1 + x.real())};
}

/// Squared error: mean = outputs, variance = I.
template <class S>
struct Identity {
  static constexpr const char* kLoss = "half_squared_error";
  static constexpr const char* kBregman = "bregman_half_squared_error";
  static void mean(const ConstMatrixMap<S>& y, MatrixMap<S> mu) { mu = y; }
  static void add_variance(const ConstMatrixMap<S>&,
                           const ConstMatrixMap<S>& v,
                           const ConstMatrixMap<S>& weight,
                           MatrixMap<S>& out) {
    out.array() += on_top_of_itself(weight, v.rows()).array() * v.array();
  }
  template <class Y, class T>
  static S loss(const Y& y, const T& t) {
    return S(0.5) * (y - t).cwiseProduct(y - t).sum();
  }
  template <class Y, class C, class M>
  static S divergence(const Y& y, const C& centre, const M&) {
    return loss(y, centre);
  }
};

/// Independent Bernoulli outputs: mean = sigmoid.
template <class S>
struct Bernoulli {
  static constexpr const char* kLoss = "binary_cross_entropy";
  static constexpr const char* kBregman = "bregman_binary_cross_entropy";
  static void mean(const ConstMatrixMap<S>& y, MatrixMap<S> mu) {
    vmath::sigmoid(y.data(), mu.data(), y.size());
  }
  static void add_variance(const ConstMatrixMap<S>& mu,
                           const ConstMatrixMap<S>& v,
                           const ConstMatrixMap<S>& weight,
                           MatrixMap<S>& out) {
    out.array() +=
        on_top_of_itself(weight, v.rows()).array() * mu.array() * (S(1) - mu.array()) * v.array();
  }
  template <class Y, class T>
  static S loss(const Y& y, const T& t) {
    S total(0);
    for (Index o = 0; o < y.rows(); ++o) {
      S softplus;
      vmath::softplus(&y.coeffRef(o), &softplus, 1);
      total += softplus - t(o) * y(o);
    }
    return total;
  }
  // KL(p || q) = log(p e^{(1-p)d} + (1-p) e^{-pd}) with p at the centre, d = y - centre: a mean
  // of exponentials of a mean-zero variable, so that only second-order terms are ever added.
  template <class Y, class C, class M>
  static S divergence(const Y& y, const C& centre, const M& p) {
    S total(0);
    for (Index o = 0; o < y.rows(); ++o) {
      const S d = y(o) - centre(o);
      // 1 - p, also where p rounds to 1.
      const S q = real_part(centre(o)) > 0 ? p(o) * std::exp(-centre(o)) : S(1) - p(o);
      total += std::abs(d) < 30
                   ? log_one_plus(p(o) * exp_remainder(q * d) + q * exp_remainder(-p(o) * d))
                   : far(y(o), centre(o), p(o));
    }
    return total;
  }

 private:
  static S far(const S& y, const S& centre, const S& p) {
    S at_y, at_centre;
    vmath::softplus(&y, &at_y, 1);
    vmath::softplus(&centre, &at_centre, 1);
    return at_y - at_centre - p * (y - centre);
  }
};

/// One of O classes: mean = softmax.
template <class S>
struct Softmax {
  static constexpr const char* kLoss = "cross_entropy";
  static constexpr const char* kBregman = "bregman_cross_entropy";
  static void mean(const ConstMatrixMap<S>& y, MatrixMap<S> mu) {
    for (Index n = 0; n < y.cols(); ++n) {
      const S top = column_max(y.col(n));
      mu.col(n) = (y.col(n).array() - top).matrix();
    }
    vmath::exp(mu.data(), mu.data(), mu.size());
    for (Index n = 0; n < y.cols(); ++n) {
      const S total = mu.col(n).sum();
      mu.col(n) /= total;
    }
  }
  // w (mu v - mu (mu'v)), column by column.
  static void add_variance(const ConstMatrixMap<S>& mu,
                           const ConstMatrixMap<S>& v,
                           const ConstMatrixMap<S>& weight,
                           MatrixMap<S>& out) {
    for (Index n = 0; n < mu.cols(); ++n) {
      const S mean = mu.col(n).cwiseProduct(v.col(n)).sum();
      out.col(n).array() += weight(0, n) * mu.col(n).array() * (v.col(n).array() - mean);
    }
  }
  template <class Y, class T>
  static S loss(const Y& y, const T& t) {
    return log_sum_exp(y) * t.sum() - t.cwiseProduct(y).sum();
  }
  // KL(p || q) with d = y - centre, made mean-zero under p: log(1 + sum_o p_o (e^d_o - 1 - d_o)).
  template <class Y, class C, class M>
  static S divergence(const Y& y, const C& centre, const M& p) {
    S mean(0);
    for (Index o = 0; o < y.rows(); ++o) mean += p(o) * (y(o) - centre(o));
    S total(0);
    typename Eigen::NumTraits<S>::Real largest = 0;
    for (Index o = 0; o < y.rows(); ++o) {
      const S d = y(o) - centre(o) - mean;
      largest = std::max(largest, std::abs(d));
      total += p(o) * exp_remainder(d);
    }
    if (largest < 30) return log_one_plus(total);
    return log_sum_exp(y) - log_sum_exp(centre) - mean;
  }
  template <class Y>
  static S column_max(const Y& y) {
    S top = y(0);
    for (Index o = 1; o < y.rows(); ++o)
      if (real_part(y(o)) > real_part(top)) top = y(o);
    return S(real_part(top));
  }
  template <class Y>
  static S log_sum_exp(const Y& y) {
    const S top = column_max(y);
    S total(0);
    for (Index o = 0; o < y.rows(); ++o) total += std::exp(y(o) - top);
    return top + std::log(total);
  }
};

}  // namespace leaveout
