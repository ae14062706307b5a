// SPDX-License-Identifier: MIT
#pragma once
// A Model: a network with its loss, recorded once.
//
//   outputs = W_L h(... h(W_1 x + b_1) ...) + b_L,      theta = [W_1 b_1 | W_2 b_2 | ... ]
//
// each block column by column. Linear, logistic and softmax regression are networks without hidden
// layers. Outputs are logits (regression: values); the loss is their exponential family's.
//
//   Model model(parse_model("mlp:32,32", Task::multiclass, 64, 10));
//   Eigen::VectorXd theta = initialise(model.spec(), Initialisation::lecun_normal, seed);
//   model.program(Term::loss);          // inputs: x, targets, weights
//   model.program(Term::bregman);       // inputs: x, outputs at the centre, weights, tilt

#include <cstdint>
#include <string>
#include <vector>

#include "autodiff/program.h"
#include "datasets/dataset.h"

namespace leaveout {

enum class Activation { relu, tanh, sigmoid, softplus, gelu };
enum class LossKind { half_squared_error, binary_cross_entropy, cross_entropy };
/// What an example contributes to an objective: its loss, or the Bregman divergence of the loss
/// between its outputs and those at the centre.
enum class Term { loss, bregman };

std::string activation_name(Activation a);
/// Throws std::invalid_argument that lists the names.
Activation parse_activation(const std::string& name);
std::string loss_name(LossKind loss);
LossKind loss_of_task(Task task);

struct ModelSpec {
  std::string name;           // as the user wrote it: linear, logistic, softmax, mlp:32,32
  Index inputs = 0;           // features
  std::vector<Index> hidden;  // widths
  Index outputs = 0;
  Activation activation = Activation::tanh;
  LossKind loss = LossKind::half_squared_error;
  bool bias = true;

  /// Length of theta.
  Index parameter_count() const;
  /// inputs, hidden widths, outputs.
  std::vector<Index> widths() const;
  /// False where the second derivative of the network jumps (relu).
  bool smooth() const { return hidden.empty() || activation != Activation::relu; }
};

/// "linear" (regression), "logistic" (binary), "softmax" (multiclass) or "mlp:W1,W2,..." (any task;
/// "mlp" alone means mlp:32,32). Throws std::invalid_argument naming what the task allows.
ModelSpec parse_model(const std::string& text, Task task, Index features, Index outputs);

/// Records the network of `spec` under an objective sum_n w_n term_n (+ tilt' outputs for
/// Term::bregman). Parameter order: [W b] of each layer, column by column.
template <class S>
Program<S> record(const ModelSpec& spec, Term term);

/// A spec with both of its programs. Immutable; shared by all threads.
class Model {
 public:
  explicit Model(ModelSpec spec);
  const ModelSpec& spec() const { return spec_; }
  const Program<double>& program(Term term) const { return term == Term::loss ? loss_ : bregman_; }
  Index parameter_count() const { return loss_.parameter_count(); }
  Index outputs() const { return spec_.outputs; }

 private:
  ModelSpec spec_;
  Program<double> loss_, bregman_;
};

/// zeros; variance 1/in (lecun), 2/in (he), 2/(in + out) (glorot), normal or uniform. Biases are
/// zero.
enum class Initialisation { zeros, lecun_normal, he_normal, glorot_normal, glorot_uniform };
std::string initialisation_name(Initialisation i);
Initialisation parse_initialisation(const std::string& name);
/// The usual choice for the activation: he for relu, glorot_normal for the others.
Initialisation default_initialisation(const ModelSpec& spec);
Eigen::VectorXd initialise(const ModelSpec& spec, Initialisation how, std::uint64_t seed);

}  // namespace leaveout
