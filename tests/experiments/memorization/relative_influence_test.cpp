// SPDX-License-Identifier: MIT
// Whom scores name, where the answer is known, and the experiment from the command line.
#include "experiments/memorization/relative_influence.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "datasets/files.h"
#include "experiments/memorization/relative_influence_pairs.h"
#include "experiments/memorization/relative_influence_report.h"
#include "influence/memorization/seeded_training.h"
#include "tests/support/table_runs.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using G = PlantedGroup;

Job job_of(const std::vector<std::string>& set) {
  return leaveout::job_of(relative_influence_settings(), set);
}

VectorXd trained(const GroupedTask& task) {
  return train_seeded(task.problem, full_weights(task.problem), 0).theta;
}

/// Four examples and two queries, of which the second is rare.
Neighbourhood four() {
  Neighbourhood n;
  n.groups = {G::mislabelled, G::rare, G::duplicate, G::typical};
  n.query_groups = {G::typical, G::rare};
  n.labels = {0, 1, 0, 1};
  n.query_labels = {0, 1};
  n.outlier = {true, false, false, false};
  n.isolated = {true, true, false, false};
  n.misfit = {false, false, false, true};
  n.input_distance.resize(2, 4);
  n.input_distance << 1, 2, 3, 4, NAN, NAN, NAN, NAN;
  n.feature_distance = MatrixXd::Constant(2, 4, 0.5);
  return n;
}

double of(const NameMeasures& m, const char* metric) {
  return m[static_cast<std::size_t>(name_metric(metric))].value_or(-1);
}

/// A seed in which every score names `outliers`, `others` for all relative ones.
RelativeSeed seed_of(double outliers, double others, double auc) {
  RelativeSeed s;
  const auto add = [&](const std::string& score, const std::string& side, double share) {
    NamedRow row{score, side, kShownLength, {}};
    for (std::optional<double>& m : row.measures) m = share;
    s.rows.push_back(row);
  };
  for (const RankingName& ranking : kNamingRankings)
    for (const char* side : kSides)
      add(ranking.name, side, std::string(ranking.name) == "influence" ? outliers : others);
  add(kAllExamples, "", 0.1);
  s.tells = {{"low_benefit", G::mislabelled, G::typical, auc}};
  return s;
}

RelativeResult result_of(double outliers, double others, double auc) {
  RelativeResult r;
  r.settings.name = "made up";
  for (const double shift : {-0.01, 0.0, 0.01})
    r.seeds.push_back(seed_of(outliers + shift, others, auc + shift));
  return r;
}

std::string verdict_on(const RelativeResult& r, const std::string& claim) {
  for (const Verdict& v : judge({r}))
    if (v.claim.find(claim) != std::string::npos) return v.verdict;
  return "missing";
}

}  // namespace

TEST_CASE("names are the largest or the smallest scores; ties keep their order") {
  MatrixXd scores(2, 4);
  scores << 1, 3, 2, -5, 0.5, 0.5 + 1e-16, -0.5, 0.5;
  CHECK(name_examples(scores, true, 2) == Names{{1, 2}, {0, 1}});
  CHECK(name_examples(scores, false, 2) == Names{{3, 0}, {2, 0}});
  CHECK(name_examples(scores, true, 9)[0] == std::vector<Index>{1, 2, 0, 3});
  CHECK(name_all(1, 3) == Names{{0, 1, 2}});
}

TEST_CASE("what the named examples have in common") {
  const NameMeasures m = measure({{0, 3}, {0, 1}}, four());
  CHECK(of(m, "mislabelled") == 0.5);
  CHECK(of(m, "rare") == 0.25);
  CHECK(of(m, "duplicate") == 0);
  CHECK(of(m, "typical") == 0.25);
  CHECK(of(m, "outliers") == 0.5);
  CHECK(of(m, "isolated") == 0.75);
  CHECK(of(m, "misfit") == 0.25);
  CHECK(of(m, "same_class") == 0.5);      // 0 for the first query, 1 for the second
  CHECK(of(m, "rare_of_rare") == 0.5);    // of the second query's two
  CHECK(of(m, "input_distance") == 2.5);  // the second query has no distances
  CHECK(of(m, "feature_distance") == 0.5);
  CHECK(of(m, "distinct") == 0.75);  // three of four
  Neighbourhood near = four();
  near.query_groups[1] = G::typical;
  const NameMeasures one = measure({{0, 1, 2, 3}, {0, 1, 2, 3}}, near);
  CHECK(of(one, "distinct") == 1);  // there are no more than four
  CHECK(of(one, "rare_of_rare") == -1);
}

