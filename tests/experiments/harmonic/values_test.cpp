// SPDX-License-Identifier: MIT
// Values of training examples against known games, and the experiment from the command line.
#include "influence/harmonic/values.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "experiments/cli.h"
#include "experiments/harmonic/values_report.h"
#include "tests/experiments/harmonic/ridge_subsets.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A regression task of `examples` training examples; nothing is trained on it.
SubsetTask toy(Index examples, double p) {
  SubsetTask task;
  task.settings.name = "toy";
  task.output = QueryOutput::prediction;
  task.p = p;
  Dataset data;
  data.name = "toy";
  data.inputs = MatrixXd::Ones(1, examples);
  data.targets = MatrixXd::Ones(1, examples);
  task.train = std::make_unique<Dataset>(data);
  task.query = std::make_unique<Dataset>(data);
  for (Index i = 0; i < examples; ++i) task.rows.push_back(10 * i);
  task.settings.model = "linear";
  task.model = std::make_unique<Model>(task_model(task.settings, *task.train));
  return task;
}

/// Each table (2^N) is a query, without noise.
SubsetOutputs outputs_of(const std::vector<VectorXd>& tables) {
  SubsetOutputs f;
  f.mean.resize(tables.front().size(), static_cast<Index>(tables.size()));
  for (std::size_t q = 0; q < tables.size(); ++q) f.mean.col(static_cast<Index>(q)) = tables[q];
  f.noise = MatrixXd::Zero(f.mean.rows(), f.mean.cols());
  return f;
}

ValuesResult values_of(const std::vector<VectorXd>& tables, double p = 0.3) {
  Index n = 0;
  while (Index{1} << n < tables.front().size()) ++n;
  return find_values(toy(n, p), outputs_of(tables), {});
}

/// A result of three queries over four examples whose values are 1, 2, 3, 4 of every kind.
ValuesResult planted() {
  ValuesResult r;
  r.settings.name = "planted";
  r.rows = {0, 1, 2, 3};
  for (MatrixXd& values : r.values)
    values = MatrixXd(VectorXd::LinSpaced(4, 1, 4).transpose().replicate(3, 1));
  r.values[7].resize(0, 0);
  r.values[8].resize(0, 0);
  for (VectorXd& noise : r.noise) noise = VectorXd::Ones(3);
  r.largest = VectorXd::Ones(3);
  r.total = VectorXd::Constant(3, 10);
  r.integral_error = r.banzhaf_error = r.beta_error = VectorXd::Zero(3);
  return r;
}

void reverse(ValuesResult& r, ValueKind kind) {
  MatrixXd& v = r.values[static_cast<std::size_t>(kind)];
  v = MatrixXd(v.rowwise().reverse());
}

std::string verdict(const ValuesResult& r, const std::string& about, const std::string& claim) {
  for (const Verdict& v : judge({r}))
    if (v.protocol == about && v.claim.find(claim) != std::string::npos) return v.verdict;
  return "no such row";
}

/// The mean of g over Beta(16, 1), whose density is 16 x^15: exact for polynomials up to degree 12.
double over_beta(const std::function<double(double)>& g) {
  const Quadrature rule = gauss_legendre(14);
  double sum = 0;
  for (Index k = 0; k < rule.nodes.size(); ++k)
    sum += rule.weights(k) * 16 * std::pow(rule.nodes(k), 15) * g(rule.nodes(k));
  return sum;
}

/// The mean marginal contribution of each example over all orders in which they can join.
VectorXd shapley_by_orders(const VectorXd& f, Index n) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  VectorXd sum = VectorXd::Zero(n);
  double orders = 0;
  do {
    Index b = 0;
    for (const Index i : order) {
      sum(i) += f(b | Index{1} << i) - f(b);
      b |= Index{1} << i;
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  return sum / orders;
}

}  // namespace

TEST_CASE("of unanimity among three Shapley is 1/3, Banzhaf 1/4, the datamodel p^2") {
  VectorXd f = VectorXd::Zero(8);
  f(7) = 1;
  const ValuesResult r = values_of({f, -2 * f}, 0.3);
  CHECK(r.known().size() == 7);
  for (Index i = 0; i < 3; ++i) {
    CHECK(r.of(ValueKind::shapley)(0, i) == doctest::Approx(1.0 / 3));
    CHECK(r.of(ValueKind::banzhaf)(0, i) == doctest::Approx(0.25));
    CHECK(r.of(ValueKind::datamodel)(0, i) == doctest::Approx(0.09));
    CHECK(r.of(ValueKind::loo)(0, i) == 1);
    CHECK(r.of(ValueKind::add_one)(0, i) == 0);
    // E p^2 under Beta(1, 16) and Beta(16, 1)
    CHECK(r.of(ValueKind::beta_16_1)(0, i) == doctest::Approx(2.0 / (17 * 18)));
    CHECK(r.of(ValueKind::beta_1_16)(0, i) == doctest::Approx(16.0 / 18));
    CHECK(r.of(ValueKind::shapley)(1, i) == doctest::Approx(-2.0 / 3));
  }
  CHECK(r.total(1) == -2);
  CHECK(r.largest(1) == 2);
  CHECK_FALSE(agreement_of(r, ValueKind::shapley, ValueKind::banzhaf).value);  // all are alike
}

