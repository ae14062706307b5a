// SPDX-License-Identifier: MIT
#pragma once
// Selective removal: examples that hurt a validation set leave the training while it runs.
//
// Every `period` epochs, at the current theta and with the weights that hold now:
//
//   A = head's Gauss-Newton matrix + (weight_decay + damping) I            one Cholesky
//   v = A^-1 g_V,   g_V = the head's gradient of the mean loss on V        one solve
//   S_i = (1/N) v' vec(e_i phi_i') = (1/N) e_i' [v] phi_i                  N C d' for all i
//   average_i <- memory average_i + (1 - memory) S_i                       first one: S_i
//
// S_i is what removing i does to the loss on V, to first order and in the head: positive where i
// helps. Dropped (weight 0) are those with average < -harmful and, if asked, redundant ones with
// |average| < redundant and a confident prediction: the most harmful first, then the most
// redundant, until the cap on their share. The choice is made anew each time, so that an example
// whose average rises comes back. V must not serve to choose models, and a third set says what was
// gained.
//
//   SelectiveRemoval removal(model, train, validation, weight_decay, {.harmful = 1e-5});
//   Run run = train(objective, start, protocol, &removal);      // training_objective(...)
//   for (const RemovalEvent& e : removal.rule().events()) ...   // who left or came back, and when
//
// The offline counterpart: removed_examples(scores, 0.2), a fifth with the lowest scores.

#include <limits>

#include "influence/few_parameters/softmax_head.h"
#include "models/trainer.h"

namespace leaveout {

struct RemovalOptions {
  Index period = 5;     // epochs between scores
  Index warm_up = 10;   // epochs before which nothing is dropped (scores are averaged already)
  double memory = 0.5;  // of the moving average, at least 0 and below 1
  double harmful =
      std::numeric_limits<double>::infinity();  // tau, in units of loss; infinity: none
  double redundant = 0;                         // tau_small; 0: redundant examples stay
  double confidence = 0.95;  // probability of the own class from which on one can be redundant
  double max_dropped = 0.3;  // share of the training set, below 1
  double damping = 1e-3;     // on top of weight decay
  int threads = 1;           // any number gives the same bits
};

enum class RemovalReason { harmful, redundant, returned };
std::string removal_reason_name(RemovalReason reason);

/// An example that left or came back.
struct RemovalEvent {
  Index epoch;  // after which
  Index example;
  RemovalReason reason;
  double average;  // that decided
};

/// Who is dropped, given the scores of each period: the rule without the network.
class RemovalRule {
 public:
  /// Throws std::invalid_argument for options outside of their ranges.
  RemovalRule(Index examples, const RemovalOptions& options);

  /// Scores S and confidences (N) after so many epochs.
  void update(Index epochs_done, const Eigen::VectorXd& scores, const Eigen::VectorXd& confidence);

  const std::vector<char>& dropped() const { return dropped_; }  // (N) 1: dropped
  const Eigen::VectorXd& average() const { return average_; }    // (N)
  const std::vector<RemovalEvent>& events() const { return events_; }

 private:
  std::vector<Index> candidates(const Eigen::VectorXd& confidence) const;
  bool is_harmful(Index i) const { return average_(i) < -options_.harmful; }

  RemovalOptions options_;
  Eigen::VectorXd average_;
  bool started_ = false;
  std::vector<char> dropped_;
  std::vector<RemovalEvent> events_;
};

/// The scores S, with a count of what they cost.
class HeadScorer {
 public:
  /// Model and data must outlive the object. Throws std::invalid_argument where the network's last
  /// layer is not dense, or the data are not the model's.
  HeadScorer(const Model& model,
             const Dataset& train,
             const Dataset& validation,
             double weight_decay,
             double damping);

  /// At theta (P), with the weights (N) that the training has now: N numbers each.
  struct Result {
    Eigen::VectorXd scores;      // S
    Eigen::VectorXd confidence;  // 1 - max_c |e_ic|: of a class, the probability of the own one
  };
  Result at(const Eigen::VectorXd& theta, const Eigen::VectorXd& weights, int threads = 1);
  /// Cholesky decompositions so far: one for each call of at().
  Index factorisations() const { return factorisations_; }

 private:
  const Model* model_;
  const Dataset *train_, *validation_;
  double weight_decay_, damping_;
  Index factorisations_ = 0;
};

class SelectiveRemoval final : public TrainingHook {
 public:
  /// Model and data must outlive the hook; one hook serves one training, whose examples are
  /// `train`. Throws std::invalid_argument for what does not fit.
  SelectiveRemoval(const Model& model,
                   const Dataset& train,
                   const Dataset& validation,
                   double weight_decay,
                   const RemovalOptions& options);
  void after_epoch(Index epochs_done,
                   const Eigen::VectorXd& theta,
                   Eigen::VectorXd& weights) override;

  const RemovalRule& rule() const { return rule_; }
  Index factorisations() const { return scorer_.factorisations(); }

 private:
  RemovalOptions options_;
  HeadScorer scorer_;
  RemovalRule rule_;
  Eigen::VectorXd base_;  // (N) weights before anything was dropped
};

/// The offline choice: round(fraction N) examples with the lowest scores (N), lowest first, equal
/// ones in their own order. A smaller fraction's are the first of a larger one's. Scores that are
/// high for what should go (loss, self-influence, forgetting) are passed with a minus. Throws
/// std::invalid_argument for a fraction outside of 0 to 1 and scores that are not numbers.
std::vector<Index> removed_examples(const Eigen::VectorXd& scores, double fraction);

}  // namespace leaveout
