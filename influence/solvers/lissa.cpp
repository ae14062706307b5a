// SPDX-License-Identifier: MIT
#include "influence/solvers/lissa.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Product = std::function<void(Index, const MatrixXd&, MatrixXd&)>;  // step, h, A_t h

/// One batch of a stochastic product, held still.
class BatchOperator final : public LinearOperator {
 public:
  BatchOperator(const BatchProduct& batch, Index step, Index size)
      : batch_(batch), step_(step), size_(size) {}
  Index size() const override { return size_; }
  void apply(const Eigen::Ref<const MatrixXd>& v, Eigen::Ref<MatrixXd> out) const override {
    batch_(step_, 0, v, out);
  }

 private:
  const BatchProduct& batch_;
  Index step_;
  Index size_;
};

struct Recursion {
  MatrixXd h;         // (n x k) last iterate, or the last one within bounds
  Index steps = 0;    // T reached
  bool grew = false;  // left the bound, or stopped being finite
};

/// The recursion from h_0 = v. While 0 <= A_t <= 2 scale, |h_t| <= (t + 1) |v|: an iterate beyond
/// `slack` times that has met an eigenvalue outside. Stops where |v - A_t h_t / scale| <= stop |v|,
/// with A_t = A the residual of h_t / scale.
Recursion recurse(const Product& product,
                  const Eigen::Ref<const MatrixXd>& v,
                  double scale,
                  Index depth,
                  double slack,
                  double stop) {
  Recursion run;
  run.h = v;
  MatrixXd product_h(v.rows(), v.cols());  // (n x k) A_t h_t
  MatrixXd next(v.rows(), v.cols());       // (n x k) h_{t+1}
  const Eigen::RowVectorXd size = v.colwise().norm();
  for (; run.steps < depth; ++run.steps) {
    product(run.steps, run.h, product_h);
    next = v + run.h - product_h / scale;
    const double t = static_cast<double>(run.steps);
    const Eigen::RowVectorXd norm = next.colwise().norm();
    run.grew = !(norm.array() <= slack * (t + 2) * size.array()).all();  // true for NaN
    if (run.grew && std::isfinite(slack)) return run;
    if (stop > 0) {
      const Eigen::RowVectorXd residual = (v - product_h / scale).colwise().norm();
      if ((residual.array() <= stop * size.array()).all()) return run;
    }
    run.h.swap(next);
  }
  return run;
}

void check_options(const LissaOptions& o, bool stochastic) {
  const auto refuse = [](const char* what, const std::string& got) {
    throw std::invalid_argument(fmt::format("[lissa] {}, got {}", what, got));
  };
  if (!(o.scale >= 0) || !std::isfinite(o.scale))
    refuse("scale, expected a positive number or 0 for automatic", fmt::to_string(o.scale));
  if (!(o.margin > 0.5)) refuse("margin, expected more than 0.5", fmt::to_string(o.margin));
  if (o.depth < 0) refuse("depth, expected 0 or more", fmt::to_string(o.depth));
  if (o.repeats < 1) refuse("repeats, expected at least 1", fmt::to_string(o.repeats));
  if (!(o.tolerance > 0)) refuse("tolerance, expected more than 0", fmt::to_string(o.tolerance));
  if (!(o.koh_damping >= 0 && o.koh_damping < 1))
    refuse("koh_damping, expected 0 or more and less than 1", fmt::to_string(o.koh_damping));
  if (stochastic && o.early_stop)
    refuse("early_stop, expected false for batches, whose steps do not shrink", "true");
}

/// The largest eigenvalue of some batches beyond those that the recursion draws.
double largest_batch_eigenvalue(const BatchProduct& batch, Index n, const LissaOptions& o) {
  double largest = 0;
  for (Index i = 0; i < o.probes; ++i) {
    const BatchOperator one(batch, o.depth + i, n);
    const SpectrumOptions rough = {.tolerance = 0.05, .max_steps = 16, .seed = o.seed};
    const Spectrum ends = extreme_eigenvalues(one, rough);
    largest = std::max(largest, ends.largest);
  }
  return largest;
}

/// Throws unless 0 < e < 2 scale for every eigenvalue e of the operator that is inverted.
void refuse_divergence(const Spectrum& ends, double shift, double scale, Index n) {
  const double largest = ends.largest + shift;
  const double smallest = ends.smallest + shift;
  const double magnitude = std::max(std::abs(ends.largest), std::abs(ends.smallest)) + shift;
  const double rounding = rounding_level(n) * magnitude;
  if (smallest <= rounding)
    throw std::invalid_argument(
        fmt::format("[lissa] diverges at any scale (here {:.4g}): the smallest eigenvalue is {}",
                    scale,
                    not_positive(smallest, rounding)));
  if (largest >= 2 * scale)
    throw std::invalid_argument(fmt::format(
        "[lissa] diverges: the largest eigenvalue {:.4g} is not below 2 scale = {:.4g}; "
        "use a scale above {:.4g}, or 0 for an automatic one",
        largest,
        2 * scale,
        largest / 2));
}

