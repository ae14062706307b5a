// SPDX-License-Identifier: MIT
#include "models/newton_model.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/steihaug_step.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The Hessian is held and factorised.
class DenseModel final : public NewtonModel {
 public:
  DenseModel(Evaluator& evaluate, int threads) : evaluate_(evaluate), threads_(threads) {}

  void move_to(const VectorXd& theta, double /*gradient_norm*/) override {
    h_ = evaluate_.curvature(theta, Curvature::full, threads_);
  }
  TrustRegionStep step(const VectorXd& g, double radius) override {
    return trust_region_step(h_, g, radius);
  }
  void examine(Run& run) override {
    run.negative_eigenvalues = 0;
    run.smallest_eigenvalue = 0;
    run.kind = Stationarity::minimum;
    if (Eigen::LLT<MatrixXd>(h_).info() == Eigen::Success) return;
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(h_, Eigen::EigenvaluesOnly);
    const VectorXd& e = eigen.eigenvalues();
    const double rounding = 1e-12 * std::max(1.0, e.cwiseAbs().maxCoeff());
    run.smallest_eigenvalue = e(0);
    run.negative_eigenvalues = (e.array() < -rounding).count();
    run.kind = run.negative_eigenvalues > 0 ? Stationarity::saddle : Stationarity::degenerate;
  }
  VectorXd newton_step(const VectorXd& g) override { return -Eigen::LLT<MatrixXd>(h_).solve(g); }

 private:
  Evaluator& evaluate_;
  int threads_;
  MatrixXd h_;  // (P x P)
};

/// Products with the Hessian only.
class MatrixFreeModel final : public NewtonModel {
 public:
  explicit MatrixFreeModel(Evaluator& evaluate)
      : evaluate_(evaluate), product_([this](const MatrixXd& v, MatrixXd& hv) {
          evaluate_.curvature_product(theta_, v, hv, Curvature::full);
        }) {}
  MatrixFreeModel(const MatrixFreeModel&) = delete;  // product_ points into this object
  MatrixFreeModel& operator=(const MatrixFreeModel&) = delete;

  void move_to(const VectorXd& theta, double gradient_norm) override {
    theta_ = theta;
    // Tightens with the gradient, so that the steps converge superlinearly (order 3/2).
    forcing_ = std::min(0.1, std::sqrt(gradient_norm));
    way_down_.resize(0);
  }
  TrustRegionStep step(const VectorXd& g, double radius) override {
    if (way_down_.size() == 0)
      return steihaug_step(product_, g, radius, forcing_ * g.norm(), most_products());
    TrustRegionStep step;
    step.p = g.dot(way_down_) > 0 ? -radius * way_down_ : radius * way_down_;
    step.predicted = -(g.dot(step.p) + 0.5 * radius * radius * curvature_down_);
    step.on_boundary = true;
    return step;
  }
  void examine(Run& run) override {
    Definiteness sign = examine_sign(product_, theta_.size(), kExamination + theta_.size());
    run.kind = sign.kind;
    run.negative_eigenvalues = sign.negative;
    run.smallest_eigenvalue = sign.smallest;
    curvature_down_ = sign.smallest;
    way_down_ = std::move(sign.lowest);
  }
  VectorXd newton_step(const VectorXd& g) override {
    constexpr double kAnywhere = std::numeric_limits<double>::max();
    return steihaug_step(product_, g, kAnywhere, kPolish * g.norm(), most_products()).p;
  }

 private:
  static constexpr Index kExamination = 300;  // products beyond P: small nets are ill-conditioned
  static constexpr double kPolish = 1e-6;     // of the gradient: below it there is rounding only
  /// In exact arithmetic P products solve; the rest is for rounding, where P is small.
  Index most_products() const { return theta_.size() + 10; }

  Evaluator& evaluate_;
  CurvatureFunction product_;
  VectorXd theta_, way_down_;  // (P), the second empty unless examine() found a saddle
  double forcing_ = 0.1, curvature_down_ = 0;
};

}  // namespace

std::unique_ptr<NewtonModel> make_newton_model(Evaluator& evaluate, const NewtonOptions& options) {
  if (newton_method(options, evaluate.objective().parameter_count()) == NewtonMethod::dense)
    return std::make_unique<DenseModel>(evaluate, options.threads);
  return std::make_unique<MatrixFreeModel>(evaluate);
}

}  // namespace leaveout
