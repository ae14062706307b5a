// SPDX-License-Identifier: MIT
#include "models/third_derivative.h"

#include <algorithm>
#include <complex>

#include "autodiff/per_example.h"
#include "autodiff/sweeps.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Complex = std::complex<double>;

constexpr double kStep = 1e-30;  // its square underflows against 1: nothing is cut off

/// theta + i h v.
Eigen::VectorXcd moved(const VectorXd& theta, const VectorXd& v) {
  return theta.cast<Complex>() + Complex(0, kStep) * v.cast<Complex>();
}

/// The data of a batch as complex numbers, one block for each input of the Program.
struct ComplexData {
  std::vector<Eigen::MatrixXcd> blocks;
  Batch<Complex> batch;
  explicit ComplexData(const std::vector<MatrixXd>& real) {
    for (const MatrixXd& block : real) blocks.emplace_back(block.cast<Complex>());
    for (const Eigen::MatrixXcd& block : blocks) batch.data.push_back(block.data());
    batch.columns = real.front().cols();
  }
};

/// What the objective's Program reads: inputs, references, weights and, for Bregman terms, tilt.
std::vector<MatrixXd> data_of(const Objective& q) {
  const bool bregman = q.term == ObjectiveTerm::bregman;
  std::vector<MatrixXd> data = {
      q.data->inputs, bregman ? q.centre_outputs : q.data->targets, q.weights.transpose()};
  if (!bregman) return data;
  MatrixXd tilt = MatrixXd::Zero(q.model->outputs(), q.size());  // (O x N)
  for (std::size_t j = 0; j < q.tilted.size(); ++j)
    tilt.col(q.tilted[j]) += q.tilt.col(static_cast<Index>(j));
  data.push_back(tilt);
  return data;
}

Workspace<Complex> workspace(const Program<Complex>& program, Index columns) {
  return {program, std::min(default_tile(program), columns), 1};
}

}  // namespace

VectorXd third_derivative(const Objective& objective,
                          const VectorXd& theta,
                          const VectorXd& u,
                          const VectorXd& v) {
  if (objective.term == ObjectiveTerm::quadratic) return VectorXd::Zero(theta.size());
  const bool bregman = objective.term == ObjectiveTerm::bregman;
  const Program<Complex> program =
      record<Complex>(objective.model->spec(), bregman ? Term::bregman : Term::loss);
  const ComplexData data(data_of(objective));
  Workspace<Complex> ws = workspace(program, objective.size());
  return third_derivative(ws, data.batch, theta, u, v);
}

MatrixXd third_derivatives(const Objective& objective,
                           const VectorXd& theta,
                           const VectorXd& u,
                           const MatrixXd& v) {
  if (objective.term == ObjectiveTerm::quadratic) return MatrixXd::Zero(v.rows(), v.cols());
  const bool bregman = objective.term == ObjectiveTerm::bregman;
  const Program<Complex> program =
      record<Complex>(objective.model->spec(), bregman ? Term::bregman : Term::loss);
  const ComplexData data(data_of(objective));
  Workspace<Complex> ws = workspace(program, objective.size());
  const Eigen::MatrixXcd directions = v.cast<Complex>();  // (P x k)
  Eigen::MatrixXcd products(v.rows(), v.cols());
  curvature_product<Complex>(
      ws, data.batch, moved(theta, u), directions, products, Curvature::full);
  return products.imag() / kStep;
}

MatrixXd loss_hessian_products(const Model& model,
                               const Dataset& data,
                               const VectorXd& theta,
                               const VectorXd& v) {
  const Program<Complex> program = record<Complex>(model.spec(), Term::loss);
  const ComplexData columns({data.inputs, data.targets, MatrixXd::Ones(1, data.size())});
  Workspace<Complex> ws = workspace(program, data.size());
  const Eigen::VectorXcd at = moved(theta, v);  // (P)
  return materialise(per_example_gradients(ws, columns.batch, at)).imag() / kStep;
}

OutputDerivatives output_derivatives(const Model& model,
                                     const MatrixXd& inputs,
                                     const VectorXd& theta,
                                     const VectorXd& v) {
  const Index n = inputs.cols();
  const Program<Complex> program = record<Complex>(model.spec(), Term::loss);
  // Targets and weights reach no output.
  const ComplexData data({inputs, MatrixXd::Zero(model.outputs(), n), MatrixXd::Zero(1, n)});
  Workspace<Complex> ws = workspace(program, n);
  const Eigen::VectorXcd direction = v.cast<Complex>();  // (P)
  const Eigen::VectorXcd at = moved(theta, v);           // (P)
  const SlotId outputs = program.roles().outputs;
  OutputDerivatives f;
  for (MatrixXd* m : {&f.value, &f.first, &f.second}) m->resize(model.outputs(), n);
  ws.bind_parameters(at.data());
  for (Index begin = 0; begin < n; begin += ws.capacity()) {
    const Index count = std::min(ws.capacity(), n - begin);
    ws.bind_batch(data.batch, begin, count);
    forward(ws);
    ws.bind_directions(direction.data(), 1);
    tangent(ws);
    f.value.middleCols(begin, count) = ws.x(outputs).real();
    f.first.middleCols(begin, count) = ws.x_dot(outputs, 0).real();
    f.second.middleCols(begin, count) = ws.x_dot(outputs, 0).imag() / kStep;
  }
  return f;
}

}  // namespace leaveout
