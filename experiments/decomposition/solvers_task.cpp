// SPDX-License-Identifier: MIT
#include "experiments/decomposition/solvers_task.h"

#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <limits>
#include <mutex>

#include "influence/curvature/objective_curvature.h"
#include "influence/metrics/correlation.h"
#include "models/architecture.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

namespace {

constexpr double kScaleMargin = 1.1;    // of full-batch LiSSA, on the largest eigenvalue
constexpr Index kDivergentDepth = 300;  // the error has grown by 1e26 at 0.45
constexpr Index kDivergentStride = 15;
constexpr double kLowCurvature = 0.1;

/// Relative error of the closed form at each depth, and the largest distance of the iterates to it.
void compare_closed_form(const LinearProblem& problem,
                         const std::vector<MatrixXd>& iterates,
                         SolverStudy& study) {
  SolverCurve predicted = study.lissa;
  for (std::size_t i = 0; i < iterates.size(); ++i) {
    const MatrixXd x = lissa_closed_form(problem, study.lissa.scale, study.lissa.steps[i]);
    measure(problem, x, static_cast<Index>(i), predicted);
    const VectorXd difference =
        (iterates[i] - x).colwise().norm().cwiseQuotient(x.colwise().norm()).transpose();
    study.closed_form_difference = std::max(study.closed_form_difference, difference.maxCoeff());
  }
  study.closed_form = predicted.relative_error;
}

/// `penalty` is weight decay + damping: the curvature that has nothing to do with the data.
Truncation truncation(const LinearProblem& problem,
                      const std::vector<MatrixXd>& iterates,
                      double penalty) {
  Truncation t;
  const Index n = problem.values.size();
  while (t.directions < n && problem.values(t.directions) - penalty < kLowCurvature * penalty)
    ++t.directions;
  const MatrixXd c = problem.coordinates.topRows(t.directions);  // (low x R)
  const MatrixXd exact = problem.values.head(t.directions).cwiseInverse().asDiagonal() * c;
  t.extra_damping.resize(problem.b.cols(), static_cast<Index>(iterates.size()));
  for (std::size_t i = 0; i < iterates.size(); ++i) {
    const MatrixXd x = problem.basis->leftCols(t.directions).transpose() * iterates[i];
    for (Index j = 0; j < c.cols(); ++j) {
      const double energy = c.col(j).squaredNorm();
      const bool there = energy > 1e-20 * problem.b.col(j).squaredNorm();
      t.extra_damping(j, static_cast<Index>(i)) =
          there ? energy / c.col(j).dot(x.col(j)) - energy / c.col(j).dot(exact.col(j))
                : std::numeric_limits<double>::quiet_NaN();
    }
  }
  return t;
}

void full_batch(const LinearProblem& problem, Index depth, double penalty, SolverStudy& study) {
  std::vector<MatrixXd> iterates;  // (n x R) each
  study.lissa = lissa_curve(problem, kScaleMargin * problem.largest(), log_grid(depth), &iterates);
  compare_closed_form(problem, iterates, study);
  study.truncation = truncation(problem, iterates, penalty);
  study.lissa_needs_1e3 = lissa_products_to_reach(problem, study.lissa.scale, 1e-3);
  study.lissa_needs_1e6 = lissa_products_to_reach(problem, study.lissa.scale, 1e-6);
}

Divergence diverge(const LinearProblem& problem, double fraction) {
  Divergence d;
  const double scale = fraction * problem.largest();
  d.rate = std::abs(1 - problem.largest() / scale);
  std::vector<Index> steps;
  for (Index t = kDivergentStride; t <= kDivergentDepth; t += kDivergentStride) steps.push_back(t);
  d.measured = lissa_curve(problem, scale, steps);
  SolverCurve predicted = d.measured;
  for (std::size_t i = 0; i < steps.size(); ++i)
    measure(problem, lissa_closed_form(problem, scale, steps[i]), static_cast<Index>(i), predicted);
  d.closed_form = predicted.relative_error;
  const Index half = static_cast<Index>(steps.size()) / 2;
  const Index rest = static_cast<Index>(steps.size()) - half;
  VectorXd depth(rest);  // of the later half: what does not grow is far below what does
  for (Index i = 0; i < rest; ++i)
    depth(i) = static_cast<double>(steps[static_cast<std::size_t>(half + i)]);
  d.growth.resize(problem.b.cols());
  for (Index j = 0; j < d.growth.size(); ++j) {
    const VectorXd log_error =
        d.measured.relative_error.row(j).tail(rest).array().log().matrix().transpose();
    d.growth(j) = std::exp(*slope(depth, log_error));
  }
  return d;
}

/// Runs the jobs on `threads` threads; the exception of the first job in order comes out.
void run_all(const std::vector<std::function<void()>>& jobs,
             const TaskOptions& options,
             const std::string& title) {
  const auto total = static_cast<Index>(jobs.size());
  const auto bar = options.progress ? options.progress(title) : std::function<void(Index, Index)>();
  if (bar) bar(0, total);
  std::vector<std::exception_ptr> failed(jobs.size());
  std::mutex mutex;
  Index done = 0;
#pragma omp parallel for schedule(dynamic) num_threads(options.threads)
  for (Index i = 0; i < total; ++i) {
    try {
      jobs[static_cast<std::size_t>(i)]();
    } catch (...) {
      failed[static_cast<std::size_t>(i)] = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    if (bar) bar(++done, total);
  }
  for (const std::exception_ptr& e : failed)
    if (e) std::rethrow_exception(e);
}

/// The product with a batch's Gauss-Newton matrix, damping included.
SolverCurve sampled_curve(const TrainedTask& task,
                          const LinearProblem& problem,
                          double damping,
                          Index batch,
                          Index depth) {
  SampledCurvature sampled(task.loo->base_objective(),
                           task.loo->theta_s(),
                           Curvature::gauss_newton,
                           batch,
                           task.settings.seed);
  const BatchProduct product =
      [&](Index step, Index repeat, const Ref<const MatrixXd>& v, Ref<MatrixXd> out) {
        sampled.apply(step, repeat, v, out);
        out += damping * v;
      };
  return stochastic_curve(problem, product, batch, task.train->size(), depth);
}

}  // namespace

SolversResult study_solvers(const TrainedTask& task,
                            const SolversPlan& plan,
                            const TaskOptions& options) {
  SolversResult r;
  r.settings = task.settings;
  r.model = describe(task.model->spec());
  r.examples = task.train->size();
  r.parameters = task.model->parameter_count();
  r.removed = draw_removed(task, task.settings.removed);
  MatrixXd b(r.parameters, static_cast<Index>(r.removed.size()));  // (P x R) g_k / N
  for (Index j = 0; j < b.cols(); ++j)
    b.col(j) = task.loo->removal_gradient({r.removed[static_cast<std::size_t>(j)]});
  const MatrixXd g =
      ObjectiveCurvature(task.loo->base_objective(), task.loo->theta_s(), Curvature::gauss_newton)
          .dense();  // (P x P), weight decay included
  const Eigendecomposition eigen{DenseOperator(g)};
  std::vector<std::unique_ptr<LinearProblem>> problems;
  std::vector<std::function<void()>> jobs;
  r.studies.resize(plan.dampings.size());
  for (std::size_t i = 0; i < plan.dampings.size(); ++i) {
    const double damping = plan.dampings[i];
    problems.push_back(std::make_unique<LinearProblem>(g, eigen, damping, b));
    const LinearProblem& p = *problems.back();
    SolverStudy& study = r.studies[i];
    study.damping = damping;
    study.smallest = p.smallest();
    study.largest = p.largest();
    study.stochastic.resize(plan.batches.size());
    const double penalty = damping + task.settings.weight_decay;
    jobs.push_back([&, penalty] { full_batch(p, plan.depth, penalty, study); });
    jobs.push_back([&] { study.cg = cg_curve(p, 10 * r.parameters); });
    jobs.push_back([&] { study.divergence = diverge(p, plan.divergence_scale); });
    for (std::size_t s = 0; s < plan.batches.size(); ++s)
      jobs.push_back([&, s, damping] {
        study.stochastic[s] =
            sampled_curve(task, p, damping, plan.batches[s], plan.stochastic_depth);
      });
  }
  run_all(jobs, options, task.settings.name + " solvers");
  return r;
}

TruncationRatio truncation_ratio(const SolverStudy& study, double multiple) {
  const double wanted = multiple * study.lissa.scale / study.smallest;
  std::size_t best = 0;
  for (std::size_t i = 0; i < study.lissa.steps.size(); ++i) {
    const auto distance = [&](std::size_t k) {
      return std::abs(std::log(static_cast<double>(study.lissa.steps[k]) / wanted));
    };
    if (distance(i) < distance(best)) best = i;
  }
  TruncationRatio t;
  t.depth = study.lissa.steps[best];
  t.ratio = study.truncation.extra_damping.col(static_cast<Index>(best)) *
            (static_cast<double>(t.depth) / study.lissa.scale);
  return t;
}

}  // namespace leaveout
