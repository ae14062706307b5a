// SPDX-License-Identifier: MIT
// The probabilities behind suspicion, and the number of flags that chance alone would raise.
#include "experiments/audit/suspicion.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/random.h"
#include "experiments/audit/flags.h"

namespace leaveout {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Logits of n rows and labels drawn from softmax(logits / temperature).
struct Drawn {
  MatrixXd outputs, targets;  // (C x n)
  std::vector<Index> labels;
};

Drawn draw(Index n, Index classes, double temperature, double wrong, std::uint64_t seed) {
  Random random(seed);
  Drawn d{3 * random.normal_matrix(classes, n), MatrixXd::Zero(classes, n), {}};
  const MatrixXd p = class_probabilities(
      d.outputs, temperature, VectorXd::Constant(classes, 1.0 / static_cast<double>(classes)));
  for (Index i = 0; i < n; ++i) {
    double u = random.uniform();
    Index label = 0;
    while (label < classes - 1 && u >= p(label, i)) u -= p(label++, i);
    if (random.uniform() < wrong)
      label = static_cast<Index>(random.below(static_cast<std::uint64_t>(classes)));
    d.targets(label, i) = 1;
    d.labels.push_back(label);
  }
  return d;
}

const std::vector<bool>& all_of(Index n) {
  static std::vector<bool> judged;
  judged.assign(static_cast<std::size_t>(n), true);
  return judged;
}

}  // namespace

TEST_CASE("suspicion: a binary output z has probabilities sigmoid(z / T)") {
  MatrixXd z(1, 2);
  z << 1.0, -3.0;
  const MatrixXd p = class_probabilities(z, 2, VectorXd::Constant(2, 0.5));
  CHECK(p(1, 0) == doctest::Approx(1 / (1 + std::exp(-0.5))).epsilon(1e-14));
  CHECK(p(0, 1) == doctest::Approx(1 / (1 + std::exp(-1.5))).epsilon(1e-14));
}

TEST_CASE("suspicion: a high temperature knows no more than how many rows a class has") {
  MatrixXd z(3, 1);
  z << 1.0, -2.0, 0.5;
  const VectorXd shares = (VectorXd(3) << 0.7, 0.2, 0.1).finished();
  CHECK((class_probabilities(z, 1e9, shares).col(0) - shares).norm() < 1e-8);
  CHECK((class_probabilities(z, 1, shares) - class_probabilities(z, 1, VectorXd::Ones(3))).norm() <
        1e-14);  // at T = 1 the shares make no difference
  CHECK((class_shares({0, 2, 2}, 3) - (VectorXd(3) << 2.0, 1.0, 3.0).finished() / 6).norm() <
        1e-15);
}

TEST_CASE("suspicion: a rare class that nothing foretells is not wrong") {
  Random random(31);
  Index flagged = 0;
  for (int k = 0; k < 30; ++k) {
    const double rate = 0.03 + 0.17 * random.uniform();
    MatrixXd z(1, 400), y = MatrixXd::Zero(1, 400);
    for (Index i = 0; i < 400; ++i) {
      z(i) = std::log(rate / (1 - rate)) + 0.3 * random.normal();  // what a model makes of noise
      y(i) = random.uniform() < rate ? 1 : 0;
    }
    flagged += suspect(z, y, Task::binary, all_of(400), 0.05).flagged;
  }
  CHECK(flagged == 0);
}

TEST_CASE("suspicion: half of the targets at one number is no scatter, and nobody is flagged") {
  Random random(32);
  MatrixXd y = MatrixXd::Zero(1, 300);
  for (Index i = 0; i < 300; i += 20) y(i) = 100 * random.uniform();
  const MatrixXd outputs = 0.1 * random.normal_matrix(1, 300);
  const Suspicion s = suspect(outputs, y, Task::regression, all_of(300), 0.05);
  CHECK(s.flagged == 0);
  CHECK(s.withheld.find("more than half") != std::string::npos);
  CHECK(s.suspicion(0) > s.suspicion(1));  // the order stays
}

TEST_CASE("suspicion: the temperature that drew the labels is found, and no wrong ones") {
  const Drawn d = draw(4000, 3, 2.0, 0, 1);
  const ClassNoise m = fit_class_noise(d.outputs, d.labels);
  CHECK(m.temperature == doctest::Approx(2).epsilon(0.08));
  CHECK(m.wrong_share == 0);
}

TEST_CASE("suspicion: the share of labels that are wrong is found within three standard errors") {
  const Drawn d = draw(4000, 4, 1.0, 0.1, 2);
  const ClassNoise m = fit_class_noise(d.outputs, d.labels);
  // Of the labels drawn anew three in four are wrong. The error is at least binomial.
  CHECK(std::abs(m.wrong_share - 0.075) < 3 * 1.5 * std::sqrt(0.075 * 0.925 / 4000));
  CHECK(m.temperature == doctest::Approx(1).epsilon(0.1));
}

TEST_CASE("suspicion: clean residuals are at most as improbable as they say, nearly uniform") {
  Random random(13);
  const MatrixXd targets = random.normal_matrix(1, 2000), none = MatrixXd::Zero(1, 2000);
  const Suspicion s = suspect(none, targets, Task::regression, all_of(2000), 0.05);
  CHECK(s.probability.mean() > 0.5 - 3 / std::sqrt(12 * 2000.0));
  CHECK(s.probability.mean() < 0.54);  // the largest of a few fits that agree at 2000 rows
  CHECK(s.suspicion(7) == doctest::Approx(-std::log10(s.probability(7))));
}

