// SPDX-License-Identifier: MIT
// B3: the exact Hessian of a small net, beside the bare symmetric rank-N product of its size.
#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "autodiff/dense_curvature.h"

namespace leaveout {

namespace {

struct Lab {
  Problem problem = make_problem({10, 20, 20, 1}, false, 1000);
  HandMlp hand = HandMlp(problem.widths, problem.classifier, 128);
  Matrix<double> h, hand_h;                                       // (P x P)
  Matrix<double> a = irregular(problem.theta.size(), 1000, 0.5);  // (P x N)
  Matrix<double> product = Matrix<double>(a.rows(), a.rows());    // (P x P)

  void hessian(DenseMethod method) {
    DenseOptions options;
    options.method = method;
    h = dense_curvature(problem.program, problem.batch, problem.theta, Curvature::full, options);
  }
  void check(DenseMethod method) {
    hessian(method);
    hand_h = hand.hessian(problem.theta, *problem.data);
    require_equal("Hessian", h.data(), hand_h.data(), h.size());
  }
  void rank_k() {
    product.setZero();
    product.selfadjointView<Eigen::Lower>().rankUpdate(a);
  }
};

Race hessian() {
  const auto lab = std::make_shared<Lab>();
  lab->check(DenseMethod::automatic);
  lab->check(DenseMethod::by_parameters);
  return Race(
      {{"ours", [lab] { lab->hessian(DenseMethod::automatic); }},
       {"by_parameters", [lab] { lab->hessian(DenseMethod::by_parameters); }},
       {"hand", [lab] { lab->hand_h = lab->hand.hessian(lab->problem.theta, *lab->problem.data); }},
       {"rank_k", [lab] { lab->rank_k(); }}});
}

}  // namespace

void add_hessian_benchmarks(Suite& suite) {
  const std::string net = "10-20-20-1 tanh, N=1000: ";
  suite.add("B3_hessian",
            hessian,
            6.0,
            {{"B3", net + "full Hessian", "ours", "hand", "<= 60 ms", "", 60e-3},
             {"B3", net + "full Hessian, by parameters", "by_parameters", "hand", "", "hand"},
             {"B3", net + "beside a rank-N product", "ours", "rank_k", "", "rank_k"}});
}

}  // namespace leaveout
