// SPDX-License-Identifier: MIT
// B3, B4: exact Hessians of small nets, beside the bare symmetric product A A' of their size (A is
// P x N): the least that any method pays which adds N terms to a dense symmetric matrix.
#include <fmt/format.h>

#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "autodiff/dense_curvature.h"

namespace leaveout {

namespace {

struct Lab {
  Problem problem;
  HandMlp hand;
  Matrix<double> h, hand_h;  // (P x P)
  Matrix<double> a;          // (P x N)
  Matrix<double> product;    // (P x P)

  Lab(const BenchNet& net, Index examples)
      : problem(make_problem(net, examples)),
        hand(net, 128),
        a(irregular(problem.theta.size(), examples, 0.5)),
        product(a.rows(), a.rows()) {}
  void hessian(DenseMethod method) {
    DenseOptions options;
    options.method = method;
    h = dense_curvature(problem.program, problem.batch, problem.theta, Curvature::full, options);
  }
  void by_hand() { hand_h = hand.hessian(problem.theta, *problem.data); }
  void rank_k() {
    product.setZero();
    product.selfadjointView<Eigen::Lower>().rankUpdate(a);
  }
};

/// `both`: our slow method too.
Race hessian(const BenchNet& net, Index examples, bool both) {
  const auto lab = std::make_shared<Lab>(net, examples);
  const auto hessian = [lab](DenseMethod method) {
    return [lab, method] { lab->hessian(method); };
  };
  std::vector<Contender> contenders = {{"ours", hessian(DenseMethod::automatic)},
                                       {"hand", [lab] { lab->by_hand(); }},
                                       {"rank_k", [lab] { lab->rank_k(); }}};
  if (both) contenders.push_back({"by_parameters", hessian(DenseMethod::by_parameters)});
  lab->by_hand();
  for (const Contender& c : contenders) {
    if (c.name == "rank_k" || c.name == "hand") continue;
    c.run();
    require_equal("Hessian", lab->h.data(), lab->hand_h.data(), lab->h.size());
  }
  return Race(std::move(contenders));
}

}  // namespace

void add_hessian_benchmarks(Suite& suite) {
  struct Case {
    BenchNet net;
    Index examples;
    double bound;  // times the product
    double seconds;
  };
  const Case cases[] = {{kSmallNet, 1000, 2.0, 6},
                        {{{13, 32, 32, 1}}, 500, 1.5, 6},
                        {{{64, 32, 16, 10}, false, true}, 1000, 1.4, 12}};
  for (const auto& [net, n, bound, seconds] : cases) {
    const std::string title = fmt::format("{}, N={}: ", net_title(net), n);
    const bool smallest = bound == 2.0;
    std::vector<Claim> claims = {{"B3",
                                  title + "Hessian",
                                  "ours",
                                  "hand",
                                  fmt::format("<= {:.1f} x rank-N product", bound),
                                  "rank_k",
                                  bound}};
    if (smallest) {
      claims.push_back({"B3", title + "Hessian", "ours", "", "<= 60 ms", "", 60e-3});
      claims.push_back({"B3", title + "by parameters", "by_parameters", "hand", "", "hand"});
    }
    suite.add(
        fmt::format("B3_hessian_{}", net.parameter_count()),
        [net = net, n = n, smallest] { return hessian(net, n, smallest); },
        seconds,
        claims);
  }
  const BenchNet large{{20, 50, 50, 1}};
  suite.add("B4_hessian_3651",
            [large] { return hessian(large, 1000, false); },
            20,
            {{"B4", net_title(large) + ", N=1000: Hessian", "ours", "hand", "<= 1.3 s", "", 1.3},
             {"B4", net_title(large) + ", N=1000: beside the product", "ours", "", "", "rank_k"}});
}

}  // namespace leaveout
