// SPDX-License-Identifier: MIT
// B8: how time grows with directions and tile, and with depth. The yardstick is theory: multiply-
// adds of the products, plus a quarter; beside it the same written by hand.
//
//   per layer (W out x in), in units of out * in * N: gradient 3, Hessian product on top of it 6
//   (2 of the tangents, 4 of the adjoints); first layer 2 and 2: nothing goes below it
#include <fmt/format.h>

#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"

namespace leaveout {

namespace {

constexpr double kSlack = 1.25;
constexpr Index kTiles[] = {1, 8, 25, 128, 256, 1000}, kDirections[] = {1, 4, 16, 32};
constexpr Index kDepths[] = {1, 2, 4, 8, 16};

double seconds_of(const Race& race, const std::string& name) {
  return race.best(race.find(name), Clock::cpu);
}

// --- directions and tile ------------------------------------------------------------------------

/// The hand-written net, one for each tile, because it keeps values and adjoints of one.
struct HandTiles {
  std::vector<HandMlp> nets;
  std::vector<BenchData> parts;
  Vector<double> part, sum;  // (P)
  HandTiles(const Problem& p, Index tile) : part(p.theta.size()), sum(p.theta.size()) {
    for (Index begin = 0; begin < p.batch.columns; begin += tile) {
      const Index n = std::min(tile, p.batch.columns - begin);
      nets.emplace_back(p.net, n);
      parts.push_back({p.data->x.middleCols(begin, n),
                       p.data->t.middleCols(begin, n),
                       p.data->w.segment(begin, n)});
    }
    gradient(p);
  }
  void gradient(const Problem& p) {
    sum.setZero();
    for (std::size_t i = 0; i < nets.size(); ++i) {
      nets[i].gradient(p.theta, parts[i], part);
      sum += part;
    }
  }
  void product(const Problem& p) {
    sum.setZero();
    for (std::size_t i = 0; i < nets.size(); ++i) {
      nets[i].product(p.theta, parts[i], p.direction, false, part);
      sum += part;
    }
  }
};

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
  const auto problem = std::make_shared<Problem>(make_problem(kSmallNet, 1000));
  const auto hand = std::make_shared<HandTiles>(*problem, 128);
  CurvatureProduct<double> product(
      problem->program, problem->batch, problem->theta, Curvature::full);
  Vector<double> hv(problem->theta.size());
  product.apply(problem->direction, hv);
  hand->product(*problem);
  require_equal("product", hv.data(), hand->sum.data(), hv.size());
  contenders.push_back({"hand", [problem, hand] { hand->product(*problem); }});
  return Race(std::move(contenders));
}

double default_beside_best(const Race& race) {
  double best = seconds_of(race, cell_name(128, 1));
  for (std::size_t i = 0; i < race.size(); ++i)
    if (race.name(i) != "hand") best = std::min(best, race.best(i, Clock::cpu));
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
  HandTiles hand;
  Vector<double> g, hv;  // (P)
  Net(const BenchNet& net, Index examples)
      : problem(make_problem(net, examples)),
        ws(problem.program, 128),
        product(problem.program, problem.batch, problem.theta, Curvature::full, 128, 1),
        hand(problem, 128),
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
    if (depth != kDepths[std::size(kDepths) - 1]) continue;
    net->gradient();
    net->hand.gradient(net->problem);
    require_equal("gradient", net->g.data(), net->hand.sum.data(), net->g.size());
    net->apply();
    net->hand.product(net->problem);
    require_equal("product", net->hv.data(), net->hand.sum.data(), net->g.size());
    contenders.push_back({"hand_gradient", [net] { net->hand.gradient(net->problem); }});
    contenders.push_back({"hand_hvp", [net] { net->hand.product(net->problem); }});
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

}  // namespace

void add_scaling_benchmarks(Suite& suite) {
  suite.add("B8_directions_and_tile",
            directions_and_tile,
            6.0,
            {{"B8",
              net_title(kSmallNet) + ", N=1000: tile 128, k=1",
              cell_name(128, 1),
              "hand",
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
              "hand_gradient",
              "<= 1.25 x theory",
              "",
              kSlack,
              false,
              Clock::cpu,
              gradient_growth},
             {"B8",
              "64-...-1 tanh: HVP : gradient, worst depth",
              "hvp_16",
              "hand_hvp",
              "<= 1.25 x theory",
              "",
              kSlack,
              false,
              Clock::cpu,
              worst_product}},
            depth_remark);
}

}  // namespace leaveout