TEST_CASE("distances are relative to the median of the query's class") {
  MatrixXd query(2, 2), train(2, 4);
  query << 0, 3, 0, 4;
  train << 3, 0, 6, 0, 4, 1, 8, 0;
  const MatrixXd d = distances(query, train);
  CHECK(d.row(0) == Eigen::RowVector4d(5, 1, 10, 0));
  CHECK(d(1, 0) == 0);
  const MatrixXd relative = relative_to_class(d, {0, 2}, {0, 0, 0, 1});
  CHECK(relative(0, 1) == doctest::Approx(1.0 / 5));  // 1, 5, 10 are of its class
  CHECK(relative(0, 2) == doctest::Approx(2));
  CHECK(std::isnan(relative(1, 0)));                                    // nobody is of class 2
  CHECK(std::isnan(relative_to_class(d, {1, 1}, {0, 0, 0, 1})(0, 0)));  // a median of 0
}

TEST_CASE("an example is isolated by its fifth neighbour of the same label") {
  MatrixXd line(1, 9);
  line << 0, 1, 2, 3, 4, 5, 20, 0.5, 30;
  const VectorXd far = isolation(line, {0, 0, 0, 0, 0, 0, 0, 1, 2});
  CHECK(far(0) == 5);
  CHECK(far(3) == 3);
  CHECK(far(6) == 19);
  CHECK(std::isinf(far(7)));
  MatrixXd three(1, 3);
  three << 0, 1, 4;
  CHECK(isolation(three, {0, 0, 0}) == Eigen::Vector3d(4, 3, 4));  // the last there is
  VectorXd values(11);
  values << 1, 5, 2, 5, 0, 0, 0, 0, 0, 0, 0;
  std::vector<bool> two(11, false);  // a tenth, rounded up
  two[1] = two[3] = true;
  CHECK(largest_tenth(values) == two);
}

TEST_CASE("one group above another, without the others") {
  VectorXd scores(5);
  scores << 3, 1, 2, 2, 9;
  const std::vector<G> groups = {G::mislabelled, G::typical, G::mislabelled, G::typical, G::rare};
  CHECK(*auc_between(scores, groups, G::mislabelled, G::typical) == doctest::Approx(3.5 / 4));
  CHECK(*auc_between(scores, groups, G::rare, G::mislabelled) == 1);
  CHECK_FALSE(auc_between(scores, groups, G::duplicate, G::typical));
  CHECK_FALSE(
      auc_between(scores, {G::rare, G::rare, G::rare, G::rare, G::rare}, G::typical, G::typical));
}

