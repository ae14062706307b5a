// SPDX-License-Identifier: MIT
#pragma once
// Responses: what becomes of the parameters when examples are removed. Each is a setting of the one
// objective of models/objective.h, with eps = 1/N for removal (Bae et al. 2022, section 2 and eq.
// 7):
//
//   response     term of example i       removed examples            damping    start
//   cold_start   loss                    w_k = 1/N - eps             0          the initialisation
//   warm_start   loss                    w_k = 1/N - eps             0          theta_s
//   proximal     loss                    w_k = 1/N - eps             lambda     theta_s
//   pbrf         Bregman at theta_s      w_k = 1/N - eps, tilt       lambda     theta_s
//   linearised   its quadratic model     linear term -eps g_k        lambda     theta_s
//
// The PBRF's removal term -eps L_k is joined with the removed example's own Bregman term: their
// difference D_k - L_k is linear in the outputs (up to a constant), so at eps = 1/N nothing but the
// tilt -eps dL_k/dy(y_s)'f(theta, x_k) is left, and nothing cancels. Weight decay is folded into
// the loss and so becomes weight_decay/2 |theta - theta_s|^2 in the Bregman forms: it adds to
// lambda.
//
//   LeaveOneOut loo(model, train, weight_decay, damping, theta_init, theta_s);
//   Objective q = loo.objective(Response::pbrf, {k});
//   Run pbrf = minimise(q, loo.start(Response::pbrf));

#include "models/objective.h"

namespace leaveout {

enum class Response { cold_start, warm_start, proximal, pbrf, linearised };
std::string response_name(Response r);

/// Examples that are removed together.
using Group = std::vector<Index>;
/// {{a}, {b}, ...}: each example a group of its own.
std::vector<Group> one_by_one(const std::vector<Index>& examples);

/// What "the others" weigh when examples are removed: they keep 1/N (the influence gradient is that
/// of the loss alone), or the mean is taken anew over those that stay (the regulariser's share goes
/// with the removed example: the influence gradient is grad loss_k + weight_decay theta).
enum class Removal { keep_weights, renormalise };

class LeaveOneOut {
 public:
  /// Model and data must outlive the object. theta_s need not be converged.
  LeaveOneOut(const Model& model,
              const Dataset& train,
              double weight_decay,
              double damping,
              Eigen::VectorXd theta_init,
              Eigen::VectorXd theta_s,
              Removal removal = Removal::keep_weights);

  /// The objective whose minimiser is the response to giving the examples `removed` the weight
  /// 1/N - epsilon. epsilon = 1/N, the default, removes them. Renormalised removal is defined for
  /// the first three and the linearised response, at epsilon = 1/N.
  Objective objective(Response response, const Group& removed) const;
  Objective objective(Response response, const Group& removed, double epsilon) const;
  /// Where the response's minimisation starts.
  const Eigen::VectorXd& start(Response response) const;
  /// The right-hand side of the influence estimate: eps times the gradients of the removed
  /// examples' losses at theta_s, summed; (P). The estimate is (C + lambda I)^-1 of it.
  Eigen::VectorXd removal_gradient(const Group& removed, double epsilon) const;
  Eigen::VectorXd removal_gradient(const Group& removed) const;

  /// The objective of the base training: all examples, no damping.
  Objective base_objective() const;

  const Model& model() const { return *model_; }
  const Dataset& train() const { return *train_; }
  double weight_decay() const { return weight_decay_; }
  double damping() const { return damping_; }
  const Eigen::VectorXd& theta_init() const { return theta_init_; }
  const Eigen::VectorXd& theta_s() const { return theta_s_; }
  const Eigen::MatrixXd& outputs_s() const { return outputs_s_; }
  Removal removal() const { return removal_; }

 private:
  double whole() const { return 1.0 / static_cast<double>(train_->size()); }
  Objective loss_objective(const Group& removed, double epsilon) const;

  const Model* model_;
  const Dataset* train_;
  double weight_decay_, damping_;
  Eigen::VectorXd theta_init_, theta_s_;  // (P)
  Removal removal_;
  Eigen::MatrixXd outputs_s_;    // (O x N), f(theta_s, x_i)
  Eigen::MatrixXd residuals_s_;  // (O x N), dL_i/dy at theta_s
};

}  // namespace leaveout
