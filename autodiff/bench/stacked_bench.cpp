// SPDX-License-Identifier: MIT
// B5, would it pay: several tiny models on the same data, trained in one set of products? Only
// their first layers can share a product, for only there all have the same inputs:
//
//   [Z_1; ...; Z_K] = [W_1; ...; W_K] X,      [W_1_bar; ...; W_K_bar] = [D_1; ...; D_K] X'
//
// Both ways are written by hand on the engine's own kernels (small_product.h, vector_math.h), so
// that they differ in this alone. A step is a full-batch gradient with K vectors of weights, and an
// update.
#include <fmt/format.h>

#include <memory>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "autodiff/small_product.h"
#include "autodiff/vector_math.h"

namespace leaveout {

namespace {

constexpr Index kModels = 10, kExamples = 500, kTile = 128, kIn = 10, kHidden = 20;
constexpr Index kFirst = kHidden * (kIn + 1), kSecond = kHidden * (kHidden + 1);
constexpr double kRate = 0.05, kDecay = 1e-3;

class Models {
 public:
  Models(const Problem& problem, bool stacked)
      : data_(*problem.data),
        stacked_(stacked),
        theta_(problem.theta.replicate(1, kModels)),
        g_(theta_),
        weights_(problem.data->w.replicate(1, kModels)),
        z_(kModels * kHidden, kTile),
        d_(z_),
        h1_(kHidden, kModels * kTile),
        h2_(kHidden, kTile),
        d1_(h2_),
        d2_(h2_) {
    for (Index k = 0; k < kModels; ++k) weights_(k, k) = 0;
    w_.resize(kModels * kHidden, kIn + 1);
    for (Index k = 0; k < kModels; ++k) w_.middleRows(k * kHidden, kHidden) = first_of(theta_, k);
    w_bar_ = w_;
  }

  void step() {
    for (Index begin = 0; begin < kExamples; begin += kTile) {
      const Index n = std::min(kTile, kExamples - begin);
      const Map x(data_.x.data() + begin * kIn, kIn, n);
      if (stacked_) {
        z_.leftCols(n).noalias() = w_.leftCols(kIn) * x;
        z_.leftCols(n).colwise() += w_.col(kIn);
      }
      for (Index k = 0; k < kModels; ++k) one_model(k, x, begin, n);
      if (stacked_) {
        put(w_bar_.leftCols(kIn), begin > 0, d_.leftCols(n) * x.transpose());
        put(w_bar_.col(kIn), begin > 0, d_.leftCols(n).rowwise().sum());
      }
    }
    update();
  }

  /// Parameters of all models (P x K).
  Matrix<double> theta() const {
    Matrix<double> all = theta_;
    if (stacked_)
      for (Index k = 0; k < kModels; ++k)
        Block(all.col(k).data(), kHidden, kIn + 1) = w_.middleRows(k * kHidden, kHidden);
    return all;
  }

 private:
  using Block = Eigen::Map<Matrix<double>>;
  using Map = Eigen::Map<const Matrix<double>>;

  static Map first_of(const Matrix<double>& theta, Index k) {
    return {theta.col(k).data(), kHidden, kIn + 1};
  }
  template <class To, class E>
  static void put(To&& to, bool add, const E& expression) {
    if (add)
      to.noalias() += expression;
    else
      to.noalias() = expression;
  }

