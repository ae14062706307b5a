// SPDX-License-Identifier: MIT
#include "experiments/harmonic/subset_files.h"

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

#include "influence/harmonic/cube.h"
#include "influence/harmonic/spectrum.h"
#include "influence/harmonic/values.h"

namespace leaveout {

using Eigen::VectorXd;

namespace {

std::ofstream open(const std::filesystem::path& folder, const char* name, const char* header) {
  std::ofstream file(folder / name);
  file << header << '\n';
  if (!file)
    throw std::runtime_error(fmt::format("[subsets] cannot write '{}'", (folder / name).string()));
  return file;
}

/// "0 3 7": the rows of the examples whose bits are set.
std::string subset_text(const std::vector<Index>& rows, Index subset) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if ((subset >> i) & 1) text += fmt::format("{}{}", text.empty() ? "" : " ", rows[i]);
  return text;
}

Cell entry(const VectorXd& v, Index i) {
  return i < v.size() ? Cell(v(i)) : Cell("");
}

VectorXd row(const Eigen::MatrixXd& m, Index i) {
  return i < m.rows() ? VectorXd(m.row(i).transpose()) : VectorXd();
}

}  // namespace

SubsetValues exact_values(const Eigen::Ref<const VectorXd>& table, double p) {
  SubsetValues v;
  v.shapley = shapley_values(table);
  v.banzhaf = banzhaf_values(table);
  v.datamodel = datamodel_weights(table, p);
  v.loo = leave_one_out_values(table);
  v.add_one = add_one_values(table);
  const Index n = v.shapley.size();
  v.beta_16_1 = semivalue(table, beta_shapley_coefficients(n, 16, 1));
  v.beta_1_16 = semivalue(table, beta_shapley_coefficients(n, 1, 16));
  return v;
}

SubsetFiles::SubsetFiles(const std::filesystem::path& folder)
    : spectrum_(open(folder, "spectrum.csv", "degree,weight,noise,query,task")),
      coefficients_(open(folder, "coefficients.csv", "subset,coefficient,query,task")),
      values_(open(folder,
                   "values.csv",
                   "row,shapley,banzhaf,datamodel,loo,add_one,influence_w1,influence_wp,query,"
                   "task,beta_16_1,beta_1_16")) {}

void SubsetFiles::spectrum(const SubsetTask& task,
                           Index query,
                           const VectorXd& weights,
                           const VectorXd& noise) {
  for (Index d = 0; d < weights.size(); ++d)
    spectrum_ << csv_line({d, weights(d), entry(noise, d), query, task.settings.name});
}

void SubsetFiles::coefficients(const SubsetTask& task, Index query, const VectorXd& spectrum) {
  for (Index s = 0; s < spectrum.size(); ++s)
    coefficients_ << csv_line({subset_text(task.rows, s), spectrum(s), query, task.settings.name});
  written_ += spectrum.size();
}

void SubsetFiles::linear_coefficients(const SubsetTask& task,
                                      Index query,
                                      double mean,
                                      const VectorXd& single) {
  coefficients_ << csv_line({"", mean, query, task.settings.name});
  for (Index i = 0; i < single.size(); ++i)
    coefficients_ << csv_line({std::to_string(task.rows[static_cast<std::size_t>(i)]),
                               single(i),
                               query,
                               task.settings.name});
  written_ += single.size() + 1;
}

void SubsetFiles::values(const SubsetTask& task, Index query, const SubsetValues& v) {
  for (std::size_t k = 0; k < task.rows.size(); ++k) {
    const auto i = static_cast<Index>(k);
    values_ << csv_line({task.rows[k],
                         entry(v.shapley, i),
                         entry(v.banzhaf, i),
                         entry(v.datamodel, i),
                         entry(v.loo, i),
                         entry(v.add_one, i),
                         entry(v.influence_full, i),
                         entry(v.influence_rate, i),
                         query,
                         task.settings.name,
                         entry(v.beta_16_1, i),
                         entry(v.beta_1_16, i)});
  }
}

void SubsetFiles::exact(const SubsetTask& task,
                        const SubsetOutputs& f,
                        const InfluencePair& influence) {
  const double repeats = static_cast<double>(f.repeats);
  Index skipped = 0;
  for (Index q = 0; q < f.mean.cols(); ++q) {
    VectorXd table = f.mean.col(q);
    SubsetValues v = exact_values(table, task.p);
    v.influence_full = row(influence.full, q);
    v.influence_rate = row(influence.rate, q);
    values(task, q, v);
    to_spectrum(table, task.p);
    spectrum(task, q, degree_weights(table), noise_floor(f.noise.col(q) / repeats, task.p));
    if (written_ + table.size() <= kMostCoefficients)
      coefficients(task, q, table);
    else
      ++skipped;
  }
  if (skipped > 0)
    std::fprintf(stderr,
                 "coefficients.csv: the last %td queries of %s are left out (%td rows at most); "
                 "--set max_query=%td\n",
                 skipped,
                 task.settings.name.c_str(),
                 kMostCoefficients,
                 f.mean.cols() - skipped);
}

}  // namespace leaveout
