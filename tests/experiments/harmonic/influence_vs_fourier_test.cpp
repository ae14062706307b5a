// SPDX-License-Identifier: MIT
// Derivatives as predictors of spectra and removals: exact where F is quadratic, and the whole
// experiment on a user's file against ridge regression in closed form.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/cli.h"
#include "experiments/harmonic/crossed_bootstrap.h"
#include "experiments/harmonic/influence_vs_fourier_report.h"
#include "influence/harmonic/group_prediction.h"
#include "influence/harmonic/ridge_removal.h"
#include "influence/harmonic/values.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kExamples = 6, kFeatures = 2, kQueries = 3;
constexpr double kDecay = 0.5;

/// A user's files of a regression without bias, and what is in them.
struct Ridge {
  TemporaryFolder folder;
  MatrixXd inputs = Random(3).normal_matrix(kFeatures, kExamples);  // (features x N)
  MatrixXd queries = Random(4).normal_matrix(kFeatures, kQueries);  // (features x Q)
  VectorXd targets = Random(5).normal_matrix(kExamples, 1).col(0);  // (N)

  Ridge() {
    const auto table = [](const MatrixXd& x, const VectorXd& y) {
      std::string text = "a,b,y\n";
      for (Index i = 0; i < x.cols(); ++i)
        text += fmt::format("{},{},{}\n", x(0, i), x(1, i), y(i));
      return text;
    };
    write_file(path("train.csv"), table(inputs, targets));
    write_file(path("query.csv"), table(queries, VectorXd::Zero(kQueries)));
  }
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }

  std::pair<int, std::string> run(const std::string& out,
                                  std::vector<std::string> set = {},
                                  const std::string& threads = "1") const {
    std::vector<std::string> args = {"run",
                                     "influence-vs-fourier",
                                     "--preset",
                                     "quick",
                                     "--quiet",
                                     "--threads",
                                     threads,
                                     "--target",
                                     "y",
                                     "--data",
                                     path("train.csv"),
                                     "--query",
                                     path("query.csv"),
                                     "--out",
                                     path(out),
                                     "--set",
                                     "bias=false",
                                     "standardize=false",
                                     "weight_decay=0.5",
                                     "p=0.3",
                                     "groups=4",
                                     "sizes=4,6"};
    args.insert(args.end(), set.begin(), set.end());
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return {status, error.str()};
  }
  std::string text(const std::string& out, const std::string& file) const {
    return read_file((folder.path() / out / "influence-vs-fourier" / "quick" / file).string());
  }

  /// theta for example weights w, by the normal equations, (features).
  VectorXd theta(const VectorXd& w) const {
    const double n = static_cast<double>(kExamples);
    const MatrixXd a = inputs * w.asDiagonal() * inputs.transpose() / n +
                       kDecay * MatrixXd::Identity(kFeatures, kFeatures);
    return a.ldlt().solve(inputs * w.cwiseProduct(targets) / n);
  }
  /// Of query q on all subsets, (2^N).
  VectorXd table(Index q) const {
    const MatrixXd subsets = all_subsets(kExamples);
    VectorXd f(subsets.cols());
    for (Index b = 0; b < f.size(); ++b) f(b) = queries.col(q).dot(theta(subsets.col(b)));
    return f;
  }
};

struct Row {
  double exact = 0, predicted = 0;
};

/// predictions.csv of all examples: key "quantity subset method p query".
std::map<std::string, Row> read_predictions(const std::string& text) {
  std::map<std::string, Row> rows;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::vector<std::string> cell;
    std::istringstream cells(line);
    for (std::string c; std::getline(cells, c, ',');) cell.push_back(c);
    if (cell[5] != std::to_string(kExamples)) continue;
    rows[fmt::format("{} {} {} {} {}", cell[0], cell[1], cell[2], cell[6], cell[7])] = {
        std::stod(cell[3]), std::stod(cell[4])};
  }
  return rows;
}

SubsetTask small_task(const std::string& model, const std::vector<std::string>& set = {}) {
  Settings settings(subset_task_settings());
  for (const std::string& s : {std::string("data=diabetes_high"),
                               "model=" + model,
                               std::string("max_train=5"),
                               std::string("max_query=2")})
    settings.set(s);
  for (const std::string& s : set) settings.set(s);
  SubsetTask task = load_subset_task({read_task_settings(settings, {}), settings}, {});
  task.problem.shared_seeds = true;
  return task;
}

/// F(w) = value + first'(w - c) + (w - c)' second (w - c) / 2 for two queries.
struct Quadratics {
  double value = 0.4;
  MatrixXd first = Random(11).normal_matrix(2, 5);
  std::vector<MatrixXd> second;

