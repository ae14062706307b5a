// SPDX-License-Identifier: MIT
#pragma once
// One seed of the experiment on removal: every way to choose who is removed, and what the network
// is worth on the test part afterwards.
//
//   online             SelectiveRemoval while it trains, the cap met: the lowest averages go
//   online_threshold   the same, with a threshold of harm in place of a share
//   head_influence     -Inf(i -> V)    head, as the online rule has it       at the end of training
//   full_influence     -Inf(i -> V)    Gauss-Newton + damping, all parameters           "
//   self_influence     Inf(i -> i)     the same matrix                                  "
//   loss               loss_i                                                           "
//   forgetting         events, sum of `runs` trainings       (Toneva et al. 2019)
//   el2n, grand        after early_epochs, mean of `runs`    (Paul et al. 2021)
//   random             in random order
//   oracle             those with a wrong label first, then in the order of random
//
// All but the online ones are rankings: the highest scores go, and the network is trained again
// without them, from the same start and on the same batches. V is the validation part.
//
//   std::vector<RemovalSeed> seeds = remove_and_train(job, session.options());
//   find_arm(seeds[0], kOnline, 0.1)->accuracy;

#include <array>
#include <optional>

#include "experiments/memorization/grouped_task.h"
#include "influence/memorization/selective_removal.h"

namespace leaveout {

inline constexpr std::array<const char*, 9> kRemovalRankings = {"head_influence",
                                                                "full_influence",
                                                                "self_influence",
                                                                "loss",
                                                                "forgetting",
                                                                "el2n",
                                                                "grand",
                                                                "random",
                                                                "oracle"};
inline constexpr const char* kNothing = "none";  // nobody is removed
/// Nobody is removed, and the validation part is trained on: what else its labels could be used
/// for.
inline constexpr const char* kWithValidation = "none_with_validation";
inline constexpr const char* kOnline = "online";
inline constexpr const char* kOwnThreshold = "online_threshold";

/// Rankings of the training examples, (N x kRemovalRankings): high goes first. Trains what they
/// need beside the base run, which ended at `theta`.
Eigen::MatrixXd removal_rankings(const GroupedTask& task,
                                 const Eigen::VectorXd& theta,
                                 const Settings& settings,
                                 const TaskOptions& options);

/// What the theory of the rule says of one online training, counted where it fails.
struct OnlineChecks {
  Index trainings = 0;       // the counts' own number
  Index factorisations = 0;  // in all trainings
  Index periods = 0;         // ends of periods, in all trainings
  Index wrong_weights = 0;   // examples at ends of epochs: dropped and not 0, or not and not 1/N
  Index over_cap = 0;        // ends of epochs with more dropped than the cap
  Index missed_cap = 0;      // trainings that end with fewer dropped than asked
};

/// SelectiveRemoval, watched: what the trainer holds after each epoch is what the rule says.
class WatchedRemoval final : public TrainingHook {
 public:
  /// As SelectiveRemoval; `task` must outlive it.
  WatchedRemoval(const GroupedTask& task, const RemovalOptions& options);
  void after_epoch(Index epochs_done,
                   const Eigen::VectorXd& theta,
                   Eigen::VectorXd& weights) override;

  const RemovalRule& rule() const { return removal_.rule(); }
  const OnlineChecks& checks() const { return checks_; }
  /// Gradients of examples that had a weight, in units of N: what the training cost.
  double epochs() const { return epochs_; }

 private:
  RemovalOptions options_;
  SelectiveRemoval removal_;
  OnlineChecks checks_;
  double kept_ = 1, epochs_ = 0;
};

/// A network trained without some examples.
struct RemovalArm {
  std::string method;
  std::optional<double> fraction = {};       // asked for; undefined: the rule's own threshold
  double accuracy = 0, loss = 0;             // of the test part
  std::optional<double> rare_accuracy = {};  // of its rare examples; undefined without any
  double removed = 0;                        // share of the training examples
  /// Share of each group (in the order of PlantedGroup) that was removed.
  std::array<std::optional<double>, 4> of_group = {};
  double epochs = 0;         // gradients of examples / N, scoring included, until it was there
  Index factorisations = 0;  // Cholesky decompositions for its scores
};

struct RemovalSeed {
  std::uint64_t seed = 0;
  std::vector<RemovalArm> arms = {};
  OnlineChecks checks = {};
  bool same_bits = false;  // a cap of 0 gives the very parameters of kNothing
  std::array<Index, 4> groups = {};
};

/// Nothing where there is no such arm. Where nobody is removed one arm serves all fractions.
const RemovalArm* find_arm(const RemovalSeed& seed,
                           const std::string& method,
                           std::optional<double> fraction);

/// round(fraction N) examples, the number that both ways remove.
Index removed_count(double fraction, Index examples);

/// `fractions` of the settings. Throws std::invalid_argument unless they rise within (0, 1).
std::vector<double> read_fractions(const Settings& settings);

/// The rule of the settings with a cap on the number of dropped examples that is always met; of
/// kOwnThreshold the threshold decides, and `max_dropped` is a cap.
RemovalOptions online_options(const Settings& settings, Index dropped, Index examples);
RemovalOptions threshold_options(const Settings& settings);

/// All seeds of a task. Seeds, trainings and threads change no bit of each other.
std::vector<RemovalSeed> remove_and_train(const Job& job, const TaskOptions& options);

}  // namespace leaveout
