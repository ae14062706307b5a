// SPDX-License-Identifier: MIT
// A training step allocates nothing: longer trainings meet the allocator no more often.
#include <doctest/doctest.h>

#include "datasets/random.h"
#include "models/trainer.h"
#include "tests/support/alloc_count.h"

using namespace leaveout;

TEST_CASE("the number of allocations of a training does not depend on the number of epochs") {
  if (!counting_allocations()) return;
  Dataset data;
  data.inputs = Random(1).normal_matrix(4, 30);
  data.targets = Random(2).normal_matrix(1, 30);
  const Model model(parse_model("mlp:5,5", Task::regression, 4, 1));
  const Objective objective = training_objective(model, data, 1e-3);
  const Eigen::VectorXd start = initialise(model.spec(), Initialisation::glorot_normal, 3);
  for (const OptimiserKind optimiser :
       {OptimiserKind::sgd, OptimiserKind::nesterov, OptimiserKind::adam})
    for (const Index batch_size : {7, 30}) {
      Protocol protocol;
      protocol.optimiser = optimiser;
      protocol.batch_size = batch_size;
      protocol.momentum = 0.5;
      protocol.learning_rate = 0.01;
      const auto allocations = [&](Index epochs) {
        protocol.epochs = epochs;
        return allocations_in([&] { train(objective, start, protocol); });
      };
      CHECK(allocations(1) > 0);
      CHECK(allocations(40) == allocations(2));
    }
}
