// SPDX-License-Identifier: MIT
#include "experiments/audit/audit_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace leaveout {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// The class or number that the outputs of an example stand for: class index, or value.
Index predicted_class(const AuditResult& r, Index i) {
  const auto outputs = r.evidence.outputs.col(i);
  if (outputs.size() == 1) return outputs(0) > 0 ? 1 : 0;
  Index chosen = 0;
  outputs.maxCoeff(&chosen);
  return chosen;
}

double predicted_number(const AuditResult& r, Index i) {
  return r.data.standardizer.invert_targets(r.evidence.outputs.col(i))(0, 0);
}

HeldOutScore score_classes(const AuditResult& r) {
  HeldOutScore s;
  const auto n = static_cast<double>(r.data.size());
  VectorXd share = VectorXd::Zero(static_cast<Index>(r.data.table.class_names.size()));
  for (Index i = 0; i < r.data.size(); ++i) {
    const Index label = r.data.table.label(i);
    share(label) += 1 / n;
    s.quality += predicted_class(r, i) == label ? 1 / n : 0;
  }
  for (Index c = 0; c < share.size(); ++c)
    if (share(c) > 0) s.constant_loss -= share(c) * std::log(share(c));
  s.constant_quality = share.maxCoeff();
  return s;
}

HeldOutScore score_numbers(const AuditResult& r) {
  HeldOutScore s;
  const Eigen::RowVectorXd y = r.data.scaled.targets.row(0);
  const double variance = (y.array() - y.mean()).square().mean();
  const double error = (y - r.evidence.outputs.row(0)).array().square().mean();
  s.constant_loss = 0.5 * variance;
  s.quality = variance > 0 ? 1 - error / variance : 0;
  return s;
}

}  // namespace

std::string AuditResult::target(Index i) const {
  if (!data.classes()) return fmt::format("{}", data.table.targets(0, i));
  return data.table.class_names[static_cast<std::size_t>(data.table.label(i))];
}

std::string AuditResult::prediction(Index i) const {
  if (!data.classes()) return fmt::format("{:.6g}", predicted_number(*this, i));
  return data.table.class_names[static_cast<std::size_t>(predicted_class(*this, i))];
}

std::string AuditResult::advice() const {
  if (!suspicion.withheld.empty()) return "no row is called mislabelled: " + suspicion.withheld;
  const Index wrong = findings.count(Flag::mislabelled);
  if (wrong == 1)
    return fmt::format(
        "check row {}, called mislabelled, against its source, correct or remove it if it is "
        "wrong, and audit again",
        row(findings.order.front()));
  if (wrong > 1)
    return fmt::format(
        "check the {} rows called mislabelled against their source, row {} first ({} of them "
        "expected to be right), correct or remove those that are wrong, and audit again",
        wrong,
        row(findings.order.front()),
        suspicion.expected < 0.1 ? "less than 0.1"
                                 : fmt::format("about {:.1f}", suspicion.expected));
  const double wrong_rows = suspicion.wrong_share * static_cast<double>(data.size());
  std::string doubt = fmt::format(
      "no single target is wrong beyond doubt{}; row {} is the most suspicious, audit.csv has the "
      "others in order",
      wrong_rows < 1 ? std::string()
                     : fmt::format(", though about {:.0f} are estimated to be (or the scatter "
                                   "differs from row to row)",
                                   wrong_rows),
      row(findings.order.front()));
  if (const std::vector<Index> harmful = findings.examples(Flag::harmful, data, evidence);
      !harmful.empty())
    return fmt::format("{}; removal of row {} would lower the loss of held-out rows most",
                       doubt,
                       row(harmful.front()));
  return doubt;
}

AuditResult audit_rows(const TaskSettings& settings,
                       AuditData data,
                       const AuditHow& how,
                       const TaskOptions& options) {
  AuditResult r;
  r.settings = settings;
  r.how = how;
  r.data = std::move(data);
  r.chosen = choose_model(r.data, r.settings, candidates(r.settings, r.data, how), how, options);
  r.evidence = collect_evidence(r.data, r.settings, r.chosen, how, options);
  r.suspicion = suspect(r.evidence.outputs,
                        r.data.scaled.targets,
                        r.data.scaled.task,
                        r.evidence.seen_class,
                        how.false_share);
  r.score = r.data.classes() ? score_classes(r) : score_numbers(r);
  r.score.loss = r.evidence.out_loss.mean();
  if (r.suspicion.withheld.empty() && r.score.loss >= r.score.constant_loss)
    r.suspicion.withhold(
        "the model predicts held-out rows no better than a constant, and what it says of single "
        "rows means little; add features or rows, or name a model with --set model=");
  r.findings = flag_rows(r.data, r.evidence, r.suspicion);
  return r;
}

AuditResult audit_rows(const TaskSettings& settings,
                       const AuditHow& how,
                       const TaskOptions& options) {
  return audit_rows(settings, load_audit_data(settings, how.missing), how, options);
}

}  // namespace leaveout
