// SPDX-License-Identifier: MIT
#include "experiments/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/registry.h"
#include "influence/estimators/influence_function.h"
#include "influence/responses.h"
#include "influence/trajectory/estimators.h"

namespace leaveout {
namespace {

CatalogueSection runnable(const std::vector<Experiment>& experiments) {
  CatalogueSection section{"experiments", {}};
  for (const Experiment& e : experiments) section.entries.push_back({e.name, e.summary});
  return section;
}

CatalogueSection data_sets() {
  CatalogueSection section{"data sets", {}};
  for (const DatasetInfo& info : dataset_registry()) {
    section.entries.push_back({info.name,
                               fmt::format("{}: {}, {} rows, {} features{}",
                                           info.description,
                                           task_name(info.task),
                                           info.rows,
                                           info.features,
                                           info.ships ? "" : " (make data)")});
  }
  return section;
}

CatalogueSection models() {
  CatalogueSection section{"models",
                           {{"linear", "linear regression: half squared error"},
                            {"logistic", "logistic regression: binary cross-entropy"},
                            {"softmax", "softmax regression: cross-entropy over classes"}}};
  for (const ModelForm& m : model_forms())
    section.entries.push_back({m.form, fmt::format("{} ({})", m.summary, m.example)});
  return section;
}

CatalogueSection activations() {
  return {"activations",
          {{activation_name(Activation::relu), "max(0, x); its second derivative is taken as zero"},
           {activation_name(Activation::tanh), "hyperbolic tangent"},
           {activation_name(Activation::sigmoid), "1 / (1 + exp(-x))"},
           {activation_name(Activation::softplus), "log(1 + exp(x))"},
           {activation_name(Activation::gelu), "x Phi(x), Phi the normal distribution function"}}};
}

CatalogueSection responses() {
  return {"responses to a removal",
          {{response_name(Response::cold_start), "training anew from the initialisation"},
           {response_name(Response::warm_start), "further training from the trained parameters"},
           {response_name(Response::proximal), "warm start, damped towards these parameters"},
           {response_name(Response::pbrf),
            "proximal Bregman response function: trained towards the "
            "model's own outputs"},
           {response_name(Response::linearised), "the PBRF of the linearised network"}}};
}

CatalogueSection curvatures() {
  return {"curvatures of an influence estimate",
          {{curvature_name(Curvature::gauss_newton), "Gauss-Newton matrix: never negative"},
           {curvature_name(Curvature::full), "exact Hessian, negative eigenvalues included"}}};
}

CatalogueSection solvers() {
  return {"solvers of an influence estimate",
          {{solver_name(SolverKind::cholesky), "direct, for positive definite matrices"},
           {solver_name(SolverKind::ldlt), "direct, for any symmetric matrix"},
           {solver_name(SolverKind::eigen), "direct, with the whole spectrum"},
           {solver_name(SolverKind::cg), "conjugate gradients"},
           {solver_name(SolverKind::lissa), "truncated series on all data"},
           {solver_name(SolverKind::stochastic_lissa), "truncated series on mini-batches"}}};
}

CatalogueSection optimisers() {
  return {"optimisers",
          {{optimiser_name(OptimiserKind::sgd), "mini-batch descent, with momentum if asked for"},
           {optimiser_name(OptimiserKind::nesterov), "with momentum that looks ahead"},
           {optimiser_name(OptimiserKind::adam), "steps by running means of g and g*g"}}};
}

CatalogueSection along_trajectories() {
  CatalogueSection section{"estimators along a training's trajectory", {}};
  for (const TrajectoryEstimator kind : trajectory_estimators())
    section.entries.push_back({trajectory_estimator_name(kind), explanation(kind)});
  return section;
}

}  // namespace

std::vector<CatalogueSection> catalogue(const std::vector<Experiment>& experiments) {
  return {runnable(experiments),
          data_sets(),
          models(),
          activations(),
          optimisers(),
          responses(),
          curvatures(),
          solvers(),
          along_trajectories()};
}

std::string catalogue_text(const std::vector<Experiment>& experiments) {
  const std::vector<CatalogueSection> sections = catalogue(experiments);
  std::size_t width = 0;
  for (const CatalogueSection& section : sections) {
    for (const CatalogueEntry& entry : section.entries) width = std::max(width, entry.name.size());
  }
  std::string text;
  for (const CatalogueSection& section : sections) {
    text += fmt::format("{}{}\n", text.empty() ? "" : "\n", section.title);
    for (const CatalogueEntry& entry : section.entries) {
      text += fmt::format("  {:<{}}  {}\n", entry.name, width, entry.summary);
    }
  }
  return text;
}

}  // namespace leaveout
