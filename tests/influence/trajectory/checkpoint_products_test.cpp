// SPDX-License-Identifier: MIT
#include "influence/trajectory/checkpoint_products.h"

#include <doctest/doctest.h>

#include "influence/trajectory/diff_in.h"
#include "tests/influence/trajectory/recorded_training.h"

using namespace leaveout;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("differences tend to the products, forward at first and central at second order") {
  const Recorded r(tanh_classification_problem(), plain_sgd(9));
  for (const bool per_example : {false, true})
    for (const HessianProducts products :
         {HessianProducts::forward_difference, HessianProducts::central_difference}) {
      DiffInOptions o;
      o.per_example = per_example;
      const MatrixXd exact = diff_in_scores(r.path(), r.queries(), o).values;
      const VectorXd self = diff_in_self_influence(r.path(), o);
      o.products.products = products;
      double previous = 0, before = 0;
      for (const double epsilon : {4e-2, 2e-2, 1e-2}) {
        o.products.epsilon = epsilon;
        const double error = distance(diff_in_scores(r.path(), r.queries(), o).values, exact);
        const double own = distance(diff_in_self_influence(r.path(), o), self);
        const double fall = products == HessianProducts::forward_difference ? 2 : 4;
        if (previous > 0) {
          CHECK(previous / error == doctest::Approx(fall).epsilon(0.1));
          CHECK(before / own == doctest::Approx(fall).epsilon(0.1));
        }
        previous = error;
        before = own;
      }
      o.products.epsilon = products == HessianProducts::forward_difference ? 1e-8 : 1e-5;
      CHECK(distance(diff_in_scores(r.path(), r.queries(), o).values, exact) < 1e-6);
    }
}

TEST_CASE("a random proxy batch is one for all examples, and depends on its seed alone") {
  const Recorded r(tanh_classification_problem(), plain_sgd(9));
  DiffInOptions o;
  o.proxy = ProxyBatch::random;
  o.proxy_size = r.problem.size();  // all the data, in another order
  DiffInOptions full = o;
  full.proxy = ProxyBatch::full;
  CHECK(distance(diff_in_scores(r.path(), r.queries(), o).values,
                 diff_in_scores(r.path(), r.queries(), full).values) < 1e-12);
  o.proxy_size = 5;
  const MatrixXd one = diff_in_scores(r.path(), r.queries(), o).values;
  CHECK(diff_in_scores(r.path(), r.queries(), o).values == one);
  o.proxy_seed = 1;
  CHECK(distance(diff_in_scores(r.path(), r.queries(), o).values, one) > 1e-2);
}

TEST_CASE("a random proxy batch is drawn anew at each checkpoint, by the checkpoint's number") {
  const Recorded r(tanh_classification_problem(), plain_sgd(9, 1e-9));  // theta stays
  DiffInOptions o;
  o.proxy = ProxyBatch::random;
  o.proxy_size = 5;
  const auto summed = [&](Sampling sampling, Index count) -> MatrixXd {
    o.checkpoints = {sampling, count, 0};
    return static_cast<double>(count) * diff_in_scores(r.path(), r.queries(), o).values;
  };
  REQUIRE(r.log.steps() == 30);
  const MatrixXd middle = summed(Sampling::early, 15) - summed(Sampling::early, 14);
  const MatrixXd last = summed(Sampling::late, 1);
  CHECK(distance(summed(Sampling::even, 2), middle + last) < 1e-10);
  CHECK(distance(last, 2 * middle) > 1e-2);
}

TEST_CASE("a checkpoint costs one pass over all examples, or two over their slopes, and little") {
  const Recorded r(tanh_classification_problem(), plain_sgd(6));
  const QueryLosses mean = r.queries(QueryLosses::As::mean);
  Cost cost;
  DiffInOptions o;
  o.products.products = HessianProducts::forward_difference;
  diff_in_scores(r.path(), mean, o, &cost);
  // Two gradients of the batch; slopes of all along one direction, here and a little further.
  CHECK(cost.differentiated == doctest::Approx(5 * (2 * 6 + 2 * 42)));
  CHECK(cost.products == 0);
  CHECK(cost.bytes == 5 * 8.0 * static_cast<double>(r.problem.parameters()));
  Cost exact;
  diff_in_scores(r.path(), mean, {}, &exact);
  // A gradient of the batch and its product with the query's; of all, a third of 6 + 3 products.
  CHECK(exact.differentiated == 5 * (6 + 3 * 42));
  CHECK(exact.products == 5 * 6);
}
