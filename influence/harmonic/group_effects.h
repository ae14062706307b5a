// SPDX-License-Identifier: MIT
#pragma once
// The effect of a group of examples, and how far it is from the sum of their weights.
//
// With R a random subset at rate p, A the group, u = sqrt((1-p)/p), t = 1/u and f^ the spectrum of
// f at rate p:
//
//   in versus out   E[f(R + A) - f(R - A)] = sum_{T in A, T != {}} f^(T) (u^|T| - (-t)^|T|)
//   add             E[f(R + A) - f(R)]     = sum_{T in A, T != {}} f^(T) u^|T|
//   delete          E[f(R - A) - f(R)]     = sum_{T in A, T != {}} f^(T) (-t)^|T|
//   from all        f(all) - f(all - A)    = sum_{S meets A} f^(S) (u^|S| - u^|S - A| (-t)^|S n A|)
//
// The first equals the sum of the weights a_i(p) of the members but for the coefficients inside A
// of degree two and more. At p = 1/2 only odd degrees count there: what a pair gains by addition
// it loses by deletion. A group is one bit for each member. Positive: including it raises f; only
// `deletion_effect` has the sign of a deletion.
//
//   to_spectrum(f, 0.5);
//   double effect = group_effect(f, 0.5, 0b1011);                 // examples 0, 1 and 3
//   double defect = additivity_defect(f, 0.5, 0b1011);            // effect - sum of weights
//   assert(std::abs(defect) <= additivity_bound(f, 0.5, 0b1011));
//
// `spectrum` is (2^N). All functions throw std::invalid_argument for a length that is no power of
// two, a rate outside (0, 1) and a group that names an example beyond N.

#include <Eigen/Dense>
#include <cstdint>

namespace leaveout {

/// In versus out: E[f(R + A) - f(R - A)]. 2^|A| operations, as for the next two.
double group_effect(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                    double p,
                    std::uint64_t group);

/// Added to a random subset, which may hold members already: E[f(R + A) - f(R)].
double addition_effect(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                       double p,
                       std::uint64_t group);

/// Deleted from a random subset: E[f(R - A) - f(R)]; negative for a helpful group.
double deletion_effect(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                       double p,
                       std::uint64_t group);

/// f(all) - f(all - A). 2^N operations; small p amplifies rounding by up to u^N.
double leave_group_out(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                       double p,
                       std::uint64_t group);

/// sum over the members of a_i(p): what a linear datamodel predicts for all four effects at rate p.
double sum_of_weights(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                      double p,
                      std::uint64_t group);

/// group_effect - sum_of_weights, without cancellation: the part of degree two and more.
double additivity_defect(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                         double p,
                         std::uint64_t group);

/// Cauchy-Schwarz: |additivity_defect| is at most this,
///
///   sqrt(sum_{T in A, |T| >= 2} f^(T)^2) sqrt(sum_{j >= 2} C(k, j) (u^j - (-t)^j)^2),  k = |A|.
///
/// The second factor grows exponentially in k, so a small residual promises nothing about large
/// groups.
double additivity_bound(const Eigen::Ref<const Eigen::VectorXd>& spectrum,
                        double p,
                        std::uint64_t group);

}  // namespace leaveout