TEST_CASE("suspicion: labels drawn from the model are flagged as often as is expected") {
  // At a fixed threshold: sum_i sum_c p_i(c) [p_i(c) <= t], against 400 sets of drawn labels.
  const Index n = 100, repeats = 400;
  const double t = 0.05;
  const Drawn first = draw(n, 3, 1, 0, 5);
  const MatrixXd p = class_probabilities(first.outputs, 1, VectorXd::Constant(3, 1.0 / 3));
  const double expected = (p.array() <= t).select(p, 0.0).sum();
  VectorXd flagged = VectorXd::Zero(repeats);
  Random random(6);
  for (Index k = 0; k < repeats; ++k)
    for (Index i = 0; i < n; ++i) {
      double u = random.uniform();
      Index label = 0;
      while (label < 2 && u >= p(label, i)) u -= p(label++, i);
      flagged(k) += p(label, i) <= t ? 1 : 0;
    }
  const double deviation = std::sqrt((flagged.array() - flagged.mean()).square().mean());
  CHECK(std::abs(flagged.mean() - expected) < 3 * deviation / std::sqrt(repeats));

  // choose_threshold counts the same at the threshold that it takes.
  Suspicion s;
  s.probability = VectorXd::Ones(n);
  for (Index i = 0; i < n; ++i) s.probability(i) = p(first.labels[static_cast<std::size_t>(i)], i);
  choose_threshold(p.reshaped(), 10, s);  // so high a share takes every row
  CHECK(s.flagged == n);
  CHECK(s.expected ==
        doctest::Approx((p.array() <= s.probability.maxCoeff()).select(p, 0.0).sum()));
}

TEST_CASE("suspicion: the threshold is the largest that chance allows") {
  Suspicion s;
  s.probability.resize(10);
  s.probability << 1e-4, 0.002, 0.004, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9;
  choose_threshold({}, 0.02, s);  // expected N t: 0.001, 0.02, 0.04 of 1, 2, 3 flagged
  CHECK(s.flagged == 3);
  CHECK(s.threshold == 0.004);
  CHECK(s.expected == doctest::Approx(0.04));
  s = {};
  s.probability = VectorXd::LinSpaced(10, 0.1, 1);
  choose_threshold({}, 0.02, s);
  CHECK(s.flagged == 0);
}

TEST_CASE("suspicion: of labels that the model drew itself hardly any set has a flag") {
  // Benjamini and Hochberg: a flag at all in at most about 5 % of the sets.
  Index sets_with_flags = 0;
  const Index sets = 60;
  for (Index k = 0; k < sets; ++k) {
    const Drawn d = draw(200, 3, 1, 0, 100 + static_cast<std::uint64_t>(k));
    const Suspicion s = suspect(d.outputs, d.targets, Task::multiclass, all_of(200), 0.05);
    sets_with_flags += s.flagged > 0 ? 1 : 0;
  }
  CHECK(static_cast<double>(sets_with_flags) <
        0.05 * sets + 0.05 * sets + 3 * std::sqrt(0.1 * 0.9 * sets));  // and epsilon's own 5 %
}

TEST_CASE("suspicion: planted labels are flagged, and few others") {
  Drawn d = draw(600, 3, 0.3, 0, 7);
  std::vector<bool> planted(600, false);
  for (Index i = 0; i < 30; ++i) {
    const Index row = 20 * i;
    const Index old = d.labels[static_cast<std::size_t>(row)];
    d.targets(old, row) = 0;
    d.targets((old + 1) % 3, row) = 1;
    planted[static_cast<std::size_t>(row)] = true;
  }
  const Suspicion s = suspect(d.outputs, d.targets, Task::multiclass, all_of(600), 0.05);
  Index right = 0;
  for (Index i = 0; i < 600; ++i)
    right += s.probability(i) <= s.threshold && planted[static_cast<std::size_t>(i)] ? 1 : 0;
  CHECK(right > 20);
  CHECK(s.flagged - right <= 3 + 3 * std::sqrt(s.expected));
  CHECK(s.wrong_share == doctest::Approx(0.05).epsilon(0.4));
}

TEST_CASE("suspicion: a row that cannot be judged is not suspicious and not counted") {
  Drawn d = draw(50, 3, 0.3, 0, 8);
  d.targets.col(4).setZero();
  Index worst = 0;
  d.outputs.col(4).minCoeff(&worst);
  d.targets(worst, 4) = 1;
  std::vector<bool> judged(50, true);
  judged[4] = false;
  const Suspicion s = suspect(d.outputs, d.targets, Task::multiclass, judged, 0.05);
  CHECK(s.probability(4) == 1);
  CHECK(s.suspicion(4) == 0);
}

TEST_CASE("flags: Benjamini and Hochberg's procedure, their own example") {
  VectorXd p(15);
  p << 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
      0.5719, 0.6528, 0.7590, 1.0;
  const std::vector<bool> r = rejected(p, 0.05);
  CHECK(std::count(r.begin(), r.end(), true) == 4);  // Benjamini and Hochberg 1995, section 4
  CHECK((r[0] && r[3] && !r[4]));
}

}  // namespace leaveout
