// SPDX-License-Identifier: MIT
#include "influence/few_parameters/restricted_influence.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "influence/few_parameters/parameter_subset.h"
#include "influence/solvers/bunch_kaufman.h"
#include "influence/solvers/direct.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("[restricted influence] " + what);
}

/// A symmetric matrix as L L' where it is positive definite, else as L D L'.
class Factor {
 public:
  /// `cause` ends the message where the matrix is singular.
  Factor(MatrixXd matrix, const char* cause)
      : rows_(matrix.rows()), matrix_(std::move(matrix)), cholesky_(matrix_.dense()) {
    const double largest = matrix_.dense().cwiseAbs().maxCoeff();
    const VectorXd pivots = cholesky_.matrixLLT().diagonal().cwiseAbs2();
    const bool clear = pivots.minCoeff() > rounding_level(rows_) * largest;
    if (cholesky_.info() == Eigen::Success && clear) return;
    indefinite_.emplace(matrix_.dense());
    if (indefinite_->inertia().zero > 0) refuse(cause);
  }

  Index negative() const { return indefinite_ ? indefinite_->inertia().negative : 0; }
  Solution solve(const MatrixXd& b) const {
    const auto inverse = [this](const MatrixXd& v) -> MatrixXd {
      return indefinite_ ? indefinite_->solve(v) : MatrixXd(cholesky_.solve(v));
    };
    Solution solution = solve_refined(matrix_, inverse, b, kDirectTolerance);
    solution.negative_eigenvalues = negative();
    if (!solution.converged)
      solution.message = fmt::format(
          "[restricted influence] residual {:.3g} of a system of {} parameters is above {:.3g}: it "
          "is nearly singular, so use more damping",
          solution.residual.maxCoeff(),
          rows_,
          kDirectTolerance);
    return solution;
  }

 private:
  Index rows_;
  DenseOperator matrix_;
  Eigen::LLT<MatrixXd> cholesky_;
  std::optional<BunchKaufman> indefinite_;
};

constexpr const char* kSingularSubset =
    "the subset's own block of the matrix is singular, so nothing says how far these parameters "
    "move: raise damping or weight_decay, or take another subset";
constexpr const char* kSingularRest =
    "the Schur complement of the subset is singular, and with it the whole matrix, so there is no "
    "full influence to compare with: raise damping or weight_decay";

void check_subset(const std::vector<Index>& subset, Index parameters) {
  const bool ascending =
      std::adjacent_find(subset.begin(), subset.end(), std::greater_equal<>()) == subset.end();
  if (subset.empty() || !ascending || subset.front() < 0 || subset.back() >= parameters)
    refuse(fmt::format("subset, expected one or more ascending entries from 0 to {}, got {}",
                       parameters - 1,
                       subset.empty()
                           ? "none"
                           : fmt::format("{} from {} to {}",
                                         subset.size(),
                                         *std::min_element(subset.begin(), subset.end()),
                                         *std::max_element(subset.begin(), subset.end()))));
}

void check_gradients(const char* name, const MatrixXd& g, Index parameters) {
  if (g.rows() != parameters)
    refuse(fmt::format(
        "{} gradients, expected columns of {} numbers, got {}", name, parameters, g.rows()));
  if (!g.allFinite())
    refuse(fmt::format("{} gradients have an entry that is not finite: check theta", name));
}

double one_over(Index train_size) {
  if (train_size < 1)
    refuse(fmt::format("train_size, expected the number of training examples, got {}", train_size));
  return 1.0 / static_cast<double>(train_size);
}

/// The rest of theta, given that the subset alone explains the matrix's action on it.
struct Rest {
  MatrixXd explained;  // (w x rest) A^-1 B
  Factor schur;        // (rest x rest)
  std::vector<Index> subset, rest;

  /// r(g) of gradients as columns: (rest x k).
  MatrixXd residual(const MatrixXd& g) const {
    return g(rest, Eigen::all) - explained.transpose() * g(subset, Eigen::all);
  }
};

MatrixXd schur_complement(const MatrixXd& c, const MatrixXd& b, const MatrixXd& explained) {
  const MatrixXd s = c - b.transpose() * explained;
  return 0.5 * (s + s.transpose());
}

void note(const Solution& solution, RestrictedInfluence& r) {
  if (solution.converged) return;
  r.converged = false;
  r.message = solution.message;
}

}  // namespace