TEST_CASE("scores of a network are those solved by hand, and the identities hold") {
  const Job job = job_of({"data=planted",
                          "max_train=50",
                          "max_query=40",
                          "rare=0.12",
                          "model=mlp:4",
                          "epochs=30",
                          "weight_decay=0.01"});
  const GroupedTask task = load_grouped_task(job, {});
  const VectorXd theta = trained(task);
  const RelativeScores s = relative_scores(task, theta, {.damping = 0.02});
  const Objective q = training_objective(*task.model, *task.train, 0.01);
  MatrixXd h = Evaluator(q).curvature(theta, Curvature::gauss_newton);
  h.diagonal().array() += 0.02;
  const MatrixXd g = loss_gradients(*task.model, *task.train, theta);
  const MatrixXd t = loss_gradients(*task.model, *task.test, theta);
  const MatrixXd v = loss_gradients(*task.model, *task.validation, theta);
  const MatrixXd steps = h.ldlt().solve(g) / 50;
  const MatrixXd query_steps = h.ldlt().solve(t) / 50;
  const double s00 = t.col(3).dot(steps.col(7)), self = g.col(7).dot(steps.col(7));
  const auto near = [](double x) { return doctest::Approx(x).epsilon(1e-9); };
  CHECK(s.influence(3, 7) == near(s00));
  CHECK(s.self(7) == near(self));
  CHECK(s.theta_relatif(3, 7) == near(s00 / steps.col(7).norm()));
  CHECK(s.loss_relatif(3, 7) == near(s00 / std::sqrt(self / 50)));
  CHECK(s.cosine(3, 7) == near(s00 / std::sqrt(self * t.col(3).dot(query_steps.col(3)))));
  CHECK(s.shares(3, 7) == near(s00 / s.influence.row(3).cwiseAbs().sum()));
  CHECK(s.ratio(3, 7) == near(s00 / s.influence(3, s.reference)));
  CHECK(s.per_self(3, 7) == near(s00 / self));
  CHECK(s.on_valid(7) == near((v.transpose() * steps.col(7)).mean()));
  CHECK(s.benefit(7) == near(s.on_valid(7) / self));
  const VectorXd sizes = s.influence.cwiseAbs().colwise().mean().transpose();
  CHECK(sizes(s.reference) == sizes.maxCoeff());
  CHECK(s.reference_helps == (s.influence.col(s.reference).array() > 0).cast<double>().mean());
  CHECK(s.checks.cosine_excess < 1e-12);
  CHECK(s.checks.cosine_excess > -0.5);
  CHECK(s.checks.own_cosine < 1e-12);
  CHECK(s.checks.factor < 1e-12);
  CHECK(s.checks.unit_step < 1e-12);
  CHECK(s.checks.gradient_excess < 1e-12);
  CHECK(s.checks.scale < 1e-9);
  CHECK(s.checks.orders == 0);

  const RelativeSeed seed = measure_relative(task, theta, {.damping = 0.02});
  Index above = 0;  // the tenth of 50
  const std::vector<Index> five = largest_of(s.self, 5);
  const Names names = name_examples(s.loss_relatif, true, 1);
  for (const std::vector<Index>& list : names)
    above += std::count(five.begin(), five.end(), list[0]);
  CHECK(of(seed.names_of("loss_relatif", "helpful", 1), "outliers") ==
        near(static_cast<double>(above) / 20));
  CHECK(of(seed.names_of(kAllExamples, "", 50), "outliers") == near(0.1));
  CHECK(*seed.tells[0].auc ==
        near(*auc_between(-s.benefit, task.groups, G::mislabelled, G::typical)));
  REQUIRE(seed.shown.size() >= 2);
  const ShownQuery& shown = seed.shown[1];
  CHECK(shown.kind == "rare");
  CHECK(task.test_groups[static_cast<std::size_t>(shown.query)] == G::rare);
  const std::vector<Index> helpful = largest_of(s.theta_relatif.row(shown.query).transpose(), 2);
  const std::vector<Index> harmful = largest_of(-s.theta_relatif.row(shown.query).transpose(), 1);
  CHECK(shown.names[2] == std::array<Index, 3>{helpful[0], helpful[1], harmful[0]});
}

TEST_CASE("verdicts follow the intervals") {
  const RelativeResult r = result_of(0.6, 0.2, 0.95);
  CHECK(verdict_on(r, "often outliers") == "agrees");
  CHECK(verdict_on(r, "or mislabelled") == "agrees");
  CHECK(verdict_on(r, "less dominated") == "agrees");
  CHECK(verdict_on(r, "nearer neighbours") == "agrees");
  CHECK(verdict_on(r, "same few") == "disagrees");
  CHECK(verdict_on(r, "than for typical") == "agrees");
  CHECK(verdict_on(r, "than for rare") == "not testable: nobody of that kind");
  const RelativeResult other = result_of(0.05, 0.3, 0.6);
  CHECK(verdict_on(other, "often outliers") == "disagrees");
  CHECK(verdict_on(other, "less dominated") == "disagrees");
  CHECK(verdict_on(other, "same few") == "agrees");
  CHECK(verdict_on(other, "than for typical") == "disagrees");
  CHECK(verdict_on(result_of(0.105, 0.1, 0.8), "often outliers").substr(0, 4) == "open");
  const Estimate e = difference_over_seeds(r, "per_self", "influence", "helpful", "outliers");
  CHECK(*e.value == doctest::Approx(-0.4).epsilon(1e-12));
  CHECK(e.high - e.low == doctest::Approx(2 * 4.302652729911275 * 0.01 / std::sqrt(3.0)));
  RelativeResult one = r;
  one.seeds.resize(1);
  CHECK(verdict_on(one, "often outliers") == "not testable: one seed has no interval");
}

