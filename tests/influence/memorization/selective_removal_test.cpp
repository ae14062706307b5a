// SPDX-License-Identifier: MIT
// Selective removal: the rule on scripted scores, the scores against the network's own curvature
// and against retraining, the hook in a training.
#include "influence/memorization/selective_removal.h"

#include <doctest/doctest.h>

#include "datasets/noise.h"
#include "influence/few_parameters/head_leave_one_out.h"
#include "influence/metrics/ranking.h"
#include "tests/support/problems.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// N zeros but for the given entries.
VectorXd scripted(Index n, const std::vector<std::pair<Index, double>>& entries) {
  VectorXd scores = VectorXd::Zero(n);
  for (const auto& [i, value] : entries) scores(i) = value;
  return scores;
}

std::vector<Index> dropped_by(const RemovalRule& rule) {
  std::vector<Index> all;
  for (Index i = 0; i < rule.average().size(); ++i)
    if (rule.dropped()[static_cast<std::size_t>(i)]) all.push_back(i);
  return all;
}

/// Three clouds apart from each other with a tenth of the training labels wrong, a network and a
/// clean validation set.
struct Planted {
  NoisyLabels noisy;
  Dataset validation;
  Model model;
  Protocol protocol;
  double weight_decay = 1e-3;

  explicit Planted(const std::string& text = "mlp:6")
      : noisy(corrupt_labels(take(clouds(), all_examples(120)), 0.1, 5)),
        validation(take(clouds(), rest())),
        model(parse_model(text, noisy.dataset)) {
    protocol.epochs = 30;
    protocol.batch_size = 20;
    protocol.learning_rate = 0.2;
  }
  static Dataset clouds() { return make_blobs(210, 4, 3, 3.0, 3); }
  static std::vector<Index> rest() {
    std::vector<Index> rows = all_examples(210);
    rows.erase(rows.begin(), rows.begin() + 120);
    return rows;
  }
  std::vector<bool> wrong() const {
    std::vector<bool> is(120, false);
    for (const Index i : noisy.changed) is[static_cast<std::size_t>(i)] = true;
    return is;
  }
  SelectiveRemoval hook(const RemovalOptions& options) const {
    return {model, noisy.dataset, validation, weight_decay, options};
  }
  Run run(TrainingHook* hook) const {
    return train(training_objective(model, noisy.dataset, weight_decay),
                 initialise(model.spec(), Initialisation::glorot_normal, 1),
                 protocol,
                 hook);
  }
};

}  // namespace

TEST_CASE("removal rule: drops below -tau after the warm-up, up to the cap, and takes back") {
  RemovalRule rule(10, {.warm_up = 2, .memory = 0.75, .harmful = 1, .max_dropped = 0.2});
  const VectorXd sure = VectorXd::Ones(10);
  rule.update(1, scripted(10, {{3, -4}}), sure);
  CHECK(rule.average()(3) == -4);  // the first score is the average
  CHECK(dropped_by(rule).empty());
  rule.update(2, scripted(10, {{3, -4}, {5, -6}}), sure);
  CHECK(dropped_by(rule) == std::vector<Index>{3, 5});
  rule.update(3, scripted(10, {{5, 1.5}, {7, -16}}), sure);
  CHECK(dropped_by(rule) == std::vector<Index>{3, 7});  // 5 rose to -0.75
  rule.update(4, scripted(10, {{1, -20}, {3, 5}, {7, 8}}), sure);
  CHECK(dropped_by(rule) == std::vector<Index>{1});  // 3 and 7 rose to -1, which is not below -1
  rule.update(5, scripted(10, {{1, 5}, {2, -40}, {4, -16}}), sure);
  CHECK(dropped_by(rule) == std::vector<Index>{2, 4});  // 1, at -2.5, gives way to worse ones
  using enum RemovalReason;
  const std::vector<RemovalEvent> expected = {{2, 3, harmful, -4},
                                              {2, 5, harmful, -1.5},
                                              {3, 5, returned, -0.75},
                                              {3, 7, harmful, -4},
                                              {4, 1, harmful, -5},
                                              {4, 3, returned, -1},
                                              {4, 7, returned, -1},
                                              {5, 1, returned, -2.5},
                                              {5, 2, harmful, -10},
                                              {5, 4, harmful, -4}};
  REQUIRE(rule.events().size() == expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CHECK(rule.events()[k].epoch == expected[k].epoch);
    CHECK(rule.events()[k].example == expected[k].example);
    CHECK(rule.events()[k].reason == expected[k].reason);
    CHECK(rule.events()[k].average == expected[k].average);
  }
}

