// SPDX-License-Identifier: MIT
#pragma once
// The models of an audit: trained on some folds of the rows, asked about the others.
//
// Rows are dealt into K folds, class by class, and rows of equal features into one fold: a row is
// never judged by a model that has seen it, under this target or another. Where there are few kinds
// of rows likeness says nothing, and each row is dealt alone. Candidates are compared by the mean
// loss of the rows held out, (1/N) sum_i loss_i(theta without i's fold); the best is then trained
// for R deals. Convex models are solved by Newton's method; networks are trained by the task's own
// protocol.
//
//   std::vector<Candidate> all = candidates(settings, data, how);
//   Chosen chosen = choose_model(data, settings, all, how, options);
//   chosen.models[m].held(i)          // whether example i was held out of model m

#include <memory>
#include <string>
#include <vector>

#include "experiments/audit/audit_data.h"
#include "models/run.h"

namespace leaveout {

/// How an audit is done.
struct AuditHow {
  std::vector<std::string> candidates = {"plain", "mlp:8", "mlp:16"};
  std::vector<double> weight_decays = {1e-4, 1e-3, 1e-2, 1e-1};
  Index folds = 5;
  Index repeats = 2;            // deals of folds
  Index resamples = 400;        // of the held-out rows
  Index reference_rows = 2000;  // held-out rows of the influence, and where neighbours are sought
  double false_share = 0.05;    // most expected share of right rows among those called mislabelled
  std::string missing = "drop";
};

struct Candidate {
  std::shared_ptr<const Model> model;
  double weight_decay = 0;
  double loss = 0;           // mean over held-out rows, after choose_model()
  bool convex() const;       // solved exactly
  std::string name() const;  // "logistic, weight decay 0.01"
};

/// The fold of each example, (N), for a deal: 0 to folds - 1, none empty. At most as many folds as
/// there are different rows.
std::vector<Index> deal_rows(const AuditData& data, Index folds, std::uint64_t seed);

/// A model that has not seen one fold.
struct FoldModel {
  std::vector<Index> train;   // examples it was trained on, ascending
  std::vector<bool> is_held;  // (N)
  Eigen::VectorXd theta;      // (P)
  bool converged = true;      // of a convex model: its gradient vanishes

  bool held(Index i) const { return is_held[static_cast<std::size_t>(i)]; }
};

struct Chosen {
  std::vector<Candidate> tried;   // in the order of the settings, each with its loss
  std::size_t best = 0;           // of them
  std::vector<FoldModel> models;  // of the best: deals x folds
  Index repeats = 1;

  const Candidate& candidate() const { return tried[best]; }
};

/// Rows beyond which only the plain model is tried, and one deal is made.
inline constexpr Index kManyRows = 20000;
/// Parameters beyond which a network is no candidate: influence holds a P x P factor per model.
inline constexpr Index kMostParameters = 2000;

/// What is tried: the plain model always, networks where they are affordable; a model that the user
/// names (settings.model) alone.
std::vector<Candidate> candidates(const TaskSettings& settings,
                                  const AuditData& data,
                                  const AuditHow& how);

/// Seconds that choosing, training and the evidence take on one core, to be told beforehand: as if
/// the dearest candidate were chosen.
double predicted_seconds(const std::vector<Candidate>& candidates,
                         const TaskSettings& settings,
                         const AuditData& data,
                         const AuditHow& how);

/// Trains each candidate on the first deal and the best on all. Trainings are shards.
Chosen choose_model(const AuditData& data,
                    const TaskSettings& settings,
                    std::vector<Candidate> candidates,
                    const AuditHow& how,
                    const TaskOptions& options);

}  // namespace leaveout