TEST_CASE("an identity that is off is said to disagree") {
  RelativeResult r = result_of(0.6, 0.2, 0.95);
  r.seeds[1].checks.gradient_excess = r.seeds[2].checks.cosine_excess = -0.5;
  for (const char* claim : {"cosine lies", "cosine times", "length 1", "factor on H", "order as"})
    CHECK_MESSAGE(verdict_on(r, claim) == "agrees", claim);
  r.seeds[0].checks.own_cosine = 1e-3;
  r.seeds[1].checks.factor = 1e-3;
  r.seeds[1].checks.gradient_excess = 1e-3;
  r.seeds[2].checks.scale = 1e-3;
  r.seeds[2].checks.orders = 1;
  for (const char* claim : {"cosine lies", "cosine times", "length 1", "factor on H", "order as"})
    CHECK_MESSAGE(verdict_on(r, claim) == "disagrees", claim);
}

TEST_CASE("pairs show the pixels as read, with the given labels and the groups' frames") {
  const Job job = job_of({"data=digits", "max_train=200", "max_query=80", "rare=0.05"});
  const GroupedTask task = load_grouped_task(job, {});  // standardised
  Job as_read = job;
  as_read.task.standardize = false;
  const GroupedTask raw = load_grouped_task(as_read, {});
  const auto wrong = static_cast<Index>(
      std::find(task.groups.begin(), task.groups.end(), G::mislabelled) - task.groups.begin());
  RelativeResult r;
  r.seeds.resize(1);
  r.seeds[0].shown = {{3, "misread", 7, {{wrong, 1, 2}, {1, 1, 1}, {2, 2, 2}}}};
  ImageGrid grid = pairs_figure();
  CHECK(grid.footnotes.back() == kWhoseDefinitionsNote);
  add_pairs(job, {}, r, grid);
  REQUIRE(grid.sections.size() == 1);
  const GridRow& row = grid.sections[0].rows.at(0);
  CHECK(row.note == "read as 7");
  REQUIRE(row.images.size() == 10);
  CHECK(row.images[0].ink(2, 5) == raw.test->inputs(2 * 8 + 5, 3) / 16);
  CHECK(row.images[1].ink(4, 1) == raw.train->inputs(4 * 8 + 1, wrong) / 16);
  CHECK(row.images[1].frame == ImageFrame::vermilion);
  CHECK(row.images[1].caption == std::to_string(task.train->label(wrong)));
  CHECK(row.images[7].ink == row.images[8].ink);
  const Job table = job_of({"data=planted", "max_train=60", "max_query=40"});
  add_pairs(table, {}, r, grid);
  CHECK(grid.sections.size() == 1);  // no images there
}

TEST_CASE("the same bytes for one and two threads, of a user's table; convex models too") {
  const TemporaryFolder folder;
  write_tables(folder, 80);
  const std::vector<std::string> set = {"epochs=20", "seeds=2", "rare=0.05"};
  const auto with = [&](const char* model) {
    std::vector<std::string> all = set;
    all.emplace_back(model);
    return all;
  };
  CHECK(changed_by_threads("relative-influence",
                           folder,
                           "classes.csv",
                           with("model=mlp:3"),
                           {"runs.csv", "summary.csv", "verdicts.csv", "relative-influence.csv"}) ==
        std::vector<std::string>{});
  const std::string labels =
      read_file(folder / "1/relative-influence/quick/relative-influence_labels.gp");
  CHECK(labels.find(kWhoseDefinitionsNote) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "1/relative-influence/quick/pairs.csv"));
  CHECK(run_on_table("relative-influence", folder, "classes.csv", "3", with("model=logistic"))
            .first == 0);
}

TEST_CASE("what the user got wrong is said in one line") {
  const TemporaryFolder folder;
  write_tables(folder, 80);
  const auto run = [&](const char* table, const std::vector<std::string>& set) {
    return run_on_table("relative-influence", folder, table, "out", set);
  };
  CHECK(is_refused(run("numbers.csv", {"mislabelled=0", "rare=0", "duplicate=0"}),
                   "[relative-influence] data, expected classes, "));
  CHECK(is_refused(run("classes.csv", {"curvature=fisher"}), "curvature"));
}

}  // namespace leaveout