  Quadratics() {
    for (const std::uint64_t seed : {12, 13}) {
      const MatrixXd a = Random(seed).normal_matrix(5, 5);
      second.push_back(a + a.transpose());
    }
  }
  double at(Index q, const VectorXd& w) const {
    return value + first.row(q).dot(w) + 0.5 * w.dot(second[static_cast<std::size_t>(q)] * w);
  }
  SubsetOutputs outputs() const {
    const MatrixXd subsets = all_subsets(5);
    SubsetOutputs f;
    f.mean.resize(subsets.cols(), 2);
    for (Index b = 0; b < subsets.cols(); ++b)
      for (Index q = 0; q < 2; ++q) f.mean(b, q) = at(q, subsets.col(b));
    f.noise = MatrixXd::Zero(subsets.cols(), 2);
    return f;
  }
  /// Derivatives at w = c 1 in the place of a task's own; their terms add up to `second`.
  WeightDerivatives derivatives(const SubsetTask& task, double c) const {
    WeightDerivatives d = weight_derivatives(task, c);
    const VectorXd w = VectorXd::Constant(5, c);
    for (Index q = 0; q < 2; ++q) {
      const MatrixXd& s = second[static_cast<std::size_t>(q)];
      d.value(q) = at(q, w);
      d.first.row(q) = first.row(q) + (s * w).transpose();
      d.second[static_cast<std::size_t>(q)] = {0.2 * s, 0.5 * s, 0.1 * s};
    }
    return d;
  }
};

