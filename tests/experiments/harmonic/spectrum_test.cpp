// SPDX-License-Identifier: MIT
// What is read off spectra against closed forms, and the experiment from the command line.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "experiments/cli.h"
#include "experiments/harmonic/spectrum_report.h"
#include "influence/harmonic/cube.h"
#include "tests/experiments/harmonic/ridge_subsets.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd of(std::initializer_list<double> numbers) {
  VectorXd v(static_cast<Index>(numbers.size()));
  std::copy(numbers.begin(), numbers.end(), v.begin());
  return v;
}

QuerySpectrum query(std::initializer_list<double> weights, std::initializer_list<double> noise) {
  QuerySpectrum q;
  q.weights = of(weights);
  q.noise = of(noise);
  return q;
}

/// A task of two classes with `examples` training examples and two queries, one of each class.
SubsetTask toy(Index examples) {
  SubsetTask task;
  task.settings.name = "toy";
  task.output = QueryOutput::margin;
  Dataset data;
  data.name = "toy";
  data.task = Task::binary;
  data.class_names = {"no", "yes"};
  data.inputs = MatrixXd::Ones(1, examples);
  data.targets = MatrixXd::Ones(1, examples);
  task.train = std::make_unique<Dataset>(data);
  data.inputs = MatrixXd::Ones(1, 2);
  data.targets = MatrixXd::Zero(1, 2);
  data.targets(0, 1) = 1;
  task.query = std::make_unique<Dataset>(data);
  for (Index i = 0; i < examples; ++i) task.rows.push_back(i);
  task.settings.model = "logistic";
  task.model = std::make_unique<Model>(task_model(task.settings, *task.train));
  return task;
}

/// Logits f + e, f - e, .. of both queries, in `repeats` trainings of every subset.
SubsetLogits logits(const VectorXd& f, Index repeats, double e) {
  SubsetLogits all;
  all.outputs = 1;
  all.queries = 2;
  all.repeats = repeats;
  all.values.resize(2, f.size() * repeats);
  for (Index b = 0; b < f.size(); ++b)
    for (Index r = 0; r < repeats; ++r)
      all.values.col(b * repeats + r).setConstant(f(b) + (r % 2 == 0 ? e : -e));
  return all;
}

/// f = 0.3 + sum of c_i over the examples in the subset.
VectorXd additive(const VectorXd& c) {
  VectorXd f = VectorXd::Constant(Index{1} << c.size(), 0.3);
  for (Index b = 0; b < f.size(); ++b)
    for (Index i = 0; i < c.size(); ++i) f(b) += contains(b, i) ? c(i) : 0;
  return f;
}

/// A result with one output kind a rate and this residual for each query.
SpectrumResult planted(const std::vector<std::pair<QueryOutput, std::vector<double>>>& residuals) {
  SpectrumResult r;
  r.settings.name = "planted";
  r.examples = 20;  // too many for all pairs
  r.rates = {0.5};
  for (const auto& [output, values] : residuals) {
    OutputSpectra s{output, 0.5, {}};
    for (const double residual : values) {
      s.queries.push_back(query({1, 1 - residual, residual}, {0, 0, 0}));
      s.queries.back().stability = 1 + 0.5 * (1 - residual) + 0.25 * residual;
    }
    r.spectra.push_back(s);
  }
  return r;
}

std::string verdict(const SpectrumResult& r, const std::string& about, const std::string& claim) {
  for (const Verdict& v : judge({r}))
    if (v.protocol == about && v.claim.find(claim) != std::string::npos) return v.verdict;
  return "no such row";
}

}  // namespace

