// SPDX-License-Identifier: MIT
#include "experiments/harmonic/values_task.h"

#include "influence/harmonic/cube.h"
#include "influence/harmonic/values.h"

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

namespace {

std::size_t place(ValueKind kind) {
  return static_cast<std::size_t>(kind);
}

/// What each kind of semivalue gives all coalitions of a size together, (N); empty for no
/// semivalue.
VectorXd coefficients(ValueKind kind, Index n, double p) {
  switch (kind) {
    case ValueKind::shapley:
      return shapley_coefficients(n);
    case ValueKind::banzhaf:
      return banzhaf_coefficients(n, 0.5);
    case ValueKind::datamodel:
      return banzhaf_coefficients(n, p);
    case ValueKind::loo:
      return VectorXd::Unit(n, n - 1);
    case ValueKind::add_one:
      return VectorXd::Unit(n, 0);
    case ValueKind::beta_16_1:
      return beta_shapley_coefficients(n, 16, 1);
    case ValueKind::beta_1_16:
      return beta_shapley_coefficients(n, 1, 16);
    default:
      return {};
  }
}

double difference(const VectorXd& a, const VectorXd& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

void put_query(ValuesResult& r, Index q, const SubsetOutputs& f) {
  const VectorXd table = f.mean.col(q);
  const Index n = r.examples();
  const SubsetValues v = exact_values(table, r.p);
  const std::array<const VectorXd*, 7> rows = {
      &v.shapley, &v.banzhaf, &v.datamodel, &v.loo, &v.add_one, &v.beta_16_1, &v.beta_1_16};
  for (std::size_t k = 0; k < rows.size(); ++k) {
    r.values[k].row(q) = rows[k]->transpose();
    r.noise[k](q) = semivalue_noise(f.noise.col(q) / static_cast<double>(f.repeats),
                                    coefficients(kValueKinds[k], n, r.p));
  }
  r.largest(q) = table.cwiseAbs().maxCoeff();
  r.total(q) = table(table.size() - 1) - table(0);
  r.integral_error(q) =
      difference(v.shapley, datamodel_weights_over_rates(table, gauss_legendre((n + 1) / 2)));
  r.banzhaf_error(q) =
      difference(v.banzhaf, semivalue(table, coefficients(ValueKind::banzhaf, n, r.p)));
  r.beta_error(q) = difference(v.shapley, semivalue(table, beta_shapley_coefficients(n, 1, 1)));
}

}  // namespace

std::string value_name(ValueKind kind) {
  return kValueNames[place(kind)];
}

std::vector<ValueKind> ValuesResult::known() const {
  std::vector<ValueKind> kinds;
  for (const ValueKind kind : kValueKinds)
    if (of(kind).size() > 0) kinds.push_back(kind);
  return kinds;
}

double semivalue_noise(const Ref<const VectorXd>& noise_variances, const VectorXd& coefficients) {
  const Index n = cube_dimension(noise_variances.size());
  VectorXd sums = VectorXd::Zero(n + 1);  // of the noise over all subsets of a size
  VectorXd counts = VectorXd::Zero(n + 1);
  for (Index b = 0; b < noise_variances.size(); ++b) {
    sums(subset_size(b)) += noise_variances(b);
    counts(subset_size(b)) += 1;
  }
  double variance = 0;
  for (Index k = 0; k < n; ++k) {
    const double absent = static_cast<double>(n - k), present = static_cast<double>(k + 1);
    const double coalitions = counts(k) * absent / static_cast<double>(n);  // C(N-1, k)
    const double each = coefficients(k) / coalitions;
    variance += each * each * (absent * sums(k) + present * sums(k + 1));
  }
  return variance / static_cast<double>(n);
}

ValuesResult find_values(const SubsetTask& task,
                         const SubsetOutputs& f,
                         const InfluencePair& influence) {
  ValuesResult r;
  r.settings = task.settings;
  r.output = task.output;
  r.p = task.p;
  r.repeats = f.repeats;
  r.parameters = task.model->parameter_count();
  r.model = describe(task.model->spec());
  r.rows = task.rows;
  const Index queries = f.mean.cols();
  for (VectorXd* v : {&r.largest, &r.total, &r.integral_error, &r.banzhaf_error, &r.beta_error})
    v->resize(queries);
  for (std::size_t k = 0; k <= place(ValueKind::beta_1_16); ++k) {
    r.values[k].resize(queries, r.examples());
    r.noise[k].resize(queries);
  }
  for (Index q = 0; q < queries; ++q) put_query(r, q, f);
  r.values[place(ValueKind::influence_w1)] = influence.full;
  r.values[place(ValueKind::influence_wp)] = influence.rate;
  return r;
}

}  // namespace leaveout