TEST_CASE("of a linear output all values are one; of any output the identities hold") {
  VectorXd linear = VectorXd::Constant(16, 0.5);
  const double c[] = {1, -2, 0.5, 3};
  for (Index b = 0; b < 16; ++b)
    for (Index i = 0; i < 4; ++i) linear(b) += contains(b, i) ? c[i] : 0;
  const ValuesResult r = values_of({linear, random_table(4, 5)});
  for (const ValueKind kind : r.known())
    for (Index i = 0; i < 4; ++i) CHECK(r.of(kind)(0, i) == doctest::Approx(c[i]));
  for (Index q = 0; q < 2; ++q) {
    CHECK(r.integral_error(q) < 1e-14);
    CHECK(r.banzhaf_error(q) < 1e-14);
    CHECK(r.beta_error(q) < 1e-14);
    CHECK(r.of(ValueKind::shapley).row(q).sum() == doctest::Approx(r.total(q)));
  }
}

TEST_CASE("noise of a value is that of the outputs, weighted by the squares of its coefficients") {
  const Index n = 4;
  const VectorXd noise = random_table(n, 9).cwiseAbs2();
  const auto by_units = [&](const std::function<VectorXd(const VectorXd&)>& value) {
    double sum = 0;  // a value is linear in the table: unit tables read its coefficients off
    for (Index b = 0; b < noise.size(); ++b)
      sum += noise(b) * value(VectorXd::Unit(noise.size(), b)).squaredNorm();
    return sum / static_cast<double>(n);
  };
  SubsetOutputs f = outputs_of({random_table(n, 2)});
  f.noise.col(0) = 3 * noise;
  f.repeats = 3;
  const ValuesResult r = find_values(toy(n, 0.3), f, {});
  CHECK(r.noise[0](0) ==
        doctest::Approx(by_units([](const VectorXd& t) { return shapley_values(t); })));
  CHECK(r.noise[1](0) ==
        doctest::Approx(by_units([](const VectorXd& t) { return banzhaf_values(t); })));
  CHECK(r.noise[2](0) ==
        doctest::Approx(by_units([](const VectorXd& t) { return datamodel_weights(t, 0.3); })));
  CHECK(r.noise[3](0) ==
        doctest::Approx(by_units([](const VectorXd& t) { return leave_one_out_values(t); })));
  CHECK(r.noise[4](0) ==
        doctest::Approx(by_units([](const VectorXd& t) { return add_one_values(t); })));
  for (const auto& [k, alpha, beta] : {std::tuple{5, 16, 1}, {6, 1, 16}})
    CHECK(r.noise[static_cast<std::size_t>(k)](0) ==
          doctest::Approx(by_units([&](const VectorXd& t) {
            return semivalue(t, beta_shapley_coefficients(n, alpha, beta));
          })));
}

TEST_CASE("with equal noise everywhere no semivalue is less noisy than Banzhaf's") {
  const VectorXd equal = VectorXd::Ones(1 << 6);
  const double banzhaf = semivalue_noise(equal, banzhaf_coefficients(6, 0.5));
  CHECK(banzhaf == doctest::Approx(2.0 / 32));
  for (const VectorXd& other :
       {shapley_coefficients(6), banzhaf_coefficients(6, 0.6), beta_shapley_coefficients(6, 4, 1)})
    CHECK(semivalue_noise(equal, other) > banzhaf);
}

TEST_CASE("agreement is by rank, query by query, and cut off at 1") {
  ValuesResult r = planted();
  const Estimate same = agreement_of(r, ValueKind::shapley, ValueKind::loo);
  CHECK(*same.value == doctest::Approx(1));
  CHECK(same.high <= 1);
  CHECK(same.n == 3);
  r.values[3].row(1) << 2, 2 - 1e-9, 2, 2 + 1e-9;  // leave-one-out says nothing of query 1
  r.values[3].row(2) = MatrixXd(r.values[3].row(2).reverse());
  const Estimate mixed = agreement_of(r, ValueKind::shapley, ValueKind::loo);
  CHECK(*mixed.value == doctest::Approx(0).scale(1));
  CHECK(mixed.n == 2);
  CHECK(mixed.low == -1);
  CHECK(*nearness(r, ValueKind::banzhaf, ValueKind::shapley, ValueKind::loo).value ==
        doctest::Approx(1));
  r.noise[0] = VectorXd::Constant(3, 4);
  r.noise[0](2) = 0;
  CHECK(*noise_ratio(r, ValueKind::banzhaf, ValueKind::shapley).value == doctest::Approx(0.25));
  CHECK(noise_ratio(r, ValueKind::banzhaf, ValueKind::shapley).n == 2);
}

