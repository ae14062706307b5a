// SPDX-License-Identifier: MIT
#include "models/optimiser.h"

#include <cmath>

namespace leaveout {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// 1 / (1 - beta^t), what a running mean that began at zero is multiplied by.
double correction(double beta, Index steps) {
  return 1 / (1 - std::pow(beta, static_cast<double>(steps)));
}

}  // namespace

OptimiserState initial_state(const Protocol& protocol, const VectorXd& theta) {
  OptimiserState state{theta, VectorXd::Zero(theta.size()), {}, 0};
  if (protocol.optimiser == OptimiserKind::adam) state.second = VectorXd::Zero(theta.size());
  return state;
}

void advance(const Protocol& p, double rate, const VectorXd& g, OptimiserState& s) {
  ++s.steps;
  if (p.optimiser != OptimiserKind::adam) {
    s.first = p.momentum * s.first + g;
    if (p.optimiser == OptimiserKind::sgd)
      s.theta -= rate * s.first;
    else
      s.theta -= rate * (g + p.momentum * s.first);
    return;
  }
  s.first = p.beta1 * s.first + (1 - p.beta1) * g;
  s.second = p.beta2 * s.second + (1 - p.beta2) * g.cwiseAbs2();
  const double c1 = correction(p.beta1, s.steps), c2 = correction(p.beta2, s.steps);
  s.theta.array() -= rate * c1 * s.first.array() / ((c2 * s.second.array()).sqrt() + p.epsilon);
}

StateColumns zero_columns(const Protocol& protocol, Index parameters, Index columns) {
  const MatrixXd zero = MatrixXd::Zero(parameters, columns);
  return {zero, zero, protocol.optimiser == OptimiserKind::adam ? zero : MatrixXd()};
}

StepDerivative::StepDerivative(const Protocol& p,
                               double rate,
                               const VectorXd& g,
                               const OptimiserState& after)
    : adam_(p.optimiser == OptimiserKind::adam) {
  if (!adam_) {
    const bool nesterov = p.optimiser == OptimiserKind::nesterov;
    decay_ = p.momentum;
    by_first_ = ArrayXd::Constant(after.theta.size(), nesterov ? -rate * p.momentum : -rate);
    by_gradient_ = nesterov ? -rate : 0;
    return;
  }
  decay_ = p.beta1;
  gain_ = 1 - p.beta1;
  decay2_ = p.beta2;
  gain2_ = 2 * (1 - p.beta2) * g.array();
  const double c1 = correction(p.beta1, after.steps), c2 = correction(p.beta2, after.steps);
  const ArrayXd root = (c2 * after.second.array()).sqrt();  // (P)
  const ArrayXd divisor = root + p.epsilon;                 // (P)
  by_first_ = -rate * c1 / divisor;
  // d/ds of the root is c2 / (2 root). Where no gradient ever was, s is 0 and stays so to first
  // order: its derivative is that of g*g, zero.
  const ArrayXd slope = (root > 0).select(c2 / (2 * root), 0.0);
  by_second_ = rate * c1 * after.first.array() / divisor.square() * slope;
}

void StepDerivative::push(const MatrixXd& dg, StateColumns& t) const {
  t.first = decay_ * t.first + gain_ * dg;
  t.theta.array() += t.first.array().colwise() * by_first_;
  if (by_gradient_ != 0) t.theta += by_gradient_ * dg;
  if (!adam_) return;
  t.second *= decay2_;
  t.second.array() += dg.array().colwise() * gain2_;
  t.theta.array() += t.second.array().colwise() * by_second_;
}

MatrixXd StepDerivative::pull(StateColumns& a) const {
  a.first.array() += a.theta.array().colwise() * by_first_;
  MatrixXd g_bar = gain_ * a.first;  // (P x K)
  if (by_gradient_ != 0) g_bar += by_gradient_ * a.theta;
  a.first *= decay_;
  if (!adam_) return g_bar;
  a.second.array() += a.theta.array().colwise() * by_second_;
  g_bar.array() += a.second.array().colwise() * gain2_;
  a.second *= decay2_;
  return g_bar;
}

}  // namespace leaveout
