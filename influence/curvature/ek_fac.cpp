// SPDX-License-Identifier: MIT
#include "influence/curvature/ek_fac.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/per_example.h"
#include "influence/solvers/eigen.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A layer's inputs a (in + bias x N), and its adjoints d_r (out x N) times sqrt(w_i).
struct Factors {
  MatrixXd inputs;
  std::vector<MatrixXd> adjoints;  // one for each output of the network
};

/// From adjoints of the outputs to those of a root of the loss's Hessian in them: e_r for squared
/// errors, sqrt(p_r (1 - p_r)) e_r for a sigmoid, sqrt(p_r) (e_r - p) for a softmax.
void take_root(LossKind loss, const MatrixXd& mean, std::vector<MatrixXd>& adjoints) {
  if (loss == LossKind::half_squared_error) return;
  const bool softmax = loss == LossKind::cross_entropy;
  MatrixXd average = MatrixXd::Zero(adjoints[0].rows(), adjoints[0].cols());
  for (std::size_t r = 0; softmax && r < adjoints.size(); ++r)
    average += adjoints[r] * mean.row(static_cast<Index>(r)).asDiagonal();
  for (std::size_t r = 0; r < adjoints.size(); ++r) {
    Eigen::ArrayXd root = mean.row(static_cast<Index>(r)).transpose().array();
    if (!softmax) root *= 1 - root;
    root = root.sqrt();
    const MatrixXd centred = adjoints[r] - average;
    adjoints[r] = centred * root.matrix().asDiagonal();
  }
}

std::vector<Factors> factors_at(const Objective& q, const VectorXd& theta) {
  const Model& model = *q.model;
  const Batch<double> batch{{q.data->inputs.data(), q.data->targets.data(), q.weights.data()},
                            q.size()};
  Workspace<double> ws(model.program(Term::loss), std::min<Index>(q.size(), 128), 0);
  const MatrixXd y = outputs(model, q.data->inputs, theta);
  const MatrixXd mean = output_residuals(model, *q.data, y) + q.data->targets;  // (O x N)
  const VectorXd roots = q.weights.cwiseSqrt();                                 // (N)
  std::vector<Factors> factors;
  for (Index o = 0; o < model.outputs(); ++o) {
    const PerExample<double> g = output_gradients(ws, batch, Vector<double>(theta), o);
    factors.resize(g.layers.size());
    for (std::size_t l = 0; l < g.layers.size(); ++l) {
      const auto& layer = g.layers[l];
      factors[l].adjoints.emplace_back(layer.delta * roots.asDiagonal());
      if (o > 0) continue;
      factors[l].inputs = MatrixXd::Ones(layer.place.columns(), q.size());
      factors[l].inputs.topRows(layer.place.in) = layer.x;
    }
  }
  for (Factors& f : factors) take_root(model.spec().loss, mean, f.adjoints);
  return factors;
}

MatrixXd eigenvectors(MatrixXd matrix) {
  return Eigendecomposition(DenseOperator(std::move(matrix))).vectors();
}

}  // namespace

EkFac::EkFac(const Objective& objective, const std::vector<VectorXd>& points) {
  const Program<double>& program = objective.model->program(Term::loss);
  Index covered = 0;
  for (const AffineLayer& place : program.affine_layers())
    if (place.positions == 1) {
      layers_.push_back({place, {}, {}});
      covered += place.size();
    }
  if (covered != program.parameter_count() || points.empty() ||
      objective.term != ObjectiveTerm::loss)
    throw std::invalid_argument(
        fmt::format("[ek_fac] expected losses of a model of dense layers and at least one point, "
                    "got {} of {} parameters in dense layers and {} points; use gauss_newton",
                    covered,
                    program.parameter_count(),
                    points.size()));
  find_bases(objective, points);
  find_values(objective, points);
  values_ /= static_cast<double>(points.size());
  values_.array() += objective.weight_decay + objective.damping;
}

void EkFac::find_bases(const Objective& objective, const std::vector<VectorXd>& points) {
  std::vector<MatrixXd> a, s;  // of each layer
  for (const Layer& layer : layers_) {
    a.emplace_back(MatrixXd::Zero(layer.place.columns(), layer.place.columns()));
    s.emplace_back(MatrixXd::Zero(layer.place.out, layer.place.out));
  }
  for (const VectorXd& theta : points) {
    const std::vector<Factors> factors = factors_at(objective, theta);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const MatrixXd weighted = factors[l].inputs * objective.weights.asDiagonal();
      a[l].noalias() += weighted * factors[l].inputs.transpose();
      for (const MatrixXd& d : factors[l].adjoints) s[l].noalias() += d * d.transpose();
    }
  }
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].inputs = eigenvectors(std::move(a[l]));
    layers_[l].outputs = eigenvectors(std::move(s[l]));
  }
}

void EkFac::find_values(const Objective& objective, const std::vector<VectorXd>& points) {
  values_ = VectorXd::Zero(objective.parameter_count());
  for (const VectorXd& theta : points) {
    const std::vector<Factors> factors = factors_at(objective, theta);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Layer& layer = layers_[l];
      Eigen::Map<MatrixXd> values(
          values_.data() + layer.place.offset, layer.place.out, layer.place.columns());
      MatrixXd inputs = layer.inputs.transpose() * factors[l].inputs;  // (in + bias x N)
      inputs = inputs.cwiseAbs2();
      for (const MatrixXd& d : factors[l].adjoints) {
        MatrixXd turned = layer.outputs.transpose() * d;  // (out x N)
        turned = turned.cwiseAbs2();
        values.noalias() += turned * inputs.transpose();
      }
    }
  }
}

MatrixXd EkFac::to_basis(const MatrixXd& v) const {
  MatrixXd c(v.rows(), v.cols());
  for (const Layer& layer : layers_)
    for (Index k = 0; k < v.cols(); ++k) {
      const AffineLayer& place = layer.place;
      const Eigen::Map<const MatrixXd> from(
          v.col(k).data() + place.offset, place.out, place.columns());
      Eigen::Map<MatrixXd> to(c.col(k).data() + place.offset, place.out, place.columns());
      const MatrixXd half = layer.outputs.transpose() * from;
      to.noalias() = half * layer.inputs;
    }
  return c;
}

MatrixXd EkFac::from_basis(const MatrixXd& c) const {
  MatrixXd v(c.rows(), c.cols());
  for (const Layer& layer : layers_)
    for (Index k = 0; k < c.cols(); ++k) {
      const AffineLayer& place = layer.place;
      const Eigen::Map<const MatrixXd> from(
          c.col(k).data() + place.offset, place.out, place.columns());
      Eigen::Map<MatrixXd> to(v.col(k).data() + place.offset, place.out, place.columns());
      const MatrixXd half = layer.outputs * from;
      to.noalias() = half * layer.inputs.transpose();
    }
  return v;
}

void EkFac::apply(const Eigen::Ref<const MatrixXd>& v, Eigen::Ref<MatrixXd> out) const {
  MatrixXd c = to_basis(v);
  c = values_.asDiagonal() * c;
  out = from_basis(c);
}

}  // namespace leaveout
