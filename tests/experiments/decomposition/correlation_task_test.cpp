// SPDX-License-Identifier: MIT
// The five truths where they are known: ridge regression, solved to rounding. With x~ = (x, 1),
// A = (1/N) sum x~ x~' + weight_decay I, residuals r_k and leverages h_k = (1/N) x~_k' A^-1 x~_k:
//
//   estimate of the step   e_k = (1/N) A^-1 x~_k r_k                 at damping 0
//   true step              e_k / (1 - h_k)                           cold, warm, two-stage
//   change of query q      r_q x~_q' step + (x~_q' step)^2 / 2
#include "experiments/decomposition/correlation_task.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "datasets/files.h"
#include "datasets/random.h"
#include "influence/metrics/correlation.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;
namespace fs = std::filesystem;

namespace {

/// A file y = 2 a - b + noise of 60 rows, gone at the end of the test.
struct TableFile {
  std::string path;
  TableFile() {
    path = (fs::temp_directory_path() / "leaveout_correlation_XXXXXX").string();
    const int descriptor = mkstemp(path.data());
    REQUIRE(descriptor >= 0);
    close(descriptor);
    Random random(3);
    std::string text = "a,b,y\n";
    for (int i = 0; i < 60; ++i) {
      const double a = random.normal(), b = random.normal();
      text += fmt::format("{},{},{}\n", a, b, 2 * a - b + 0.3 * random.normal());
    }
    write_file(path, text);
  }
  ~TableFile() { fs::remove(path); }
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;
};

TaskSettings settings_of(const TableFile& table, const std::string& model) {
  TaskSettings s;
  s.name = "table";
  s.csv = table.path;
  s.target = std::string(1, 'y');  // g++ 12 sees an overflow in = "y"
  s.model = model;
  s.removed = 48;  // all training rows
  s.weight_decay = 0.05;
  s.base.learning_rate = 0.3;
  s.base.batch_size = 16;
  s.base.epochs = 30;
  s.seed = 5;
  return s;
}

/// Ridge at its optimum under the exact protocol, without damping.
CorrelationResult exact_ridge(const TableFile& table) {
  TaskSettings s = settings_of(table, "linear");
  s.protocols = {ProtocolKind::exact};
  s.damping = 0;
  s.base.batch_size = 1000;
  s.base.epochs = 2000;
  s.newton.tolerance = 1e-13;
  return correlate(train_task(s, {}), {}, {});
}

MatrixXd with_ones(const MatrixXd& x) {
  MatrixXd all(x.rows() + 1, x.cols());  // (features + 1 x examples)
  all << x, MatrixXd::Ones(1, x.cols());
  return all;
}

/// The closed forms at theta_s, all (query x removed) or (removed).
struct Ridge {
  MatrixXd estimate, change;
  VectorXd leverage;
  explicit Ridge(const CorrelationResult& r) {
    const MatrixXd x = with_ones(r.train->inputs), xq = with_ones(r.query->inputs);
    const double n = static_cast<double>(x.cols());
    MatrixXd a = x * x.transpose() / n;
    a.diagonal().array() += r.settings.weight_decay;
    const VectorXd theta = a.llt().solve(x * r.train->targets.transpose() / n);
    const VectorXd residual = x.transpose() * theta - r.train->targets.transpose();
    const VectorXd query_residual = xq.transpose() * theta - r.query->targets.transpose();
    const auto removed = static_cast<Index>(r.removed.size());
    estimate.resize(xq.cols(), removed);
    change.resize(xq.cols(), removed);
    leverage.resize(removed);
    for (Index j = 0; j < removed; ++j) {
      const Index k = r.removed[static_cast<std::size_t>(j)];
      const VectorXd solved = a.llt().solve(x.col(k)) / n;
      leverage(j) = x.col(k).dot(solved);
      const VectorXd moved = xq.transpose() * solved * residual(k);  // outputs of the queries
      const VectorXd truly = moved / (1 - leverage(j));
      estimate.col(j) = query_residual.cwiseProduct(moved);
      change.col(j) = query_residual.cwiseProduct(truly) + 0.5 * truly.cwiseAbs2();
    }
  }
};

double distance(const MatrixXd& a, const MatrixXd& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("ridge, solved: cold, warm and two-stage are one truth, and it is the closed form") {
  const TableFile table;
  const CorrelationResult r = exact_ridge(table);
  REQUIRE(r.parts.size() == 1);
  const CorrelationPart& part = r.parts.front();
  CHECK(part.unconverged == 0);
  const Ridge ridge(r);
  REQUIRE(ridge.leverage.minCoeff() > 0.005);  // far from what rounding could hide
  REQUIRE(ridge.change.cwiseAbs().maxCoeff() > 1e-3);
  for (const TruthKind kind :
       {TruthKind::cold_start, TruthKind::warm_start, TruthKind::two_stage, TruthKind::pbrf})
    CHECK_MESSAGE(distance(part.truth(kind).change, ridge.change) < 1e-8, truth_name(kind));
  CHECK_FALSE(part.has(TruthKind::further_training));
  for (const ScoredEstimate& e : part.estimates)
    if (e.name != "gradient_dot") CHECK(distance(e.scores, ridge.estimate) < 1e-8);
}

TEST_CASE("ridge, solved: the correlations are those that the leverages foretell") {
  const TableFile table;
  const CorrelationResult r = exact_ridge(table);
  const Ridge ridge(r);
  const VectorXd predicted = ridge.estimate.colwise().mean(),
                 actual = ridge.change.colwise().mean();
  for (const AgreementCell& c : r.parts.front().cells) {
    if (c.estimate == "gradient_dot") continue;
    CHECK(*c.mean_loss.pearson.value == doctest::Approx(*pearson(predicted, actual)).epsilon(1e-7));
    CHECK(*c.mean_loss.slope.value == doctest::Approx(*slope(predicted, actual)).epsilon(1e-7));
    CHECK(*c.mean_loss.spearman.value == doctest::Approx(*spearman(predicted, actual)));
  }
  // The linear part of the change alone: truth = estimate / (1 - h), so the slope is above 1.
  const VectorXd linear = predicted.array() / (1 - ridge.leverage.array());
  CHECK(*slope(predicted, linear) > 1);
}

TEST_CASE("the gradient dot product is g_q' g_k / (N damping), and / N without damping") {
  const TableFile table;
  for (const double damping : {0.0, 0.5}) {
    TaskSettings s = settings_of(table, "linear");
    s.protocols = {ProtocolKind::exact};
    s.damping = damping;
    const CorrelationResult r = correlate(train_task(s, {}), {.estimates = {"gradient_dot"}}, {});
    const MatrixXd queries = loss_gradients(*r.model, *r.query, r.loo->theta_s());
    const MatrixXd train = loss_gradients(*r.model, *r.train, r.loo->theta_s());
    const double n = static_cast<double>(r.train->size());
    const MatrixXd& scores = r.parts.front().estimates.front().scores;
    for (Index j = 0; j < scores.cols(); ++j) {
      const VectorXd expected = queries.transpose() *
                                train.col(r.removed[static_cast<std::size_t>(j)]) /
                                (n * (damping > 0 ? damping : 1));
      CHECK(distance(scores.col(j), expected) < 1e-14);
    }
  }
}

TEST_CASE("shared batches: two-stage is warm start less one number of each query, seed by seed") {
  const TableFile table;
  TaskSettings s = settings_of(table, "mlp:3");
  s.protocols = {ProtocolKind::paper};
  s.removed = 12;
  const CorrelationResult r = correlate(train_task(s, {}), {.further_seeds = 3}, {});
  const CorrelationPart& part = r.parts.front();
  const MatrixXd drift = part.truth(TruthKind::warm_start).change -
                         part.truth(TruthKind::two_stage).change;  // (query x removed)
  CHECK(distance(drift, drift.col(0).replicate(1, drift.cols())) < 1e-14);
  CHECK(drift.cwiseAbs().maxCoeff() > 1e-4);
  for (const ScoredEstimate& e : part.estimates) {
    const AgreementCell& warm = part.cell(TruthKind::warm_start, e.name);
    const AgreementCell& two = part.cell(TruthKind::two_stage, e.name);
    CHECK(*warm.per_query.value == *two.per_query.value);
    CHECK(*warm.mean_loss.spearman.value == *two.mean_loss.spearman.value);
  }
  // Further training is the mean over seeds; its first seed is the task's own.
  REQUIRE(part.seeds.rows() == 3);
  const VectorXd first = part.truth(TruthKind::two_stage).change.colwise().mean();
  const VectorXd mean = part.truth(TruthKind::further_training).change.colwise().mean();
  CHECK(distance(part.seeds.row(0).transpose(), first) < 1e-16);
  CHECK(distance(part.seeds.colwise().mean().transpose(), mean) < 1e-15);
  CHECK(distance(part.seeds.row(1), part.seeds.row(0)) > 1e-9);
  CHECK(part.noise.repetitions == 3);
}

TEST_CASE("a warm start takes nothing from the seed but its batches") {
  const TableFile table;
  TaskSettings s = settings_of(table, "mlp:3");
  const TrainedTask task = train_task(s, {});
  const auto warm = [&](Index batch_size, std::uint64_t seed) {
    DecompositionOptions how = response_options(task, ProtocolKind::paper, {}, "");
    how.base.batch_size = batch_size;
    how.base.seed = seed;
    return response_task(*task.loo, Response::warm_start, {7}, ProtocolKind::paper, how).train();
  };
  CHECK(warm(1000, 5).theta == warm(1000, 6).theta);  // full batches: nothing to draw
  CHECK_FALSE(warm(16, 5).theta == warm(16, 6).theta);
  // The further batches of seed 6 are those that a base run with seed 6 would have gone on with.
  Protocol later = s.base;
  later.seed = 6;
  later.first_epoch = s.base.epochs;
  later.epochs = s.base.epochs / 2;
  const Objective without = task.loo->objective(Response::warm_start, {7});
  CHECK(warm(16, 6).theta == train(without, task.loo->theta_s(), later).theta);
}

TEST_CASE("an indefinite Hessian is solved and says so; a Hessian that is too large is left out") {
  const TableFile table;
  TaskSettings s = settings_of(table, "mlp:6");
  s.protocols = {ProtocolKind::paper};
  s.removed = 2;
  s.weight_decay = 0;
  s.damping = 1e-4;
  s.base.epochs = 4;  // far from a minimum
  const CorrelationOptions how{.further_seeds = 1, .estimates = {"hessian", "gradient_dot"}};
  const CorrelationResult r = correlate(train_task(s, {}), how, {});
  const CorrelationPart& part = r.parts.front();
  REQUIRE(part.estimates.size() == 2);
  CHECK(part.estimates.front().warning.find("negative eigenvalues") != std::string::npos);
  s.model = "mlp:1100";  // 2 x 1100 + 1100 + 1101 parameters
  const CorrelationResult large = correlate(train_task(s, {}), how, {});
  CHECK(large.parts.front().estimates.size() == 1);
  REQUIRE(large.parts.front().left_out.size() == 1);
  CHECK(large.parts.front().left_out.front().find("dense Hessian") != std::string::npos);
  CHECK_THROWS_AS(correlate(train_task(s, {}), {.estimates = {}}, {}), std::invalid_argument);
}
