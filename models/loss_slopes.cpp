// SPDX-License-Identifier: MIT
#include "models/loss_slopes.h"

#include <algorithm>

#include "autodiff/slope_derivatives.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

LossSlopes::LossSlopes(const Model& model, const Dataset& data, Index directions)
    : weights_(VectorXd::Ones(data.size())),
      batch_{{data.inputs.data(), data.targets.data(), weights_.data()}, data.size()},
      ws_(model.program(Term::loss),
          std::min(default_tile(model.program(Term::loss)), data.size()),
          std::clamp(directions, Index{1}, Workspace<double>::kMaxDirections)) {}

MatrixXd LossSlopes::along(const VectorXd& theta, const MatrixXd& v) {
  MatrixXd slopes(batch_.columns, v.cols());
  loss_slopes<double>(ws_, batch_, theta, v, slopes);
  return slopes;
}

MatrixXd LossSlopes::derivatives(const VectorXd& theta,
                                 const VectorXd& u,
                                 const MatrixXd& v,
                                 const MatrixXd& w) {
  MatrixXd change(batch_.columns, v.cols());
  slope_derivatives(ws_, batch_, theta, u, v, w, change);
  return change;
}

}  // namespace leaveout
