// SPDX-License-Identifier: MIT
#pragma once
// A Model: a network with its loss, recorded once.
//
//   outputs = W_L h(... h(W_1 x + b_1) ...) + b_L,      theta = [W_1 b_1 | W_2 b_2 | ... ]
//
// each block column by column. Linear, logistic and softmax regression are networks without hidden
// layers; architecture.h has the networks of images and the autoencoders, layer.h their parameters.
// Outputs are logits (regression: values); the loss is their exponential family's, summed over
// outputs: over the pixels of a reconstruction.
//
//   Model model(parse_model("mlp:32,32", Task::multiclass, 64, 10));
//   Model lenet(parse_model("lenet:4,8", load_dataset("digits")));
//   Eigen::VectorXd theta = initialise(model.spec(), Initialisation::lecun_normal, seed);
//   model.program(Term::loss);          // inputs: x, targets, weights
//   model.program(Term::bregman);       // inputs: x, outputs at the centre, weights, tilt

#include <cstdint>
#include <string>
#include <vector>

#include "autodiff/program.h"
#include "datasets/dataset.h"
#include "models/layer.h"

namespace leaveout {

/// Which layers a ModelSpec's numbers become (architecture.h).
enum class Family { mlp, lenet, resnet, autoencoder, conv_autoencoder };
/// Of lenet: the mean of each square, as in 1998 (smooth), or its largest pixel.
enum class Pooling { average, max };
enum class LossKind { half_squared_error, binary_cross_entropy, cross_entropy };
/// What an example contributes to an objective: its loss, or the Bregman divergence of the loss
/// between its outputs and those at the centre.
enum class Term { loss, bregman };

std::string pooling_name(Pooling p);
/// Throws std::invalid_argument that lists the names.
Pooling parse_pooling(const std::string& name);
std::string loss_name(LossKind loss);
LossKind loss_of_task(Task task);

struct ModelSpec {
  std::string name;           // as the user wrote it: linear, logistic, softmax, mlp:32,32
  Index inputs = 0;           // features
  std::vector<Index> hidden;  // widths, or channels of convolutions; empty: a linear model
  Index outputs = 0;
  Activation activation = Activation::tanh;
  LossKind loss = LossKind::half_squared_error;
  bool bias = true;
  Family family = Family::mlp;
  ImageShape image{};          // of the inputs; empty where they are no images
  std::vector<Index> dense{};  // widths after '/': lenet's dense layers, conv_autoencoder's code
  Pooling pooling = Pooling::average;
  bool layer_norm =
      false;  // before each activation; its gain and shift are there without biases too

  /// Length of theta.
  Index parameter_count() const;
  /// inputs, `hidden`, outputs: of an mlp, the widths of its layers.
  std::vector<Index> widths() const;
  /// False where the second derivative of the network jumps (relu), or the first (max pooling).
  bool smooth() const;
};

/// A spec from its text: the plain model of the task ("linear", "logistic", "softmax") or one of
/// model_forms(), as in "mlp:32,32". `image` is needed by networks of images only. Throws
/// std::invalid_argument naming what the task allows, or why the numbers do not fit.
ModelSpec parse_model(const std::string& text,
                      Task task,
                      Index features,
                      Index outputs,
                      const ImageShape& image = {});
/// The same for the task, sizes and image shape of `data`.
ModelSpec parse_model(const std::string& text, const Dataset& data);

/// The model of a task that says none: linear, logistic, softmax or autoencoder.
std::string plain_model(Task task);

/// A way to write a model, for lists that users read.
struct ModelForm {
  std::string form;     // mlp:W1,W2,...
  std::string example;  // mlp:32,32, which the name alone stands for
  std::string summary;  // one line
};
const std::vector<ModelForm>& model_forms();

/// The whole architecture in words: equal for two specs if and only if their layers are equal.
std::string describe(const ModelSpec& spec);

/// Records the network of `spec` under an objective sum_n w_n term_n (+ tilt' outputs for
/// Term::bregman). Parameter order: that of parameter_blocks (layer.h).
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

/// zeros; variance 1/in (lecun), 2/in (he), 2/(in + out) (glorot), normal or uniform, with in and
/// out the fan_in and fan_out of layer.h. Biases are zero, gains of layer norms one.
enum class Initialisation { zeros, lecun_normal, he_normal, glorot_normal, glorot_uniform };
std::string initialisation_name(Initialisation i);
Initialisation parse_initialisation(const std::string& name);
/// The usual choice for the activation: he for relu, glorot_normal for the others.
Initialisation default_initialisation(const ModelSpec& spec);
Eigen::VectorXd initialise(const ModelSpec& spec, Initialisation how, std::uint64_t seed);

}  // namespace leaveout
