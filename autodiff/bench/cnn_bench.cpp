// SPDX-License-Identifier: MIT
// B7: gradient and curvature products of a convolutional network.
#include <memory>
#include <vector>

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
  std::vector<HandCnn> hand_tiles;  // what products keep: values and adjoints of each tile
  CurvatureProduct<double> hessian, ggn;
  Vector<double> g, hand_g, hv, hand_hv;  // (P)

  Lab()
      : hessian(product(Curvature::full)),
        ggn(product(Curvature::gauss_newton)),
        g(problem.theta.size()),
        hand_g(g.size()),
        hv(g.size()),
        hand_hv(g.size()) {
    for (Index begin = 0; begin < problem.batch.columns; begin += kTile) {
      hand_tiles.emplace_back(kTile);
      hand_tiles.back().tile_gradient(problem.theta, *problem.data, begin, kTile, hand_g, false);
    }
  }
  CurvatureProduct<double> product(Curvature c) const {
    return {problem.program, problem.batch, problem.theta, c, kTile, 1};
  }
  void gradient() { leaveout::gradient<double>(ws, problem.batch, problem.theta, g); }
  void hand_gradient() { hand.gradient(problem.theta, *problem.data, hand_g); }
  void apply(CurvatureProduct<double>& c) { c.apply(problem.direction, hv); }
  void hand_product(bool gauss_newton) {
    Index begin = 0;
    for (HandCnn& tile : hand_tiles) {
      tile.tile_product(problem.theta,
                        *problem.data,
                        begin,
                        kTile,
                        problem.direction,
                        gauss_newton,
                        hand_hv,
                        begin > 0);
      begin += kTile;
    }
  }
};

Race cnn() {
  const auto lab = std::make_shared<Lab>();
  lab->gradient();
  lab->hand_gradient();
  require_equal("gradient", lab->g.data(), lab->hand_g.data(), lab->g.size());
  for (const bool gauss_newton : {false, true}) {
    lab->apply(gauss_newton ? lab->ggn : lab->hessian);
    lab->hand_product(gauss_newton);
    require_equal("product", lab->hv.data(), lab->hand_hv.data(), lab->hv.size());
  }
  return Race({{"gradient", [lab] { lab->gradient(); }},
               {"hand_gradient", [lab] { lab->hand_gradient(); }},
               {"hvp", [lab] { lab->apply(lab->hessian); }},
               {"hand_hvp", [lab] { lab->hand_product(false); }},
               {"ggn", [lab] { lab->apply(lab->ggn); }},
               {"hand_ggn", [lab] { lab->hand_product(true); }}});
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
             {"B7", net + "HVP : gradient", "hvp", "hand_hvp", "", "gradient"},
             {"B7", net + "GGN : gradient", "ggn", "hand_ggn", "", "gradient"}});
}

}  // namespace leaveout
