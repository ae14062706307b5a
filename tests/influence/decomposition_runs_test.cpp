// SPDX-License-Identifier: MIT
// The decomposition as a computation: threads, shards and their keys.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>

#include "influence/decomposition.h"
#include "tests/support/leave_one_out.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;
namespace fs = std::filesystem;

namespace {

/// A folder of this test's own, gone when the test is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "leaveout-decomposition-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string name() const { return path_.string(); }
  std::vector<fs::path> files() const {
    return {fs::directory_iterator(path_), fs::directory_iterator()};
  }

 private:
  fs::path path_;
};

DecompositionOptions small_options() {
  DecompositionOptions o;
  o.base.epochs = 4;
  o.base.batch_size = 7;
  o.base.learning_rate = 0.05;
  o.provenance = "test";
  return o;
}

void check_same_bits(const Decomposition& a, const Decomposition& b) {
  for (std::size_t s = 0; s < 6; ++s) CHECK(a.theta[s] == b.theta[s]);
  CHECK(a.gaps == b.gaps);
  CHECK(a.gaps_in_means == b.gaps_in_means);
  CHECK(a.gaps_in_parameters == b.gaps_in_parameters);
  CHECK(a.query_loss == b.query_loss);
  CHECK(a.signed_gaps == b.signed_gaps);
}

const std::vector<Index> kRemoved = {1, 4, 9};

}  // namespace

TEST_CASE("the decomposition has the same bits with one thread and with two") {
  const Problem p = tanh_classification_problem();
  const LeaveOneOut loo = leave_one_out(p, 0.05, p.anywhere(1));
  for (const ProtocolKind kind : {ProtocolKind::paper, ProtocolKind::exact}) {
    DecompositionOptions o = small_options();
    const Decomposition one = decompose(loo, p.query, kRemoved, kind, o);
    o.pool.threads = 2;
    check_same_bits(decompose(loo, p.query, kRemoved, kind, o), one);
    o.newton.threads = 2;
    check_same_bits(decompose(loo, p.query, kRemoved, kind, o), one);
  }
}

TEST_CASE("an interrupted decomposition goes on from its shards and ends with the same bits") {
  const Problem p = softmax_problem(30);
  const LeaveOneOut loo = leave_one_out(p, 0.05, p.anywhere(2));
  const TemporaryFolder folder;
  DecompositionOptions o = small_options();
  const Decomposition fresh = decompose(loo, p.query, kRemoved, ProtocolKind::exact, o);
  Index first_done = -1;
  o.pool.shard_folder = folder.name();
  o.pool.progress = [&](Index done, Index total) {
    CHECK(total == 15);
    if (first_done < 0) first_done = done;
  };
  check_same_bits(
      decompose(loo, p.query, std::vector<Index>{4}, ProtocolKind::exact, small_options()),
      decompose(loo, p.query, std::vector<Index>{4}, ProtocolKind::exact, small_options()));
  check_same_bits(decompose(loo, p.query, kRemoved, ProtocolKind::exact, o), fresh);
  CHECK(first_done == 0);
  std::vector<fs::path> shards = folder.files();
  REQUIRE(shards.size() == 15);
  for (std::size_t i = 0; i < 15; i += 4) fs::remove(shards[i]);  // 4 of them
  first_done = -1;
  check_same_bits(decompose(loo, p.query, kRemoved, ProtocolKind::exact, o), fresh);
  CHECK(first_done == 11);
  first_done = -1;
  check_same_bits(decompose(loo, p.query, kRemoved, ProtocolKind::exact, o), fresh);
  CHECK(first_done == 15);
}

TEST_CASE("whatever changes a training changes its key") {
  const Problem p = softmax_problem(30);
  const VectorXd theta_s = p.anywhere(3);
  const LeaveOneOut loo = leave_one_out(p, 0.05, theta_s);
  const DecompositionOptions base = small_options();
  std::set<std::string> keys;
  int count = 0;
  const auto note = [&](const LeaveOneOut& l,
                        Response r,
                        const std::vector<Index>& removed,
                        ProtocolKind kind,
                        auto change) {
    DecompositionOptions o = base;
    change(o);
    keys.insert(task_key(l, r, removed, kind, o));
    ++count;
  };
  const auto same = [](DecompositionOptions&) {};
  const auto paper = ProtocolKind::paper, newton = ProtocolKind::exact;
  for (const Response r : kResponses)
    for (const ProtocolKind kind : {paper, newton})
      for (const std::vector<Index>& removed :
           {std::vector<Index>{1}, std::vector<Index>{11}, std::vector<Index>{1, 1}})
        note(loo, r, removed, kind, same);
  const Response pbrf = Response::pbrf;
  note(leave_one_out(p, 0.06, theta_s), pbrf, {1}, newton, same);
  note(leave_one_out(p, 0.05, p.anywhere(4)), pbrf, {1}, newton, same);
  note(leave_one_out(p, 0.05, theta_s, Removal::renormalise), pbrf, {1}, newton, same);
  Problem other = softmax_problem(30, 0.03);
  note(leave_one_out(other, 0.05, theta_s), pbrf, {1}, newton, same);
  Problem relabelled = softmax_problem(30);
  relabelled.train.targets.col(0).swap(relabelled.train.targets.col(1));
  note(leave_one_out(relabelled, 0.05, theta_s), pbrf, {1}, newton, same);
  note(loo, pbrf, {1}, newton, [](auto& o) { o.newton.tolerance = 1e-9; });
  note(loo, pbrf, {1}, newton, [](auto& o) { o.newton.max_iterations = 5; });
  note(loo, pbrf, {1}, newton, [](auto& o) { o.newton.initial_radius = 2; });
  note(loo, pbrf, {1}, newton, [](auto& o) { o.newton.leave_saddles = false; });
  note(loo, pbrf, {1}, newton, [](auto& o) { o.provenance = "another build"; });
  note(loo, pbrf, {1}, paper, [](auto& o) { o.base.learning_rate = 0.06; });
  note(loo, pbrf, {1}, paper, [](auto& o) { o.base.momentum = 0.1; });
  note(loo, pbrf, {1}, paper, [](auto& o) { o.base.batch_size = 8; });
  note(loo, pbrf, {1}, paper, [](auto& o) { o.base.epochs = 5; });
  note(loo, pbrf, {1}, paper, [](auto& o) { o.base.first_epoch = 1; });
  note(loo, pbrf, {1}, paper, [](auto& o) { o.base.seed = 1; });
  note(loo, pbrf, {1}, paper, [](auto& o) { o.base.optimiser = OptimiserKind::adam; });
  CHECK(static_cast<int>(keys.size()) == count);
  // Threads, logs and folders change no bit, so they stay out of the key.
  const std::string key = task_key(loo, pbrf, {1}, newton, base);
  DecompositionOptions o = base;
  o.newton.threads = 4;
  o.pool.threads = 4;
  o.pool.shard_folder = "elsewhere";
  o.base.log_every = 1;
  CHECK(task_key(loo, pbrf, {1}, newton, o) == key);
}
