// SPDX-License-Identifier: MIT
#pragma once
// What no linear datamodel can explain, B_{>=2}, from pairs of correlated training sets and without
// fitting one: RESIDUALESTIMATION of Saunshi, Gupta, Braverman, Arora (ICLR 2023), and plans that
// need fewer trainings (influence/harmonic/stability_plan.h).
//
//   draw the pairs  ->  train on both members, different seeds  ->  h(rho_j) = mean of y y'
//                   ->  B_1 by the plan  ->  B_{>=2} = h(1) - B_0 - B_1
//
// Errors are a bootstrap over pairs within each level: all targets share the trainings, so targets
// are no independent repetitions.
//
//   MaskPairs pairs = draw_pairs(plan, examples, seed);
//   auto estimates = estimate_residual(plan, outputs_of(pairs.first), outputs_of(pairs.second));
//   estimates[target].share.value;            // B_{>=2} / Var f

#include <cstdint>
#include <vector>

#include "influence/harmonic/mask_pool.h"
#include "influence/harmonic/measured.h"
#include "influence/harmonic/stability_plan.h"

namespace leaveout {

/// B_0, B_1, Var f = B_{>=1} and B_{>=2} as a plan reads them off stabilities.
struct StabilityReading {
  double degree0 = 0.0;  ///< 0 in a centred plan.
  double degree1 = 0.0;
  double variance = 0.0;
  double residual = 0.0;
  double share() const { return residual / variance; }
};

/// From h at the plan's levels (J) and h(1), about the mean where the plan is centred.
StabilityReading read_stabilities(const StabilityPlan& plan,
                                  const Eigen::VectorXd& stabilities,
                                  double top);

/// Of one target.
struct ResidualEstimate {
  Measured degree1;                 ///< B_1
  Measured variance;                ///< Var f (plus training noise, as the plan says)
  Measured residual;                ///< B_{>=2}
  Measured share;                   ///< B_{>=2} / Var f
  std::vector<Measured> stability;  ///< h(rho_j), about the mean where the plan is centred, (J)
};

/// The training sets: level by level in both members, then the subsets for h(1), which `second`
/// repeats if and only if they are to be trained twice.
MaskPairs draw_pairs(const StabilityPlan& plan, Eigen::Index examples, std::uint64_t seed);

/// A plan's numbers of one target, without error bars.
struct StabilityNumbers {
  Eigen::VectorXd stability;  ///< h(rho_j), about the mean where the plan is centred, (J)
  double top = 0.0;           ///< h(1), or the mean square of all outputs where none is for it
  StabilityReading reading;
};

/// What the plan reads off outputs as estimate_residual() takes them. Throws as that does.
std::vector<StabilityNumbers> measure_stabilities(const StabilityPlan& plan,
                                                  const Eigen::MatrixXd& first,
                                                  const Eigen::MatrixXd& second);

/// Outputs of the two members, (columns of that member x K). Throws std::invalid_argument for other
/// shapes, values that are not finite, levels of less than two pairs, or fewer than two resamples.
std::vector<ResidualEstimate> estimate_residual(const StabilityPlan& plan,
                                                const Eigen::MatrixXd& first,
                                                const Eigen::MatrixXd& second,
                                                Eigen::Index resamples = 200,
                                                std::uint64_t seed = 0);

}  // namespace leaveout