TEST_CASE("residual, ceiling and noise of a spectrum are those of its weights less the noise") {
  QuerySpectrum q = query({9, 5, 2, 1}, {0.5, 1, 0.5, 0.5});
  q.run_noise = 4;
  CHECK(*q.noise_part() == doctest::Approx(2.0 / 8));
  CHECK(*q.residual() == doctest::Approx((1.5 + 0.5) / 6));
  CHECK(*q.ceiling() == doctest::Approx(std::sqrt(4.0 / (6 + 4))));
  CHECK((q.shares() - of({9, 5, 2, 1}) / 8).norm() < 1e-15);
  CHECK((q.noise_shares() - of({0.5, 1, 0.5, 0.5}) / 8).norm() < 1e-15);
  q.stability = 9 + 0.5 * 5 + 0.25 * 2 + 0.125 * 1;
  const double hbar = 3.125 / 8;
  CHECK(q.bracket(0.5)->low == doctest::Approx((0.5 - hbar) / 0.5));
  CHECK(q.bracket(0.5)->high == doctest::Approx((0.5 - hbar) / 0.25));
  CHECK(q.bracket_holds(0.5));
  q.stability = 9 + 0.5 * 8;  // of a linear output
  CHECK_FALSE(q.bracket_holds(0.5));
}

TEST_CASE(
    "ratios are undefined where nothing varies or most is noise, and such queries not counted") {
  const QuerySpectrum constant = query({4, 0, 0}, {0, 0, 0});
  const QuerySpectrum noisy = query({4, 2, 2}, {0, 1, 1.5});
  const QuerySpectrum fair = query({4, 3, 1}, {0, 1, 1});
  CHECK_FALSE(constant.residual());
  CHECK_FALSE(constant.bracket(0.5));
  CHECK(constant.shares().size() == 0);
  CHECK_FALSE(noisy.residual());
  CHECK(*fair.residual() == 0.0);
  const OutputSpectra a{QueryOutput::margin, 0.5, {constant, fair, query({1, 3, 1}, {0, 0, 0})}};
  const OutputSpectra b{QueryOutput::loss, 0.5, {fair, noisy, query({1, 1, 1}, {0, 0, 0})}};
  CHECK(over_queries(a, residual_of).n == 2);
  CHECK(*over_queries(a, residual_of).value == doctest::Approx(0.125));
  CHECK(over_queries(a, residual_of).low == 0.0);
  CHECK(paired_over_queries(a, b, residual_of).n == 1);
  CHECK(*paired_over_queries(a, b, residual_of).value == doctest::Approx(-0.25));
}

TEST_CASE("an additive margin is linear at every rate, its probability is not") {
  const VectorXd c = of({0.5, -1, 2, 0.25});
  SubsetTask task = toy(4);
  const SpectrumResult r = find_spectra(task, logits(additive(c), 1, 0), {{0.2, 0.5}, 0.5});
  CHECK(r.outputs() == std::vector<QueryOutput>{QueryOutput::margin,
                                                QueryOutput::probability,
                                                QueryOutput::loss,
                                                QueryOutput::correct});
  for (const double p : r.rates) {
    const std::vector<QuerySpectrum>& margins = r.at(QueryOutput::margin, p).queries;
    for (const QuerySpectrum& q : margins) {
      CHECK(q.weights(1) == doctest::Approx(p * (1 - p) * c.squaredNorm()));
      CHECK(q.weights.tail(3).norm() < 1e-14);
      CHECK(q.noise.norm() == 0);
    }
    const double mean = 0.3 + p * c.sum();
    CHECK(margins[0].weights(0) == doctest::Approx(mean * mean));
    for (const QuerySpectrum& q : r.at(QueryOutput::probability, p).queries)
      CHECK(*q.residual() > 0.001);
  }
  CHECK_THROWS_AS(r.at(QueryOutput::margin, 0.3), std::out_of_range);
}

