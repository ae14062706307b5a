// SPDX-License-Identifier: MIT
#include "influence/trajectory/diff_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::uint64_t kStream = 0x64696666;  // of the draws of proxy batches
constexpr Index kDirections = 8;               // columns of a product that share a sweep
constexpr Index kChunk = 32;                   // examples whose gradients are held at a time

void require_plain_sgd(const Trajectory& path) {
  const Protocol& p = path.log->protocol;
  if (p.optimiser != OptimiserKind::sgd || p.momentum != 0)
    throw std::invalid_argument(fmt::format(
        "[diff-in] optimiser, expected sgd without momentum, got {} with momentum {}: its terms "
        "are changes of theta - rate g between steps, and a velocity or Adam's means carry "
        "gradients over steps that the derivation does not have; train with plain sgd, or use "
        "unrolled_scores",
        optimiser_name(p.optimiser),
        p.momentum));
}

std::vector<Index> all_of(Index n) {
  std::vector<Index> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

/// The batches that stand for the data at a checkpoint, as one. A view of `drawn` or of the log.
std::span<const Index> proxy_batch(const Trajectory& path,
                                   const DiffInOptions& options,
                                   const Checkpoint& at,
                                   std::vector<Index>& drawn) {
  if (options.proxy == ProxyBatch::full) return drawn;
  if (options.proxy == ProxyBatch::own) {
    if (options.proxy_batches == 1) return at.batch;
    drawn = epoch_batches(*path.log, std::min(at.step, path.steps() - 1), options.proxy_batches);
    return drawn;
  }
  Random random(options.proxy_seed, {kStream, static_cast<std::uint64_t>(at.step)});
  std::iota(drawn.begin(), drawn.end(), Index{0});
  random.permutation(drawn);
  return std::span<const Index>(drawn).first(
      static_cast<std::size_t>(options.proxy_batches * options.proxy_size));
}

/// What w_i times the bracket, and w_i times the gradient, are multiplied by at a checkpoint.
struct Factors {
  double second, first;
};

/// The walk over checkpoints that all forms share.
class DiffIn {
 public:
  DiffIn(const Trajectory& path, const DiffInOptions& options, Index directions, Cost* cost)
      : path_((require_plain_sgd(path), path)),
        options_(options),
        chosen_(choose_checkpoints(path.steps(), options.checkpoints)),
        at_(path_, options.products, std::min(directions, kDirections), cost),
        all_(all_of(path.examples())) {
    if (options.proxy == ProxyBatch::random &&
        (options.proxy_batches < 1 || options.proxy_size < 1 ||
         options.proxy_batches * options.proxy_size > path.examples()))
      throw std::invalid_argument(
          fmt::format("[diff-in] proxy batches, expected 1 to {} examples in all, got {} of {}",
                      path.examples(),
                      options.proxy_batches,
                      options.proxy_size));
    if (cost)
      cost->bytes +=
          8.0 * static_cast<double>(path.parameters()) * static_cast<double>(chosen_.steps.size());
  }

  CheckpointProducts& at() { return at_; }
  const std::vector<Index>& all() const { return all_; }

  /// `visit` is called at every checkpoint, and before at the start if its gradients are wanted.
  void walk(const std::function<void(const VectorXd& theta, const Factors&)>& visit) {
    if (options_.first_order == FirstOrderTerm::start) step(Checkpoints{{0}}, visit);
    step(chosen_, visit);
  }

 private:
  void step(const Checkpoints& checkpoints,
            const std::function<void(const VectorXd&, const Factors&)>& visit) {
    std::vector<Index> drawn = all_;
    visit_checkpoints(path_, checkpoints, [&](const Checkpoint& c) {
      at_.move_to(c.theta, proxy_batch(path_, options_, c, drawn));
      visit(c.theta, factors(c));
    });
  }

  Factors factors(const Checkpoint& c) const {
    const auto total = static_cast<double>(path_.steps());
    const auto t = static_cast<double>(c.step);
    const double flip = options_.sign == DiffInSign::paper ? -1 : 1;
    const double average = flip * (options_.sum_over_steps ? 1 : 1 / total);
    if (c.step == 0) return {0, average * later_rates(0)};
    const double each = average * chosen_.stands_for;
    const bool elapsed = options_.weight == StepWeight::elapsed;
    const bool by_parts = elapsed && options_.first_order == FirstOrderTerm::none;
    // The double sum: what the step into theta_t began to change, all later steps carry on.
    const double into = path_.log->rates[static_cast<std::size_t>(c.step - 1)];
    const double weight = elapsed ? t * c.rate * c.rate : into * later_rates(c.step);
    return {(by_parts ? 1 : -1) * each * weight,
            options_.first_order == FirstOrderTerm::tracin ? each * c.rate : 0};
  }

  /// Sum of the rates of the steps from here on.
  double later_rates(Index step) const {
    const std::vector<double>& rates = path_.log->rates;
    return std::accumulate(rates.begin() + step, rates.end(), 0.0);
  }

  const Trajectory path_;
  DiffInOptions options_;
  Checkpoints chosen_;
  CheckpointProducts at_;
  std::vector<Index> all_;
};

/// Calls `use` with a few examples' gradients g and changes of theta, both (P x n), at a time: the
/// change is what the checkpoint adds to them.
void each_change(DiffIn& diff_in,
                 const VectorXd& weights,
                 std::span<const Index> examples,
                 const Factors& f,
                 const std::function<void(Index first, const MatrixXd& g, const MatrixXd&)>& use) {
  CheckpointProducts& at = diff_in.at();
  for (std::size_t first = 0; first < examples.size(); first += kChunk) {
    const auto part =
        examples.subspan(first, std::min<std::size_t>(kChunk, examples.size() - first));
    const MatrixXd g = at.example_gradients(part);
    MatrixXd change = f.first * g;
    if (f.second != 0) {
      const MatrixXd bent = at.example_products(part, g, at.batch_gradient());  // H_z G_B
      const MatrixXd carried = at.batch_products(g);                            // H_B g_z
      change += f.second * (bent + carried);
    }
    for (std::size_t j = 0; j < part.size(); ++j)
      change.col(static_cast<Index>(j)) *= weights(part[j]);
    use(static_cast<Index>(first), g, change);
  }
}

/// What the checkpoint adds to all examples' scores, from one or two passes over the data: (N x Q).
MatrixXd shared_change(CheckpointProducts& at, const MatrixXd& v, const Factors& f) {
  if (f.second == 0) return f.first * at.all_slopes(v);
  const MatrixXd carried = at.batch_products(v);  // (P x Q), H_B G_V
  MatrixXd change = f.second * at.brackets(at.batch_gradient(), v, carried);
  if (f.first != 0) change += f.first * at.all_slopes(v);
  return change;
}

std::string method_of(const DiffInOptions& o) {
  const bool exact = o.products.products == HessianProducts::exact;
  std::string text = fmt::format("diff-in, {} of {} checkpoints",
                                 o.weight == StepWeight::elapsed ? "weight t" : "weight T - t",
                                 sampling_name(o.checkpoints.sampling));
  if (o.first_order == FirstOrderTerm::start) text += ", first order at the start";
  if (o.first_order == FirstOrderTerm::tracin) text += ", first order along the path";
  text += o.sum_over_steps ? ", summed over steps" : ", averaged over steps";
  if (o.query_gradient_at_end) text += ", queries at the end";
  if (o.proxy_batches > 1) text += fmt::format(", {} proxy batches", o.proxy_batches);
  if (!exact) text += fmt::format(", differences of {:g}", o.products.epsilon);
  if (o.sign == DiffInSign::paper) text += ", paper's sign";
  return text;
}

}  // namespace