TEST_CASE("verdicts follow the intervals over queries") {
  ValuesResult r = planted();
  CHECK(verdict(r, "Shapley", "adds up") == "agrees");
  CHECK(verdict(r, "Banzhaf", "weights at p = 1/2") == "agrees");
  CHECK(verdict(r, "leave-one-out", "ranks as Shapley") == "agrees");
  CHECK(verdict(r, "leave-one-out", "nearer") == "no such row");  // at p = 1/2
  CHECK(verdict(r, "influence, w = 1", "ranks as Shapley") == "no such row");
  CHECK(verdict(r, "Banzhaf", "less noisy") == "no such row");  // one training each
  r.total(2) += 1e-9;
  r.integral_error(0) = 1e-9;
  r.banzhaf_error(1) = 1e-9;
  CHECK(verdict(r, "Shapley", "Beta-Shapley of (1, 1)") == "agrees");
  r.beta_error(0) = 1e-9;
  CHECK(verdict(r, "Shapley", "Beta-Shapley of (1, 1)") == "disagrees");
  CHECK(verdict(r, "Shapley", "adds up") == "disagrees");
  CHECK(verdict(r, "Shapley", "integral") == "disagrees");
  CHECK(verdict(r, "Banzhaf", "weights at p = 1/2") == "disagrees");
  reverse(r, ValueKind::loo);
  reverse(r, ValueKind::datamodel);
  CHECK(verdict(r, "leave-one-out", "ranks as Shapley") == "disagrees");
  r.p = 0.8;
  CHECK(verdict(r, "leave-one-out", "nearer to the datamodel at 0.8") == "agrees");
  r.p = 0.2;
  CHECK(verdict(r, "add-one", "nearer to the datamodel at 0.2") == "disagrees");
  r.repeats = 2;
  r.noise[1] = VectorXd::Constant(3, 0.5);
  r.noise[3] = VectorXd::Constant(3, 0.25);
  CHECK(verdict(r, "Banzhaf", "less noisy than Shapley") == "agrees");
  CHECK(verdict(r, "Banzhaf", "less noisy than leave-one-out") == "disagrees");
  r.unconverged = 2;
  CHECK(verdict(r, "Banzhaf", "less noisy than Shapley") ==
        "not testable: 2 trainings did not converge");
}

TEST_CASE("a user's ridge regression has the values of its closed form, on one thread and two") {
  const Index n = 5, queries = 2;
  const double p = 0.3;
  const RidgeSubsets ridge(n, queries);
  const std::vector<std::string> set = {"p=0.3"};
  const std::pair<int, std::string> outcome = ridge.user.run("values", "one", 1, set);
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  REQUIRE(ridge.user.run("values", "two", 2, set).first == kSuccess);
  const auto text = [&](const char* out, const char* file) {
    return ridge.user.result(out, "values", file);
  };
  for (const char* file : {"runs.csv",
                           "summary.csv",
                           "verdicts.csv",
                           "spectrum.csv",
                           "coefficients.csv",
                           "values.csv"})
    CHECK_MESSAGE(text("one", file) == text("two", file), file);

  const auto lines = cells_of(text("one", "values.csv"));
  REQUIRE(lines.size() == 1 + queries * n);
  for (Index q = 0; q < queries; ++q) {
    const VectorXd f = ridge.table(q);
    const VectorXd shapley = shapley_by_orders(f, n);
    for (Index i = 0; i < n; ++i) {
      const std::vector<std::string>& line = lines[static_cast<std::size_t>(1 + q * n + i)];
      const Index bit = Index{1} << i, all = f.size() - 1;
      const auto effect = [&](Index b) { return f(b | bit) - f(b & ~bit); };
      const double expected[] = {shapley(i),
                                 expectation(n, 0.5, effect),
                                 expectation(n, p, effect),
                                 effect(all),
                                 effect(0)};
      CHECK(line[0] == std::to_string(i));
      for (std::size_t k = 0; k < 5; ++k)
        CHECK(std::stod(line[k + 1]) == doctest::Approx(expected[k]).epsilon(1e-9).scale(1e-3));
      CHECK(line[8] == std::to_string(q));
      // Beta-Shapley of (alpha, beta) is the mean over Beta(beta, alpha) of the datamodel weights.
      const auto at = [&](double rate) { return expectation(n, rate, effect); };
      CHECK(std::stod(line[10]) == doctest::Approx(over_beta([&](double x) { return at(1 - x); }))
                                       .epsilon(1e-9)
                                       .scale(1e-3));
      CHECK(std::stod(line[11]) == doctest::Approx(over_beta(at)).epsilon(1e-9).scale(1e-3));
    }
  }
}

TEST_CASE("a file with too many rows for all subsets is refused in one line") {
  const std::pair<int, std::string> outcome = RidgeSubsets(19, 1).user.run("values", "none", 1);
  CHECK(outcome.first == kUserError);
  CHECK_MESSAGE(outcome.second.find("19 training examples") != std::string::npos, outcome.second);
  CHECK(std::count(outcome.second.begin(), outcome.second.end(), '\n') == 1);
}

}  // namespace leaveout
