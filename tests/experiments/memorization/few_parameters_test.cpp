// SPDX-License-Identifier: MIT
// Influence on few parameters where the answer is known, and the experiment from the command line.
#include "experiments/memorization/few_parameters.h"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/files.h"
#include "experiments/memorization/few_parameters_report.h"
#include "influence/memorization/seeded_training.h"
#include "tests/support/table_runs.h"

namespace leaveout {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

GroupedTask load(const std::vector<std::string>& set, const Invocation& user = {}) {
  return load_grouped_task(job_of(few_parameters_settings(), set, user), {});
}

VectorXd trained(const GroupedTask& task) {
  return train_seeded(task.problem, full_weights(task.problem), 0).theta;
}

/// Points of three seeds along depth 1, 2, 3 whose Spearman are `values`, plus 0.01 a seed.
FewResult along_depth(const std::vector<double>& values) {
  FewResult r{TaskSettings{}, {"last_layer"}, {}};
  for (std::size_t v = 0; v <= values.size(); ++v)
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      FewPoint p{
          .sweep = v == 0 ? kOwnSettings : "depth", .value = static_cast<double>(v), .seed = seed};
      FewRow row{.subset = "last_layer"};
      row.spearman = values[v == 0 ? 0 : v - 1] + 0.01 * static_cast<double>(seed);
      row.identity_error = 1e-14;
      row.self_excess = -0.1;
      p.cell.rows = {row};
      r.points.push_back(p);
    }
  return r;
}

std::string verdict_on(const FewResult& r, const std::string& claim) {
  for (const Verdict& v : judge({r}))
    if (v.claim.find(claim) != std::string::npos) return v.verdict;
  return "missing";
}

}  // namespace

TEST_CASE("mean over rows: rows without a correlation are left out") {
  MatrixXd a(3, 3), b(3, 3);
  a << 1, 2, 3, 1, 2, 3, 5, 5, 5;
  b << 2, 4, 6, 3, 1, 2, 1, 2, 3;
  CHECK(*mean_over_rows(spearman, a, b) == doctest::Approx((1.0 - 0.5) / 2).epsilon(1e-14));
  CHECK_FALSE(mean_over_rows(spearman, a.bottomRows(1), b.bottomRows(1)).has_value());
}

TEST_CASE("a linear regression is its last layer, and the Kronecker form is exact") {
  const TemporaryFolder folder;
  write_tables(folder, 60);
  const GroupedTask task = load({"model=linear", "epochs=50"}, on_table(folder, "numbers.csv"));
  const FewCell cell =
      measure_cell(task, trained(task), {.damping = 0.1, .subsets = {"last_layer", "biases"}});
  REQUIRE(cell.rows.size() == 4);
  CHECK(cell.parameters == 3);
  CHECK(cell.negative == 0);
  const FewRow& all = cell.rows[0];
  CHECK(all.parameters == 1);
  CHECK(*all.spearman == doctest::Approx(1).epsilon(1e-14));
  CHECK(*all.correction_share == 0);
  CHECK(*all.identity_error < 1e-12);
  CHECK(std::abs(*all.self_excess) < 1e-12);
  const FewRow& biases = cell.rows[1];
  CHECK(biases.parameters == doctest::Approx(1.0 / 3).epsilon(1e-14));
  CHECK(*biases.correction_share > 0.1);
  CHECK(*biases.self_excess < 0);
  const FewRow& kronecker = cell.rows[2];
  CHECK(kronecker.subset == kKronecker);
  CHECK(*kronecker.pearson == doctest::Approx(1).epsilon(1e-12));
  CHECK(kronecker.equal_signs == 1);
  CHECK(cell.rows[3].subset == kGradDot);
  CHECK(*cell.rows[3].pearson < 1 - 1e-6);
}

