// SPDX-License-Identifier: MIT
#pragma once
// How targets scatter about the predictions of models that have not seen them, and which scatters
// the table does not contradict.
//
//   classes      P(label = c) = softmax(b + (outputs - b) / T)_c                temperature T
//   regression   density(r) = h (1 + z^2 / v)^(-(v+1)/2),  z = (r - mode) / s   residual r
//
// with b the logarithms of the classes' shares, so that a high temperature knows no more than how
// many rows each class has; and with a scale s and degrees of freedom v on each side of the mode,
// so that noise may be skewed and either tail heavy (a two-piece Student's t; Rubio and Steel
// 2015). To both belongs a share w of targets that have nothing to do with their row: (1 - w)
// density + w uniform, over the classes or over the range of the targets.
//
// w = 0 unless the likelihood ratio test rejects that at 1 %. Rows are judged by a more lenient
// noise than the likeliest, since else the rows in doubt would choose the noise that condemns them
// (the idea of Berger and Boos 1994):
//
//   classes      the temperature one standard error above: where the profile likelihood has fallen
//                by 1/2
//   regression   whichever finds a residual least improbable, of all pairs of tails and with or
//                without wrong targets, within 3.9 of the best log-likelihood (95 %, three
//                parameters)
//
//   const std::vector<ResidualNoise> fits = fit_residual_noise(residuals, range);
//   most_as_bad(compatible(fits), r)   // the largest P(|a right target is as improbable as r|)

#include <Eigen/Core>
#include <vector>

namespace leaveout {

/// How far below the best log-likelihood a noise that judges may be.
inline constexpr double kLenientClasses = 0.5, kLenientNumbers = 3.907;
/// The gain of log-likelihood at which w = 0 is rejected at 1 %. That is the end of its range:
/// twice the gain is zero in half of all tables and chi-squared, one degree of freedom, in the
/// others (Self and Liang 1987).
inline constexpr double kSignificantGain = 0.5 * 5.411894431054342;

struct ClassNoise {
  double temperature = 1;  // the likeliest
  double lenient = 1;      // that of judgement
  double wrong_share = 0;  // of labels that are wrong: w (1 - 1/C); 0 unless the likelihood
                           // ratio test rejects that at 1 %
  double gain = 0;         // in log-likelihood, of the best w over w = 0
};

/// Class probabilities softmax(b + (outputs - b) / temperature), (C x N), with b_c = log of
/// `shares` (C); of one output, those of (0, output).
Eigen::MatrixXd class_probabilities(const Eigen::MatrixXd& outputs,
                                    double temperature,
                                    const Eigen::VectorXd& shares);

/// The classes' shares of the labels, each counted once more than it is there: none is 0.
Eigen::VectorXd class_shares(const std::vector<Eigen::Index>& labels, Eigen::Index classes);

/// Fits T and w to the labels (indices of classes) of the rows; outputs (O x N) are logits.
ClassNoise fit_class_noise(const Eigen::MatrixXd& outputs, const std::vector<Eigen::Index>& labels);

/// One side of the scatter.
struct HalfStudent {
  double scale = 1;
  Eigen::Index dof = 4;

  /// The integral of (1 + z^2 / dof)^(-(dof+1)/2) over the side.
  double area() const;
  /// -log of that kernel at distance d >= 0 from the mode, and the distance where it has a value.
  double fall(double d) const;
  double distance(double fall) const;
};

struct ResidualNoise {
  double mode = 0;  // in the units of the residuals
  HalfStudent left, right;
  double wrong_share = 0;     // w
  double log_likelihood = 0;  // of all residuals

  /// P(density(X) <= density(r)) for X of this scatter without wrong targets: uniform for such X.
  double as_bad(double r) const;
};

/// A fit for each pair of degrees of freedom, with w = 0 and with the likeliest w. `range` is that
/// of the targets, `grain` the least distance between two that differ: no scale is below half of
/// it, since a density on numbers that repeat has no bound.
std::vector<ResidualNoise> fit_residual_noise(const Eigen::VectorXd& residuals,
                                              double range,
                                              double grain = 0);

/// The likeliest; one with wrong targets only if the likelihood ratio test rejects w = 0.
/// `gain`, if asked for, is what wrong targets add to the log-likelihood.
ResidualNoise likeliest(const std::vector<ResidualNoise>& fits, double* gain = nullptr);
/// Those within kLenientNumbers of the best.
std::vector<ResidualNoise> compatible(const std::vector<ResidualNoise>& fits);
/// The largest as_bad(r) of them.
double most_as_bad(const std::vector<ResidualNoise>& fits, double r);

}  // namespace leaveout