DiffInOptions consistent_diff_in() {
  DiffInOptions o;
  o.checkpoints.sampling = Sampling::all;
  o.products.with_weight_decay = true;
  o.weight = StepWeight::remaining;
  o.first_order = FirstOrderTerm::start;
  o.sum_over_steps = true;
  o.query_gradient_at_end = true;
  return o;
}

Scores diff_in_scores(const Trajectory& path,
                      const QueryLosses& queries,
                      const DiffInOptions& options,
                      Cost* cost) {
  DiffIn diff_in(path, options, options.per_example ? kChunk : queries.count(), cost);
  const VectorXd& weights = path.objective->weights;
  MatrixXd values = MatrixXd::Zero(queries.count(), path.examples());
  MatrixXd v;  // (P x Q)
  if (options.query_gradient_at_end) v = queries.gradients(path.theta_end());
  diff_in.walk([&](const VectorXd& theta, const Factors& f) {
    if (!options.query_gradient_at_end) v = queries.gradients(theta);
    if (!options.per_example) {
      values += shared_change(diff_in.at(), v, f).transpose() * weights.asDiagonal();
      return;
    }
    each_change(diff_in,
                weights,
                diff_in.all(),
                f,
                [&](Index first, const MatrixXd&, const MatrixXd& change) {
                  values.middleCols(first, change.cols()) += v.transpose() * change;
                });
  });
  return trajectory_scores(path, values, method_of(options));
}

MatrixXd diff_in_parameters(const Trajectory& path,
                            std::span<const Index> examples,
                            const DiffInOptions& options,
                            Cost* cost) {
  for (const Index i : examples)
    if (i < 0 || i >= path.examples())
      throw std::invalid_argument(
          fmt::format("[diff-in] example, expected 0 to {}, got {}", path.examples() - 1, i));
  DiffIn diff_in(path, options, kChunk, cost);
  MatrixXd u = MatrixXd::Zero(path.parameters(), static_cast<Index>(examples.size()));
  diff_in.walk([&](const VectorXd&, const Factors& f) {
    each_change(diff_in,
                path.objective->weights,
                examples,
                f,
                [&](Index first, const MatrixXd&, const MatrixXd& change) {
                  u.middleCols(first, change.cols()) += change;
                });
  });
  return u;
}

VectorXd diff_in_self_influence(const Trajectory& path, const DiffInOptions& options, Cost* cost) {
  DiffIn diff_in(path, options, kChunk, cost);
  VectorXd self = VectorXd::Zero(path.examples());
  diff_in.walk([&](const VectorXd&, const Factors& f) {
    each_change(diff_in,
                path.objective->weights,
                diff_in.all(),
                f,
                [&](Index first, const MatrixXd& g, const MatrixXd& change) {
                  const MatrixXd products = g.cwiseProduct(change);
                  self.segment(first, change.cols()) += products.colwise().sum().transpose();
                });
  });
  return self;
}

}  // namespace leaveout