TEST_CASE("a network: full influence as solved by hand, on the subset too; the identity holds") {
  const GroupedTask task = load({"data=planted",
                                 "max_train=40",
                                 "max_query=20",
                                 "model=mlp:4",
                                 "epochs=30",
                                 "weight_decay=0.01"});
  const VectorXd theta = trained(task);
  const FewCell cell = measure_cell(task, theta, {.damping = 0.02, .subsets = {"last_layer"}});
  const Objective q = training_objective(*task.model, *task.train, 0.01);
  MatrixXd h = Evaluator(q).curvature(theta, Curvature::gauss_newton);
  h.diagonal().array() += 0.02;
  const MatrixXd g = loss_gradients(*task.model, *task.train, theta);
  const MatrixXd t = loss_gradients(*task.model, *task.test, theta);
  const MatrixXd steps = h.ldlt().solve(g);
  const MatrixXd full = t.transpose() * steps;
  const Index head = 15, p = theta.size();  // 3 x 4 weights and 3 biases
  const MatrixXd a = h.bottomRightCorner(head, head);
  const MatrixXd g_head = g.bottomRows(head), t_head = t.bottomRows(head);
  const MatrixXd head_steps = a.ldlt().solve(g_head);
  const MatrixXd part = t_head.transpose() * head_steps;
  const FewRow& row = cell.rows[0];
  CHECK(row.parameters == static_cast<double>(head) / static_cast<double>(p));
  CHECK(*row.pearson == doctest::Approx(*mean_over_rows(pearson, part, full)).epsilon(1e-9));
  CHECK(row.equal_signs == (part.array() * full.array() > 0).cast<double>().mean());
  const double self =
      (g_head.cwiseProduct(head_steps).colwise().sum() - g.cwiseProduct(steps).colwise().sum())
          .maxCoeff() /
      g.cwiseProduct(steps).colwise().sum().maxCoeff();
  CHECK(*row.self_excess == doctest::Approx(self).epsilon(1e-9));
  CHECK(*row.self_excess < 0);
  const MatrixXd gap = (full - part).cwiseAbs();
  CHECK(*row.correction_share ==
        doctest::Approx(gap.sum() / (gap.sum() + part.cwiseAbs().sum())).epsilon(1e-9));
  CHECK(*row.identity_error < 1e-11);
  const MatrixXd dot = t_head.transpose() * g_head;
  CHECK(*cell.rows[2].pearson ==
        doctest::Approx(*mean_over_rows(pearson, dot, full)).epsilon(1e-9));
}

TEST_CASE("verdicts follow the intervals") {
  CHECK(verdict_on(along_depth({0.96, 0.95, 0.94}), "paper (abstract)") == "agrees");
  CHECK(verdict_on(along_depth({0.6, 0.5, 0.4}), "paper (abstract)") == "disagrees");
  CHECK(verdict_on(along_depth({0.6, 0.5, 0.4}), "no trend") == "disagrees: it falls");
  CHECK(verdict_on(along_depth({0.4, 0.5, 0.6}), "no trend") == "disagrees: it rises");
  CHECK(verdict_on(along_depth({0.4, 0.6, 0.4}), "no trend") == "agrees");
  FewResult r = along_depth({0.9, 0.8, 0.7});
  CHECK(verdict_on(r, "theory: restricted") == "agrees");
  CHECK(verdict_on(r, "theory: self-influence") == "agrees");
  r.points[0].cell.rows[0].identity_error = 1e-6;
  r.points[1].cell.rows[0].self_excess = 0.2;
  CHECK(verdict_on(r, "theory: restricted") == "disagrees");
  CHECK(verdict_on(r, "theory: self-influence") == "disagrees");
  r.points[4].cell.negative = 1;
  CHECK(verdict_on(r, "theory: self-influence").substr(0, 12) == "not testable");
  CHECK(*over_seeds(r, "depth", 2, "last_layer", [](const FewRow& row) {
           return row.spearman;
         }).value == doctest::Approx(0.81).epsilon(1e-14));
}

TEST_CASE("the same bytes for one and two threads, of a user's table") {
  const TemporaryFolder folder;
  write_tables(folder, 60);
  const std::vector<std::string> set = {"model=mlp:3",
                                        "epochs=20",
                                        "seeds=2",
                                        "depths=1,2",
                                        "widths=2,4",
                                        "weight_decays=0.01,0.1",
                                        "epochs_grid=5,20",
                                        "units=3"};
  CHECK(changed_by_threads("few-parameters",
                           folder,
                           "classes.csv",
                           set,
                           {"runs.csv", "summary.csv", "verdicts.csv", "few-parameters.csv"}) ==
        std::vector<std::string>{});
  const std::string labels = read_file(folder / "1/few-parameters/quick/few-parameters_labels.gp");
  CHECK(labels.find(kWhoseDefinitionsNote) != std::string::npos);
}

TEST_CASE("what the user got wrong is said in one line, before anything is trained") {
  const TemporaryFolder folder;
  write_tables(folder, 60);
  const auto complaint = [&](const std::string& set) {
    const auto [status, error] =
        run_on_table("few-parameters", folder, "classes.csv", "out", {set});
    CHECK(status == 2);
    return error;
  };
  CHECK(complaint("depths=1,1.5") ==
        "leaveout: [few-parameters] depths, expected whole numbers from 1, got 1.5\n");
  CHECK(complaint("weight_decays=0.1,x") ==
        "leaveout: [few-parameters] weight_decays, expected numbers from 0 up, got 'x'\n");
  CHECK(complaint("widths=4,4") ==
        "leaveout: [few-parameters] widths, expected rising values, got 4 after 4\n");
  CHECK(complaint("subsets=") ==
        "leaveout: [few-parameters] subsets, expected at least one, got none: "
        "--set subsets=last_layer\n");
}

}  // namespace leaveout
