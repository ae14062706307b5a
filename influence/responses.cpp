// SPDX-License-Identifier: MIT
#include "influence/responses.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

namespace leaveout {

using Eigen::VectorXd;

std::string response_name(Response r) {
  switch (r) {
    case Response::cold_start:
      return "cold_start";
    case Response::warm_start:
      return "warm_start";
    case Response::proximal:
      return "proximal";
    case Response::pbrf:
      return "pbrf";
    default:
      return "linearised";
  }
}

std::vector<Group> one_by_one(const std::vector<Index>& examples) {
  std::vector<Group> groups;
  for (const Index k : examples) groups.push_back({k});
  return groups;
}

namespace {

/// An example that is named twice would lose its weight once and its tilt twice.
void check_removed(const Group& removed, Index examples) {
  std::set<Index> seen;
  for (const Index k : removed) {
    if (k < 0 || k >= examples)
      throw std::invalid_argument(
          fmt::format("[response] removed example, expected 0 to {}, got {}", examples - 1, k));
    if (!seen.insert(k).second)
      throw std::invalid_argument(
          fmt::format("[response] removed examples, expected each once, got {} twice", k));
  }
}

}  // namespace

LeaveOneOut::LeaveOneOut(const Model& model,
                         const Dataset& train,
                         double weight_decay,
                         double damping,
                         VectorXd theta_init,
                         VectorXd theta_s,
                         Removal removal)
    : model_(&model),
      train_(&train),
      weight_decay_(weight_decay),
      damping_(damping),
      theta_init_(std::move(theta_init)),
      theta_s_(std::move(theta_s)),
      removal_(removal),
      outputs_s_(outputs(model, train.inputs, theta_s_)),
      residuals_s_(output_residuals(model, train, outputs_s_)) {}

Objective LeaveOneOut::base_objective() const {
  return training_objective(*model_, *train_, weight_decay_);
}

const VectorXd& LeaveOneOut::start(Response response) const {
  return response == Response::cold_start ? theta_init_ : theta_s_;
}

Objective LeaveOneOut::objective(Response response, const Group& removed) const {
  return objective(response, removed, whole());
}

/// The training objective with the removed examples at weight 1/N - epsilon.
Objective LeaveOneOut::loss_objective(const Group& removed, double epsilon) const {
  Objective q = base_objective();
  for (const Index k : removed) q.weights(k) = whole() - epsilon;
  if (removal_ == Removal::renormalise) q.weights /= q.weights.sum();
  return q;
}

Objective LeaveOneOut::objective(Response response, const Group& removed, double epsilon) const {
  check_removed(removed, train_->size());
  if (response == Response::pbrf && removal_ == Removal::renormalise)
    throw std::invalid_argument(
        "[response] the PBRF is defined with the other examples kept at 1/N: use "
        "Removal::keep_weights");
  Objective q = loss_objective(removed, epsilon);
  if (response == Response::cold_start || response == Response::warm_start) return q;
  q.centre = theta_s_;
  q.damping = damping_;
  if (response == Response::proximal) return q;
  // The Bregman divergence of weight_decay/2 |theta|^2 is weight_decay/2 |theta - theta_s|^2.
  q.damping = damping_ + weight_decay_;
  q.weight_decay = 0;
  if (response == Response::linearised) {
    q.term = ObjectiveTerm::quadratic;
    q.weights.setConstant(whole());
    q.linear = -removal_gradient(removed, epsilon);
    return q;
  }
  q.term = ObjectiveTerm::bregman;
  q.centre_outputs = outputs_s_;
  q.tilted = removed;
  q.tilt.resize(model_->outputs(), static_cast<Index>(removed.size()));
  for (std::size_t j = 0; j < removed.size(); ++j)
    q.tilt.col(static_cast<Index>(j)) = -epsilon * residuals_s_.col(removed[j]);
  return q;
}

VectorXd LeaveOneOut::removal_gradient(const Group& removed) const {
  return removal_gradient(removed, whole());
}

VectorXd LeaveOneOut::removal_gradient(const Group& removed, double epsilon) const {
  VectorXd sum = VectorXd::Zero(theta_s_.size());
  if (removed.empty()) return sum;
  sum = loss_gradients(*model_, take(*train_, removed), theta_s_).rowwise().sum();
  if (removal_ == Removal::keep_weights) return epsilon * sum;
  // Renormalised: sum over those that stay, divided by N - m, and each example carries its share of
  // the regulariser. The factor is eps' = 1/(N - m) at removal.
  const double m = static_cast<double>(removed.size()), n = static_cast<double>(train_->size());
  return (sum + m * weight_decay_ * theta_s_) * (epsilon * n / (n - m));
}

}  // namespace leaveout
