// SPDX-License-Identifier: MIT
// A shard holds what one method computed: the method that is used belongs to its key.
#include <doctest/doctest.h>

#include "influence/decomposition.h"
#include "tests/support/leave_one_out.h"

using namespace leaveout;

TEST_CASE("a task's key names the Newton method that is used, not the one that is asked for") {
  const Problem p = logistic_problem();
  const LeaveOneOut loo = leave_one_out(p, 0.05, p.anywhere(1));
  const auto key = [&](NewtonMethod method, Index dense_limit) {
    DecompositionOptions o;
    o.newton.method = method;
    o.newton.dense_limit = dense_limit;
    return task_key(loo, Response::pbrf, {1}, ProtocolKind::exact, o);
  };
  const std::string dense = key(NewtonMethod::dense, 0);
  const std::string free = key(NewtonMethod::matrix_free, 1000);
  CHECK(dense != free);
  CHECK(key(NewtonMethod::automatic, p.parameters()) == dense);
  CHECK(key(NewtonMethod::automatic, p.parameters() - 1) == free);
}
