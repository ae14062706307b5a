// SPDX-License-Identifier: MIT
#include "influence/harmonic/subset_training.h"

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <bit>
#include <filesystem>
#include <stdexcept>

#include "tests/support/problems.h"
#include "tests/support/temporary_folder.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

SubsetProblem subset_problem(const Problem& p) {
  SubsetProblem s{&p.model, &p.train, &p.query, p.weight_decay};
  s.protocol.epochs = 30;
  s.protocol.learning_rate = 0.5;
  s.protocol.batch_size = p.size();
  return s;
}

Problem binary_problem(Index examples, const std::string& model) {
  return make_problem(make_two_moons(examples + 3, 0.2, 5), 3, model, 0.02);
}

bool same_bits(const MatrixXd& a, const MatrixXd& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  for (Index i = 0; i < a.size(); ++i)
    if (std::bit_cast<std::uint64_t>(a.data()[i]) != std::bit_cast<std::uint64_t>(b.data()[i]))
      return false;
  return true;
}

std::string refusal(const SubsetProblem& p) {
  try {
    require_enumerable(p);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("ridge regression on each of the 2^N subsets is its closed form") {
  const Problem p = ridge_problem(9);
  const SubsetLogits all = train_subsets(subset_problem(p), all_subsets(9), {});
  REQUIRE(all.subsets() == 512);
  CHECK(all.unconverged == 0);
  MatrixXd x = MatrixXd::Ones(p.train.features() + 1, 9), q = MatrixXd::Ones(x.rows(), 5);
  x.topRows(p.train.features()) = p.train.inputs;
  q.topRows(p.train.features()) = p.query.inputs;
  for (Index b = 0; b < 512; ++b) {
    MatrixXd a = p.weight_decay * MatrixXd::Identity(x.rows(), x.rows());
    VectorXd r = VectorXd::Zero(x.rows());
    for (Index i = 0; i < 9; ++i)
      if ((b >> i) & 1) {
        a += x.col(i) * x.col(i).transpose() / 9;  // 1/N of the whole, whatever the subset
        r += x.col(i) * p.train.targets(0, i) / 9;
      }
    const VectorXd expected = q.transpose() * a.llt().solve(r);
    CHECK((all.of(b, 0).transpose() - expected).norm() < 1e-12 * (1 + expected.norm()));
  }
}

TEST_CASE("logistic regression on each subset does not depend on the way that led there") {
  const Problem p = binary_problem(10, "logistic");
  const SubsetLogits all = train_subsets(subset_problem(p), all_subsets(10), {});
  CHECK(all.unconverged == 0);
  CHECK(all.of(0, 0).norm() == 0);  // the prior
  Objective q = p.objective();
  for (Index b = 1; b < 1024; b += 7) {
    for (Index i = 0; i < 10; ++i) q.weights(i) = ((b >> i) & 1) ? 0.1 : 0;
    const Run run = minimise(q, p.anywhere(static_cast<std::uint64_t>(b)));
    CHECK((outputs(p.model, p.query.inputs, run.theta) - all.of(b, 0)).norm() < 1e-12);
  }
}

TEST_CASE("subsets may be any list, and an example may count for a share") {
  const Problem p = binary_problem(12, "logistic");
  MatrixXd subsets = Random(3, {1}).normal_matrix(12, 300).cwiseAbs();
  subsets.col(299) = MatrixXd::Ones(12, 1);
  const SubsetLogits some = train_subsets(subset_problem(p), subsets, {});
  REQUIRE(some.subsets() == 300);
  Objective q = p.objective();
  for (const Index j : {0, 128, 255, 256, 298}) {
    q.weights = subsets.col(j) / 12;
    const VectorXd theta = minimise(q, VectorXd::Zero(p.parameters())).theta;
    CHECK((outputs(p.model, p.query.inputs, theta) - some.of(j, 0)).norm() < 1e-12);
  }
  CHECK((outputs(p.model, p.query.inputs, p.optimum()) - some.of(299, 0)).norm() < 1e-12);
}

TEST_CASE("a network's trainings have the same bits for any threads and after an interruption") {
  const Problem p = binary_problem(8, "mlp:3");
  SubsetProblem s = subset_problem(p);
  s.seeds = 2;
  const MatrixXd subsets = all_subsets(8);
  const SubsetLogits one = train_subsets(s, subsets, {.threads = 1});
  REQUIRE(one.values.cols() == 512);
  CHECK(same_bits(train_subsets(s, subsets, {.threads = 2}).values, one.values));
  CHECK(same_bits(train_subsets(s, subsets, {.threads = 3}).values, one.values));

  const TemporaryFolder folder;
  PoolOptions options{.threads = 2, .shard_folder = folder.path().string()};
  Index resumed_at = -1;
  options.progress = [](Index done, Index) {
    if (done >= 3) throw std::runtime_error("interrupted");
  };
  CHECK_THROWS_AS(train_subsets(s, subsets, options), std::runtime_error);
  options.progress = [&](Index done, Index total) {
    CHECK(total == 8);
    if (resumed_at < 0) resumed_at = done;
  };
  CHECK(same_bits(train_subsets(s, subsets, options).values, one.values));
  CHECK(resumed_at >= 3);
  CHECK(resumed_at < 8);
}

TEST_CASE("every training has a seed of its own, or one for all subsets where that is asked for") {
  const Problem p = binary_problem(6, "mlp:3");
  SubsetProblem s = subset_problem(p);
  s.seeds = 2;
  const MatrixXd twice = MatrixXd::Ones(6, 2);
  const SubsetLogits own = train_subsets(s, twice, {});
  CHECK((own.of(0, 0) - own.of(1, 0)).norm() > 1e-3);
  CHECK((own.of(0, 0) - own.of(0, 1)).norm() > 1e-3);
  s.shared_seeds = true;
  const SubsetLogits shared = train_subsets(s, twice, {});
  CHECK(same_bits(shared.of(0, 0), shared.of(1, 0)));
  CHECK(same_bits(shared.of(0, 1), shared.of(1, 1)));
  CHECK((shared.of(0, 0) - shared.of(0, 1)).norm() > 1e-3);
}

TEST_CASE("a network's empty subset is the prior, and its full subset is the trainer's own run") {
  const Problem p = binary_problem(6, "mlp:3");
  SubsetProblem s = subset_problem(p);
  s.protocol.epochs = 0;  // where training starts
  const MatrixXd ends = (MatrixXd(6, 2) << MatrixXd::Zero(6, 1), MatrixXd::Ones(6, 1)).finished();
  const SubsetLogits start = train_subsets(s, ends, {});
  CHECK(start.of(0, 0).norm() == 0);
  CHECK(start.of(1, 0).norm() > 1e-3);
  s.protocol.epochs = 30;
  s.initialisation = Initialisation::zeros;  // the same start for every seed
  const VectorXd theta = train(p.objective(), VectorXd::Zero(p.parameters()), s.protocol).theta;
  CHECK(same_bits(train_subsets(s, ends, {}).of(1, 0), outputs(p.model, p.query.inputs, theta)));
}

TEST_CASE("all subsets: column b holds the bits of b") {
  const MatrixXd all = all_subsets(3);
  REQUIRE(all.cols() == 8);
  CHECK(all.col(5) == Eigen::Vector3d(1, 0, 1));
  CHECK(all_subsets(0).cols() == 1);
  CHECK_THROWS_AS(all_subsets(25), std::invalid_argument);
}

TEST_CASE("what cannot be done is refused in one line with its numbers") {
  const Problem p = binary_problem(25, "logistic");
  const std::string text = refusal(subset_problem(p));
  for (const char* part :
       {"25 training examples", "33554432 trainings", "8.05e+08 bytes", "--set max_train=18"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  CHECK(refusal(subset_problem(binary_problem(18, "logistic"))).empty());
  CHECK(refusal(subset_problem(binary_problem(16, "mlp:2"))).empty());
  SubsetProblem net = subset_problem(p);
  const Problem deep = binary_problem(17, "mlp:2");
  net = subset_problem(deep);
  net.seeds = 4;
  CHECK(refusal(net).find("131072 x 4 = 524288") == std::string::npos);
  CHECK(refusal(net).find("2^17 x 4 = 524288 trainings") != std::string::npos);

  SubsetProblem flat = subset_problem(p);
  flat.weight_decay = 0;
  CHECK_THROWS_AS(train_subsets(flat, MatrixXd::Ones(25, 1), {}), std::invalid_argument);
  CHECK_THROWS_AS(train_subsets(subset_problem(p), MatrixXd::Ones(24, 1), {}),
                  std::invalid_argument);
  CHECK_THROWS_AS(train_subsets(subset_problem(p), -MatrixXd::Ones(25, 1), {}),
                  std::invalid_argument);
}
