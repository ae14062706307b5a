// SPDX-License-Identifier: MIT
#include "influence/metrics/correlation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "influence/metrics/bootstrap.h"

namespace leaveout {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

void check_finite(const VectorXd& x, const char* name) {
  for (Index i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i])) {
      throw std::invalid_argument(fmt::format(
          "[metrics] {} {} is {}, expected a finite number; drop the runs that diverged",
          name,
          i,
          x[i]));
    }
  }
}

void check_pairs(const VectorXd& x, const VectorXd& y) {
  if (x.size() != y.size()) {
    throw std::invalid_argument(fmt::format(
        "[metrics] {} estimates but {} true values, expected pairs", x.size(), y.size()));
  }
  check_finite(x, "estimate");
  check_finite(y, "true value");
}

/// Values closer than this, in units of the largest magnitude, are tied.
constexpr double kTie = 1e-12;

std::vector<Index> ascending(const VectorXd& x) {
  std::vector<Index> order(static_cast<std::size_t>(x.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&x](Index a, Index b) { return x[a] < x[b]; });
  return order;
}

/// True where no spread exists. Compared exactly: a mean of equal values may differ from them in
/// the last bit, and the deviations from it would then look like data.
bool is_constant(const VectorXd& x) {
  return x.size() == 0 || x.minCoeff() == x.maxCoeff();
}

/// Deviations from the mean divided by the largest of them, so that no square under- or overflows.
struct Deviations {
  VectorXd scaled;       // (n) in [-1, 1]
  double largest = 1.0;  // deviation = largest * 2^exponent * scaled
  int exponent = 0;
};

Deviations deviations(const VectorXd& x) {
  const double size = x.cwiseAbs().maxCoeff();
  // A power of two divides exactly and keeps the sum of large values in range.
  const int exponent = size > 0.0 ? std::ilogb(size) : 0;
  VectorXd d = x.unaryExpr([exponent](double v) { return std::scalbn(v, -exponent); });  // (n)
  d.array() -= d.mean();
  d.array() -= d.mean();  // the rounding of the first mean, visible behind a large offset
  const double largest = d.cwiseAbs().maxCoeff();
  return {d / largest, largest, exponent};
}

std::optional<double> pearson_unchecked(const VectorXd& x, const VectorXd& y) {
  if (x.size() < 2 || is_constant(x) || is_constant(y)) return std::nullopt;
  const VectorXd dx = deviations(x).scaled;  // (n)
  const VectorXd dy = deviations(y).scaled;  // (n)
  const double r = dx.dot(dy) / std::sqrt(dx.squaredNorm() * dy.squaredNorm());
  return std::clamp(r, -1.0, 1.0);  // rounding may step over by one bit
}

/// Of values whose ties are merged.
std::optional<double> spearman_unchecked(const VectorXd& x, const VectorXd& y) {
  return pearson_unchecked(average_ranks(x), average_ranks(y));
}

/// Pairs of equal neighbours in [first, last).
template <class Iterator>
double tied_pairs(Iterator first, Iterator last) {
  double pairs = 0;
  while (first != last) {
    const auto next = std::find_if(first, last, [&](const auto& v) { return v != *first; });
    const auto count = static_cast<double>(next - first);
    pairs += count * (count - 1) / 2;
    first = next;
  }
  return pairs;
}

/// Sorts and returns how many pairs were out of order: a merge sort that counts its exchanges.
double sort_counting(std::vector<double>& v, std::vector<double>& scratch, Index begin, Index end) {
  if (end - begin < 2) return 0;
  const Index middle = begin + (end - begin) / 2;
  double exchanges = sort_counting(v, scratch, begin, middle);
  exchanges += sort_counting(v, scratch, middle, end);
  for (Index i = begin, j = middle, k = begin; k < end; ++k) {
    const bool from_left = j == end || (i < middle && v[i] <= v[j]);
    if (!from_left) exchanges += static_cast<double>(middle - i);
    scratch[k] = from_left ? v[i++] : v[j++];
  }
  std::copy(scratch.begin() + begin, scratch.begin() + end, v.begin() + begin);
  return exchanges;
}

/// Of values whose ties are merged (Knight 1966): sorted by x, then y, the pairs whose y are out of
/// order are the discordant ones.
std::optional<double> kendall_unchecked(const VectorXd& x, const VectorXd& y) {
  const Index n = x.size();
  if (n < 2 || is_constant(x) || is_constant(y)) return std::nullopt;
  std::vector<std::pair<double, double>> pairs;
  for (Index i = 0; i < n; ++i) pairs.emplace_back(x[i], y[i]);
  std::sort(pairs.begin(), pairs.end());
  std::vector<double> first, second;
  for (const auto& [a, b] : pairs) {
    first.push_back(a);
    second.push_back(b);
  }
  std::vector<double> scratch(second.size());
  const double both = tied_pairs(pairs.begin(), pairs.end());
  const double tied_x = tied_pairs(first.begin(), first.end());
  const double discordant = sort_counting(second, scratch, 0, n);
  const double tied_y = tied_pairs(second.begin(), second.end());
  const double all = 0.5 * static_cast<double>(n) * static_cast<double>(n - 1);
  const double difference = all - tied_x - tied_y + both - 2 * discordant;
  return difference / std::sqrt((all - tied_x) * (all - tied_y));
}

std::optional<double> slope_unchecked(const VectorXd& x, const VectorXd& y) {
  if (x.size() < 2 || is_constant(x)) return std::nullopt;
  if (is_constant(y)) return 0.0;
  const Deviations dx = deviations(x);
  const Deviations dy = deviations(y);
  const double b = dx.scaled.dot(dy.scaled) / dx.scaled.squaredNorm() * (dy.largest / dx.largest);
  return std::scalbn(b, dy.exponent - dx.exponent);
}

