// SPDX-License-Identifier: MIT
#include "influence/curvature/ek_fac.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "autodiff/per_example.h"
#include "influence/solvers/eigen.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kNumbers = Index(1) << 20;  // of factors that are held at a time

using LayerFactors = PerExample<double>::Layer;
using ConstMap = Eigen::Map<const MatrixXd>;

/// Of n examples: a layer's inputs a, those of its L positions side by side (in + bias x L n), and
/// its adjoints d_r (out L x n) times sqrt(w_i).
struct Factors {
  MatrixXd inputs;
  std::vector<MatrixXd> adjoints;  // one for each output of the network
};

/// A column that is spread over positions gathers their adjoints: one position is left.
AffineLayer gathered(AffineLayer place) {
  if (place.in == 0) place.positions = 1;
  return place;
}

MatrixXd layer_inputs(const LayerFactors& layer) {
  const Index positions = gathered(layer.place).positions * layer.delta.cols();
  MatrixXd a = MatrixXd::Ones(layer.place.columns(), positions);
  if (layer.place.in > 0)
    a.topRows(layer.place.in) = ConstMap(layer.x.data(), layer.place.in, positions);
  return a;
}

MatrixXd layer_adjoints(const LayerFactors& layer) {
  const AffineLayer& place = layer.place;
  if (place.in > 0) return layer.delta;
  MatrixXd sum = MatrixXd::Zero(place.out, layer.delta.cols());
  for (Index l = 0; l < place.positions; ++l)
    sum += layer.delta.middleRows(l * place.out, place.out);
  return sum;
}

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

/// Of the examples of `part`, with these weights (n).
std::vector<Factors> factors_of(const Model& model,
                                const Dataset& part,
                                const VectorXd& weights,
                                const VectorXd& theta) {
  const Batch<double> batch{{part.inputs.data(), part.targets.data(), weights.data()}, part.size()};
  Workspace<double> ws(model.program(Term::loss), std::min<Index>(part.size(), 128), 0);
  const MatrixXd y = outputs(model, part.inputs, theta);
  const MatrixXd mean = output_residuals(model, part, y) + part.targets;  // (O x n)
  const VectorXd roots = weights.cwiseSqrt();                             // (n)
  std::vector<Factors> factors;
  for (Index o = 0; o < model.outputs(); ++o) {
    const PerExample<double> g = output_gradients(ws, batch, Vector<double>(theta), o);
    factors.resize(g.layers.size());
    for (std::size_t l = 0; l < g.layers.size(); ++l) {
      factors[l].adjoints.emplace_back(layer_adjoints(g.layers[l]) * roots.asDiagonal());
      if (o == 0) factors[l].inputs = layer_inputs(g.layers[l]);
    }
  }
  for (Factors& f : factors) take_root(model.spec().loss, mean, f.adjoints);
  return factors;
}

/// Calls `use` with the layers' factors of as many examples at a time as there is room for, and
/// with these examples' weights.
void each_part(const Objective& q,
               const VectorXd& theta,
               Index numbers_per_example,
               const std::function<void(const std::vector<Factors>&, const VectorXd&)>& use) {
  const Index step = std::max<Index>(1, kNumbers / numbers_per_example);
  for (Index begin = 0; begin < q.size(); begin += step) {
    std::vector<Index> rows(static_cast<std::size_t>(std::min(step, q.size() - begin)));
    std::iota(rows.begin(), rows.end(), begin);
    const VectorXd weights = q.weights(rows);
    use(factors_of(*q.model, take(*q.data, rows), weights, theta), weights);
  }
}

/// sum w_i a a' over all positions.
MatrixXd input_moments(const MatrixXd& inputs, const VectorXd& weights) {
  const Index of_example = inputs.size() / weights.size();
  MatrixXd weighted = ConstMap(inputs.data(), of_example, weights.size()) * weights.asDiagonal();
  weighted.resize(inputs.rows(), inputs.cols());
  return weighted * inputs.transpose();
}

