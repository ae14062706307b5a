// SPDX-License-Identifier: MIT
#include "influence/trajectory/estimator_cost.h"

#include <algorithm>

#include "autodiff/dense_curvature.h"
#include "influence/trajectory/data_value_embedding.h"

namespace leaveout {

namespace {

using Kind = TrajectoryEstimator;

constexpr double kEigenvectors = 4.5;  // n^3 multiply-adds: Golub and Van Loan's 9 n^3 operations

double number(Index n) {
  return static_cast<double>(n);
}

/// The count of one estimator, and the sizes that all formulas are in.
struct Count {
  const Trajectory& path;
  const TrajectoryOptions& options;
  Index queries;
  Index drawn = path.log->begins.back();  // S
  EstimatorCost total = {};

  Cost& counted() { return total.counted; }
  double n() const { return number(path.examples()); }
  double p() const { return number(path.parameters()); }
  double outputs() const { return number(path.model().outputs()); }
  /// Adam's derivative needs its means as well as theta.
  void states(Index count) {
    const double vectors = path.log->protocol.optimiser == OptimiserKind::adam ? 3 : 1;
    counted().bytes += 8 * vectors * p() * number(count);
  }

  void unrolled() {
    counted().products += number(drawn * queries);
    if (path.log->protocol.optimiser == OptimiserKind::adam)
      counted().differentiated += number(drawn);
    states(path.steps());
  }

  void slopes_along_steps() {
    counted().add_slopes(drawn, queries);
    states(path.steps());
  }

  void accumulated() {
    counted().products += (n() + 1) * number(drawn);
    counted().differentiated += number(drawn);
    states(1);
    total.working_bytes += 8 * 4 * p() * n();
  }

  void data_value() {
    counted().differentiated += number(drawn);
    total.dense += 2 * p() * p() * number(drawn) + p() * number(queries) * n();
    states(path.steps());
    total.working_bytes += data_value_bytes(path);
  }

  /// One dense curvature of the whole objective.
  void curvature(Curvature curvature) {
    const Program<double>& program = path.model().program(Term::loss);
    double units = 0, other = p();
    for (const AffineLayer& layer : program.affine_layers())
      if (layer.positions == 1) {
        units += number(layer.out);
        other -= number(layer.size());
      }
    switch (cheapest_method(program, curvature)) {
      case DenseMethod::by_jacobian:
        counted().differentiated += n() * outputs();
        total.dense += n() * p() * p() / 2 * outputs() * (outputs() + 1) / 2;
        break;
      case DenseMethod::by_units:
        counted().products += n() * (units + other);
        total.dense += n() * p() * p() / 2;
        break;
      default:
        counted().products += n() * p();
    }
  }

  /// Of every segment what all its checkpoints need, and slopes at them.
  void source(SourceCurvature kind) {
    for (Index l = 0; l < options.segments; ++l) {
      const Index begin = l * path.steps() / options.segments;
      const Index end = (l + 1) * path.steps() / options.segments;
      const Index points = std::min(options.checkpoints, end - begin);
      counted().add_slopes(points * path.examples(), queries);
      states(points);
      for (Index c = 0; c < points && kind != SourceCurvature::ek_fac; ++c)
        curvature(kind == SourceCurvature::hessian ? Curvature::full : Curvature::gauss_newton);
      if (kind == SourceCurvature::ek_fac)
        ek_fac(number(points));
      else
        total.dense += kEigenvectors * p() * p() * p();
    }
    total.working_bytes += 8 * (kind == SourceCurvature::ek_fac ? 3 * p() : 4 * p() * p());
  }

  void ek_fac(double points) {
    const double o = outputs();
    counted().differentiated += 2 * points * o * n();
    for (const AffineLayer& layer : path.model().program(Term::loss).affine_layers()) {
      const double in = number(layer.columns()), out = number(layer.out);
      total.dense += points * n() * (2 * in * in + 2 * o * out * out + o * out * in);
      total.dense += kEigenvectors * (in * in * in + out * out * out);
    }
  }

  void influence_function() {
    curvature(Curvature::full);
    total.dense += p() * p() * p() / 6;
    total.working_bytes += 8 * 3 * p() * p();
    grad_dot();
  }

  void grad_dot() {
    counted().add_slopes(path.examples(), queries);
    states(1);
  }

  Index batch_at(Index checkpoint) const {
    return static_cast<Index>(path.log->batch(std::min(checkpoint, path.steps() - 1)).size());
  }

  void diff_in(const std::vector<Index>& checkpoints, bool differences) {
    for (const Index t : checkpoints) {
      const Index b = batch_at(t);
      counted().differentiated += number(b);
      if (differences) {
        counted().differentiated += number(b * queries);
        counted().add_slopes(path.examples(), queries);  // here, and a little further
        counted().add_slopes(path.examples(), queries);
      } else {
        counted().products += number(b * queries);
        counted().add_slope_derivatives(path.examples(), queries);
      }
    }
    states(static_cast<Index>(checkpoints.size()));
  }

  /// The double sum: the last step's term has weight 0, the start's is of first order.
  void consistent() {
    std::vector<Index> steps = choose_checkpoints(path.steps(), {Sampling::all}).steps;
    steps.pop_back();
    diff_in(steps, false);
    states(1);
    for (const Index t : {Index{0}, path.steps()}) {
      counted().differentiated += number(batch_at(t));
      counted().add_slopes(path.examples(), queries);
    }
  }

  void of(Kind kind) {
    const auto sampled = [&] { return choose_checkpoints(path.steps(), options.sampled).steps; };
    switch (kind) {
      case Kind::unrolled:
      case Kind::sgd_influence:
      case Kind::hydra:
        return unrolled();
      case Kind::first_order:
      case Kind::hydra_fast:
      case Kind::tracin_first_order:
        return slopes_along_steps();
      case Kind::accumulated_sgd_influence:
        return accumulated();
      case Kind::data_value_embedding:
        return data_value();
      case Kind::source_hessian:
        return source(SourceCurvature::hessian);
      case Kind::source_gauss_newton:
        return source(SourceCurvature::gauss_newton);
      case Kind::source_ek_fac:
        return source(SourceCurvature::ek_fac);
      case Kind::influence_function:
        return influence_function();
      case Kind::tracin_ideal:
        return states(path.steps() + 1);
      case Kind::tracin_checkpoints:
        for (std::size_t k = 0; k < sampled().size(); ++k) grad_dot();
        return;
      case Kind::grad_dot:
        return grad_dot();
      case Kind::grad_cos:
        counted().differentiated += n();
        return grad_dot();
      case Kind::diff_in:
        return diff_in(sampled(), false);
      case Kind::diff_in_differences:
        return diff_in(sampled(), true);
      case Kind::diff_in_consistent:
        return consistent();
    }
  }
};

}  // namespace

EstimatorCost estimator_cost(TrajectoryEstimator kind,
                             const Trajectory& path,
                             Index queries,
                             const TrajectoryOptions& options) {
  Count count{path, options, queries};
  count.of(kind);
  return count.total;
}

Cost training_cost(const Trajectory& path) {
  return retraining_cost(path, 1);
}

Cost retraining_cost(const Trajectory& path, Index removed) {
  Cost cost;
  cost.differentiated = number(path.log->begins.back()) * number(removed);
  return cost;
}

}  // namespace leaveout