TEST_CASE("the scatter of trainings is taken off the spectrum") {
  const VectorXd f = additive(of({0.5, -1, 2}));
  const double e = 0.3, p = 0.2;
  SubsetTask task = toy(3);
  const SpectrumResult r = find_spectra(task, logits(f, 2, e), {{p, 0.5}, 0.5});
  const QuerySpectrum& q = r.at(QueryOutput::margin, p).queries[1];
  // Two runs at f + e and f - e: variance 2 e^2 of one, e^2 of their mean.
  CHECK(q.run_noise == doctest::Approx(2 * e * e));
  CHECK((q.noise - noise_floor(3, p, e * e)).norm() < 1e-15);
  const double b1 = p * (1 - p) * (0.25 + 1 + 4);
  const double signal = b1 - noise_floor(3, p, e * e).tail(3).sum();
  CHECK(*q.residual() == doctest::Approx(1 - (b1 - q.noise(1)) / signal));
}

TEST_CASE("noise stability is the mean over all pairs, negative correlations included") {
  const VectorXd f = random_table(4, 3);
  const double p = 0.3;
  VectorXd spectrum = f;
  to_spectrum(spectrum, p);
  for (const double rho : {-0.4, 0.0, 0.5, 1.0}) {
    const double pairs = pair_expectation(4, p, rho, [&](Index b, Index c) { return f(b) * f(c); });
    CHECK(enumerated_stability(f, p, rho) == doctest::Approx(pairs).epsilon(1e-12));
    CHECK(enumerated_stability(f, p, rho) ==
          doctest::Approx(noise_stability(degree_weights(spectrum), p, rho)).epsilon(1e-12));
  }
  CHECK_THROWS_AS(enumerated_stability(f, p, -0.5), std::invalid_argument);
}

TEST_CASE("outputs are looked at once: log-odds of two classes are their margin") {
  using enum QueryOutput;
  CHECK(spectrum_outputs(Task::regression, prediction) ==
        std::vector<QueryOutput>{prediction, loss});
  CHECK(spectrum_outputs(Task::multiclass, margin) ==
        std::vector<QueryOutput>{margin, logodds, probability, loss, correct});
  CHECK(spectrum_outputs(Task::binary, logodds) ==
        std::vector<QueryOutput>{margin, logodds, probability, loss, correct});
  CHECK(spectrum_outputs(Task::binary, prediction).front() == prediction);
}

TEST_CASE("verdicts follow the intervals over queries") {
  using enum QueryOutput;
  const std::string most = "explains most", more = "more linear than";
  const std::string about = "margin, p = 0.5";
  SpectrumResult r = planted({{margin, {0.1, 0.2, 0.15}}, {probability, {0.4, 0.45, 0.5}}});
  CHECK(verdict(r, about, most) == "agrees");
  CHECK(verdict(r, about, more) == "agrees");
  CHECK(verdict(r, "all outputs and p", "brackets") == "agrees");
  CHECK(verdict(r, about, "all pairs") == "not testable: 4^20 pairs");
  CHECK(verdict(r, "margin", "near p = 1") == "no such row");  // one rate
  r.spectra[1].queries[2].stability += 0.2;
  CHECK(verdict(r, "all outputs and p", "brackets") == "disagrees");
  r.checks = {{0.5, 1.0, 1.0}, {-0.5, 1.0, 1.0 + 1e-8}};
  CHECK(verdict(r, about, "all pairs") == "disagrees");
  r = planted({{margin, {0.8, 0.9, 0.85}}, {probability, {0.4, 0.9, 0.85}}});
  CHECK(verdict(r, about, most) == "disagrees");
  CHECK(verdict(r, about, more).find("open") == 0);
  r.convex = false;
  CHECK(verdict(r, about, most) == "not testable: one training of each subset; --set seeds=8");
  r.convex = true;
  r.unconverged = 3;
  CHECK(verdict(r, about, most) == "not testable: 3 trainings did not converge");
  CHECK(verdict(planted({{margin, {0.1}}}), about, most) ==
        "not testable: one query has no interval");
}

