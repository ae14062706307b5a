// SPDX-License-Identifier: MIT
#pragma once
// A user's files of a ridge regression, and what it predicts after training on every subset: in
// closed form, for experiments on all subsets to be checked against.
//
//   const RidgeSubsets ridge(5, 3);                       // 5 examples, 3 queries, 2 features
//   auto [status, error] = ridge.user.run("spectrum", "out", 1, {"p=0.3"});
//   VectorXd f = ridge.table(0);                          // (2^5) predictions of query 0

#include <fmt/format.h>

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "datasets/random.h"
#include "tests/support/subsets.h"
#include "tests/support/user_task.h"

namespace leaveout {

/// y = x' theta without bias, on numbers as they are.
class RidgeSubsets {
 public:
  static constexpr double kWeightDecay = 0.05;

  RidgeSubsets(Eigen::Index examples, Eigen::Index queries)
      : x_(Random(11).normal_matrix(2, examples)),
        y_(Random(12).normal_matrix(1, examples)),
        query_(Random(13).normal_matrix(2, queries)),
        user(csv(x_, y_),
             csv(query_, Eigen::MatrixXd::Constant(1, queries, 0.5)),
             {"model=linear",
              "bias=false",
              "standardize=false",
              fmt::format("weight_decay={}", kWeightDecay)}) {}

  Eigen::Matrix2d hessian(const Eigen::VectorXd& weights) const {
    const double n = static_cast<double>(x_.cols());
    return x_ * weights.asDiagonal() * x_.transpose() / n +
           kWeightDecay * Eigen::Matrix2d::Identity();
  }
  /// The minimum where examples have these weights (N): (X W X' / N + weight_decay I)^-1 X W y / N.
  Eigen::Vector2d theta(const Eigen::VectorXd& weights) const {
    const Eigen::VectorXd wy = weights.cwiseProduct(y_.transpose());
    return hessian(weights).ldlt().solve(x_ * wy) / static_cast<double>(x_.cols());
  }
  /// What it predicts of a query.
  double output(const Eigen::VectorXd& weights, Eigen::Index query = 0) const {
    return query_.col(query).dot(theta(weights));
  }
  /// Predictions of a query on all subsets, (2^N).
  Eigen::VectorXd table(Eigen::Index query) const {
    const Eigen::Index n = x_.cols();
    Eigen::VectorXd f(Eigen::Index{1} << n);
    for (Eigen::Index b = 0; b < f.size(); ++b) {
      Eigen::VectorXd in(n);
      for (Eigen::Index i = 0; i < n; ++i) in(i) = contains(b, i) ? 1 : 0;
      f(b) = output(in, query);
    }
    return f;
  }
  /// Derivatives of the prediction of query 0 in the weights of the examples, where all weights are
  /// w: q' H^-1 x_i (y_i - x_i' theta) / N, (N).
  Eigen::VectorXd influence(double w) const {
    const Eigen::VectorXd weights = Eigen::VectorXd::Constant(x_.cols(), w);
    const Eigen::Vector2d q = hessian(weights).ldlt().solve(query_.col(0));
    const Eigen::VectorXd residual = y_.transpose() - x_.transpose() * theta(weights);
    return (x_.transpose() * q).cwiseProduct(residual) / static_cast<double>(x_.cols());
  }

 private:
  static std::string csv(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
    std::string text = "a,b,y\n";
    for (Eigen::Index i = 0; i < x.cols(); ++i)
      text += fmt::format("{},{},{}\n", x(0, i), x(1, i), y(0, i));
    return text;
  }

  Eigen::MatrixXd x_, y_, query_;

 public:
  const UserTask user;  // whose tables these are
};

/// The cells of a CSV file without quotes, by line; the first is the header.
inline std::vector<std::vector<std::string>> cells_of(const std::string& csv) {
  std::vector<std::vector<std::string>> lines = {{""}};
  for (const char c : csv) {
    if (c == '\n')
      lines.push_back({""});
    else if (c == ',')
      lines.back().emplace_back();
    else
      lines.back().back() += c;
  }
  lines.pop_back();
  return lines;
}

}  // namespace leaveout
