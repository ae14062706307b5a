// SPDX-License-Identifier: MIT
#pragma once
// The head: the last dense layer of a network, on what the layers below make of an example.
//
//   y_i = W phi_i,  phi_i = features of example i and, for the bias, a 1      w = vec [W b]
//
//   gradient    g_i = vec(e_i phi_i'),  e_i = mu(y_i) - t_i
//   curvature   A   = (1/N) sum_i phi_i phi_i' (x) V_i + (weight_decay + damping) I
//   Kronecker   A  ~= K (x) Q,  K = mean phi phi',  Q = mean V
//
// with V_i = I, diag(mu (1 - mu)) or diag(mu) - mu mu' for squared error, logistic and softmax. The
// outputs are linear in w, so A is the head's block both of the network's Hessian and of its
// Gauss-Newton matrix, and the exact Hessian of training the head alone on frozen features: a plain
// model of the project, which is how A is computed and the head retrained (head_problem).
//
// The Kronecker form splits an influence into two readable factors,
//
//   N Inf(i -> t) = (e_t' Q^-1 e_i) (phi_t' K^-1 phi_i)      label agreement x feature similarity
//
// "d'" below is the number of features d, plus one if there is a bias. Layouts are those of theta.
//
//   HeadExamples train = head_examples(model, data, theta), query = head_examples(model, q, theta);
//   HeadProblem head = head_problem(model, data, theta);
//   MatrixXd A = head_curvature(head, weight_decay, damping);
//   HeadFactors f = KroneckerHead(train, weight_decay, damping).factors(query, train);

#include "models/objective.h"

namespace leaveout {

/// Where the head lies in theta (offset, size()) and its shape (out = C, in = d, columns() = d').
/// Throws std::invalid_argument where the network's last layer is not dense (conv_autoencoder).
const AffineLayer& head_layer(const Model& model);

/// What the head sees of n examples.
struct HeadExamples {
  Eigen::MatrixXd features;   // phi, (d' x n): the last row is 1 if there is a bias
  Eigen::MatrixXd outputs;    // y, (C x n)
  Eigen::MatrixXd means;      // mu(y), (C x n)
  Eigen::MatrixXd residuals;  // e = mu(y) - t, (C x n)
  LossKind loss = LossKind::half_squared_error;

  Eigen::Index size() const { return features.cols(); }
};

/// One forward pass of the network at theta (P). Throws std::invalid_argument for a theta, inputs
/// or targets of the wrong size.
HeadExamples head_examples(const Model& model, const Dataset& data, const Eigen::VectorXd& theta);

/// vec(e_i phi_i') for each example, (C d' x n): the head's entries of the loss gradients.
Eigen::MatrixXd head_gradients(const HeadExamples& examples);

/// V_i, the Hessian of example i's loss in its outputs, (C x C).
Eigen::MatrixXd output_curvature(const HeadExamples& examples, Eigen::Index i);

/// The head as a training problem of its own: a linear model on frozen features.
struct HeadProblem {
  Model model;        // d inputs, no hidden layer, C outputs
  Dataset data;       // inputs: the features without the 1, (d x N)
  Eigen::VectorXd w;  // (C d'), the head's part of theta

  /// (1/N) sum loss + (weight_decay / 2) |w|^2 + (damping / 2) |w - this->w|^2. The problem must
  /// outlive the objective and not be moved.
  Objective objective(double weight_decay, double damping = 0) const;
};

HeadProblem head_problem(const Model& model, const Dataset& train, const Eigen::VectorXd& theta);

/// A, (C d' x C d'), exactly symmetric; any number of threads gives the same bits. Refuses, with
/// the numbers, what does not fit into memory.
Eigen::MatrixXd head_curvature(const HeadProblem& head,
                               double weight_decay,
                               double damping,
                               int threads = 1);

/// N Inf(i -> t) entry by entry is the product of the two.
struct HeadFactors {
  Eigen::MatrixXd label_agreement;     // e_t' Q^-1 e_i, (query x train)
  Eigen::MatrixXd feature_similarity;  // phi_t' K^-1 phi_i, (query x train)
  Eigen::Index train_size = 0;         // N

  /// Inf(i -> t), (query x train), removal normalisation: positive where i helps t.
  Eigen::MatrixXd influence() const;
};

/// K (x) Q in place of A. The shift s = weight_decay + damping is shared as in K-FAC (Martens and
/// Grosse 2015): K + pi sqrt(s) I and Q + sqrt(s) / pi I, pi^2 = (tr K / d') / (tr Q / C). For
/// squared error, where Q = I is known, all of it goes to K, and the form is exact.
class KroneckerHead {
 public:
  /// Throws std::invalid_argument for a negative shift.
  KroneckerHead(const HeadExamples& train, double weight_decay, double damping);

  /// With their shares of the shift.
  const Eigen::MatrixXd& label_factor() const { return q_; }    // Q, (C x C)
  const Eigen::MatrixXd& feature_factor() const { return k_; }  // K, (d' x d')

  /// Inverses are pseudo-inverses, which leave out eigenvalues below 1e-12 of the largest: without
  /// a shift Q is singular along (1, ..., 1) for softmax, where residuals have no part, and K is
  /// where features are collinear.
  HeadFactors factors(const HeadExamples& query, const HeadExamples& train) const;

 private:
  Eigen::MatrixXd q_, k_;
  Eigen::Index train_size_;
};

}  // namespace leaveout