/// The scale of a run, checked against the spectrum. `batch` may be empty.
double settle_scale(const Spectrum& ends,
                    const BatchProduct& batch,
                    Index n,
                    const LissaOptions& o) {
  double scale = o.scale;
  if (scale == 0) {
    double largest = std::max(ends.largest + ends.largest_residual, 0.0);
    if (batch) largest = std::max(largest, largest_batch_eigenvalue(batch, n, o));
    scale = o.margin * largest;
  }
  refuse_divergence(ends, o.koh_damping * scale, scale, n);
  return scale;
}

/// Fills in what is known of the operator, the true residual and the message.
void report(const LinearOperator& a,
            const Eigen::Ref<const MatrixXd>& b,
            const LissaOptions& o,
            const Spectrum& ends,
            double scale,
            bool grew,
            Solution& solution) {
  const double shift = o.koh_damping * scale;
  const SumOperator inverted = damp(a, shift);
  solution.smallest_eigenvalue = ends.smallest + shift;
  report_residual(inverted, b, o.tolerance, solution);
  if (grew) {
    solution.converged = false;
    solution.message = fmt::format(
        "[lissa] the iterate grew and was stopped at step {} with scale {:.4g}, largest eigenvalue "
        "{:.4g}: a batch has an eigenvalue outside (0, 2 scale); raise the scale, the batch size "
        "or "
        "the damping",
        solution.iterations,
        scale,
        ends.largest + shift);
  } else if (!solution.converged) {
    // What is left of the worst direction after T steps; batches add their noise to that.
    const double smallest = solution.smallest_eigenvalue;
    const double rate =
        std::max(std::abs(1 - smallest / scale), std::abs(1 - (ends.largest + shift) / scale));
    const double left = std::pow(rate, static_cast<double>(solution.iterations) + 1);
    const double residual = solution.residual.maxCoeff();
    solution.message = fmt::format(
        "[lissa] largest residual {:.3g} is above {:.3g} at depth {} with scale {:.4g}, smallest "
        "eigenvalue {:.4g}: {}",
        residual,
        o.tolerance,
        solution.iterations,
        scale,
        smallest,
        left < 0.5 * residual
            ? std::string("noise of the batches, so raise repeats, the batch size or the scale")
            : fmt::format("raise depth (scale / eigenvalue = {:.3g} steps a factor e) or damping",
                          scale / smallest));
  }
}

/// Both forms: `batch` is empty for the full batch.
Solution solve(const LinearOperator& a,
               const BatchProduct& batch,
               const Eigen::Ref<const MatrixXd>& b,
               const LissaOptions& o) {
  const bool stochastic = static_cast<bool>(batch);
  check_options(o, stochastic);
  check_right_hand_side("lissa", a.size(), b);
  const Spectrum ends = o.spectrum ? *o.spectrum : extreme_eigenvalues(a, {.seed = o.seed});
  const double scale = settle_scale(ends, batch, a.size(), o);
  const double shift = o.koh_damping * scale;
  // Full batch: the bound is a theorem, so rounding is all the slack it needs. Batches may leave
  // [0, 2 scale] now and then and still converge in the mean square.
  const double slack = stochastic ? 100 : 1 + 1e-9;

  // A hair below the tolerance, so that the residual recomputed in another order is within it too.
  const double stop = o.early_stop ? 0.99 * o.tolerance : 0;

  Solution solution;
  solution.x = MatrixXd::Zero(b.rows(), b.cols());
  const Index repeats = stochastic ? o.repeats : 1;
  Index done = 0;
  bool grew = false;
  for (; done < repeats && !grew; ++done) {
    const auto product = [&](Index step, const MatrixXd& h, MatrixXd& out) {
      stochastic ? batch(step, done, h, out) : a.apply(h, out);
      out += shift * h;
    };
    const Recursion run = recurse(product, b, scale, o.depth, slack, stop);
    solution.x += run.h;
    solution.iterations = run.steps;
    grew = run.grew;
  }
  solution.x /= scale * static_cast<double>(done);
  report(a, b, o, ends, scale, grew, solution);
  return solution;
}

}  // namespace

Solution lissa(const LinearOperator& a,
               const Eigen::Ref<const MatrixXd>& b,
               const LissaOptions& options) {
  return solve(a, {}, b, options);
}

Solution lissa(const LinearOperator& a,
               const BatchProduct& batch,
               const Eigen::Ref<const MatrixXd>& b,
               const LissaOptions& options) {
  if (!batch) throw std::invalid_argument("[lissa] batch product, expected a function, got none");
  return solve(a, batch, b, options);
}

MatrixXd lissa_unchecked(const LinearOperator& a,
                         const Eigen::Ref<const MatrixXd>& b,
                         double scale,
                         Index depth) {
  const auto product = [&](Index, const MatrixXd& h, MatrixXd& out) { a.apply(h, out); };
  const double unlimited = std::numeric_limits<double>::infinity();
  return recurse(product, b, scale, depth, unlimited, 0).h / scale;
}

double lissa_filter(double eigenvalue, double scale, Index depth) {
  const double ratio = eigenvalue / scale;
  const double power = static_cast<double>(depth) + 1;
  if (eigenvalue == 0) return power / scale;
  // 1 - (1 - ratio)^(T+1) without cancellation for small ratios.
  if (ratio < 1) return -std::expm1(power * std::log1p(-ratio)) / eigenvalue;
  return (1 - std::pow(1 - ratio, power)) / eigenvalue;
}

}  // namespace leaveout
