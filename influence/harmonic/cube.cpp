// SPDX-License-Identifier: MIT
#include "influence/harmonic/cube.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <stdexcept>

#include "influence/harmonic/butterfly.h"

namespace leaveout {
namespace {

using Eigen::Index;
using Eigen::Ref;
using Eigen::VectorXd;

/// The mean and the coefficient of one coordinate. A function that ignores the example comes out
/// with the coefficient 0 exactly.
auto forward(double p) {
  const double s = std::sqrt(p * (1 - p));
  return [p, s](double& without, double& with) {
    const double difference = with - without;
    without += p * difference;
    with = s * difference;
  };
}

auto backward(double p) {
  const double u = std::sqrt((1 - p) / p), t = std::sqrt(p / (1 - p));
  return [u, t](double& mean, double& coefficient) {
    const double with = mean + u * coefficient;
    mean -= t * coefficient;
    coefficient = with;
  };
}

void check_rates(const VectorXd& p, Index n) {
  if (p.size() != n) {
    throw std::invalid_argument(
        fmt::format("[harmonic] {} rates of inclusion for a table over {} examples, expected one "
                    "for each example",
                    p.size(),
                    n));
  }
  for (const double rate : p) check_rate(rate);
}

}  // namespace

Index cube_dimension(Index entries) {
  if (entries < 1 || !std::has_single_bit(static_cast<std::uint64_t>(entries))) {
    throw std::invalid_argument(
        fmt::format("[harmonic] table of {} entries, expected 2^N, one for each subset of N "
                    "examples, entry b for the subset with bits b",
                    entries));
  }
  return std::countr_zero(static_cast<std::uint64_t>(entries));
}

void check_rate(double p) {
  if (!(p > 0 && p < 1)) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] rate of inclusion p = {}, expected 0 < p < 1; at 0 and at 1 only one subset "
        "is ever drawn",
        p));
  }
}

void check_group(std::uint64_t group, Index n) {
  if (n < 64 && group >> n != 0) {
    throw std::invalid_argument(fmt::format(
        "[harmonic] group {:#b} names an example beyond the {} of the table; bit i is example i",
        group,
        n));
  }
}

void to_spectrum(Ref<VectorXd> table, double p) {
  const Index n = cube_dimension(table.size());
  check_rate(p);
  butterfly(table.data(), n, [p](Index) { return forward(p); });
}

void to_spectrum(Ref<VectorXd> table, const VectorXd& p) {
  const Index n = cube_dimension(table.size());
  check_rates(p, n);
  butterfly(table.data(), n, [&p](Index i) { return forward(p[i]); });
}

void to_table(Ref<VectorXd> spectrum, double p) {
  const Index n = cube_dimension(spectrum.size());
  check_rate(p);
  butterfly(spectrum.data(), n, [p](Index) { return backward(p); });
}

void to_table(Ref<VectorXd> spectrum, const VectorXd& p) {
  const Index n = cube_dimension(spectrum.size());
  check_rates(p, n);
  butterfly(spectrum.data(), n, [&p](Index i) { return backward(p[i]); });
}

void to_dividends(Ref<VectorXd> table) {
  butterfly(table.data(), cube_dimension(table.size()), [](Index) {
    return [](double& without, double& with) { with -= without; };
  });
}

void dividends_to_table(Ref<VectorXd> dividends) {
  butterfly(dividends.data(), cube_dimension(dividends.size()), [](Index) {
    return [](double& without, double& with) { with += without; };
  });
}

void change_rate(Ref<VectorXd> spectrum, double p, double q) {
  const Index n = cube_dimension(spectrum.size());
  check_rate(p);
  check_rate(q);
  const double shift = (q - p) / std::sqrt(p * (1 - p));
  const double stretch = std::sqrt(q * (1 - q) / (p * (1 - p)));
  butterfly(spectrum.data(), n, [shift, stretch](Index) {
    return [shift, stretch](double& mean, double& coefficient) {
      mean += shift * coefficient;
      coefficient *= stretch;
    };
  });
}

void apply_noise(Ref<VectorXd> spectrum, double rho) {
  butterfly(spectrum.data(), cube_dimension(spectrum.size()), [rho](Index) {
    return [rho](double&, double& coefficient) { coefficient *= rho; };
  });
}

}  // namespace leaveout
