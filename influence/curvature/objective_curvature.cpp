// SPDX-License-Identifier: MIT
#include "influence/curvature/objective_curvature.h"

#include <stdexcept>

#include "autodiff/dense_curvature.h"
#include "datasets/random.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const Objective& require_losses(const Objective& q) {
  if (q.term != ObjectiveTerm::loss)
    throw std::invalid_argument(
        "[curvature] objective, expected one of losses: Bregman and quadratic terms have the "
        "Gauss-Newton matrix of the losses at their centre");
  return q;
}

Batch<double> whole(const Objective& q) {
  return {{q.data->inputs.data(), q.data->targets.data(), q.weights.data()}, q.size()};
}

}  // namespace

ObjectiveCurvature::ObjectiveCurvature(const Objective& objective,
                                       const VectorXd& theta,
                                       Curvature curvature)
    : objective_(require_losses(objective)),
      theta_(theta),
      curvature_(curvature),
      batch_(whole(objective_)),
      product_(objective_.model->program(Term::loss), batch_, theta_, curvature) {}

void ObjectiveCurvature::apply(const Eigen::Ref<const MatrixXd>& v,
                               Eigen::Ref<MatrixXd> out) const {
  product_.apply(v, out);
  out += (objective_.weight_decay + objective_.damping) * v;
}

MatrixXd ObjectiveCurvature::dense() const {
  MatrixXd c = dense_curvature(objective_.model->program(Term::loss), batch_, theta_, curvature_);
  c.diagonal().array() += objective_.weight_decay + objective_.damping;
  return c;
}

SampledCurvature::SampledCurvature(const Objective& objective,
                                   const VectorXd& theta,
                                   Curvature curvature,
                                   Index batch_size,
                                   std::uint64_t seed)
    : objective_(require_losses(objective)),
      theta_(theta),
      curvature_(curvature),
      seed_(seed),
      x_(objective.data->features(), batch_size),
      t_(objective.data->outputs(), batch_size),
      w_(batch_size),
      batch_{{x_.data(), t_.data(), w_.data()}, batch_size},
      ws_(objective_.model->program(Term::loss), std::min<Index>(batch_size, 128), 1) {}

void SampledCurvature::apply(Index step,
                             Index repeat,
                             const Eigen::Ref<const MatrixXd>& v,
                             Eigen::Ref<MatrixXd> out) {
  Random random(seed_,
                {0x6c69737361 /* "lissa" */,
                 static_cast<std::uint64_t>(repeat),
                 static_cast<std::uint64_t>(step)});
  const double scale = static_cast<double>(objective_.size()) / static_cast<double>(batch_.columns);
  for (Index j = 0; j < batch_.columns; ++j) {
    const Index i = static_cast<Index>(random.below(static_cast<std::uint64_t>(objective_.size())));
    x_.col(j) = objective_.data->inputs.col(i);
    t_.col(j) = objective_.data->targets.col(i);
    w_(j) = scale * objective_.weights(i);
  }
  curvature_product<double>(ws_, batch_, theta_, v, out, curvature_);
  out += (objective_.weight_decay + objective_.damping) * v;
}

}  // namespace leaveout
