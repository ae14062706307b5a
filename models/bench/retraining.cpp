// SPDX-License-Identifier: MIT
#include "models/bench/retraining.h"

#include <fmt/format.h>

namespace leaveout {

Retrainings::Retrainings(Index count)
    : model(parse_model("mlp:20,20", Task::regression, 10, 1)),
      start(initialise(model.spec(), Initialisation::glorot_normal, 1)),
      hand_data{problem.data->x, problem.data->t, {}},
      g(start.size()) {
  problem.theta = start;
  data.task = Task::regression;
  data.inputs = problem.data->x;
  data.targets = problem.data->t;
  protocol.learning_rate = kRate;
  protocol.batch_size = kExamples;
  protocol.epochs = kSteps;
  for (Index k = 0; k < count; ++k)
    tasks.push_back({fmt::format("without {}", k), [this, k] { return retrained(k); }});
}

Run Retrainings::retrained(Index k) const {
  Objective q = training_objective(model, data, kWeightDecay);
  q.weights(k) = 0;
  return train(q, start, protocol);
}

void Retrainings::by_hand() {
  for (Index k = 0; k < static_cast<Index>(tasks.size()); ++k) {
    hand_data.w = Eigen::VectorXd::Constant(kExamples, 1.0 / kExamples);
    hand_data.w(k) = 0;
    theta = start;
    for (Index s = 0; s < kSteps; ++s) {
      hand.gradient(theta, hand_data, g);
      theta -= kRate * (g + kWeightDecay * theta);
    }
  }
}

}  // namespace leaveout
