// SPDX-License-Identifier: MIT
#pragma once
// The weighted objective: one type for every training problem of the project.
//
//   Q(theta; w) = sum_i w_i term_i(theta) + sum_i tilt_i' f(theta, x_i) + linear' (theta - centre)
//               + (weight_decay / 2) |theta|^2 + (damping / 2) |theta - centre|^2
//
// term_i is the loss, the Bregman divergence of the loss between the outputs at theta and at the
// centre, or the quadratic model of that divergence at the centre, (1/2) |J_i (theta - centre)|^2
// in the metric of the loss. Removing example k is w_k = 0 with the others kept at 1/N (convention
// A: the mean keeps its 1/N). Tilt and linear terms are what a removal becomes for the last two.
//
//   Objective q = training_objective(model, data, weight_decay);
//   q.weights(k) = 0;                                           // without example k
//   Evaluator evaluate(q);                                      // one per thread
//   double value = evaluate.gradient(theta, g);

#include <memory>
#include <span>

#include "autodiff/derivatives.h"
#include "models/model.h"

namespace leaveout {

enum class ObjectiveTerm { loss, bregman, quadratic };

struct Objective {
  const Model* model = nullptr;
  const Dataset* data = nullptr;
  ObjectiveTerm term = ObjectiveTerm::loss;
  Eigen::VectorXd weights;         // (N)
  double weight_decay = 0;         // on theta
  double damping = 0;              // on theta - centre
  Eigen::VectorXd centre;          // (P), needed by damping, bregman, quadratic and linear
  Eigen::MatrixXd centre_outputs;  // (O x N), bregman only
  std::vector<Index> tilted;       // examples with a tilt, bregman only
  Eigen::MatrixXd tilt;            // (O x number of tilted examples)
  Eigen::VectorXd linear;          // (P) or empty, quadratic only

  Index size() const { return data->size(); }
  Index parameter_count() const { return model->parameter_count(); }
};

/// (1/N) sum_i loss_i + (weight_decay / 2) |theta|^2. Model and data must outlive the objective.
Objective training_objective(const Model& model, const Dataset& data, double weight_decay);

/// Values and derivatives of an objective. Owns its workspaces: one per thread.
/// Data are taken in tiles; the tile size, never the number of threads, decides the last bits.
class Evaluator {
 public:
  /// tile 0: default_tile(). `directions`: how many columns of a curvature product share a sweep.
  explicit Evaluator(const Objective& objective, Index tile = 0, Index directions = 1);
  Evaluator(const Evaluator&) = delete;  // the sweeps point into this object
  Evaluator& operator=(const Evaluator&) = delete;

  const Objective& objective() const { return objective_; }
  /// Replaces the examples' weights (N) from here on; not for the quadratic term.
  void set_weights(const Eigen::VectorXd& weights);
  double value(const Eigen::VectorXd& theta);
  /// Overwrites g (P), returns the value.
  double gradient(const Eigen::VectorXd& theta, Eigen::VectorXd& g);
  /// Mini-batch estimate of the gradient: (1/B) sum over the batch of N w_i grad term_i, plus all
  /// that is no sum over examples (tilts, linear term, penalties) in full. An example of weight
  /// zero keeps its place in the batch and in B.
  void batch_gradient(const Eigen::VectorXd& theta,
                      std::span<const Index> batch,
                      Eigen::VectorXd& g);
  /// The mini-batch estimate of the curvature C times v (P x k): hv (P x k), weight decay and
  /// damping in full. `slopes`, if asked for, are v' grad term_i of the batch's examples, (B x k),
  /// unweighted and without tilts. Not for quadratic terms.
  void batch_curvature_product(const Eigen::VectorXd& theta,
                               std::span<const Index> batch,
                               const Eigen::MatrixXd& v,
                               Eigen::MatrixXd& hv,
                               Curvature curvature,
                               Eigen::MatrixXd* slopes = nullptr);
  /// hv (P x k) = C v; C with weight decay and damping.
  void curvature_product(const Eigen::VectorXd& theta,
                         const Eigen::MatrixXd& v,
                         Eigen::MatrixXd& hv,
                         Curvature curvature);
  /// Dense C (P x P), with weight decay and damping.
  Eigen::MatrixXd curvature(const Eigen::VectorXd& theta, Curvature curvature, int threads = 1);

 private:
  const Program<double>& program() const;
  void add_penalty_gradient(const Eigen::VectorXd& theta, Eigen::VectorXd& g) const;
  double penalty(const Eigen::VectorXd& theta) const;
  double quadratic_gradient(const Eigen::VectorXd& theta, Eigen::VectorXd& g);
  void gather(std::span<const Index> batch);
  double shift() const { return objective_.weight_decay + objective_.damping; }

  Objective objective_;
  Index tile_;
  Eigen::MatrixXd tilt_;       // (O x N), zero where there is none
  Batch<double> whole_;        // the data set
  Workspace<double> ws_;       // tiles of the whole, and mini-batches
  Eigen::MatrixXd x_, t_, a_;  // a mini-batch: inputs, references, tilts (columns = examples)
  Eigen::VectorXd w_;          // its weights
  Batch<double> part_;
  std::unique_ptr<CurvatureProduct<double>> at_centre_;  // quadratic only
  Eigen::MatrixXd step_, product_;                       // (P x 1)
};

/// Outputs f(theta, x_i) for all inputs (features x N): (O x N).
Eigen::MatrixXd outputs(const Model& model,
                        const Eigen::MatrixXd& inputs,
                        const Eigen::VectorXd& theta);
/// Losses of a data set's examples at theta: (N).
Eigen::VectorXd losses(const Model& model, const Dataset& data, const Eigen::VectorXd& theta);
/// Gradient of each example's loss, as columns (P x N). Without weight decay.
Eigen::MatrixXd loss_gradients(const Model& model,
                               const Dataset& data,
                               const Eigen::VectorXd& theta);
/// Slopes of each example's loss along directions V (P x k): (N x k), without weight decay.
Eigen::MatrixXd loss_slopes(const Model& model,
                            const Dataset& data,
                            const Eigen::VectorXd& theta,
                            const Eigen::MatrixXd& v);
/// Gradient of the loss in the outputs at given outputs: mu(y) - t, (O x N).
Eigen::MatrixXd output_residuals(const Model& model,
                                 const Dataset& data,
                                 const Eigen::MatrixXd& outputs);

}  // namespace leaveout
