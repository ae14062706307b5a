// SPDX-License-Identifier: MIT
#include "influence/harmonic/residual_estimation.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "datasets/random.h"
#include "influence/harmonic/nnls.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Where the pairs of level j lie; level J is that of h(1).
struct Layout {
  std::vector<Index> start;  // (levels + 2), the last is the end

  explicit Layout(const StabilityPlan& plan) : start{0} {
    for (const Index n : plan.pairs) start.push_back(start.back() + n);
    start.push_back(start.back() + plan.top_subsets);
  }
  std::size_t levels() const { return start.size() - 1; }
  Index size(std::size_t j) const { return start[j + 1] - start[j]; }
  Index total() const { return start.back(); }
};

/// Sums over some pairs (y, y') of a level: enough to centre them anywhere afterwards.
struct PairSums {
  double pairs = 0.0, product = 0.0, sum = 0.0, sum_squared = 0.0;  // y y', y + y', (y + y')^2

  void add(double y, double z) {
    pairs += 1.0;
    product += y * z;
    sum += y + z;
    sum_squared += (y + z) * (y + z);
  }
  PairSums& operator+=(const PairSums& o) {
    pairs += o.pairs;
    product += o.product;
    sum += o.sum;
    sum_squared += o.sum_squared;
    return *this;
  }
  /// The same of values less `mean`.
  PairSums about(double mean) const {
    return {pairs,
            product - mean * sum + pairs * mean * mean,
            sum - 2.0 * pairs * mean,
            sum_squared - 4.0 * mean * sum + 4.0 * pairs * mean * mean};
  }
  /// Mean product of values about the mean of the other 2 all - 2, where this is about the mean of
  /// all: each then lies (y + y') / (2 all - 2) further out. Of the bias of a linear estimate of
  /// B_1 only the factor 1 - 2 / (2 all - 2)^2 is left.
  double covariance(double all) const {
    const double w = 1.0 / (2.0 * all - 2.0);
    return (product + (w + w * w) * sum_squared) / pairs;
  }
};

/// The plan's numbers from the sums of its levels and of h(1), (J + 1).
StabilityNumbers numbers(const StabilityPlan& plan, const std::vector<PairSums>& levels) {
  PairSums all;
  for (const PairSums& s : levels) all += s;
  const double mean = all.sum / (2.0 * all.pairs);
  const auto h = [&](const PairSums& s) {
    return plan.centred ? s.about(mean).covariance(all.pairs) : s.product / s.pairs;
  };
  StabilityNumbers result{.stability = VectorXd(plan.levels.size()), .reading = {}};
  for (Index j = 0; j < plan.levels.size(); ++j)
    result.stability[j] = h(levels[static_cast<std::size_t>(j)]);
  double top = 0.0;
  if (plan.top_subsets > 0) {
    top = h(levels.back());
  } else {
    const PairSums about = all.about(plan.centred ? mean : 0.0);
    const double squares = about.sum_squared - 2.0 * about.product;
    top = squares / (2.0 * all.pairs - (plan.centred ? 1.0 : 0.0));
  }
  result.top = top;
  result.reading = read_stabilities(plan, result.stability, top);
  return result;
}

void check_plan(const StabilityPlan& plan) {
  if (plan.levels.size() != static_cast<Index>(plan.pairs.size()) || plan.levels.size() == 0)
    throw std::invalid_argument(fmt::format(
        "[stability] {} levels but {} numbers of pairs", plan.levels.size(), plan.pairs.size()));
  bool enough = plan.top_subsets == 0 || plan.top_subsets >= 2;
  for (const Index n : plan.pairs) enough = enough && n >= 2;
  if (!enough)
    throw std::invalid_argument(
        "[stability] fewer than two pairs at a level, expected two or more for an error bar");
  if (plan.nnls_degree == 0 && !plan.centred)
    throw std::invalid_argument(
        "[stability] a linear plan about zero, expected one about the mean; set centred");
}

void check_outputs(const StabilityPlan& plan, const MatrixXd& first, const MatrixXd& second) {
  const Index total = Layout(plan).total();
  const Index repeated = total - (plan.top_runs == 2 ? 0 : plan.top_subsets);
  if (first.rows() != total || second.rows() != repeated || first.cols() != second.cols() ||
      first.cols() == 0)
    throw std::invalid_argument(
        fmt::format("[stability] outputs of {} x {} and {} x {}, expected {} and {} rows of as "
                    "many targets",
                    first.rows(),
                    first.cols(),
                    second.rows(),
                    second.cols(),
                    total,
                    repeated));
  if (!first.allFinite() || !second.allFinite())
    throw std::invalid_argument(
        "[stability] an output is not finite, expected finite numbers; drop the runs that "
        "diverged");
}

/// Mean and spread of each number over resamples.
class Spread {
 public:
  void add(double x) {
    ++n_;
    const double step = x - mean_;
    mean_ += step / n_;
    squares_ += step * (x - mean_);
  }
  double deviation() const { return std::sqrt(squares_ / (n_ - 1.0)); }

 private:
  double n_ = 0.0, mean_ = 0.0, squares_ = 0.0;
};

struct TargetSpread {
  Spread degree1, variance, residual, share;
  std::vector<Spread> stability;