RestrictedInfluence restricted_influence(const MatrixXd& h,
                                         const std::vector<Index>& subset,
                                         const MatrixXd& query,
                                         const MatrixXd& train,
                                         Index train_size) {
  const double scale = one_over(train_size);
  if (h.rows() != h.cols())
    refuse(fmt::format("matrix, expected a square one, got {} x {}", h.rows(), h.cols()));
  const MatrixXd whole = checked_dense("restricted influence", DenseOperator(h));
  check_subset(subset, h.rows());
  check_gradients("query", query, h.rows());
  check_gradients("train", train, h.rows());

  const Factor a(whole(subset, subset), kSingularSubset);
  RestrictedInfluence r;
  r.converged = true;
  r.negative_in_subset = a.negative();
  const Solution steps = a.solve(train(subset, Eigen::all));
  note(steps, r);
  r.restricted = scale * (query(subset, Eigen::all).transpose() * steps.x);
  r.correction = MatrixXd::Zero(query.cols(), train.cols());
  const std::vector<Index> others = complement(subset, h.rows());
  if (others.empty()) return r;

  const MatrixXd b = whole(subset, others);
  const Solution explained = a.solve(b);
  note(explained, r);
  MatrixXd s = schur_complement(whole(others, others), b, explained.x);
  const Rest rest{explained.x, Factor(std::move(s), kSingularRest), subset, others};
  r.negative_in_rest = rest.schur.negative();
  const Solution answer = rest.schur.solve(rest.residual(train));
  note(answer, r);
  r.correction = scale * (rest.residual(query).transpose() * answer.x);
  return r;
}

RestrictedComparison compare(const RestrictedInfluence& r) {
  const MatrixXd restricted = r.restricted.cwiseAbs(), correction = r.correction.cwiseAbs();
  const double total = restricted.sum() + correction.sum();
  if (!(total > 0))
    refuse(fmt::format("comparison, expected some influence, got {} x {} pairs without any",
                       r.restricted.rows(),
                       r.restricted.cols()));
  const double pairs = static_cast<double>(r.restricted.size());
  Index certain = 0, equal = 0;
  for (Index i = 0; i < r.restricted.size(); ++i) {
    const double first = r.restricted.data()[i], full = first + r.correction.data()[i];
    certain += correction.data()[i] < restricted.data()[i] ? 1 : 0;
    equal += (first > 0) == (full > 0) && (first < 0) == (full < 0) ? 1 : 0;
  }
  return {static_cast<double>(certain) / pairs,
          static_cast<double>(equal) / pairs,
          correction.sum() / total};
}

MatrixXd principal_block(const LinearOperator& h, const std::vector<Index>& subset) {
  check_subset(subset, h.size());
  const Index w = static_cast<Index>(subset.size()), block = std::min<Index>(w, 32);
  MatrixXd a(w, w), units(h.size(), block), products(h.size(), block);
  for (Index first = 0; first < w; first += block) {
    const Index count = std::min(block, w - first);
    units.setZero();
    for (Index j = 0; j < count; ++j) units(subset[static_cast<std::size_t>(first + j)], j) = 1;
    h.apply(units.leftCols(count), products.leftCols(count));
    a.middleCols(first, count) = products.leftCols(count)(subset, Eigen::all);
  }
  return 0.5 * (a + a.transpose());
}

MatrixXd subset_gradients(const Model& model,
                          const Dataset& data,
                          const VectorXd& theta,
                          const std::vector<Index>& subset) {
  check_subset(subset, model.parameter_count());
  constexpr Index kTile = 128;  // examples
  MatrixXd all(static_cast<Index>(subset.size()), data.size());
  for (Index first = 0; first < data.size(); first += kTile) {
    const Index count = std::min(kTile, data.size() - first);
    std::vector<Index> rows;
    for (Index i = 0; i < count; ++i) rows.push_back(first + i);
    const MatrixXd g = loss_gradients(model, take(data, rows), theta);  // (P x count)
    all.middleCols(first, count) = g(subset, Eigen::all);
  }
  return all;
}

Solution restricted_steps(const MatrixXd& a, const MatrixXd& train, Index train_size) {
  if (a.rows() != a.cols())
    refuse(fmt::format("matrix, expected a square one, got {} x {}", a.rows(), a.cols()));
  check_gradients("train", train, a.rows());
  const Factor factor(checked_dense("restricted influence", DenseOperator(a)), kSingularSubset);
  const MatrixXd right = one_over(train_size) * train;
  return factor.solve(right);
}

MatrixXd scatter(const MatrixXd& steps, const std::vector<Index>& subset, Index parameters) {
  check_subset(subset, parameters);
  if (steps.rows() != static_cast<Index>(subset.size()))
    refuse(fmt::format("steps, expected {} rows, got {}", subset.size(), steps.rows()));
  MatrixXd all = MatrixXd::Zero(parameters, steps.cols());
  all(subset, Eigen::all) = steps;
  return all;
}

}  // namespace leaveout
