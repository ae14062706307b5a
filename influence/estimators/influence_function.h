// SPDX-License-Identifier: MIT
#pragma once
// The influence function: a curvature, a solver, and what is asked of them.
//
//   parameters   delta_k = eps (C + lambda I)^-1 g_k                     "s_train", once per
//   example query value  score(q, k) = grad m_q' delta_k                         positive: k helps
//   q
//
// with C the Gauss-Newton matrix or the Hessian of the training objective at theta_s, weight decay
// included, and g_k the gradient of the removed example's loss (Koh and Liang 2017; Bae et al.
// 2022, eq. 6). Solving for the queries instead ("s_test") gives the same scores.
//
//   InfluenceFunction estimate(loo, {.solver = SolverKind::cholesky});
//   Solution steps = estimate.steps(removed);            // columns delta_k
//   Scores scores = estimate.scores(query, removed);     // (query x removed)

#include <memory>

#include "influence/curvature/objective_curvature.h"
#include "influence/responses.h"
#include "influence/scores.h"
#include "influence/solvers/solution.h"

namespace leaveout {

/// `automatic`: cholesky up to `dense_limit` parameters, cg beyond.
enum class SolverKind { automatic, cholesky, ldlt, eigen, cg, lissa, stochastic_lissa };
std::string solver_name(SolverKind kind);
/// Throws std::invalid_argument that lists the names.
SolverKind parse_solver(const std::string& name);
/// "gauss_newton" or "hessian".
std::string curvature_name(Curvature c);
Curvature parse_curvature(const std::string& name);

struct EstimatorOptions {
  Curvature curvature = Curvature::gauss_newton;
  SolverKind solver = SolverKind::cholesky;
  double tolerance = 1e-10;  // cg
  Index depth = 5000;        // lissa
  Index repeats = 1;         // stochastic_lissa
  Index batch_size = 128;    // stochastic_lissa
  double scale = 0;          // lissa; 0: from the spectrum
  std::uint64_t seed = 0;    // stochastic_lissa
  Index dense_limit = 4000;  // cg, lissa: up to so many parameters the matrix is formed once
  std::string text() const;  // for provenance: "gauss_newton, lissa depth 5000"
};

class InfluenceFunction {
 public:
  /// Forms or prepares C + damping I at theta_s; `loo` must outlive the object. Throws
  /// std::invalid_argument where the solver refuses the matrix (it names the eigenvalue).
  InfluenceFunction(const LeaveOneOut& loo, const EstimatorOptions& options);
  ~InfluenceFunction();

  /// delta for each removed group, as columns (P x R). Residuals and convergence as solved.
  Solution steps(const std::vector<Group>& removed) const;
  Solution steps(const std::vector<Index>& removed) const { return steps(one_by_one(removed)); }
  /// What these steps (of steps(removed)) are foretold to do to every query's loss:
  /// (query x removed), removal normalisation.
  Scores scores(const Dataset& query,
                const std::vector<Group>& removed,
                const Solution& steps) const;
  Scores scores(const Dataset& query, const std::vector<Index>& removed) const;
  /// The same by solving for the queries: cheaper when there are fewer of them.
  Scores scores_by_query(const Dataset& query, const std::vector<Index>& removed) const;
  /// (C + damping I)^-1 b.
  Solution solve(const Eigen::MatrixXd& b) const;
  /// C + damping I as an operator.
  const LinearOperator& system() const;

 private:
  struct System;
  Scores pack(Eigen::MatrixXd values,
              const std::vector<Group>& removed,
              const Solution& solution) const;
  Eigen::MatrixXd removal_gradients(const std::vector<Group>& removed) const;

  const LeaveOneOut* loo_;
  EstimatorOptions options_;
  std::unique_ptr<System> system_;
};

}  // namespace leaveout
