// SPDX-License-Identifier: MIT
#include "models/trust_region.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "models/names.h"
#include "models/newton_model.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

constexpr Names<NewtonMethod, 3> kMethods = {{{NewtonMethod::automatic, "automatic"},
                                              {NewtonMethod::dense, "dense"},
                                              {NewtonMethod::matrix_free, "matrix_free"}}};

/// One minimisation: the state between steps.
class Newton {
 public:
  Newton(const Objective& objective, const VectorXd& start, const NewtonOptions& options)
      : evaluate_(objective),
        options_(options),
        model_(make_newton_model(evaluate_, options)),
        radius_(options.initial_radius) {
    run_.theta = start;
    run_.objective = evaluate_.gradient(start, g_);
    run_.gradient_norm = g_.norm();
    if (!std::isfinite(run_.objective) || !g_.allFinite())
      throw std::invalid_argument("[minimise] the objective is not finite at the start");
    log();
  }

  Run solve() {
    while (run_.iterations < options_.max_iterations) {
      model_->move_to(run_.theta, run_.gradient_norm);
      if (run_.gradient_norm < options_.tolerance) {
        model_->examine(run_);
        if (run_.kind != Stationarity::saddle || !options_.leave_saddles) {
          polish();
          run_.converged = true;
          return std::move(run_);
        }
      }
      if (!advance()) break;
      ++run_.iterations;
      log();
    }
    if (run_.gradient_norm < options_.tolerance) {  // else it is no stationary point to examine
      model_->move_to(run_.theta, run_.gradient_norm);
      model_->examine(run_);
      run_.converged = run_.kind != Stationarity::saddle;
    }
    return std::move(run_);
  }

 private:
  void log() { run_.log.push_back({run_.iterations, run_.objective, run_.gradient_norm}); }

  /// One more Newton step, taken if it lowers the gradient. Convergence is quadratic, so this
  /// leaves rounding only: differences between responses are then theirs and not the tolerance's.
  void polish() {
    if (run_.kind != Stationarity::minimum && run_.kind != Stationarity::not_examined) return;
    const VectorXd candidate = run_.theta + model_->newton_step(g_);
    const double value = evaluate_.gradient(candidate, trial_);
    if (!(trial_.norm() < run_.gradient_norm)) return;
    run_.theta = candidate;
    run_.objective = value;
    run_.gradient_norm = trial_.norm();
    ++run_.iterations;
    log();
  }

  /// One accepted step, shrinking the radius as often as needed. False when no step helps any more.
  bool advance() {
    for (int shrink = 0; shrink < 60; ++shrink) {
      const TrustRegionStep step = model_->step(g_, radius_);
      const VectorXd candidate = run_.theta + step.p;
      const double value = evaluate_.gradient(candidate, trial_);
      const double norm = trial_.norm(), length = step.p.norm();
      if (accepts(value, norm, step.predicted)) {
        const double ratio = (run_.objective - value) / step.predicted;
        if (ratio > 0.75 && step.on_boundary)
          radius_ = std::min(2 * radius_, options_.max_radius);
        else if (ratio < 0.25 && !negligible(step.predicted))
          radius_ = 0.5 * length;
        const bool moved = candidate != run_.theta;
        run_.theta = candidate;
        run_.objective = value;
        run_.gradient_norm = norm;
        g_.swap(trial_);
        return moved;
      }
      radius_ = 0.25 * length;
      if (!(radius_ > 1e-300)) return false;
    }
    return false;
  }

  /// Is the change too small for the objective's rounding to show it?
  bool negligible(double predicted) const {
    return predicted < 1e3 * std::numeric_limits<double>::epsilon() * std::abs(run_.objective);
  }

  // Near the end the objective cannot resolve a step's gain any more; the gradient still can.
  bool accepts(double value, double norm, double predicted) const {
    if (!std::isfinite(value) || !std::isfinite(norm)) return false;
    if (negligible(predicted)) return norm < run_.gradient_norm;
    return run_.objective - value > 1e-4 * predicted;
  }

  Evaluator evaluate_;
  NewtonOptions options_;
  std::unique_ptr<NewtonModel> model_;
  double radius_;
  Run run_;
  VectorXd g_, trial_;  // (P)
};

}  // namespace

std::string newton_method_name(NewtonMethod method) {
  return name_of(kMethods, method);
}
NewtonMethod parse_newton_method(const std::string& name) {
  return parse_name(kMethods, name, "newton method");
}

std::string describe(const NewtonOptions& options, Index parameters) {
  return fmt::format("newton {} tolerance={} iterations={} radius={},{} leave_saddles={}",
                     newton_method_name(newton_method(options, parameters)),
                     options.tolerance,
                     options.max_iterations,
                     options.initial_radius,
                     options.max_radius,
                     options.leave_saddles);
}

NewtonMethod newton_method(const NewtonOptions& options, Index parameters) {
  if (options.method != NewtonMethod::automatic) return options.method;
  return parameters <= options.dense_limit ? NewtonMethod::dense : NewtonMethod::matrix_free;
}

Run minimise(const Objective& objective, const VectorXd& start, const NewtonOptions& options) {
  if (start.size() != objective.parameter_count())
    throw std::invalid_argument("[minimise] start, expected as many numbers as parameters");
  return Newton(objective, start, options).solve();
}

std::size_t newton_bytes(Index parameters, const NewtonOptions& options) {
  // Dense: H, a copy, a factor, a product. Matrix-free: the vectors of a step and of its caller,
  // and, at a saddle, the basis of 30 Lanczos vectors.
  const Index columns =
      newton_method(options, parameters) == NewtonMethod::dense ? 4 * parameters : 48;
  return static_cast<std::size_t>(parameters) * static_cast<std::size_t>(columns) * sizeof(double);
}

}  // namespace leaveout