/// Collects the draws of one number and turns them into its interval.
struct Draws {
  std::vector<double> values;
  Index skipped = 0;

  void add(const std::optional<double>& value) {
    if (value) {
      values.push_back(*value);
    } else {
      ++skipped;
    }
  }

  Estimate interval(const std::optional<double>& value, Index n, double level) {
    Estimate e{.value = value, .n = n};
    if (!value) return e;
    e.skipped = skipped;
    e.resamples = static_cast<Index>(values.size());
    if (values.empty()) return e;
    std::sort(values.begin(), values.end());
    e.low = quantile(values, 0.5 * (1.0 - level));
    e.high = quantile(values, 0.5 * (1.0 + level));
    return e;
  }
};

/// Fixed decimals without the sign of a negative number that rounds to zero.
std::string fixed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find_first_of("123456789") == std::string::npos && text[0] == '-') text.erase(0, 1);
  return text;
}

}  // namespace

std::optional<double> pearson(const VectorXd& x, const VectorXd& y) {
  check_pairs(x, y);
  return pearson_unchecked(x, y);
}

std::optional<double> spearman(const VectorXd& x, const VectorXd& y) {
  check_pairs(x, y);
  return spearman_unchecked(merge_ties(x), merge_ties(y));
}

std::optional<double> kendall(const VectorXd& x, const VectorXd& y) {
  check_pairs(x, y);
  return kendall_unchecked(merge_ties(x), merge_ties(y));
}

std::optional<double> slope(const VectorXd& estimate, const VectorXd& truth) {
  check_pairs(estimate, truth);
  return slope_unchecked(estimate, truth);
}

VectorXd merge_ties(const VectorXd& x) {
  if (x.size() == 0) return x;
  const double close = kTie * x.cwiseAbs().maxCoeff();
  VectorXd merged = x;  // (n)
  double first = -std::numeric_limits<double>::infinity();
  for (const Index i : ascending(x)) {
    if (!(x[i] - first <= close)) first = x[i];
    merged[i] = first;
  }
  return merged;
}

VectorXd average_ranks(const VectorXd& x) {
  const Index n = x.size();
  const std::vector<Index> order = ascending(x);
  VectorXd ranks(n);  // (n)
  for (Index first = 0; first < n;) {
    Index last = first;
    while (last + 1 < n && x[order[last + 1]] == x[order[first]]) ++last;
    const double shared = 0.5 * static_cast<double>(first + last) + 1.0;
    for (Index i = first; i <= last; ++i) ranks[order[i]] = shared;
    first = last + 1;
  }
  return ranks;
}

Agreement agreement(const VectorXd& estimate, const VectorXd& truth, const Bootstrap& bootstrap) {
  check_pairs(estimate, truth);
  if (bootstrap.resamples < 0 || !(bootstrap.level > 0.0 && bootstrap.level < 1.0)) {
    throw std::invalid_argument(fmt::format(
        "[metrics] bootstrap of {} resamples at level {}, expected resamples >= 0 and a "
        "level between 0 and 1",
        bootstrap.resamples,
        bootstrap.level));
  }
  const Index n = estimate.size();
  Draws pearsons, spearmans, slopes;
  const VectorXd estimate_order = merge_ties(estimate), truth_order = merge_ties(truth);
  VectorXd x(n), y(n), order_x(n), order_y(n);  // (n) one resample
  for (Index r = 0; n >= 2 && r < bootstrap.resamples; ++r) {
    const std::vector<Index> picks = resample_items(n, bootstrap.seed, r);
    for (Index i = 0; i < n; ++i) {
      const Index pick = picks[static_cast<std::size_t>(i)];
      x[i] = estimate[pick];
      y[i] = truth[pick];
      order_x[i] = estimate_order[pick];
      order_y[i] = truth_order[pick];
    }
    pearsons.add(pearson_unchecked(x, y));
    spearmans.add(spearman_unchecked(order_x, order_y));
    slopes.add(slope_unchecked(x, y));
  }
  return {pearsons.interval(pearson_unchecked(estimate, truth), n, bootstrap.level),
          spearmans.interval(spearman_unchecked(estimate_order, truth_order), n, bootstrap.level),
          slopes.interval(slope_unchecked(estimate, truth), n, bootstrap.level)};
}

MeanError mean_error(const VectorXd& values) {
  check_finite(values, "value");
  const Index n = values.size();
  MeanError result{.n = n};
  if (n == 0) return result;
  // A mean of equal values may differ from them in the last bit; their spread is zero all the same.
  if (is_constant(values)) {
    result.mean = values[0];
    if (n > 1) result.standard_error = 0.0;
    return result;
  }
  const double mean = values.mean();
  const double squares = (values.array() - mean).square().sum();
  result.mean = mean;
  result.standard_error =
      std::sqrt(squares / (static_cast<double>(n - 1) * static_cast<double>(n)));
  return result;
}

std::string to_string(const Estimate& estimate, int decimals) {
  if (!estimate.value) return "undefined";
  std::string value = fixed(*estimate.value, decimals);
  if (estimate.resamples == 0) return value;
  return fmt::format(
      "{} [{}, {}]", value, fixed(estimate.low, decimals), fixed(estimate.high, decimals));
}

std::string to_string(const MeanError& mean, int digits) {
  if (!mean.mean) return "undefined";
  if (!mean.standard_error) return fmt::format("{:.{}g}", *mean.mean, digits);
  return fmt::format("{:.{}g} ± {:.{}g}", *mean.mean, digits, *mean.standard_error, digits);
}

}  // namespace leaveout