TEST_CASE("removal rule: redundant are small averages of confident examples, after the harmful") {
  VectorXd scores(5), sure(5);
  scores << -2, 0.03, 0.02, -0.01, 0.5;
  sure << 0.99, 0.99, 0.9, 0.99, 0.99;
  const auto dropped = [&](double cap, double redundant) {
    RemovalRule rule(5,
                     {.warm_up = 0,
                      .harmful = 1,
                      .redundant = redundant,
                      .confidence = 0.95,
                      .max_dropped = cap});
    rule.update(5, scores, sure);
    for (const RemovalEvent& e : rule.events())
      CHECK((e.reason == RemovalReason::redundant) == (e.example != 0));
    return dropped_by(rule);
  };
  CHECK(dropped(0.99, 0) == std::vector<Index>{0});
  CHECK(dropped(0.99, 0.1) == std::vector<Index>{0, 1, 3});  // 2 is not sure, 4 is useful
  CHECK(dropped(0.4, 0.1) == std::vector<Index>{0, 3});
  CHECK(dropped(0.2, 0.1) == std::vector<Index>{0});
  CHECK(dropped(0, 0.1).empty());
}

TEST_CASE("removal scores are the head's influence on the mean validation loss") {
  for (const Problem& p : every_problem()) {
    const VectorXd theta = p.anywhere(2);
    VectorXd weights = p.objective().weights;
    weights(3) = 0;  // dropped before: it has a score, and no part in A
    HeadScorer scorer(p.model, p.train, p.query, p.weight_decay, 0.02);
    const HeadScorer::Result got = scorer.at(theta, weights);
    const Index size = head_layer(p.model).size();
    Objective q = p.objective();
    q.weights = weights;
    MatrixXd a =
        Evaluator(q).curvature(theta, Curvature::gauss_newton).bottomRightCorner(size, size);
    a.diagonal().array() += 0.02;
    const VectorXd g = loss_gradients(p.model, p.query, theta).bottomRows(size).rowwise().mean();
    const MatrixXd train = loss_gradients(p.model, p.train, theta).bottomRows(size);
    const VectorXd expected = train.transpose() * a.llt().solve(g) / static_cast<double>(p.size());
    CHECK(distance(got.scores, expected) < 1e-10);
    const HeadExamples h = head_examples(p.model, p.train, theta);
    for (Index i = 0; i < p.size() && h.loss != LossKind::half_squared_error; ++i) {
      const double mu = h.means(h.means.rows() == 1 ? 0 : p.train.label(i), i);
      const bool first = h.means.rows() == 1 && p.train.label(i) == 0;
      CHECK(got.confidence(i) == doctest::Approx(first ? 1 - mu : mu).epsilon(1e-12));
    }
  }
}

TEST_CASE("removal scores have the sign and size of retraining without the example") {
  const Problem p = softmax_problem(60, 0.1);
  const VectorXd optimum = p.optimum();
  HeadScorer scorer(p.model, p.train, p.query, p.weight_decay, 0);
  const VectorXd scores = scorer.at(optimum, p.objective().weights).scores;
  const HeadLeaveOneOut loo(p.model, p.train, optimum, p.weight_decay);
  VectorXd truth(p.size());
  for (Index i = 0; i < p.size(); ++i)
    truth(i) = losses(p.model, p.query, loo.retrain(i).theta).mean() -
               losses(p.model, p.query, optimum).mean();
  CHECK((scores - truth).norm() < 0.1 * truth.norm());
}

TEST_CASE("selective removal with tau = infinity leaves the training bit for bit") {
  const Planted planted;
  SelectiveRemoval hook = planted.hook({.period = 4, .warm_up = 0});
  const Run with = planted.run(&hook), without = planted.run(nullptr);
  CHECK(with.theta == without.theta);
  CHECK(with.objective == without.objective);
  CHECK(hook.rule().events().empty());
  CHECK(hook.factorisations() == 7);  // after epochs 4, 8, ..., 28
}

TEST_CASE("selective removal drops planted wrong labels before clean ones") {
  for (const char* text : {"softmax", "mlp:6"}) {
    const Planted planted(text);
    SelectiveRemoval hook = planted.hook({.harmful = 1e-5, .max_dropped = 0.08});
    planted.run(&hook);
    const std::vector<bool> wrong = planted.wrong();
    REQUIRE_FALSE(hook.rule().events().empty());
    CHECK(hook.rule().events().front().epoch == 10);
    std::size_t found = 0;
    for (const Index i : dropped_by(hook.rule())) {
      CHECK(wrong[static_cast<std::size_t>(i)]);
      ++found;
    }
    CHECK(found == 9);  // the cap: of 12
    for (const RemovalEvent& e : hook.rule().events())
      if (e.epoch == 10) CHECK(wrong[static_cast<std::size_t>(e.example)]);
    CHECK(Ranking(-hook.rule().average(), wrong).auc().value() > 0.98);
  }
}

