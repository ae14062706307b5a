// SPDX-License-Identifier: MIT
#include "influence/trajectory/moso.h"

#include <fmt/format.h>

#include <stdexcept>

#include "influence/memorization/early_scores.h"

namespace leaveout {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Scores moso_scores(const Trajectory& path,
                   const Checkpoints& checkpoints,
                   MosoForm form,
                   Cost* cost) {
  const auto n = static_cast<double>(path.examples());
  if (path.examples() < 2)
    throw std::invalid_argument(
        fmt::format("[moso] training examples, expected at least 2, got {}", path.examples()));
  const ArrayXd w = path.objective->weights.array();
  Objective losses = training_objective(path.model(), path.train(), 0);
  losses.weights = path.objective->weights;
  Evaluator evaluate(losses);
  ArrayXd sum = ArrayXd::Zero(path.examples());
  VectorXd g;
  visit_checkpoints(path, checkpoints, [&](const Checkpoint& c) {
    evaluate.gradient(c.theta, g);
    const ArrayXd along = loss_slopes(path.model(), path.train(), c.theta, g).col(0).array();
    const ArrayXd squares = grand(path.model(), path.train(), c.theta).array().square();
    const double each = checkpoints.stands_for * c.rate;
    if (form == MosoForm::aligned) {
      sum += each * w * (along - w * squares);
    } else {
      const double scale = each / ((n - 1) * (n - 1));
      const ArrayXd aligned = (2 * n - 4) * (along - squares / n);
      sum += scale * n * w * ((2 * n - 3) * g.squaredNorm() - squares + aligned);
    }
    if (cost) {
      cost->differentiated += 2 * n;  // the mean, and the norms
      cost->add_slopes(path.examples(), 1);
      cost->bytes += 8.0 * static_cast<double>(path.parameters());
    }
  });
  const std::string name = form == MosoForm::aligned ? "moso" : "moso, squared";
  Scores scores = trajectory_scores(path, MatrixXd(sum.matrix().transpose()), name);
  scores.measurement = "training loss of the others";
  return scores;
}

}  // namespace leaveout
