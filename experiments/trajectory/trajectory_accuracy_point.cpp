// SPDX-License-Identifier: MIT
// A point's numbers by name, and its text: what its shard on the disk holds.
#include <fmt/format.h>

#include <sstream>

#include "experiments/trajectory/shard_text.h"
#include "experiments/trajectory/trajectory_accuracy_task.h"

namespace leaveout {

std::optional<double> AccuracyPoint::value(const std::string& part,
                                           const std::string& estimator,
                                           const std::string& truth,
                                           const std::string& query,
                                           const std::string& metric) const {
  for (const AccuracyRow& r : rows)
    if (r.part == part && r.estimator == estimator && r.truth == truth && r.query == query &&
        r.metric == metric)
      return r.value;
  return {};
}

std::string to_text(const AccuracyPoint& p) {
  std::string text = fmt::format("point\t{}\t{}\t{}\n", p.rate, p.epochs, p.seed);
  for (const AccuracyRow& r : p.rows)
    text += fmt::format("row\t{}\t{}\t{}\t{}\t{}\t{}\n",
                        r.part,
                        r.estimator,
                        r.truth,
                        r.query,
                        r.metric,
                        shard_text(r.value));
  for (const Index i : p.removed) text += fmt::format("removed\t{}\n", i);
  for (const ScoreColumn& c : p.scores)
    text += fmt::format("score\t{}\t{}\n", c.name, fmt::join(c.values, "\t"));
  for (const std::string& why : p.refused) text += fmt::format("refused\t{}\n", why);
  return text;
}

AccuracyPoint from_text(const std::string& text) {
  AccuracyPoint p;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> f = fields(line);
    if (f[0] == "point") {
      p.rate = shard_number(f.at(1));
      p.epochs = shard_whole<Index>(f.at(2));
      p.seed = shard_whole<std::uint64_t>(f.at(3));
    } else if (f[0] == "row") {
      p.rows.push_back({f[1], f[2], f[3], f[4], f[5], shard_optional(f.at(6))});
    } else if (f[0] == "removed") {
      p.removed.push_back(shard_whole<Index>(f.at(1)));
    } else if (f[0] == "score") {
      ScoreColumn c{f.at(1), {}};
      for (std::size_t i = 2; i < f.size(); ++i) c.values.push_back(shard_number(f[i]));
      p.scores.push_back(std::move(c));
    } else if (f[0] == "refused") {
      p.refused.push_back(f.at(1));
    }
  }
  return p;
}

}  // namespace leaveout