TEST_CASE("near p = 1 is judged query by query between the middle and the highest rate") {
  SpectrumResult low = planted({{QueryOutput::margin, {0.30, 0.40, 0.50}}});
  const SpectrumResult high = planted({{QueryOutput::margin, {0.20, 0.31, 0.40}}});
  low.rates = {0.5, 0.9};
  low.spectra.push_back(high.spectra.front());
  low.spectra.back().p = 0.9;
  CHECK(verdict(low, "margin", "r at 0.9 less that at 0.5") == "agrees");
  std::swap(low.spectra[0].queries, low.spectra[1].queries);
  CHECK(verdict(low, "margin", "r at 0.9 less that at 0.5") == "disagrees");
}

TEST_CASE("a user's ridge regression has the spectrum of its closed form, on one thread and two") {
  const Index n = 5, queries = 2;
  const double p = 0.3;
  const RidgeSubsets ridge(n, queries);
  const std::vector<std::string> set = {"p=0.3"};
  const std::pair<int, std::string> outcome = ridge.user.run("spectrum", "one", 1, set);
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(ridge.user.run("spectrum", "two", 2, set).first == kSuccess);
  const auto text = [&](const char* out, const char* file) {
    return ridge.user.result(out, "spectrum", file);
  };
  for (const char* file : {"runs.csv",
                           "summary.csv",
                           "verdicts.csv",
                           "spectrum.csv",
                           "coefficients.csv",
                           "values.csv"})
    CHECK_MESSAGE(text("one", file) == text("two", file), file);

  const VectorXd rates = VectorXd::Constant(n, p);
  const auto coefficients = cells_of(text("one", "coefficients.csv"));
  const auto weights = cells_of(text("one", "spectrum.csv"));
  REQUIRE(coefficients.size() == 1 + queries * 32);
  REQUIRE(weights.size() == 1 + queries * 6);
  for (Index q = 0; q < queries; ++q) {
    const VectorXd f = ridge.table(q);
    VectorXd by_degree = VectorXd::Zero(n + 1);
    for (Index s = 0; s < f.size(); ++s) {
      const double c = expectation(n, p, [&](Index b) { return f(b) * basis(s, b, rates); });
      by_degree(subset_size(s)) += c * c;
      const auto& line = coefficients[static_cast<std::size_t>(1 + q * 32 + s)];
      CHECK(std::stod(line[1]) == doctest::Approx(c).epsilon(1e-9).scale(1e-3));
      if (s == 0b10110) CHECK(line[0] == "1 2 4");
    }
    for (Index d = 0; d <= n; ++d)
      CHECK(std::stod(weights[static_cast<std::size_t>(1 + q * 6 + d)][1]) ==
            doctest::Approx(by_degree(d)).epsilon(1e-9).scale(1e-3));
    const double residual = by_degree.tail(n - 1).sum() / by_degree.tail(n).sum();
    bool found = false;
    for (const std::vector<std::string>& line : cells_of(text("one", "runs.csv")))
      if (line[1] == "prediction" && line[2] == "0.3" && line[3] == std::to_string(q) &&
          line[4] == "residual") {
        CHECK(std::stod(line[6]) == doctest::Approx(residual).epsilon(1e-9));
        found = true;
      }
    CHECK(found);
  }
}

TEST_CASE("what cannot be enumerated or read is refused in one line, before anything is trained") {
  const auto refused =
      [&](const RidgeSubsets& ridge, const std::vector<std::string>& set, const std::string& word) {
        const std::pair<int, std::string> outcome = ridge.user.run("spectrum", "none", 1, set);
        const std::string& error = outcome.second;
        CHECK(outcome.first == kUserError);
        CHECK_MESSAGE(error.find(word) != std::string::npos, error);
        CHECK(std::count(error.begin(), error.end(), '\n') == 1);
      };
  const RidgeSubsets small(4, 2);
  refused(RidgeSubsets(25, 2), {}, "2^25 x 1 = 33554432 trainings");
  refused(small, {"rates=0.5,1"}, "rates");
  refused(small, {"rates=half"}, "'half'");
  refused(small, {"rho=1"}, "rho");
  refused(small, {"p=0"}, "0");
  refused(small, {"output=margin"}, "prediction");
}

}  // namespace leaveout
