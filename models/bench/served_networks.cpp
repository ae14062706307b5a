// SPDX-License-Identifier: MIT
// The workloads of `make bench-peers` on multilayer perceptrons, as a user of the engine writes
// them. Unlike the races of `make bench`, products and contractions start from theta here: that is
// what one call of a peer does.

#include <memory>

#include "autodiff/dense_curvature.h"
#include "autodiff/per_example.h"
#include "models/bench/server.h"

namespace leaveout {

namespace {

constexpr Index kCnnTile = 16;  // its planes, half a megabyte an example, want to stay in the cache

/// What a workload's function uses.
struct Lab {
  Problem problem;
  Workspace<double> ws;
  Curvature curvature;
  Matrix<double> result;  // (P x 1) at first; what the task gives, afterwards

  Lab(Problem p, Index tile, Curvature c)
      : problem(std::move(p)),
        ws(problem.program, tile, 1),
        curvature(c),
        result(problem.theta.size(), 1) {}
  PerExample<double> factors() { return per_example_gradients(ws, problem.batch, problem.theta); }
};

void take_gradient(Lab& lab) {
  gradient<double>(lab.ws, lab.problem.batch, lab.problem.theta, lab.result.col(0));
}
void take_product(Lab& lab) {
  const Problem& p = lab.problem;
  curvature_product<double>(lab.ws, p.batch, p.theta, p.direction, lab.result, lab.curvature);
}
void take_hessian(Lab& lab) {
  lab.result =
      dense_curvature(lab.problem.program, lab.problem.batch, lab.problem.theta, Curvature::full);
}
void take_all(Lab& lab) {
  lab.result.resize(lab.problem.theta.size(), lab.problem.batch.columns);
  materialise<double>(lab.factors(), lab.result);
}
void take_gram(Lab& lab) {
  const PerExample<double> g = lab.factors();
  lab.result = gram(g, g);
}
void take_norms(Lab& lab) {
  lab.result = squared_norms(lab.factors());
}

struct Workload {
  const char *id, *task;
  Index tile;
  void (*run)(Lab&);
  Curvature curvature = Curvature::full;
};

void add(Server& server,
         const Workload& w,
         const std::function<Problem()>& make,
         const Blocks& blocks,
         const NetFacts& facts = {}) {
  server.add(w.id, [=](const std::string& folder) {
    const auto lab = std::make_shared<Lab>(make(), w.tile, w.curvature);
    write_problem(folder, lab->problem, blocks, w.task, facts);
    w.run(*lab);
    write_result(folder, lab->result);
    return Served{[lab, run = w.run] { run(*lab); }};
  });
}

}  // namespace

void add_network_workloads(Server& server) {
  const auto add_net = [&](const BenchNet& net, Index examples, const Workload& w) {
    add(
        server, w, [=] { return make_problem(net, examples); }, blocks_of(net));
  };
  add_net(kClassifier, 256, {"B1.gradient", "gradient", 256, take_gradient});
  add_net(kClassifier, 256, {"B1.hvp", "hvp", 256, take_product});
  add_net(kClassifier, 256, {"B1.ggn", "ggn", 256, take_product, Curvature::gauss_newton});
  add_net(kSmallNet, 1, {"B2.gradient_1", "gradient", 1, take_gradient});
  add_net(kSmallNet, 32, {"B2.gradient_32", "gradient", 32, take_gradient});
  add_net(kSmallNet, 1000, {"B2.gradient_1000", "gradient", 128, take_gradient});
  add_net(kSmallNet, 1000, {"B3.hessian_661", "hessian", 128, take_hessian});
  add_net({{13, 32, 32, 1}}, 500, {"B3.hessian_1537", "hessian", 128, take_hessian});
  add_net({{64, 32, 16, 10}, false, true}, 1000, {"B3.hessian_2778", "hessian", 128, take_hessian});
  add_net({{20, 50, 50, 1}}, 1000, {"B4.hessian_3651", "hessian", 128, take_hessian});
  add_net(kClassifier, 256, {"B6.all", "per_example", 256, take_all});
  add_net(kClassifier, 256, {"B6.gram", "gram", 256, take_gram});
  add_net(kClassifier, 256, {"B6.norms", "norms", 256, take_norms});
}

void add_cnn_workloads(Server& server) {
  const auto add_cnn = [&](const Workload& w) {
    add(server, w, [] { return make_cnn_problem(128); }, cnn_blocks(), {{"cnn", "true"}});
  };
  add_cnn({"B7.gradient", "gradient", kCnnTile, take_gradient});
  add_cnn({"B7.hvp", "hvp", kCnnTile, take_product});
}

}  // namespace leaveout