  /// The gradient of one model on one tile, but for what is stacked.
  void one_model(Index k, const Map& x, Index begin, Index n) {
    const double* w1 = theta_.col(k).data();
    const double *w2 = w1 + kFirst, *w3 = w2 + kSecond;
    double* g1 = g_.col(k).data();
    double *g2 = g1 + kFirst, *g3 = g2 + kSecond;
    const bool add = begin > 0;
    Block h1(h1_.data(), kHidden, n), h2(h2_.data(), kHidden, n);
    Block d1(d1_.data(), kHidden, n), d2(d2_.data(), kHidden, n);
    if (stacked_)
      h1 = z_.block(k * kHidden, 0, kHidden, n);
    else
      multiply_small(w1, kHidden, kIn, false, x.data(), n, h1.data(), false, w1 + kHidden * kIn);
    vmath::tanh(h1.data(), h1.data(), h1.size());
    multiply_small(
        w2, kHidden, kHidden, false, h1.data(), n, h2.data(), false, w2 + kHidden * kHidden);
    vmath::tanh(h2.data(), h2.data(), h2.size());
    const Map w3_row(w3, 1, kHidden);
    y_.noalias() = w3_row * h2;
    y_.array() = (y_.array() + w3[kHidden] - data_.t.middleCols(begin, n).array()) *
                 weights_.col(k).segment(begin, n).transpose().array();
    put(Block(g3, 1, kHidden), add, y_ * h2.transpose());
    g3[kHidden] = (add ? g3[kHidden] : 0) + y_.sum();
    d2.noalias() = w3_row.transpose() * y_;
    d2.array() *= 1 - h2.array().square();
    accumulate_small(d2.data(), kHidden, h1.data(), kHidden, n, g2, add);
    sum_columns_small(d2.data(), kHidden, n, g2 + kHidden * kHidden, add);
    multiply_small(w2, kHidden, kHidden, true, d2.data(), n, d1.data(), false);
    if (stacked_) {
      d_.block(k * kHidden, 0, kHidden, n).array() = d1.array() * (1 - h1.array().square());
      return;
    }
    d1.array() *= 1 - h1.array().square();
    accumulate_small(d1.data(), kHidden, x.data(), kIn, n, g1, add);
    sum_columns_small(d1.data(), kHidden, n, g1 + kHidden * kIn, add);
  }

  void update() {
    const Index skip = stacked_ ? kFirst : 0, rest = theta_.rows() - skip;
    theta_.bottomRows(rest) -= kRate * (g_.bottomRows(rest) + kDecay * theta_.bottomRows(rest));
    if (stacked_) w_ -= kRate * (w_bar_ + kDecay * w_);
  }

  const BenchData& data_;
  bool stacked_;
  Matrix<double> theta_, g_;          // (P x K), first layers unused where they are stacked
  Matrix<double> weights_;            // (N x K), model k is without example k
  Matrix<double> w_, w_bar_;          // (20 K x 11), stacked [W b] of the first layers
  Matrix<double> z_, d_;              // (20 K x tile)
  Matrix<double> h1_, h2_, d1_, d2_;  // (20 x tile)
  Eigen::RowVectorXd y_;              // (n): outputs, then their adjoints
};

/// The engine's: a gradient at a time, and the same update.
struct Ours {
  const Problem& problem;
  Workspace<double> ws{problem.program, kTile};
  Matrix<double> theta = problem.theta.replicate(1, kModels);  // (P x K)
  Vector<double> at = problem.theta, g = problem.theta;        // (P)
  Matrix<double> weights = problem.data->w.replicate(1, kModels);

  explicit Ours(const Problem& p) : problem(p) {
    for (Index k = 0; k < kModels; ++k) weights(k, k) = 0;
  }
  void step() {
    for (Index k = 0; k < kModels; ++k) {
      const Batch<double> batch{
          {problem.data->x.data(), problem.data->t.data(), weights.col(k).data()}, kExamples};
      at = theta.col(k);
      gradient<double>(ws, batch, at, g);
      theta.col(k) = at - kRate * (g + kDecay * at);
    }
  }
};

Race stacked() {
  struct Lab {
    Problem problem = make_problem(kSmallNet, kExamples);
    Ours ours{problem};
    Models separate{problem, false}, stacked{problem, true};
  };
  const auto lab = std::make_shared<Lab>();
  for (int step = 0; step < 3; ++step) {
    lab->ours.step();
    lab->separate.step();
    lab->stacked.step();
  }
  const Matrix<double> expected = lab->separate.theta(), stacked = lab->stacked.theta();
  require_equal("stacked step", stacked.data(), expected.data(), expected.size());
  require_equal("step", lab->ours.theta.data(), expected.data(), expected.size());
  constexpr double kEach = 1.0 / kModels;
  return Race({{"ours", [lab] { lab->ours.step(); }, kEach},
               {"separate", [lab] { lab->separate.step(); }, kEach},
               {"stacked", [lab] { lab->stacked.step(); }, kEach}});
}

}  // namespace

void add_stacked_benchmarks(Suite& suite) {
  const std::string work =
      fmt::format("{} models {}, N={}: ", kModels, net_title(kSmallNet), kExamples);
  suite.add("B5_stacked",
            stacked,
            3.0,
            {{"B5", work + "a step of one", "ours", "separate", "", "separate"},
             {"B5", work + "first layers stacked", "stacked", "separate", "", "ours"}});
}

}  // namespace leaveout
