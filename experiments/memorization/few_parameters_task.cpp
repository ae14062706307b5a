// SPDX-License-Identifier: MIT
#include "experiments/memorization/few_parameters_task.h"

#include <fmt/format.h>

#include <numeric>

#include "autodiff/memory.h"
#include "influence/few_parameters/parameter_subset.h"
#include "influence/few_parameters/restricted_influence.h"
#include "influence/few_parameters/softmax_head.h"
#include "influence/metrics/correlation.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double share_of_equal_signs(const MatrixXd& a, const MatrixXd& b) {
  return (a.array().sign() == b.array().sign()).cast<double>().mean();
}

FewRow agreement_row(const std::string& subset, const MatrixXd& scores, const MatrixXd& full) {
  FewRow row{.subset = subset};
  row.spearman = mean_over_rows(spearman, scores, full);
  row.pearson = mean_over_rows(pearson, scores, full);
  row.equal_signs = share_of_equal_signs(scores, full);
  return row;
}

double share(Index part, Index all) {
  return static_cast<double>(part) / static_cast<double>(all);
}

/// The network's H and gradients, and the full influence from a factorisation of H as a whole.
class Full {
 public:
  Full(const GroupedTask& task, const VectorXd& theta, const FewOptions& how)
      : task_(task), size_(task.train->size()) {
    const Objective objective =
        training_objective(*task.model, *task.train, task.problem.weight_decay);
    Evaluator evaluate(objective);
    VectorXd gradient(theta.size());
    evaluate.gradient(theta, gradient);
    gradient_norm = gradient.norm();
    h_ = evaluate.curvature(theta, how.curvature, how.threads);
    h_.diagonal().array() += how.damping;
    query_ = loss_gradients(*task.model, *task.test, theta);
    train_ = loss_gradients(*task.model, *task.train, theta);
    std::vector<Index> all(static_cast<std::size_t>(theta.size()));
    std::iota(all.begin(), all.end(), Index{0});
    MatrixXd targets(theta.size(), query_.cols() + train_.cols());
    targets << query_, train_;
    const RestrictedInfluence whole = restricted_influence(h_, all, targets, train_, size_);
    influence = whole.restricted.topRows(query_.cols());
    self = whole.restricted.bottomRows(train_.cols()).diagonal();
    negative = whole.negative_in_subset;
  }

  FewRow row(const std::string& form) const {
    const std::vector<Index> subset = parameter_subset(task_.model->spec(), form);
    const RestrictedInfluence r = restricted_influence(h_, subset, query_, train_, size_);
    FewRow row = agreement_row(form, r.restricted, influence);
    const RestrictedComparison c = compare(r);
    const MatrixXd sum = r.full();
    const MatrixXd difference = sum - influence;
    row.parameters = share(static_cast<Index>(subset.size()), h_.rows());
    row.certain_signs = c.certain_signs;
    row.correction_share = c.correction_share;
    row.identity_error = difference.cwiseAbs().maxCoeff() / influence.cwiseAbs().maxCoeff();
    row.self_excess = (self_on(subset) - self).maxCoeff() / self.cwiseAbs().maxCoeff();
    return row;
  }

  MatrixXd influence;  // (query x train)
  VectorXd self;       // (train)
  Index negative = 0;  // eigenvalues of H
  double gradient_norm = 0;

 private:
  VectorXd self_on(const std::vector<Index>& subset) const {
    const MatrixXd a = h_(subset, subset);
    const MatrixXd g = train_(subset, Eigen::all);
    const Solution steps = restricted_steps(a, g, size_);
    return g.cwiseProduct(steps.x).colwise().sum().transpose();
  }

  const GroupedTask& task_;
  Index size_;
  MatrixXd h_, query_, train_;
};

/// The two that need the head's features and residuals only.
void add_head_rows(const GroupedTask& task,
                   const VectorXd& theta,
                   double damping,
                   const MatrixXd& full,
                   std::vector<FewRow>& rows) {
  const HeadExamples train = head_examples(*task.model, *task.train, theta);
  const HeadExamples query = head_examples(*task.model, *task.test, theta);
  const KroneckerHead head(train, task.problem.weight_decay, damping);
  const MatrixXd kronecker = head.factors(query, train).influence();
  const MatrixXd g_query = head_gradients(query), g_train = head_gradients(train);
  const MatrixXd products = g_query.transpose() * g_train;
  const MatrixXd dot = products / static_cast<double>(train.size());
  rows.push_back(agreement_row(kKronecker, kronecker, full));
  rows.push_back(agreement_row(kGradDot, dot, full));
  for (std::size_t k = rows.size() - 2; k < rows.size(); ++k)
    rows[k].parameters = share(g_train.rows(), theta.size());
}

}  // namespace

std::optional<double> mean_over_rows(RowCorrelation how, const MatrixXd& a, const MatrixXd& b) {
  double sum = 0;
  Index defined = 0;
  for (Index q = 0; q < a.rows(); ++q)
    if (const auto value = how(a.row(q).transpose(), b.row(q).transpose())) {
      sum += *value;
      ++defined;
    }
  return defined > 0 ? std::optional(sum / static_cast<double>(defined)) : std::nullopt;
}

FewCell measure_cell(const GroupedTask& task, const VectorXd& theta, const FewOptions& how) {
  const auto p = static_cast<std::size_t>(theta.size());
  const auto columns = static_cast<std::size_t>(task.train->size() + task.test->size());
  require_memory("few-parameters",
                 8 * p * (6 * p + 6 * columns),
                 0,
                 fmt::format("a dense matrix of {} parameters", p),
                 "use a smaller model");
  const Full full(task, theta, how);
  FewCell cell;
  cell.parameters = theta.size();
  cell.negative = full.negative;
  cell.gradient_norm = full.gradient_norm;
  cell.train_loss = losses(*task.model, *task.train, theta).mean();
  cell.test_loss = losses(*task.model, *task.test, theta).mean();
  for (const std::string& form : how.subsets) cell.rows.push_back(full.row(form));
  add_head_rows(task, theta, how.damping, full.influence, cell.rows);
  return cell;
}

}  // namespace leaveout
