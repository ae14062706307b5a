// SPDX-License-Identifier: MIT
#include "influence/memorization/training_set_sums.h"

#include <algorithm>

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

TrainingSetSums training_set_sums(const LeaveOneOut& loo, const InfluenceFunction& estimate) {
  const VectorXd& theta = loo.theta_s();
  const double n = static_cast<double>(loo.train().size());
  const MatrixXd g = loss_gradients(loo.model(), loo.train(), theta);  // (P x N)
  const VectorXd sum = g.rowwise().sum();
  const Solution each = estimate.solve(g / n);   // what removing i does to theta
  const Solution all = estimate.solve(sum / n);  // on its own: the sums are two computations
  const Solution shrunk = estimate.solve(theta);

  TrainingSetSums s;
  s.received = g.transpose() * all.x.col(0);
  s.given = each.x.transpose() * sum;
  s.identity = -loo.weight_decay() * (g.transpose() * shrunk.x.col(0));
  s.self = g.cwiseProduct(each.x).colwise().sum().transpose();
  s.others = s.received - s.self;
  s.gradient_norm = (sum / n + loo.weight_decay() * theta).norm();
  s.converged = each.converged && all.converged && shrunk.converged;
  const double worst = std::max((s.received - s.identity).cwiseAbs().maxCoeff(),
                                (s.given - s.identity).cwiseAbs().maxCoeff());
  const double scale = std::max({s.received.cwiseAbs().maxCoeff(),
                                 s.given.cwiseAbs().maxCoeff(),
                                 s.identity.cwiseAbs().maxCoeff(),
                                 s.self.cwiseAbs().maxCoeff()});
  s.gap = scale > 0 ? worst / scale : worst;
  return s;
}

}  // namespace leaveout