/// Adds to `values` (out x columns) the squares of D = sum over positions of d a', over examples.
void add_squares(const MatrixXd& adjoints,  // (out x L n)
                 const MatrixXd& inputs,    // (columns x L n)
                 Index positions,
                 Eigen::Map<MatrixXd>& values) {
  if (positions == 1) {  // of a product the square is the squares' product
    const MatrixXd d = adjoints.cwiseAbs2(), a = inputs.cwiseAbs2();
    values.noalias() += d * a.transpose();
    return;
  }
  MatrixXd product(values.rows(), values.cols());
  for (Index at = 0; at < inputs.cols(); at += positions) {
    product.noalias() =
        adjoints.middleCols(at, positions) * inputs.middleCols(at, positions).transpose();
    values += product.cwiseAbs2();
  }
}

MatrixXd eigenvectors(MatrixXd matrix) {
  return Eigendecomposition(DenseOperator(std::move(matrix))).vectors();
}

}  // namespace

EkFac::EkFac(const Objective& objective, const std::vector<VectorXd>& points) {
  const Program<double>& program = objective.model->program(Term::loss);
  if (objective.term != ObjectiveTerm::loss || !program.factored() || points.empty())
    throw std::invalid_argument(
        fmt::format("[ek_fac] expected losses, parameters that are each used in one place, and at "
                    "least one point, got {} points; or use gauss_newton",
                    points.size()));
  for (const auto* places : {&program.affine_layers(), &program.spread_columns()})
    for (const AffineLayer& place : *places) layers_.push_back({gathered(place), {}, {}});
  find_bases(objective, points);
  find_values(objective, points);
  values_ /= static_cast<double>(points.size());
  values_.array() += objective.weight_decay + objective.damping;
}

Index EkFac::numbers_per_example(const Objective& objective) const {
  Index numbers = 0;
  for (const Layer& layer : layers_)
    numbers += layer.place.positions *
               (layer.place.columns() + objective.model->outputs() * layer.place.out);
  return numbers;
}

void EkFac::find_bases(const Objective& objective, const std::vector<VectorXd>& points) {
  std::vector<MatrixXd> a, s;  // of each layer
  for (const Layer& layer : layers_) {
    a.emplace_back(MatrixXd::Zero(layer.place.columns(), layer.place.columns()));
    s.emplace_back(MatrixXd::Zero(layer.place.out, layer.place.out));
  }
  const auto add = [&](const std::vector<Factors>& factors, const VectorXd& weights) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const MatrixXd& inputs = factors[l].inputs;
      a[l] += input_moments(inputs, weights);
      for (const MatrixXd& adjoint : factors[l].adjoints) {
        const ConstMap d(adjoint.data(), layers_[l].place.out, inputs.cols());
        s[l].noalias() += d * d.transpose();
      }
    }
  };
  for (const VectorXd& theta : points)
    each_part(objective, theta, numbers_per_example(objective), add);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].inputs = eigenvectors(std::move(a[l]));
    layers_[l].outputs = eigenvectors(std::move(s[l]));
  }
}

void EkFac::find_values(const Objective& objective, const std::vector<VectorXd>& points) {
  values_ = VectorXd::Zero(objective.parameter_count());
  const auto add = [&](const std::vector<Factors>& factors, const VectorXd&) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Layer& layer = layers_[l];
      const AffineLayer& place = layer.place;
      Eigen::Map<MatrixXd> values(values_.data() + place.offset, place.out, place.columns());
      const MatrixXd inputs = layer.inputs.transpose() * factors[l].inputs;  // (columns x L n)
      for (const MatrixXd& adjoint : factors[l].adjoints) {
        const ConstMap d(adjoint.data(), place.out, inputs.cols());
        const MatrixXd turned = layer.outputs.transpose() * d;  // (out x L n)
        add_squares(turned, inputs, place.positions, values);
      }
    }
  };
  for (const VectorXd& theta : points)
    each_part(objective, theta, numbers_per_example(objective), add);
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
