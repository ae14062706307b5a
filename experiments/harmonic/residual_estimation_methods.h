// SPDX-License-Identifier: MIT
#pragma once
// The ways to estimate B_{>=2} and Var f that the experiment compares, each spending a given number
// of trainings. All 2^N trainings were made once: here a training is a look-up in their table, with
// fresh normal noise of the size that the subset's own trainings had.
//
//   paper            levels 0, rho, 2 rho and 1, non-negative least squares of degree 2
//   unconstrained    the same trainings, plain least squares
//   centred          levels rho, 2 rho, outputs about their mean, non-negative least squares
//   symmetric        levels -r, r         Richardson   -2r, -r, r, 2r        Chebyshev 4, 6
//   U-statistic      independent subsets, B_1 from all pairs of them
//   least squares    independent subsets, the residual of a fitted datamodel
//
//   const auto methods = residual_methods(0.5, trained);
//   auto reading = estimate(methods[0], trained, 1000, seed);      // of every query

#include <optional>
#include <string>
#include <vector>

#include "influence/harmonic/stability_plan.h"

namespace leaveout {

/// All subsets' outputs of each query: what a training is looked up in.
struct TrainedCube {
  double p = 0.5;
  Eigen::MatrixXd mean;       // (2^N x Q)
  Eigen::MatrixXd deviation;  // (2^N x Q) of one training around it
  Eigen::Index examples = 0;

  bool noisy() const { return deviation.size() > 0 && deviation.maxCoeff() > 0; }
  /// Trainings of each subset that is to tell the variance of f from noise: 1 or 2.
  Eigen::Index runs() const { return noisy() ? 2 : 1; }
  /// One training on each column of `masks` (N x m): (m x Q). Noise is drawn by seed and stream.
  Eigen::MatrixXd train(const Eigen::MatrixXd& masks,
                        std::uint64_t seed,
                        std::uint64_t stream) const;
};

struct ResidualMethod {
  enum class Kind { paper, unconstrained, centred, linear, u_statistic, least_squares };
  Kind kind = Kind::paper;
  std::string name;
  double level = 0;             // rho of the paper's three; 0 of the others
  Eigen::VectorXd levels = {};  // of the linear ones, (J)

  std::string text() const;  // "paper, rho = 0.2"
};

/// The smallest and largest rho among the paper's levels.
inline constexpr double kSmallestRho = 0.05, kLargestRho = 0.45;
const std::vector<double>& paper_rhos();

/// All of them. Levels shrink to what pairs of subsets at rate p can have.
std::vector<ResidualMethod> residual_methods(double p);

/// The plan that spends at most `trainings`, of which `runs` on each subset for h(1); empty for
/// methods without one and where the trainings are too few.
std::optional<StabilityPlan> plan_of(const ResidualMethod& method,
                                     double p,
                                     Eigen::Index trainings,
                                     Eigen::Index runs);

/// (Q) each.
struct ResidualReading {
  Eigen::VectorXd degree1;   // B_1
  Eigen::VectorXd residual;  // B_{>=2}
  Eigen::VectorXd variance;  // Var f: their sum
};

/// One estimate from so many trainings. Empty where they are too few, and where the subsets drawn
/// do not determine a least-squares fit.
std::optional<ResidualReading> estimate(const ResidualMethod& method,
                                        const TrainedCube& cube,
                                        Eigen::Index trainings,
                                        std::uint64_t seed);

}  // namespace leaveout
