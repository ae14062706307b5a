// SPDX-License-Identifier: MIT
#pragma once
// A user's files of a ridge regression, and what it predicts after training on every subset: in
// closed form, for experiments on all subsets to be checked against.
//
//   const RidgeSubsets ridge(5, 3);                       // 5 examples, 3 queries, 2 features
//   run_cli(ridge.run("spectrum", "out", {"p=0.3"}), output, error);
//   VectorXd f = ridge.table(0);                          // (2^5) predictions of query 0

#include <fmt/format.h>

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "datasets/files.h"
#include "datasets/random.h"
#include "tests/support/subsets.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

class RidgeSubsets {
 public:
  static constexpr double kWeightDecay = 0.05;

  RidgeSubsets(Eigen::Index examples, Eigen::Index queries)
      : x_(Random(11).normal_matrix(2, examples)),
        y_(Random(12).normal_matrix(1, examples)),
        query_(Random(13).normal_matrix(2, queries)) {
    std::string train = "a,b,y\n", query = train;
    for (Eigen::Index i = 0; i < examples; ++i)
      train += fmt::format("{},{},{}\n", x_(0, i), x_(1, i), y_(0, i));
    for (Eigen::Index q = 0; q < queries; ++q)
      query += fmt::format("{},{},{}\n", query_(0, q), query_(1, q), 0.5);
    write_file(folder_ / "train.csv", train);
    write_file(folder_ / "query.csv", query);
  }

  /// Predictions of a query, (2^N): theta = (X_S X_S' / N + weight_decay I)^-1 X_S y_S / N.
  Eigen::VectorXd table(Eigen::Index query) const {
    const Eigen::Index n = x_.cols();
    Eigen::VectorXd f(Eigen::Index{1} << n);
    for (Eigen::Index b = 0; b < f.size(); ++b) {
      Eigen::Matrix2d h = kWeightDecay * Eigen::Matrix2d::Identity();
      Eigen::Vector2d g = Eigen::Vector2d::Zero();
      for (Eigen::Index i = 0; i < n; ++i) {
        if (!contains(b, i)) continue;
        h += x_.col(i) * x_.col(i).transpose() / static_cast<double>(n);
        g += x_.col(i) * y_(0, i) / static_cast<double>(n);
      }
      f(b) = query_.col(query).dot(h.ldlt().solve(g));
    }
    return f;
  }

  /// The command that runs an experiment on these files into the folder `out`.
  std::vector<std::string> run(const std::string& experiment,
                               const std::string& out,
                               const std::vector<std::string>& set,
                               const std::string& threads = "1") const {
    std::vector<std::string> args = {"run",
                                     experiment,
                                     "--preset",
                                     "quick",
                                     "--quiet",
                                     "--data",
                                     folder_ / "train.csv",
                                     "--target",
                                     "y",
                                     "--query",
                                     folder_ / "query.csv",
                                     "--out",
                                     folder_ / out,
                                     "--threads",
                                     threads,
                                     "--set",
                                     "model=linear",
                                     "bias=false",
                                     "standardize=false",
                                     fmt::format("weight_decay={}", kWeightDecay)};
    args.insert(args.end(), set.begin(), set.end());
    return args;
  }

  /// A file that the run left behind.
  std::string text(const std::string& experiment,
                   const std::string& out,
                   const std::string& file) const {
    return read_file(folder_ / (out + "/" + experiment + "/quick/" + file));
  }

 private:
  TemporaryFolder folder_;
  Eigen::MatrixXd x_, y_, query_;
};

/// The cells of a CSV file without quotes, by line; the first is the header.
inline std::vector<std::vector<std::string>> cells_of(const std::string& csv) {
  std::vector<std::vector<std::string>> lines = {{""}};
  for (const char c : csv) {
    if (c == '\n')
      lines.push_back({""});
    else if (c == ',')
      lines.back().emplace_back();
    else
      lines.back().back() += c;
  }
  lines.pop_back();
  return lines;
}

}  // namespace leaveout
