// SPDX-License-Identifier: MIT
// The verdicts and the figure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/support/panel_figure.h"
#include "experiments/trajectory/checkpoints_report.h"
#include "influence/metrics/student.h"

namespace leaveout {

namespace {

const char* const kSamplings[] = {"random", "even", "early", "late"};

std::string judged_above(const CheckpointsResult& r, const Estimate& e, double bound) {
  return r.seeds.size() < 2 ? "not testable: one seed has no interval" : above(interval(e), bound);
}

/// Random checkpoints against others, of the same number or all of them.
Verdict sampling_verdict(const CheckpointsResult& r,
                         const std::string& sampling,
                         const std::string& claim) {
  const Index m = r.how.judged, steps = r.seeds.front().steps;
  const Index against = sampling == "all" ? steps : m;
  const Estimate e = difference(r,
                                count_case(r, kDiffIn, "random", m),
                                count_case(r, kDiffIn, sampling, against),
                                "removal",
                                "spearman");
  return {r.settings.name,
          "Diff-In",
          claim,
          to_string(e),
          m >= steps ? "not testable: as many checkpoints as steps" : judged_above(r, e, -kAsGood)};
}

CheckpointsCase products_case(const CheckpointsResult& r,
                              const std::string& proxy,
                              double epsilon) {
  const Index m = judged_count(r);
  return {epsilon > 0 ? "epsilon" : "proxy", kDiffIn, "even", m, proxy, epsilon};
}

void add_sampling_verdicts(const CheckpointsResult& r, std::vector<Verdict>& verdicts) {
  const Index m = r.how.judged;
  verdicts.push_back(sampling_verdict(
      r,
      "all",
      fmt::format("paper (ablation): m = {} suffices; here Spearman with removal, random m minus "
                  "all steps, above -{:g} (bound ours)",
                  m,
                  kAsGood)));
  for (const char* sampling : {"even", "early", "late"})
    verdicts.push_back(sampling_verdict(
        r,
        sampling,
        fmt::format("paper (ablation): random checkpoints are recommended; here the same, random "
                    "minus {}, above -{:g} (bound ours)",
                    sampling,
                    kAsGood)));
}

/// Beside TracIn-CP at the same random checkpoints.
Verdict tracin_verdict(const CheckpointsResult& r) {
  const Index m = r.how.judged;
  const Estimate e = difference(r,
                                count_case(r, kTracIn, "random", m),
                                count_case(r, kDiffIn, "random", m),
                                "removal",
                                "scaled_error");
  return {r.settings.name,
          "Diff-In",
          fmt::format("paper (abstract): lower error than existing estimators; here error after "
                      "the best scalar, TracIn-CP minus Diff-In at m = {} random, above 0",
                      judged_count(r)),
          to_string(e),
          judged_above(r, e, 0)};
}

void add_product_verdicts(const CheckpointsResult& r, std::vector<Verdict>& verdicts) {
  for (const Index size : r.how.proxies) {
    const Estimate e = difference(r,
                                  products_case(r, fmt::format("{}", size), 0),
                                  products_case(r, "all", 0),
                                  "removal",
                                  "spearman");
    if (!e.value) continue;  // a batch as large as the data
    verdicts.push_back({r.settings.name,
                        "Diff-In",
                        fmt::format("ours: a random batch of {} is as good as all data, Spearman "
                                    "with removal above -{:g}",
                                    size,
                                    kAsGood),
                        to_string(e),
                        judged_above(r, e, -kAsGood)});
  }
  for (const double epsilon : r.how.epsilons) {
    if (epsilon != 1e-3) continue;  // the authors' own
    const Estimate e =
        over_seeds(r, products_case(r, "own", epsilon), "exact_products", "spearman");
    verdicts.push_back({r.settings.name,
                        "Diff-In",
                        fmt::format("ours: the authors' epsilon of 0.001 ranks as exact products "
                                    "do, Spearman above {:g}",
                                    kSameRanks),
                        to_string(e, 5),
                        judged_above(r, e, kSameRanks)});
  }
}

void add_point(Series& s, double x, const Estimate& e) {
  if (!e.value) return;
  const bool bar = e.resamples > 0;
  s.x.push_back(x);
  s.y.push_back(*e.value);
  s.low.push_back(bar ? e.low : NAN);
  s.high.push_back(bar ? e.high : NAN);
}

Series by_count(const CheckpointsResult& r,
                const std::string& estimator,
                const std::string& sampling) {
  Series s;
  std::vector<Index> counts = r.how.counts;
  counts.push_back(r.seeds.front().steps);
  for (const Index m : counts)
    add_point(s,
              static_cast<double>(m),
              over_seeds(r, count_case(r, estimator, sampling, m), "removal", "spearman"));
  return s;
}

Panel count_panel(const CheckpointsResult& r) {
  Panel p;
  p.title = fmt::format("{}, x = {:.2g}", r.settings.name, r.seeds.front().curvature_time);
  p.x = {.label = "checkpoints m", .scale = Scale::logarithmic};
  p.y = {.label = "Spearman with removal", .include = {1}};
  for (const char* sampling : kSamplings) {
    Series s = by_count(r, kDiffIn, sampling);
    s.name = fmt::format("Diff-In, {}", sampling);
    p.series.push_back(std::move(s));
  }
  Series s = by_count(r, kTracIn, "random");
  s.name = "TracIn-CP, random";
  s.style = Style::dashed;
  p.series.push_back(std::move(s));
  return p;
}

/// What another batch than the step's own loses: mean over tasks, bars from the worst to the best.
Panel proxy_panel(const std::vector<CheckpointsResult>& done) {
  Panel p;
  p.title = fmt::format("proxy batch, m = {} even", judged_count(done.front()));
  p.x = {.label = "examples in the batch", .scale = Scale::categories};
  p.y = {.label = "Spearman minus own batch's", .include = {-0.05, 0.05}};
  p.references = {horizontal_line(0)};
  std::vector<std::string> proxies;
  for (const Index size : done.front().how.proxies) proxies.push_back(fmt::format("{}", size));
  proxies.push_back("all");
  Series s{.name = "mean over tasks, worst to best", .style = Style::points};
  for (const std::string& proxy : proxies) {
    std::vector<double> values;
    for (const CheckpointsResult& r : done)
      if (const auto e = difference(
              r, products_case(r, proxy, 0), products_case(r, "own", 0), "removal", "spearman");
          e.value)
        values.push_back(*e.value);
    if (values.empty()) continue;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const Eigen::Map<Eigen::VectorXd> all(values.data(), static_cast<Index>(values.size()));
    s.x.push_back(static_cast<double>(p.x.categories.size()));
    p.x.categories.push_back(proxy);
    s.y.push_back(all.mean());
    s.low.push_back(*low);
    s.high.push_back(*high);
  }
  p.series = {std::move(s)};
  return p;
}

}  // namespace

std::vector<Verdict> judge(const std::vector<CheckpointsResult>& done) {
  std::vector<Verdict> verdicts;
  for (const CheckpointsResult& r : done) {
    add_sampling_verdicts(r, verdicts);
    verdicts.push_back(tracin_verdict(r));
    add_product_verdicts(r, verdicts);
  }
  return verdicts;
}

void draw(const std::vector<CheckpointsResult>& done, const std::filesystem::path& folder) {
  PanelFigure figure{.name = "checkpoints"};
  for (const CheckpointsResult& r : done) figure.panels.push_back(count_panel(r));
  Panel proxies = proxy_panel(done);
  if (!proxies.x.categories.empty()) figure.panels.push_back(std::move(proxies));
  figure.footnotes = {
      "x: sum of rates times the largest eigenvalue, first seed. The last point has all steps.",
      "Error bars by checkpoints: 95 %, Student's t over seeds; random: mean over draws."};
  write_panel_figure(folder, figure);
}

}  // namespace leaveout
