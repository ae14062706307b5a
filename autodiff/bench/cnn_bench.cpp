// SPDX-License-Identifier: MIT
// B7: gradient and curvature products of a convolutional network.
#include <memory>

#include "autodiff/bench/hand_cnn.h"
#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"

namespace leaveout {

namespace {

constexpr Index kTile = 16;  // larger planes would leave the cache

struct Lab {
  Problem problem = make_cnn_problem(128);
  Workspace<double> ws{problem.program, kTile};
  HandCnn hand{kTile};
  CurvatureProduct<double> hessian, ggn;
  Vector<double> g, hand_g, hv;  // (P)

  Lab()
      : hessian(product(Curvature::full)),
        ggn(product(Curvature::gauss_newton)),
        g(problem.theta.size()),
        hand_g(g.size()),
        hv(g.size()) {}
  CurvatureProduct<double> product(Curvature c) const {
    return {problem.program, problem.batch, problem.theta, c, kTile, 1};
  }
  void gradient() { leaveout::gradient<double>(ws, problem.batch, problem.theta, g); }
  void hand_gradient() { hand.gradient(problem.theta, *problem.data, hand_g); }
};

Race cnn() {
  const auto lab = std::make_shared<Lab>();
  lab->gradient();
  lab->hand_gradient();
  require_equal("gradient", lab->g.data(), lab->hand_g.data(), lab->g.size());
  return Race({{"gradient", [lab] { lab->gradient(); }},
               {"hand_gradient", [lab] { lab->hand_gradient(); }},
               {"hvp", [lab] { lab->hessian.apply(lab->problem.direction, lab->hv); }},
               {"ggn", [lab] { lab->ggn.apply(lab->problem.direction, lab->hv); }}});
}

}  // namespace

void add_cnn_benchmarks(Suite& suite) {
  const std::string net = "CNN 28x28 conv5x8 conv5x16 fc10, N=128: ";
  suite.add("B7_cnn",
            cnn,
            5.0,
            {{"B7",
              net + "gradient",
              "gradient",
              "hand_gradient",
              "<= 1.10 x hand",
              "hand_gradient",
              1.10},
             {"B7", net + "HVP : gradient", "hvp", "", "", "gradient"},
             {"B7", net + "GGN : gradient", "ggn", "", "", "gradient"}});
}

}  // namespace leaveout
