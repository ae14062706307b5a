// SPDX-License-Identifier: MIT
#pragma once
// One seed: every score of every training example, and what the signs call it.
//
//   self_influence       Inf(i -> i)                       Gauss-Newton + damping, all parameters
//   harm                 -Inf(i -> V)                      mean over the validation examples
//   low_benefit          -Inf(i -> V) / Inf(i -> i)        RI-5 with its sign turned
//   head_self_influence  Inf(i -> i)                       of the last layer
//   head_harm            -Inf(i -> V)                      of the last layer
//   head_leave_one_out   (1/N) g' (A - A_i / N)^-1 g       its self-influence without i in A
//   memorized            correct with i - correct without  over subsets (Feldman, Zhang 2020)
//   memorized_loss       loss without i - loss with i      over the same subsets
//   inconsistency        wrong without i                   1 - consistency (Jiang et al. 2021)
//   el2n, grand          after early_epochs, mean of runs  (Paul et al. 2021)
//   forgetting           events, sum of runs               (Toneva et al. 2019)
//   loss                 at theta
//   representer          |alpha_i| at the class of i       labels as targets (Yeh et al. 2018)
//   opposed              -O_i                              what the other training examples add
//
// All are high where an example is expected to be one to memorize.
//
//   ExampleScores s = score_examples(job, session.options(), 0);
//   auc(s.scores.col(1), s.groups, PlantedGroup::mislabelled, Against::all_others);
//   flagged_share(s.scores.col(1), s.groups, 60, PlantedGroup::rare);   // those in the top 60

#include <array>
#include <optional>

#include "experiments/memorization/grouped_task.h"
#include "influence/memorization/held_out_sign.h"

namespace leaveout {

inline constexpr std::array<const char*, 15> kScores = {"self_influence",
                                                        "harm",
                                                        "low_benefit",
                                                        "head_self_influence",
                                                        "head_harm",
                                                        "head_leave_one_out",
                                                        "memorized",
                                                        "memorized_loss",
                                                        "inconsistency",
                                                        "el2n",
                                                        "grand",
                                                        "forgetting",
                                                        "loss",
                                                        "representer",
                                                        "opposed"};
/// The column of a score's name, which must be one of kScores.
Index score_column(const std::string& name);

/// An example counts as memorized where training on it makes it right so much more often.
inline constexpr double kMemorized = 0.25;

struct ExampleScores {
  std::uint64_t seed = 0;
  std::vector<PlantedGroup> groups;  // (N)
  Eigen::MatrixXd scores;            // (N x kScores)
  HeldOutSigns signs, head_signs;    // of all parameters, of the last layer
  double gap = 0;                    // of the identity of the two sums
  double gradient_norm = 0;          // of the training objective at theta
  bool stationary = false;           // theta is the exact minimum
  bool solved = true;                // every linear system, and the head of the representer points
  Index unconverged = 0;             // exact solutions of subsets that missed their tolerance
  std::string model;
  Index parameters = 0;
  double test_accuracy = 0;

  std::vector<bool> memorized() const;  // (N) column "memorized" above kMemorized
};

/// Trains the base run (convex models to their minimum), and all else that scores are made of.
ExampleScores score_examples(const Job& job, const TaskOptions& options, Index seed);

/// Whom a group is told from.
enum class Against { all_others, typical };

/// P(a member's score is above another's), ties by half. Undefined where there is nobody in the
/// group, or nobody to tell it from.
std::optional<double> auc(const Eigen::VectorXd& scores,
                          const std::vector<PlantedGroup>& groups,
                          PlantedGroup group,
                          Against against);

/// Share of a group's examples among the `count` highest scores; of equal scores (merge_ties) any
/// are as likely to be among them. Undefined for an empty group, and where nobody is flagged.
std::optional<double> flagged_share(const Eigen::VectorXd& scores,
                                    const std::vector<PlantedGroup>& groups,
                                    Index count,
                                    PlantedGroup group);

/// Share of a group's examples with this call; undefined for an empty group.
std::optional<double> call_share(const std::vector<SignCall>& calls,
                                 const std::vector<PlantedGroup>& groups,
                                 PlantedGroup group,
                                 SignCall call);

}  // namespace leaveout