double largest_gap(const FourierComparison& c, const char* method) {
  return (*c.find(method) - c.exact).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("of quadratic outputs the second order says everything, from both centres") {
  const SubsetTask task = small_task("logistic");
  const Quadratics f;
  const double p = 0.3;
  const WeightDerivatives one = f.derivatives(task, 1), rate = f.derivatives(task, p);
  const std::vector<FourierComparison> all = compare_spectra(f.outputs(), one, rate);
  for (const char* method : {"w1_second", "wp_second"}) {
    CHECK(largest_gap(all[0], method) < 1e-12);  // weight
    CHECK(largest_gap(all[3], method) < 1e-11);  // b1
  }
  CHECK(largest_gap(all[1], "full") < 1e-12);       // pair
  CHECK(largest_gap(all[2], "wp_second") < 1e-12);  // mean
  CHECK(largest_gap(all[4], "full") < 1e-11);       // b2
  CHECK(largest_gap(all[0], "wp") > 0.1);
  // Parts of the pairs keep their share: 0.5 without the third derivative, 0.1 of the output.
  CHECK((*all[1].find("without_third") - 0.5 * all[1].exact).cwiseAbs().maxCoeff() < 1e-12);
  CHECK((*all[1].find("output") - 0.1 * all[1].exact).cwiseAbs().maxCoeff() < 1e-12);
  for (const Index size : {1, 2, 5}) {
    const FourierComparison c = compare_removal(f.outputs(), one, draw_groups(5, size, 10, 1));
    CHECK(largest_gap(c, "second") < 1e-12);
    CHECK(largest_gap(c, "first") > 0.1);
  }
}

TEST_CASE("groups are all there are, or so many different ones of the right size") {
  CHECK(draw_groups(5, 2, 10, 1).size() == 10);
  CHECK(draw_groups(3, 1, 10, 1) == std::vector<Group>{{0}, {1}, {2}});
  const std::vector<Group> drawn = draw_groups(12, 4, 20, 1);
  CHECK(drawn.size() == 20);
  CHECK(std::set<Group>(drawn.begin(), drawn.end()).size() == 20);
  for (const Group& g : drawn) {
    CHECK(std::set<Index>(g.begin(), g.end()).size() == 4);
    CHECK(std::is_sorted(g.begin(), g.end()));
  }
  CHECK(drawn == draw_groups(12, 4, 20, 1));
  CHECK(drawn != draw_groups(12, 4, 20, 2));
}

TEST_CASE("renormalised removals are those of a task without the group") {
  const SubsetTask task = small_task("logistic", {"weight_decay=0.2"});
  const SubsetLogits logits = train_all_subsets(task, {});
  const SubsetOutputs f = subset_outputs(logits, task.output, *task.query);
  const WeightDerivatives one = weight_derivatives(task, 1);
  const std::vector<Group> groups = {{3, 4}};
  const FourierComparison c = compare_renormalised(task, {}, f, one, groups);
  // Without the last two the first three remain, with weights 1/3 in the place of 1/5.
  const SubsetTask rest = first_examples(task, 3);
  const WeightDerivatives at = weight_derivatives(rest, 1);
  CHECK((c.exact.col(0) - (one.value - at.value)).norm() < 1e-8);
  CHECK(relative_error(c, "second").value < relative_error(c, "first").value);
  // A margin is linear in theta: first order is a derivative along the weights' own direction.
  VectorXd direction = VectorXd::Constant(5, -2.0 / 3);
  direction(groups.front()).setOnes();
  CHECK((c.find("first")->col(0) - one.first * direction).norm() < 1e-12);
  const NormalisedRemoval steps = normalised_removal(one.minima.front(), groups.front());
  const VectorXd third =
      -one.minima.front().gradients(*task.query, task.output).transpose() * steps.third;
  const VectorXd gap = (*c.find("second") - *c.find("second_without_third")).col(0);
  CHECK(third.norm() > 1e-4);
  CHECK((gap - third).norm() < 1e-12);
  // Trained once per group or looked up in the table of all subsets: the same removal.
  const FourierComparison looked_up = compare_removal(f, one, groups);
  const FourierComparison trained = train_removal(task, {}, one, groups);
  CHECK((looked_up.exact - trained.exact).norm() < 1e-8);
  CHECK(*looked_up.find("second") == *trained.find("second"));
}

TEST_CASE("derivatives of a network are taken at the minima of the subsets' own trainings") {
  const SubsetTask task = small_task(
      "mlp:3", {"weight_decay=0.05", "learning_rate=0.2", "momentum=0.9", "epochs=800", "seeds=2"});
  const SubsetProblem& p = task.problem;
  const SubsetLogits logits = train_subsets(p, MatrixXd::Ones(5, 1), {});
  const std::vector<WeightedResponse> minima = weighted_minima(task, 1);
  REQUIRE(minima.size() == 2);
  for (Index r = 0; r < 2; ++r) {
    Random stream = shared_seed(p, r);
    const VectorXd start = initialise(p.model->spec(), p.initialisation, stream.bits());
    Protocol protocol = p.protocol;
    protocol.seed = stream.bits();
    const Objective objective = training_objective(*p.model, *p.train, p.weight_decay);
    const VectorXd theta = train(objective, start, protocol).theta;
    CHECK(outputs(*p.model, p.query->inputs, theta) == logits.of(0, r));
    CHECK((minima[static_cast<std::size_t>(r)].theta() - theta).norm() < 1e-5 * theta.norm());
  }
  CHECK((minima[0].theta() - minima[1].theta()).norm() > 0.1 * minima[0].theta().norm());
}

TEST_CASE("drawing both sides anew gives the variance of both") {
  // Means of x_i + y_q vary by var x / n + var y / q.
  const Index n = 30, q = 20;
  const VectorXd x = Random(7).normal_matrix(n, 1).col(0), y = Random(8).normal_matrix(q, 1).col(0);
  const MatrixXd table = y.replicate(1, n) + x.transpose().replicate(q, 1);
  const Estimate e =
      crossed_interval(n,
                       q,
                       [&](const Picks& items, const Picks& queries) -> std::optional<double> {
                         return gather(table, items, queries).mean();
                       },
                       {.resamples = 2000, .seed = 1});
  const auto variance = [](const VectorXd& v) {
    return (v.array() - v.mean()).square().sum() / static_cast<double>(v.size() * v.size());
  };
  const double deviation = std::sqrt(variance(x) + variance(y));
  CHECK(std::abs(*e.value - table.mean()) < 1e-12);
  // Quantiles at 95 % from 2000 resamples are known to 4 % (three standard errors: 11 %).
  CHECK(e.high - e.low == doctest::Approx(2 * 1.96 * deviation).epsilon(0.11));
  CHECK(e.n == n * q);
  // Pairs of drawn items are those that differ: of 1, 1 and 2 two.
  const MatrixXd pairs = MatrixXd::Random(1, 9);
  CHECK(gather_pairs(pairs, 3, {1, 1, 2}, {0}) == VectorXd::Constant(2, pairs(0, 5)));
}

TEST_CASE("errors that fall as 1 / N have exponent -1") {
  FourierResult r;
  r.queries = 2;
  r.p = 0.5;
  r.examples = 8;
  r.sizes = {4, 8};
  r.larger = {16};
  for (const Index n : {4, 8, 16}) {
    FourierComparison c;
    c.quantity = n == 16 ? "removal" : "weight";
    for (const char* quantity : {"weight", "removal"}) {
      if (n == 16 && c.quantity != quantity) continue;
      c.quantity = quantity;
      c.p = c.quantity == "weight" ? 0.5 : 0;
      c.size = c.quantity == "weight" ? 0 : 1;
      c.examples = n;
      c.exact = MatrixXd::Constant(2, n, 2);
      const double share = 1 + 1 / static_cast<double>(n);
      c.predictions = {{"wp", share * c.exact}, {"first", (2 - share) * c.exact}};
      r.comparisons.push_back(c);
    }
  }
  CHECK(*size_exponent(r, "weight", "wp").value == doctest::Approx(-1).epsilon(1e-12));
  CHECK(*size_exponent(r, "removal", "first").value == doctest::Approx(-1).epsilon(1e-12));
  CHECK(!size_exponent(r, "weight", "nobody").value);
  const FourierComparison& c = *r.find("weight", 0.5);
  CHECK(*relative_error(c, "wp").value == doctest::Approx(0.125).epsilon(1e-12));
  CHECK(*error_ratio(c, "wp", "first").value == doctest::Approx(1).epsilon(1e-12));
  CHECK(*total_ratio(c, "first").value == doctest::Approx(0.875).epsilon(1e-12));
}

TEST_CASE("a user's regression: every number is that of ridge regression in closed form") {
  const Ridge ridge;
  const std::pair<int, std::string> outcome = ridge.run("one");
  CAPTURE(outcome.second);
  REQUIRE(outcome.first == kSuccess);
  const auto rows = read_predictions(ridge.text("one", "predictions.csv"));
  const auto close = [](double a, double b) { return std::abs(a - b) < 1e-9; };
  const double n = static_cast<double>(kExamples);
  const RidgeRemoval removal(ridge.inputs, ridge.targets, n * kDecay);
  for (Index q = 0; q < kQueries; ++q) {
    const VectorXd x = ridge.queries.col(q), f = ridge.table(q);
    const MatrixXd pairs = pair_interactions(f, 0.3);
    for (const double c : {1.0, 0.3}) {
      const VectorXd residual =
          ridge.inputs.transpose() * ridge.theta(VectorXd::Constant(kExamples, c)) - ridge.targets;
      const MatrixXd a = c * ridge.inputs * ridge.inputs.transpose() / n +
                         kDecay * MatrixXd::Identity(kFeatures, kFeatures);
      const VectorXd lever = a.ldlt().solve(x);
      for (Index i = 0; i < kExamples; ++i) {
        const Row& row = rows.at(fmt::format("weight {} {} 0.3 {}", i, c == 1 ? "w1" : "wp", q));
        CHECK(close(row.exact, datamodel_weights(f, 0.3)(i)));
        CHECK(close(row.predicted, -lever.dot(ridge.inputs.col(i)) * residual(i) / n));
      }
    }
    CHECK(close(rows.at(fmt::format("pair 1 4 full 0.3 {}", q)).exact, pairs(1, 4)));
    for (Index i = 0; i < kExamples; ++i) {
      const std::string key = fmt::format("removal {}", i);
      const Row& row = rows.at(fmt::format("{} first  {}", key, q));
      CHECK(close(row.exact, -x.dot(removal.change({i}))));
      CHECK(close(row.predicted, -x.dot(removal.change({i}, 1))));
      CHECK(close(rows.at(fmt::format("{} second  {}", key, q)).predicted,
                  -x.dot(removal.change({i}, 2))));
    }
  }
  REQUIRE(ridge.run("two", {}, "2").first == kSuccess);
  for (const char* file : {"runs.csv",
                           "summary.csv",
                           "verdicts.csv",
                           "predictions.csv",
                           "values.csv",
                           "spectrum.csv",
                           "coefficients.csv"})
    CHECK_MESSAGE(ridge.text("one", file) == ridge.text("two", file), file);
}

TEST_CASE("what cannot be done is refused in one line before anything is trained") {
  const Ridge ridge;
  const auto refused = [&](const std::vector<std::string>& set, const char* word) {
    const std::pair<int, std::string> outcome = ridge.run("none", set);
    CHECK(outcome.first == kUserError);
    CHECK_MESSAGE(outcome.second.find(word) != std::string::npos, outcome.second);
    CHECK(std::count(outcome.second.begin(), outcome.second.end(), '\n') == 1);
  };
  refused({"rates=0.5,1"}, "rates");
  refused({"sizes=4,5.5"}, "sizes");
  refused({"max_train=1"}, "at least 2");
  CHECK_THROWS_AS(weight_derivatives(small_task("logistic", {"output=correct"}), 1),
                  std::invalid_argument);
  std::string many = "a,b,y\n";
  for (int i = 0; i < 30; ++i) many += fmt::format("{},1,{}\n", i, i % 7);
  write_file(ridge.path("train.csv"), many);
  refused({}, "2^30");
}

}  // namespace leaveout
