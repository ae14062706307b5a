// SPDX-License-Identifier: MIT
#pragma once
// Small problems of tests/support/problems.h as leave-one-out problems.
//
//   Problem p = logistic_problem();
//   LeaveOneOut loo = leave_one_out(p, 1e-3, p.optimum());
//   Eigen::VectorXd theta = solved(loo, Response::pbrf, 3);

#include "influence/responses.h"
#include "tests/support/problems.h"

namespace leaveout {

/// The problem around theta_s, with zeros as the initialisation. `p` must outlive the result.
inline LeaveOneOut leave_one_out(const Problem& p,
                                 double damping,
                                 const Eigen::VectorXd& theta_s,
                                 Removal removal = Removal::keep_weights) {
  return {p.model,
          p.train,
          p.weight_decay,
          damping,
          Eigen::VectorXd::Zero(p.parameters()),
          theta_s,
          removal};
}

/// The response to the removal of example k, from its own start, (P).
inline Eigen::VectorXd solved(const LeaveOneOut& loo, Response response, Eigen::Index k) {
  return minimise(loo.objective(response, {k}), loo.start(response)).theta;
}

}  // namespace leaveout