  void add(const StabilityNumbers& x) {
    degree1.add(x.reading.degree1);
    variance.add(x.reading.variance);
    residual.add(x.reading.residual);
    share.add(x.reading.share());
    for (std::size_t j = 0; j < stability.size(); ++j)
      stability[j].add(x.stability[static_cast<Index>(j)]);
  }
  ResidualEstimate about(const StabilityNumbers& x) const {
    const StabilityReading& r = x.reading;
    ResidualEstimate e{.degree1 = {r.degree1, degree1.deviation()},
                       .variance = {r.variance, variance.deviation()},
                       .residual = {r.residual, residual.deviation()},
                       .share = {r.share(), share.deviation()},
                       .stability = {}};
    for (std::size_t j = 0; j < stability.size(); ++j)
      e.stability.push_back({x.stability[static_cast<Index>(j)], stability[j].deviation()});
    return e;
  }
};

/// Which pairs enter: all of them once, or a draw with replacement within each level.
std::vector<Index> all_pairs(const Layout& layout) {
  std::vector<Index> picks(static_cast<std::size_t>(layout.total()));
  for (std::size_t i = 0; i < picks.size(); ++i) picks[i] = static_cast<Index>(i);
  return picks;
}

std::vector<Index> resampled_pairs(const Layout& layout, std::uint64_t seed, Index resample) {
  Random random(seed, {0x70616972 /* "pair" */, static_cast<std::uint64_t>(resample)});
  std::vector<Index> picks;
  for (std::size_t j = 0; j < layout.levels(); ++j)
    for (Index i = 0; i < layout.size(j); ++i)
      picks.push_back(layout.start[j] +
                      static_cast<Index>(random.below(static_cast<std::uint64_t>(layout.size(j)))));
  return picks;
}

StabilityNumbers of_picks(const StabilityPlan& plan,
                          const Layout& layout,
                          const std::vector<Index>& picks,
                          const MatrixXd& first,
                          const MatrixXd& second,
                          Index target) {
  std::vector<PairSums> sums(layout.levels());
  for (std::size_t j = 0; j < layout.levels(); ++j)
    for (Index i = layout.start[j]; i < layout.start[j + 1]; ++i) {
      const Index pick = picks[static_cast<std::size_t>(i)];
      const double y = first(pick, target);
      // A subset for h(1) that was trained once stands for both members.
      sums[j].add(y, pick < second.rows() ? second(pick, target) : y);
    }
  return numbers(plan, sums);
}

}  // namespace

StabilityReading read_stabilities(const StabilityPlan& plan,
                                  const VectorXd& stabilities,
                                  double top) {
  StabilityReading r;
  if (plan.nnls_degree == 0) {
    r.degree1 = slope_weights(plan).dot(stabilities);
  } else {
    const Index lowest = plan.centred ? 1 : 0;
    MatrixXd v(plan.levels.size(), plan.nnls_degree + 1 - lowest);  // (J x terms)
    for (Index d = lowest; d <= plan.nnls_degree; ++d)
      v.col(d - lowest) = plan.levels.array().pow(static_cast<double>(d));
    const VectorXd z = nnls(v, stabilities);
    r.degree0 = plan.centred ? 0.0 : z[0];
    r.degree1 = z[1 - lowest];
  }
  r.variance = top - r.degree0;
  r.residual = r.variance - r.degree1;
  return r;
}

MaskPairs draw_pairs(const StabilityPlan& plan, Index examples, std::uint64_t seed) {
  check_plan(plan);
  const Layout layout(plan);
  const Index fitted = layout.total() - plan.top_subsets;
  const Index repeated = plan.top_runs == 2 ? layout.total() : fitted;
  MaskPairs all{MatrixXd(examples, layout.total()), MatrixXd(examples, repeated)};
  for (std::size_t j = 0; j < layout.levels(); ++j) {
    if (layout.size(j) == 0) continue;
    const bool top = j + 1 == layout.levels();
    const double rho = top ? 1.0 : plan.levels[static_cast<Index>(j)];
    const MaskPairs level = correlated_masks(examples, plan.p, rho, layout.size(j), seed, j);
    all.first.middleCols(layout.start[j], layout.size(j)) = level.first;
    if (!top || plan.top_runs == 2)
      all.second.middleCols(layout.start[j], layout.size(j)) = level.second;
  }
  return all;
}

std::vector<StabilityNumbers> measure_stabilities(const StabilityPlan& plan,
                                                  const MatrixXd& first,
                                                  const MatrixXd& second) {
  check_plan(plan);
  check_outputs(plan, first, second);
  const Layout layout(plan);
  const std::vector<Index> all = all_pairs(layout);
  std::vector<StabilityNumbers> result;
  for (Index k = 0; k < first.cols(); ++k)
    result.push_back(of_picks(plan, layout, all, first, second, k));
  return result;
}

std::vector<ResidualEstimate> estimate_residual(const StabilityPlan& plan,
                                                const MatrixXd& first,
                                                const MatrixXd& second,
                                                Index resamples,
                                                std::uint64_t seed) {
  check_plan(plan);
  check_outputs(plan, first, second);
  if (resamples < 2)
    throw std::invalid_argument(
        fmt::format("[stability] {} resamples, expected at least two", resamples));
  const Layout layout(plan);
  const std::vector<Index> all = all_pairs(layout);
  TargetSpread none;
  none.stability.resize(static_cast<std::size_t>(plan.levels.size()));
  std::vector<TargetSpread> spreads(static_cast<std::size_t>(first.cols()), none);
  for (Index r = 0; r < resamples; ++r) {
    const std::vector<Index> picks = resampled_pairs(layout, seed, r);
    for (Index k = 0; k < first.cols(); ++k)
      spreads[static_cast<std::size_t>(k)].add(of_picks(plan, layout, picks, first, second, k));
  }
  std::vector<ResidualEstimate> result;
  for (Index k = 0; k < first.cols(); ++k)
    result.push_back(
        spreads[static_cast<std::size_t>(k)].about(of_picks(plan, layout, all, first, second, k)));
  return result;
}

}  // namespace leaveout