TEST_CASE("selective removal gives the same bits for any number of threads") {
  const Planted planted;
  SelectiveRemoval one = planted.hook({.harmful = 1e-5, .threads = 1});
  SelectiveRemoval three = planted.hook({.harmful = 1e-5, .threads = 3});
  CHECK(planted.run(&one).theta == planted.run(&three).theta);
  CHECK(one.rule().average() == three.rule().average());
  CHECK(one.rule().events().size() == three.rule().events().size());
}

TEST_CASE("selective removal: dropped weights are zero, and returned ones what they were") {
  const Planted planted("softmax");
  SelectiveRemoval hook = planted.hook({.period = 1, .warm_up = 0, .memory = 0, .harmful = 1e-4});
  const VectorXd zero = VectorXd::Zero(planted.model.parameter_count());
  VectorXd base = VectorXd::LinSpaced(120, 1, 2) / 120, weights = base;
  const Run trained = planted.run(nullptr);
  hook.after_epoch(1, trained.theta, weights);
  const std::vector<Index> first = dropped_by(hook.rule());
  REQUIRE_FALSE(first.empty());
  for (Index i = 0; i < 120; ++i)
    CHECK(weights(i) == (hook.rule().dropped()[static_cast<std::size_t>(i)] ? 0 : base(i)));
  hook.after_epoch(2, zero, weights);
  std::size_t returned = 0;
  for (Index i = 0; i < 120; ++i)
    CHECK(weights(i) == (hook.rule().dropped()[static_cast<std::size_t>(i)] ? 0 : base(i)));
  for (const RemovalEvent& e : hook.rule().events())
    returned += e.reason == RemovalReason::returned ? 1 : 0;
  CHECK(returned > 0);
}

TEST_CASE("offline removal takes the lowest scores, equal ones in their own order") {
  VectorXd scores(6);
  scores << 2, -1, 0, -1, 5, -std::numeric_limits<double>::infinity();
  CHECK(removed_examples(scores, 0.5) == std::vector<Index>{5, 1, 3});
  CHECK(removed_examples(scores, 1.0 / 3) == std::vector<Index>{5, 1});
  CHECK(removed_examples(scores, 0.45) == std::vector<Index>{5, 1, 3});
  CHECK(removed_examples(VectorXd::Zero(100), 1) == all_examples(100));
  CHECK(removed_examples(scores, 0).empty());
  CHECK(removed_examples(scores, 1) == std::vector<Index>{5, 1, 3, 2, 0, 4});
  CHECK_THROWS_AS(removed_examples(scores, 1.1), std::invalid_argument);
  scores(2) = std::nan("");
  CHECK_THROWS_AS(removed_examples(scores, 0.5), std::invalid_argument);
}

TEST_CASE("selective removal: options that mean nothing are refused in one line") {
  const Planted planted;
  const auto message = [&](const RemovalOptions& options) {
    try {
      planted.hook(options);
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(message({}).empty());
  CHECK(message({.period = 0}) ==
        "[selective removal] period and warm_up, expected at least 1 and 0 epochs, got 0 and 10");
  CHECK(message({.warm_up = -1}).starts_with("[selective removal] period and warm_up"));
  CHECK(message({.memory = 1}).starts_with("[selective removal] memory"));
  CHECK(message({.harmful = -1}).starts_with("[selective removal] harmful and redundant"));
  CHECK(message({.harmful = std::nan("")}).starts_with("[selective removal] harmful"));
  CHECK(message({.max_dropped = 1}).starts_with("[selective removal] max_dropped"));
  const Problem p = ridge_problem();
  CHECK_THROWS_WITH_AS(SelectiveRemoval(p.model, p.train, p.query, 0, {.redundant = 0.1}),
                       "[selective removal] redundant, expected 0 without classes, as there is no "
                       "confidence, got 0.1",
                       std::invalid_argument);
  CHECK_THROWS_AS(SelectiveRemoval(p.model, p.train, planted.validation, 0, {}),
                  std::invalid_argument);
  CHECK(removal_reason_name(RemovalReason::returned) == "returned");
}
