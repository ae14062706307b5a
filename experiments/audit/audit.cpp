// SPDX-License-Identifier: MIT
#include "experiments/audit/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "datasets/files.h"
#include "datasets/text.h"
#include "experiments/audit/audit_files.h"
#include "experiments/audit/audit_report.h"
#include "experiments/session.h"

namespace leaveout {

namespace {

SettingSpec number(const char* key, const char* fallback, const char* help, double minimum) {
  SettingSpec s{key, SettingType::number, fallback, help};
  s.minimum = minimum;
  return s;
}

SettingSpec whole(const char* key, const char* fallback, const char* help, double minimum) {
  SettingSpec s = number(key, fallback, help, minimum);
  s.type = SettingType::whole;
  return s;
}

/// What an audit does otherwise with the settings that every task has.
void adapt(SettingSpec& s) {
  const auto change = [&](const char* key, const char* fallback, const char* help) {
    if (s.key != key) return;
    s.fallback = fallback;
    s.help = help;
  };
  change("label_noise",
         "0",
         "share of the targets that are made wrong on purpose: another class, or 3 to 6 standard "
         "deviations off");
  change("weight_decay", "", "default: the best of weight_decays by cross-validation");
  change("model", "", "default: the best of candidates by cross-validation");
  change("optimiser", "adam", "of networks");
  change("learning_rate", "0.01", "of networks, constant");
  change("batch_size", "32", "of networks");
  change("epochs", "60", "of networks");
  change("tolerance", "1e-8", "gradient norm at which a convex model is solved");
  change("seed", "1", "of the folds, the initialisations, the bootstrap and the planted errors");
  change("max_query",
         "2000",
         "rows, drawn at random where there are more, on which held-out influence is measured and "
         "among which the helpful and harmful rows are sought");
  change("train_fraction", "0.8", "not used here: folds decide");
  change("max_train", "", "not used here: every row is audited");
}

/// What is predicted, and how to have it otherwise where that is a question.
std::string target_note(const AuditData& data) {
  const Dataset& d = data.table;
  const std::string name = printable(d.target_name, 24);
  if (data.classes()) return fmt::format("{}: {} classes", name, d.class_names.size());
  const std::set<double> values(d.targets.data(), d.targets.data() + d.targets.size());
  constexpr std::size_t kFew = 20;
  if (values.size() > kFew) return fmt::format("{}: a number", name);
  return fmt::format(
      "{}: a number, of {} values only (classes: --set task=multiclass)", name, values.size());
}

std::string plan_text(
    const TaskSettings& s, const AuditData& data, const AuditHow& how, Index seeds, int threads) {
  const std::vector<Candidate> all = candidates(s, data, how);
  const bool many = data.size() > kManyRows;
  std::string text = fmt::format(
      "\naudit of {}: {} rows x {} features, {}; {} models x {} folds x {} seed{} to compare, "
      "about {:.0f} s\n",
      s.name,
      data.size(),
      data.table.features(),
      target_note(data),
      all.size(),
      how.folds,
      seeds,
      seeds == 1 ? "" : "s",
      std::ceil(static_cast<double>(seeds) * predicted_seconds(all, s, data, how) / threads));
  if (many && s.model.empty())
    text += fmt::format("  more than {} rows: the plain model only, and one deal of folds\n",
                        kManyRows);
  if (data.size() > how.reference_rows)
    text += fmt::format(
        "  held-out influence and neighbours: on {} rows drawn at random (--set max_query=)\n",
        how.reference_rows);
  return text + data_notes(data);
}

/// Data of every seed but the first are loaded when they are needed.
AuditSeeds run_seeds(const Job& job, AuditData data, const AuditHow& how, const Session& session) {
  AuditSeeds r{job.task, how, {}};
  const Index seeds = job.settings.whole("seeds");
  session.print(plan_text(job.task, data, how, seeds, session.options().threads));
  r.seeds.push_back(audit_rows(job.task, std::move(data), how, session.options()));
  for (Index i = 1; i < seeds; ++i) {
    TaskSettings s = job.task;
    s.seed += static_cast<std::uint64_t>(i);
    r.seeds.push_back(audit_rows(s, how, session.options()));
  }
  return r;
}

void write_files(const AuditSeeds& r, bool own, const Results& results) {
  const std::string name = own ? "audit" : "audit_" + r.settings.name;
  write_audit_csv(r.seeds.front(), name + ".csv", results);
  write_file(results.file(name + ".html").string(), audit_html(r.seeds.front()));
}

/// Rows that are alike share a fold, so that there are no more folds than different rows.
void require_folds(const AuditData& data, Index folds) {
  const Index different = data.kinds.are_few() ? data.size() : data.kinds.count;
  if (folds > std::max(different, AuditHow().folds))
    throw std::invalid_argument(fmt::format(
        "[audit] folds, expected at most as many as there are different rows, {}, got {}: leave "
        "the setting out, or --set folds={}",
        different,
        folds,
        std::min<Index>(different, AuditHow().folds)));
}

double positive_number(const std::string& text, const char* key) {
  const std::optional<double> value = parse_number(text);
  if (!value || *value < 0)
    throw std::invalid_argument(
        fmt::format("[audit] {}, expected numbers of 0 or more, got '{}'", key, printable(text)));
  return *value;
}

}  // namespace

std::vector<SettingSpec> audit_settings() {
  std::vector<SettingSpec> specs = training_task_settings();
  for (SettingSpec& s : specs) adapt(s);
  const auto list = [&](const char* key, const char* fallback, const char* help) {
    specs.push_back({key, SettingType::list, fallback, help});
  };
  list("candidates",
       "plain,mlp:8,mlp:16",
       "models to choose from; plain: linear, logistic or softmax by the task");
  list("weight_decays", "0.0001,0.001,0.01,0.1", "weight decays to choose from");
  specs.push_back(whole("folds", "5", "of the cross-validation", 2));
  specs.push_back(whole("repeats", "2", "how often rows are dealt into folds; many rows: once", 1));
  specs.push_back(whole("resamples", "400", "of the bootstrap over held-out rows", 1));
  SettingSpec share = number("false_share",
                             "0.05",
                             "rows are called mislabelled while at most this share of them is "
                             "expected to be called so by chance",
                             0);
  share.maximum = 1;
  specs.push_back(share);
  SettingSpec missing{"missing",
                      SettingType::text,
                      "drop",
                      "rows with missing cells: leave them out, fill in their column's mean, or "
                      "refuse the file"};
  missing.choices = {"drop", "mean", "refuse"};
  specs.push_back(missing);
  specs.push_back(
      whole("seeds", "1", "how many audits, from `seed` on; files are of the first", 1));
  return specs;
}

AuditHow read_audit_how(const Settings& s) {
  AuditHow how;
  how.candidates = s.list("candidates");
  how.weight_decays.clear();
  if (s.has("weight_decay"))
    how.weight_decays = {s.number("weight_decay")};
  else
    for (const std::string& text : s.list("weight_decays"))
      how.weight_decays.push_back(positive_number(text, "weight_decays"));
  for (const auto& [key, size] : {std::pair{"candidates", how.candidates.size()},
                                  std::pair{"weight_decays", how.weight_decays.size()}})
    if (size == 0)
      throw std::invalid_argument(fmt::format("[audit] {}, expected at least one, got none", key));
  how.folds = s.whole("folds");
  how.repeats = s.whole("repeats");
  how.resamples = s.whole("resamples");
  how.reference_rows = s.has("max_query") ? s.whole("max_query") : AuditHow().reference_rows;
  how.false_share = s.number("false_share");
  how.missing = s.text("missing");
  return how;
}

VerdictWords audit_words() {
  return {"What we ask of it, and what we measured", "data", "what we ask of it"};
}

void run_audit(const Invocation& invocation) {
  Session session(invocation, "audit", audit_settings(), audit_layout());
  Results& results = session.results();
  const bool own = !invocation.data.empty();
  std::vector<AuditData> data;  // what the user got wrong is said before anything is trained
  for (const Job& job : session.jobs()) {
    const AuditHow how = read_audit_how(job.settings);
    data.push_back(load_audit_data(job.task, how.missing));
    require_folds(data.back(), how.folds);
    candidates(job.task, data.back(), how);
  }
  std::vector<AuditSeeds> done;
  for (std::size_t j = 0; j < session.jobs().size(); ++j) {
    const Job& job = session.jobs()[j];
    const AuditHow how = read_audit_how(job.settings);
    done.push_back(run_seeds(job, std::move(data[j]), how, session));
    write_rows(done.back(), results);
    write_files(done.back(), own, results);
    session.print(audit_tables(done.back(), own));
  }
  describe(done, invocation, results);
  const std::vector<Verdict> verdicts = judge(done);
  if (!verdicts.empty()) {
    write_verdicts(verdicts, results);
    session.print(
        verdict_table(verdicts, "intervals: 95 %, Student's t over seeds", audit_words()));
  }
  draw(done, results.partial());
  session.finish();
}

}  // namespace leaveout
