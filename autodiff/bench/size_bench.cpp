// SPDX-License-Identifier: MIT
// B8: how the time of a dense Hessian grows with the number of parameters P, as P^2 N / 2
// multiply-adds in theory, and a large one. The floor is the bare symmetric product A A' of its
// size (A is P x N), which any method pays that adds N terms to a dense symmetric matrix.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "autodiff/dense_curvature.h"

namespace leaveout {

namespace {

constexpr double kSlack = 1.25;
constexpr Index kWidths[] = {8, 16, 32, 64}, kWidest = 64;

/// Slope of log seconds over log size, by least squares: the exponent of a power law.
double fitted_exponent(const std::vector<double>& size, const std::vector<double>& seconds) {
  const Eigen::Map<const Eigen::ArrayXd> n(size.data(), static_cast<Index>(size.size()));
  const Eigen::Map<const Eigen::ArrayXd> t(seconds.data(), n.size());
  const Eigen::ArrayXd x = n.log() - n.log().mean();
  return (x * t.log()).sum() / (x * x).sum();
}

BenchNet wide(Index width) {
  return {{10, width, width, 1}};
}

struct Lab {
  Problem problem;
  Matrix<double> h;  // (P x P)
  explicit Lab(Problem p) : problem(std::move(p)) {}
  void hessian() {
    h.resize(0, 0);  // its memory first
    h = dense_curvature(problem.program, problem.batch, problem.theta, Curvature::full);
  }
};

/// A symmetric product of the size of a Hessian.
struct Floor {
  Matrix<double> a;        // (P x N)
  Matrix<double> product;  // (P x P)
  explicit Floor(const Problem& p)
      : a(irregular(p.theta.size(), p.batch.columns, 0.5)), product(a.rows(), a.rows()) {}
  void run() {
    product.setZero();
    product.selfadjointView<Eigen::Lower>().rankUpdate(a);
  }
};

/// H v of the dense matrix is the product that the sweeps give.
void require_right(Lab& lab) {
  const Problem& p = lab.problem;
  lab.hessian();
  Vector<double> hv(p.theta.size());
  CurvatureProduct<double>(p.program, p.batch, p.theta, Curvature::full).apply(p.direction, hv);
  const Vector<double> dense = lab.h * p.direction;
  require_equal("Hessian", dense.data(), hv.data(), hv.size());
}

Race growth() {
  std::vector<Contender> contenders;
  for (const Index width : kWidths) {
    const auto lab = std::make_shared<Lab>(make_problem(wide(width), 1000));
    require_right(*lab);
    contenders.push_back({fmt::format("hessian_{}", width), [lab] { lab->hessian(); }});
    if (width != kWidest) continue;
    const auto floor = std::make_shared<Floor>(lab->problem);
    contenders.push_back({"floor", [floor] { floor->run(); }});
  }
  return Race(std::move(contenders));
}

double hessian_exponent(const Race& race) {
  std::vector<double> size, seconds;
  for (const Index width : kWidths) {
    size.push_back(static_cast<double>(wide(width).parameter_count()));
    seconds.push_back(race.best(race.find(fmt::format("hessian_{}", width)), Clock::cpu));
  }
  return fitted_exponent(size, seconds);
}

/// Of the whole process up to now, in bytes: no more than what the largest work has taken.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

Race large(const BenchNet& net, Index examples, std::string& memory) {
  const auto lab = std::make_shared<Lab>(make_problem(net, examples));
  require_right(*lab);
  const Problem& p = lab->problem;
  memory = fmt::format(
      "B8: P={}: peak memory of the process {:.2f} GB, the Hessian's predicted {:.2f} GB",
      p.theta.size(),
      peak_memory() / 1e9,
      static_cast<double>(dense_curvature_bytes(p.program, p.batch.columns, Curvature::full)) /
          1e9);
  const auto floor = std::make_shared<Floor>(lab->problem);
  return Race({{"hessian", [lab] { lab->hessian(); }}, {"floor", [floor] { floor->run(); }}});
}

}  // namespace

void add_size_benchmarks(Suite& suite) {
  const double first = static_cast<double>(wide(kWidths[0]).parameter_count());
  const double last = static_cast<double>(wide(kWidest).parameter_count());
  const double bound = 2 + std::log(kSlack) / std::log(last / first);
  const std::string widest = fmt::format("hessian_{}", kWidest);
  suite.add("B8_parameters",
            growth,
            6.0,
            {{"B8",
              fmt::format("10-W-W-1 tanh, N=1000: Hessian, P={}..{}", first, last),
              widest,
              "",
              fmt::format("exponent <= {:.2f}", bound),
              "",
              bound,
              false,
              Clock::cpu,
              hessian_exponent},
             {"B8",
              fmt::format("10-W-W-1 tanh, N=1000: P={} : rank-N product", last),
              widest,
              "",
              "",
              "floor"}});
  const BenchNet net{{117, 117, 10}, false, true};
  const std::string title = fmt::format("{}, N=500: P={}", net_title(net), net.parameter_count());
  const auto memory = std::make_shared<std::string>();
  suite.add(
      "B8_large",
      [net, memory] { return large(net, 500, *memory); },
      1.0,
      {{"B8", title + ": Hessian", "hessian", "", "<= 60 s", "", 60.0},
       {"B8", title + " : product", "hessian", "", "", "floor"}},
      [memory](const Race&) { return *memory; });
}

}  // namespace leaveout
