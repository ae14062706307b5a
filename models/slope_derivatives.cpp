// SPDX-License-Identifier: MIT
#include "models/slope_derivatives.h"

#include <algorithm>

#include "autodiff/slope_derivatives.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd slope_derivatives(const Model& model,
                           const Dataset& data,
                           const VectorXd& theta,
                           const VectorXd& u,
                           const MatrixXd& v,
                           const MatrixXd& w) {
  const Program<double>& program = model.program(Term::loss);
  const VectorXd weights = VectorXd::Ones(data.size());  // count for nothing
  const Batch<double> batch{{data.inputs.data(), data.targets.data(), weights.data()}, data.size()};
  Workspace<double> ws(program, std::min(default_tile(program), data.size()), 1);
  MatrixXd derivatives(data.size(), v.cols());
  slope_derivatives(ws, batch, theta, u, v, w, derivatives);
  return derivatives;
}

}  // namespace leaveout
