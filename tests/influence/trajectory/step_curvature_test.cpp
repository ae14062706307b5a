// SPDX-License-Identifier: MIT
#include "influence/trajectory/step_curvature.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "influence/trajectory/unrolled.h"
#include "tests/influence/trajectory/recorded.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("a step's dense Hessian is that of its mini-batch's products, weight decay included") {
  for (const Problem& p : {tanh_classification_problem(), tanh_regression_problem()}) {
    const Recorded r = uneven(p, short_protocol(OptimiserKind::adam, 9, 3));
    Evaluator evaluate(r.objective);
    const MatrixXd unit = MatrixXd::Identity(p.parameters(), p.parameters());
    MatrixXd expected;
    Index visited = 0;
    const auto visit = [&](const LoggedStep& step, const MatrixXd& h) {
      ++visited;
      evaluate.batch_curvature_product(
          step.before.theta, step.batch, unit, expected, Curvature::full);
      CHECK(relative_distance(h, expected) < 1e-13);
    };
    visit_hessians(r.path(), {0, 4, r.log.steps() - 1}, visit);
    CHECK(visited == 3);
  }
}

TEST_CASE("spectra along a training: negative curvature first, trace and time by hand") {
  const Problem p = tanh_classification_problem();
  const Recorded r = uneven(p, short_protocol(OptimiserKind::sgd, 9, 3));
  const std::vector<StepSpectrum> few = step_spectra(r.path(), {1, 6});
  visit_hessians(r.path(), {6}, [&](const LoggedStep& step, const MatrixXd& h) {
    const VectorXd& e = few[1].eigenvalues;
    CHECK(few[1].rate == step.rate);
    CHECK(e.sum() == doctest::Approx(h.trace()).epsilon(1e-12));
    CHECK(e.squaredNorm() == doctest::Approx(h.squaredNorm()).epsilon(1e-12));
    CHECK(few[1].largest() == e.maxCoeff());
    CHECK(few[1].smallest() == e.minCoeff());
    // |e| sums to trace + 2 mass of the negative ones.
    const double negative = (e.cwiseAbs().sum() - h.trace()) / 2;
    CHECK(few[1].negative_mass() == doctest::Approx(negative / e.cwiseAbs().sum()).epsilon(1e-10));
    CHECK(few[1].negative() == (e.array() < 0).count());
    CHECK(few[1].negative() > 0);
  });
  double x = 0;
  for (Index t = 0; t < r.log.steps(); ++t)
    x += r.log.rates[static_cast<std::size_t>(t)] * few[t < 6 ? 0 : 1].largest();
  CHECK(curvature_time(r.path(), few) == doctest::Approx(x).epsilon(1e-14));
  const Problem convex = ridge_problem();
  Protocol constant = short_protocol(OptimiserKind::sgd, convex.size(), 12);
  constant.schedule = RateSchedule::constant;
  const Recorded q(convex, constant);
  const std::vector<StepSpectrum> one = step_spectra(q.path(), {0});
  CHECK(one[0].negative() == 0);
  CHECK(one[0].negative_mass() == 0);
  CHECK(curvature_time(q.path(), one) ==
        doctest::Approx(0.15 * 12 * one[0].largest()).epsilon(1e-13));
}

TEST_CASE("rounding is not negative curvature") {
  StepSpectrum spectrum{0, 0.1, VectorXd(5)};
  spectrum.eigenvalues << -2, -1e-17, 0, 1, 5;
  CHECK(spectrum.negative() == 1);
  CHECK(spectrum.negative_mass() == doctest::Approx(0.25).epsilon(1e-15));
  spectrum.eigenvalues.setZero();
  CHECK(spectrum.negative() == 0);
  CHECK(spectrum.negative_mass() == 0);
}

TEST_CASE("propagators compose, and carry unrolled tangents") {
  const Problem p = tanh_classification_problem();
  const Recorded r = uneven(p, short_protocol(OptimiserKind::sgd, 9, 3));
  const Index steps = r.log.steps();
  const MatrixXd whole = propagator(r.path(), steps, 2);
  const MatrixXd early = propagator(r.path(), 7, 2), late = propagator(r.path(), steps, 7);
  CHECK(relative_distance(late * early, whole) < 1e-13);
  CHECK(relative_distance(early * late, whole) > 1e-6);  // they do not commute
  CHECK(propagator(r.path(), 3, 3) == MatrixXd::Identity(p.parameters(), p.parameters()));
  // u at the end: each step's push, carried by the later steps.
  VectorXd u = VectorXd::Zero(p.parameters());
  Replay(r.objective, r.log).forward([&](const LoggedStep& step) {
    if (std::find(step.batch.begin(), step.batch.end(), 2) == step.batch.end()) return;
    const VectorXd g = loss_gradients(p.model, p.train, step.before.theta).col(2);
    const double share = r.path().share(2, static_cast<Index>(step.batch.size()));
    u += propagator(r.path(), steps, step.number + 1) * (step.rate * share * g);
  });
  CHECK(relative_distance(removal_tangents(r.path(), {{2}}), u) < 1e-12);
}

TEST_CASE("spectra have the same bits for any threads, and what does not fit is refused") {
  const Problem p = tanh_regression_problem();
  const Recorded r(p, short_protocol(OptimiserKind::nesterov, 9, 2));
  StepCurvatureOptions two;
  two.threads = 2;
  CHECK(step_spectra(r.path(), {3}, two)[0].eigenvalues ==
        step_spectra(r.path(), {3})[0].eigenvalues);
  StepCurvatureOptions small;
  small.max_parameters = p.parameters() - 1;
  CHECK_THROWS_AS(step_spectra(r.path(), {0}, small), std::invalid_argument);
  StepCurvatureOptions tight;
  tight.max_bytes = step_curvature_bytes(p.parameters()) - 1;
  CHECK_THROWS_AS(step_spectra(r.path(), {0}, tight), std::invalid_argument);
  CHECK_THROWS_AS(step_spectra(r.path(), {r.log.steps()}), std::invalid_argument);
  CHECK_THROWS_AS(propagator(r.path(), 2, 0), std::invalid_argument);  // momentum
  const Recorded plain(p, short_protocol(OptimiserKind::sgd, 9, 2));
  CHECK_THROWS_AS(propagator(plain.path(), 2, 3), std::invalid_argument);
  CHECK_THROWS_AS(curvature_time(plain.path(), {}), std::invalid_argument);
}
