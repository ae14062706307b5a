// SPDX-License-Identifier: MIT
// B1: gradient and curvature products of a classifier. B2: gradients of a small net.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"

namespace leaveout {

namespace {

constexpr Index kTile = 128;  // as models/ takes data, and the hand-written version too

/// All that a race's functions use, kept alive by them.
template <class S>
struct Lab {
  ProblemOf<S> problem;
  Workspace<S> ws;
  HandMlpOf<S> hand;
  Vector<S> g, hand_g, hv, hand_hv;  // (P)
  Lab(ProblemOf<S> p, Index tile)
      : problem(std::move(p)),
        ws(problem.program, std::min(tile, problem.batch.columns)),
        hand(problem.net, std::min(tile, problem.batch.columns)),
        g(problem.theta.size()),
        hand_g(g.size()),
        hv(g.size()),
        hand_hv(g.size()) {}
  void gradient() { leaveout::gradient<S>(ws, problem.batch, problem.theta, g); }
  void hand_gradient() { hand.gradient(problem.theta, *problem.data, hand_g); }
  void hand_product(bool gauss_newton) {
    hand.product(problem.theta, *problem.data, problem.direction, gauss_newton, hand_hv);
  }
  void check_gradient() {
    gradient();
    hand_gradient();
    require_equal("gradient", g.data(), hand_g.data(), g.size());
  }
};

Race small_net_gradient(Index examples) {
  const auto lab = std::make_shared<Lab<double>>(make_problem(kSmallNet, examples), kTile);
  lab->check_gradient();
  return Race({{"ours", [lab] { lab->gradient(); }}, {"hand", [lab] { lab->hand_gradient(); }}});
}

/// Products are marginal: values and adjoints at theta are there, as they are for a solver.
template <class S>
Race classifier_products(ProblemOf<S> problem) {
  const auto lab = std::make_shared<Lab<S>>(std::move(problem), 256);
  lab->check_gradient();
  const auto product = [lab](Curvature c) {
    return std::make_shared<CurvatureProduct<S>>(
        lab->problem.program, lab->problem.batch, lab->problem.theta, c, 256, 1);
  };
  const auto hessian = product(Curvature::full), ggn = product(Curvature::gauss_newton);
  const auto apply = [lab](CurvatureProduct<S>& c) { c.apply(lab->problem.direction, lab->hv); };
  for (const bool gauss_newton : {false, true}) {
    apply(gauss_newton ? *ggn : *hessian);
    lab->hand_product(gauss_newton);
    require_equal("product", lab->hv.data(), lab->hand_hv.data(), lab->hv.size());
  }
  return Race({{"gradient", [lab] { lab->gradient(); }},
               {"hand_gradient", [lab] { lab->hand_gradient(); }},
               {"hvp", [=] { apply(*hessian); }},
               {"hand_hvp", [lab] { lab->hand_product(false); }},
               {"ggn", [=] { apply(*ggn); }},
               {"hand_ggn", [lab] { lab->hand_product(true); }}});
}

}  // namespace

void add_classifier_benchmarks(Suite& suite) {
  const auto add = [&suite](const std::string& scalar, const std::function<Race()>& make) {
    const std::string net = net_title(kClassifier) + scalar + ", N=256: ";
    suite.add(
        scalar.empty() ? "B1_classifier" : "B1_classifier_f32",
        make,
        6.0,
        {{"B1",
          net + "gradient",
          "gradient",
          "hand_gradient",
          "<= 1.10 x hand",
          "hand_gradient",
          1.10},
         {"B1", net + "HVP marginal", "hvp", "hand_hvp", "<= 1.35 x gradient", "gradient", 1.35},
         {"B1", net + "GGN marginal", "ggn", "hand_ggn", "<= 1.20 x gradient", "gradient", 1.20}});
  };
  add("", [] { return classifier_products(make_problem(kClassifier, 256)); });
  add(" f32", [] { return classifier_products(make_float_problem(kClassifier, 256)); });
}

void add_first_order_benchmarks(Suite& suite) {
  for (const Index n : {1, 32, 1000}) {
    Claim claim{"B2", fmt::format("10-20-20-1 tanh, N={}: gradient", n), "ours", "hand", ""};
    if (n == 1) {
      claim.target = "<= 1.5 us";
      claim.bound = 1.5e-6;
    } else {
      claim.over = "hand";
    }
    suite.add(
        fmt::format("B2_gradient_{}", n), [n] { return small_net_gradient(n); }, 2.0, {claim});
  }
}

}  // namespace leaveout
