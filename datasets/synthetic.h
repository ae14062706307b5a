// SPDX-License-Identifier: MIT
#pragma once

// Data sets made from formulas, for tests and for questions that need a known truth.
//
// Law: example i depends on (seed, i) and the shape arguments only, so the first n examples of a
// larger data set are those of the smaller one. Below, z is standard normal and u uniform on [0,
// 1).
//
//   Dataset data = make_linear_regression(100, 5, 0.1, seed);
//   Dataset moons = make_two_moons(200, 0.1, seed);
//   Dataset blobs = make_blobs(300, 2, 3, 4.0, seed);

#include <Eigen/Dense>
#include <cstdint>

#include "datasets/dataset.h"

namespace leaveout {

/// y = w^T x + b + noise z, with x, w and b standard normal: w and b are drawn once per seed.
Dataset make_linear_regression(Eigen::Index examples,
                               Eigen::Index features,
                               double noise,
                               std::uint64_t seed);

/// The w of `make_linear_regression` with b appended, (features + 1).
Eigen::VectorXd linear_regression_truth(Eigen::Index features, std::uint64_t seed);

/// Friedman's first function (Annals of Statistics 1991): x uniform on [0, 1)^features,
/// y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + noise z. Needs five features or more;
/// those after the fifth do not matter.
Dataset make_friedman(Eigen::Index examples,
                      Eigen::Index features,
                      double noise,
                      std::uint64_t seed);

/// Class c = i mod classes; x = separation m_c + z with m_c standard normal, drawn once per seed.
/// Two classes make a binary task, more a multiclass one.
Dataset make_blobs(Eigen::Index examples,
                   Eigen::Index features,
                   Eigen::Index classes,
                   double separation,
                   std::uint64_t seed);

/// Two interleaved half circles, class i mod 2, t = pi u:
/// class 0: x = (cos t, sin t) + noise (z1, z2); class 1: x = (1 - cos t, 1/2 - sin t) + noise (z1,
/// z2).
Dataset make_two_moons(Eigen::Index examples, double noise, std::uint64_t seed);

/// Spirals with `classes` arms, class c = i mod classes, r = u:
/// x = r (cos a, sin a) + noise (z1, z2), a = 2 pi (turns r + c / classes).
Dataset make_spirals(
    Eigen::Index examples, Eigen::Index classes, double turns, double noise, std::uint64_t seed);

}  // namespace leaveout
