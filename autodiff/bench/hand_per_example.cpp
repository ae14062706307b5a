// SPDX-License-Identifier: MIT
#include "autodiff/bench/hand_per_example.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;

void hand_materialise(const std::vector<HandMlp::Factors>& factors,
                      Index parameter_count,
                      MatrixXd& all) {
  const Index n = factors.front().x.cols();
  all.resize(parameter_count, n);
  for (Index j = 0; j < n; ++j)
    for (const auto& [delta, x, offset] : factors) {
      double* to = all.col(j).data() + offset;
      Eigen::Map<MatrixXd>(to, delta.rows(), x.rows()).noalias() =
          delta.col(j) * x.col(j).transpose();
      Eigen::Map<Eigen::VectorXd>(to + delta.rows() * x.rows(), delta.rows()) = delta.col(j);
    }
}

void hand_gram(const std::vector<HandMlp::Factors>& factors, MatrixXd& gram) {
  const Index n = factors.front().x.cols();
  MatrixXd dd(n, n), xx(n, n);
  for (std::size_t l = 0; l < factors.size(); ++l) {
    dd.noalias() = factors[l].delta.transpose() * factors[l].delta;
    xx.noalias() = factors[l].x.transpose() * factors[l].x;
    if (l == 0)
      gram = dd.array() * (xx.array() + 1);
    else
      gram.array() += dd.array() * (xx.array() + 1);
  }
}

void hand_norms(const std::vector<HandMlp::Factors>& factors, Eigen::VectorXd& norms) {
  norms.setZero(factors.front().x.cols());
  for (const auto& f : factors)
    norms.array() += f.delta.colwise().squaredNorm().transpose().array() *
                     (f.x.colwise().squaredNorm().transpose().array() + 1);
}

}  // namespace leaveout
