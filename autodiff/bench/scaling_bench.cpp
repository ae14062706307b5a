// SPDX-License-Identifier: MIT
// B8: how time grows with directions and tile, with depth, and with the number of parameters. The
// yardstick is theory: multiply-adds of the products, plus a quarter.
//
//   per layer (W out x in), in units of out * in * N: gradient 3, Hessian product on top of it 6
//   (2 of the tangents, 4 of the adjoints); first layer 2 and 2: nothing goes below it
//   dense Hessian: P^2 N / 2
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "autodiff/dense_curvature.h"

namespace leaveout {

namespace {

constexpr double kSlack = 1.25;
constexpr Index kTiles[] = {1, 8, 25, 128, 256, 1000}, kDirections[] = {1, 4, 16, 32};
constexpr Index kDepths[] = {1, 2, 4, 8, 16}, kWidths[] = {8, 16, 32, 64};

/// Slope of log seconds over log size, by least squares: the exponent of a power law.
double fitted_exponent(const std::vector<double>& size, const std::vector<double>& seconds) {
  const Eigen::Map<const Eigen::ArrayXd> n(size.data(), static_cast<Index>(size.size()));
  const Eigen::Map<const Eigen::ArrayXd> t(seconds.data(), n.size());
  const Eigen::ArrayXd x = n.log() - n.log().mean();
  return (x * t.log()).sum() / (x * x).sum();
}

double seconds_of(const Race& race, const std::string& name) {
  return race.best(race.find(name), Clock::cpu);
}

// --- directions and tile ------------------------------------------------------------------------

std::string cell_name(Index tile, Index k) {
  return fmt::format("tile_{}_k_{}", tile, k);
}

struct Cell {
  Problem problem = make_problem(kSmallNet, 1000);
  CurvatureProduct<double> product;
  Matrix<double> v, hv;  // (P x 32)
  Cell(Index tile, Index k)
      : product(problem.program, problem.batch, problem.theta, Curvature::full, tile, k),
        v(irregular(problem.theta.size(), 32, 0.5)),
        hv(v.rows(), v.cols()) {}
};

Race directions_and_tile() {
  std::vector<Contender> contenders;
  for (const Index tile : kTiles)
    for (const Index k : kDirections) {
      const auto cell = std::make_shared<Cell>(tile, k);
      contenders.push_back(
          {cell_name(tile, k), [cell] { cell->product.apply(cell->v, cell->hv); }, 1.0 / 32});
    }
  return Race(std::move(contenders));
}

double default_beside_best(const Race& race) {
  double best = seconds_of(race, cell_name(128, 1));
  for (std::size_t i = 0; i < race.size(); ++i) best = std::min(best, race.best(i, Clock::cpu));
  return seconds_of(race, cell_name(128, 1)) / best;
}

std::string cells(const Race& race) {
  std::string text = fmt::format(
      "B8: {}, N=1000, Hessian product, us per direction (columns: directions at once)\n{:>6}",
      net_title(kSmallNet),
      "tile");
  for (const Index k : kDirections) text += fmt::format(" {:>8}", fmt::format("k={}", k));
  for (const Index tile : kTiles) {
    text += fmt::format("\n{:>6}", tile);
    for (const Index k : kDirections)
      text += fmt::format(" {:>8.0f}", 1e6 * seconds_of(race, cell_name(tile, k)));
  }
  return text + "\n";
}

// --- depth --------------------------------------------------------------------------------------

struct Net {
  Problem problem;
  Workspace<double> ws;
  CurvatureProduct<double> product;
  Vector<double> g, hv;  // (P)
  Net(const BenchNet& net, Index examples)
      : problem(make_problem(net, examples)),
        ws(problem.program, 128),
        product(problem.program, problem.batch, problem.theta, Curvature::full, 128, 1),
        g(problem.theta.size()),
        hv(g.size()) {}
  void gradient() { leaveout::gradient<double>(ws, problem.batch, problem.theta, g); }
  void apply() { product.apply(problem.direction, hv); }
};

/// 64-64-...-64-1 with `depth` hidden layers.
BenchNet deep(Index depth) {
  BenchNet net;
  net.widths.assign(static_cast<std::size_t>(depth) + 1, 64);
  net.widths.push_back(1);
  return net;
}

/// Multiply-adds per example.
double theory(const BenchNet& net, double first_layer, double other_layers) {
  double sum = 0;
  for (std::size_t l = 0; l + 1 < net.widths.size(); ++l)
    sum += (l == 0 ? first_layer : other_layers) *
           static_cast<double>(net.widths[l] * net.widths[l + 1]);
  return sum;
}

Race depths() {
  std::vector<Contender> contenders;
  for (const Index depth : kDepths) {
    const auto net = std::make_shared<Net>(deep(depth), 256);
    contenders.push_back({fmt::format("gradient_{}", depth), [net] { net->gradient(); }});
    contenders.push_back({fmt::format("hvp_{}", depth), [net] { net->apply(); }});
  }
  return Race(std::move(contenders));
}

/// Growth of the gradient's time from 2 to 16 layers, beside that of its multiply-adds.
double gradient_growth(const Race& race) {
  const double time = seconds_of(race, "gradient_16") / seconds_of(race, "gradient_2");
  return time / (theory(deep(16), 2, 3) / theory(deep(2), 2, 3));
}

/// The product's time in gradients, beside theory, at the worst depth.
double worst_product(const Race& race) {
  double worst = 0;
  for (const Index d : kDepths) {
    const double time = seconds_of(race, fmt::format("hvp_{}", d)) /
                        seconds_of(race, fmt::format("gradient_{}", d));
    worst = std::max(worst, time / (theory(deep(d), 2, 6) / theory(deep(d), 2, 3)));
  }
  return worst;
}

std::string depth_remark(const Race& race) {
  std::string text =
      "B8: 64-64-...-1 tanh, N=256, by hidden layers: gradient us, product/gradient "
      "(theory)\n";
  for (const Index d : kDepths) {
    const double g = seconds_of(race, fmt::format("gradient_{}", d));
    text += fmt::format("{:>6} {:>8.0f} {:>8.2f} ({:.2f})\n",
                        d,
                        1e6 * g,
                        seconds_of(race, fmt::format("hvp_{}", d)) / g,
                        theory(deep(d), 2, 6) / theory(deep(d), 2, 3));
  }
  return text;
}

// --- parameters ---------------------------------------------------------------------------------

BenchNet wide(Index width) {
  return {{10, width, width, 1}};
}

Race parameters() {
  std::vector<Contender> contenders;
  for (const Index width : kWidths) {
    const auto problem = std::make_shared<Problem>(make_problem(wide(width), 1000));
    const auto h = std::make_shared<Matrix<double>>();  // (P x P)
    contenders.push_back({fmt::format("hessian_{}", width), [problem, h] {
                            *h = dense_curvature(
                                problem->program, problem->batch, problem->theta, Curvature::full);
                          }});
  }
  return Race(std::move(contenders));
}

double hessian_exponent(const Race& race) {
  std::vector<double> size, seconds;
  for (const Index width : kWidths) {
    size.push_back(static_cast<double>(wide(width).parameter_count()));
    seconds.push_back(seconds_of(race, fmt::format("hessian_{}", width)));
  }
  return fitted_exponent(size, seconds);
}

}  // namespace

void add_scaling_benchmarks(Suite& suite) {
  suite.add("B8_directions_and_tile",
            directions_and_tile,
            6.0,
            {{"B8",
              net_title(kSmallNet) + ", N=1000: tile 128, k=1",
              cell_name(128, 1),
              "",
              "<= 1.25 x best cell",
              "",
              kSlack,
              false,
              Clock::cpu,
              default_beside_best}},
            cells);
  suite.add("B8_depth",
            depths,
            4.0,
            {{"B8",
              "64-...-1 tanh: gradient, 16 layers : 2",
              "gradient_16",
              "",
              "<= 1.25 x theory",
              "",
              kSlack,
              false,
              Clock::cpu,
              gradient_growth},
             {"B8",
              "64-...-1 tanh: HVP : gradient, worst depth",
              "hvp_16",
              "",
              "<= 1.25 x theory",
              "",
              kSlack,
              false,
              Clock::cpu,
              worst_product}},
            depth_remark);
  const double first = static_cast<double>(wide(kWidths[0]).parameter_count());
  const double last = static_cast<double>(wide(kWidths[3]).parameter_count());
  const double bound = 2 + std::log(kSlack) / std::log(last / first);
  suite.add("B8_parameters",
            parameters,
            6.0,
            {{"B8",
              fmt::format("10-W-W-1 tanh, N=1000: Hessian, P={}..{}", first, last),
              fmt::format("hessian_{}", kWidths[3]),
              "",
              fmt::format("exponent <= {:.2f}", bound),
              "",
              bound,
              false,
              Clock::cpu,
              hessian_exponent}});
}

}  // namespace leaveout
