// SPDX-License-Identifier: MIT
// `leaveout audit` from the command line: what it finds, every kind of file, and what it leaves.
#include "experiments/audit/audit.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "datasets/csv_table.h"
#include "datasets/files.h"
#include "datasets/random.h"
#include "experiments/audit/audit_files.h"
#include "experiments/audit/audit_report.h"
#include "experiments/cli.h"
#include "tests/support/temporary_folder.h"

namespace leaveout {

namespace {

const std::vector<std::string> kSmall = {
    "candidates=plain", "weight_decays=0.01", "repeats=1", "resamples=100"};

struct Outcome {
  int status;
  std::string error;
};

/// `leaveout audit` on a table in memory, results in FOLDER/OUT.
Outcome audit(const TemporaryFolder& folder,
              const std::string& table,
              std::vector<std::string> more = {},
              const std::string& out = "out",
              const std::string& threads = "1") {
  write_file(folder / "t.csv", table);
  std::vector<std::string> args = {"audit", "--quiet", "--target", "y", "--threads", threads};
  for (const std::string& arg :
       {std::string("--data"), folder / "t.csv", std::string("--out"), folder / out})
    args.push_back(arg);
  args.push_back("--set");
  more.insert(more.begin(), kSmall.begin(), kSmall.end());
  args.insert(args.end(), more.begin(), more.end());
  std::ostringstream output, error;
  const int status = run_cli(args, output, error);
  return {status, error.str()};
}

std::string result(const TemporaryFolder& folder,
                   const std::string& file,
                   const std::string& out = "out") {
  return read_file(folder / (out + "/t/audit/standard/" + file));
}

CsvTable rows_of(const TemporaryFolder& folder) {
  return parse_csv(result(folder, "audit.csv"), "audit.csv");
}

/// Two features; the class (or the number) is told by their sum; one row in `wrong` is wrong.
std::string table(Index n, Index wrong = 0, bool numbers = false, std::uint64_t seed = 1) {
  Random random(seed);
  std::string text = "a,b,y\n";
  for (Index i = 0; i < n; ++i) {
    const double a = random.normal(), b = random.normal();
    const double z = 3 * (a + b) + 0.3 * random.normal();
    const bool is_wrong = wrong > 0 && i % wrong == 0;
    text += numbers ? fmt::format("{},{},{}\n", a, b, is_wrong ? z + 30 : z)
                    : fmt::format("{},{},{}\n", a, b, (z > 0) != is_wrong ? "yes" : "no");
  }
  return text;
}

std::string cell(const CsvTable& t, Index row, const char* column) {
  return std::string(t.cell(row, t.column(column)));
}

}  // namespace

TEST_CASE("audit: planted errors come first and are called mislabelled, of classes and numbers") {
  for (const bool numbers : {false, true}) {
    const TemporaryFolder folder;
    REQUIRE(audit(folder, table(200, 20, numbers)).status == kSuccess);
    const CsvTable t = rows_of(folder);
    std::set<int> first;
    for (Index r = 0; r < 10; ++r) first.insert(std::stoi(cell(t, r, "row")) % 20);
    CHECK(first.size() <= 3);  // rows 0, 20, ...; of classes two may lie on the border
    CHECK(first.contains(0));
    Index flagged = 0, right = 0;
    for (Index r = 0; r < t.rows(); ++r)
      if (cell(t, r, "flag") == "mislabelled") {
        ++flagged;
        right += std::stoi(cell(t, r, "row")) % 20 == 0 ? 1 : 0;
      }
    CHECK(right >= 7);
    CHECK(flagged <= right + 1);
  }
}

TEST_CASE("audit: clean rows are quiet") {
  for (const bool numbers : {false, true}) {
    const TemporaryFolder folder;
    REQUIRE(audit(folder, table(200, 0, numbers, 4)).status == kSuccess);
    CHECK(result(folder, "audit.csv").find("mislabelled") == std::string::npos);
  }
}

TEST_CASE("audit: audit.csv holds every row of the file once, in the order of suspicion") {
  const TemporaryFolder folder;
  std::string text = table(60);
  text += "1,,yes\n0.5,NA,no\n2,2,?\n";
  REQUIRE(audit(folder, text).status == kSuccess);
  const CsvTable t = rows_of(folder);
  REQUIRE(t.rows() == 63);
  std::set<std::string> rows;
  double last = 1e9;
  for (Index r = 0; r < 60; ++r) {
    rows.insert(cell(t, r, "row"));
    const double s = std::stod(cell(t, r, "suspicion"));
    CHECK(s <= last);
    last = s;
    CHECK(std::stod(cell(t, r, "held_out_influence_low")) <=
          std::stod(cell(t, r, "held_out_influence_high")));
  }
  for (Index r = 60; r < 63; ++r) {
    CHECK(cell(t, r, "row") == std::to_string(r));
    CHECK(cell(t, r, "flag") == "missing");
    CHECK(cell(t, r, "suspicion").empty());
    rows.insert(cell(t, r, "row"));
  }
  CHECK(rows.size() == 63);
}

TEST_CASE("audit: missing cells are filled in or refused where that is asked for") {
  const TemporaryFolder folder;
  const std::string text = table(60) + "1,,yes\n2,2,?\n";
  REQUIRE(audit(folder, text, {"missing=mean"}).status == kSuccess);
  const CsvTable t = rows_of(folder);
  CHECK(t.rows() == 62);
  CHECK(result(folder, "audit.csv").find("missing") != std::string::npos);  // the target of row 61
  CHECK(cell(t, 60, "flag") != "missing");
  const std::string before = result(folder, "audit.csv");
  const Outcome refused = audit(folder, text, {"missing=refuse"});
  CHECK(refused.status == kUserError);
  CHECK(refused.error.find("line 62, column 2 ('b')") != std::string::npos);
  CHECK(refused.error.find("missing=drop") != std::string::npos);
  CHECK(result(folder, "audit.csv") == before);  // nothing is lost
}

TEST_CASE("audit: a filled cell is its column's mean") {
  const TemporaryFolder folder;
  std::string text = "a,b,y\n";
  for (int i = 0; i < 12; ++i) text += fmt::format("{},{},{}\n", i, 10 * i, i % 2);
  write_file(folder / "m.csv", text + "6,,1\n");
  TaskSettings s;
  s.csv = folder / "m.csv";
  s.target = "y";
  const AuditData data = load_audit_data(s, "mean");
  CHECK(data.size() == 13);
  CHECK(data.filled == 1);
  CHECK(data.table.inputs(1, 12) == 55);
  CHECK(data.table.inputs(0, 12) == 6);
}

TEST_CASE("audit: constant columns do no harm and copies are redundant") {
  const TemporaryFolder folder;
  std::string text = "a,b,c,y\n";
  const CsvTable plain = parse_csv(table(60), "t");
  for (Index r = 0; r < 60; ++r)
    text += fmt::format("{},{},7,{}\n", plain.cell(r, 0), plain.cell(r, 1), plain.cell(r, 2));
  text += fmt::format("{},{},7,{}\n", plain.cell(5, 0), plain.cell(5, 1), plain.cell(5, 2));
  REQUIRE(audit(folder, text, {"weight_decays=0,0.01"}).status == kSuccess);
  const CsvTable t = rows_of(folder);
  for (Index r = 0; r < t.rows(); ++r) {
    CHECK(std::isfinite(std::stod(cell(t, r, "self_influence"))));
    if (cell(t, r, "row") == "60") CHECK(cell(t, r, "flag") == "redundant");
  }
  const auto run = nlohmann::json::parse(result(folder, "run.json"));
  CHECK(run["tasks"]["t"]["seeds"][0]["constant_columns"][0] == "c");
}

TEST_CASE("audit: what cannot be audited ends in one line") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::string& part) {
    const Outcome o = audit(folder, text);
    INFO(o.error);
    CHECK(o.status == kUserError);
    CHECK(o.error.find(part) != std::string::npos);
    CHECK(std::count(o.error.begin(), o.error.end(), '\n') == 1);
  };
  refused(table(3), "at least 10, got 3");
  refused("a,y\n" + std::string("1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n7,x\n8,x\n9,x\n0,x\n"),
          "in every row");
  std::string single = "a,y\n";  // no class has a second row
  for (int i = 0; i < 12; ++i) single += fmt::format("{},class{}\n", i, i);
  refused(single, "of some class two that differ in their features, got none");
  refused(table(9) + "1,,yes\n2,,no\n", "got 9 without missing cells and 2 with");
  refused("a,y\n,1\n,2\n", "at least 10, got 0");
  refused(table(20) + "1,inf,yes\n", "not a finite number");
  refused("b,y\nx,1\nz,0\n" + std::string(20, '\n'), "at least 10");
  refused("y\n1\n2\n", "at least 10");
}

TEST_CASE("audit: a table of categories has cases that are alike, and no copies") {
  // Sixteen kinds of rows, 25 of each; the class is that of the majority of three features.
  const TemporaryFolder folder;
  Random random(41);
  const auto categories = [&](double noise) {
    std::string text = "a,b,c,d,y\n";
    for (int i = 0; i < 400; ++i) {
      const auto bits = static_cast<int>(random.below(16));
      const int a = bits & 1, b = bits >> 1 & 1, c = bits >> 2 & 1, d = bits >> 3;
      const bool yes = (a + b + c >= 2) != (random.uniform() < noise);
      text += fmt::format("{},{},{},{},{}\n", a, b, c, d, yes ? "yes" : "no");
    }
    return text;
  };
  for (const double noise : {0.0, 0.2}) {
    REQUIRE(audit(folder, categories(noise)).status == kSuccess);
    const auto run = nlohmann::json::parse(result(folder, "run.json"));
    const auto& seed = run["tasks"]["t"]["seeds"][0];
    CHECK(seed["accuracy"].get<double>() > 0.95 - 1.2 * noise);
    CHECK(seed["flags"]["harmful"]["rows"] == 0);
    if (noise == 0) CHECK(seed["flags"]["mislabelled"]["rows"] == 0);  // else some are wrong
    CHECK(seed["flags"]["redundant"]["rows"].get<int>() < 200);
  }
  std::string constant = "a,y\n";  // one kind of rows, two classes: there is nothing to say
  for (int i = 0; i < 30; ++i) constant += "5,0\n5,1\n";
  REQUIRE(audit(folder, constant).status == kSuccess);
  CHECK(result(folder, "audit.csv").find("mislabelled") == std::string::npos);
  CHECK(result(folder, "audit.csv").find("harmful\n") == std::string::npos);
}

TEST_CASE("audit: where nothing can be predicted nothing is called mislabelled") {
  const TemporaryFolder folder;
  Random random(21);
  std::string classes = "a,b,y\n", spike = "a,b,y\n";
  for (int i = 0; i < 200; ++i) {
    const double a = random.normal(), b = random.normal(), u = random.uniform();
    classes += fmt::format("{},{},{}\n", a, b, u < 0.1 ? "yes" : "no");
    spike += fmt::format("{},{},{}\n", a, b, u < 0.1 ? 5 + 100 * a * a : 0);
  }
  for (const std::string& text : {classes, spike}) {
    REQUIRE(audit(folder, text).status == kSuccess);
    CHECK(result(folder, "audit.csv").find("mislabelled") == std::string::npos);
    const std::string page = result(folder, "audit.html");
    CHECK(page.find("mislabelled: 0") != std::string::npos);
    CHECK(page.find("Most suspicious, none beyond doubt") != std::string::npos);
  }
  CHECK(result(folder, "audit.html").find("more than half of the targets are one and the same") !=
        std::string::npos);
}

TEST_CASE("audit: settings that say nothing are refused in one line") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& setting, const std::string& part) {
    const Outcome o = audit(folder, table(80), {setting});
    INFO(o.error);
    CHECK(o.status == kUserError);
    CHECK(o.error.find(part) != std::string::npos);
    CHECK(std::count(o.error.begin(), o.error.end(), '\n') == 1);
  };
  refused("false_share=2", "a number of at least 0 and at most 1");
  refused("folds=1000", "there are different rows, 80, got 1000");
  refused("missing=median", "one of drop, mean, refuse");
}

TEST_CASE("audit: the notes say which rows were left out, which cells filled, and no more") {
  const TemporaryFolder folder;
  TaskSettings s;
  s.name = "t";
  s.csv = folder / "t.csv";
  s.target = "y";
  const auto notes = [&](const std::string& text, const char* missing) {
    write_file(folder / "t.csv", text);
    return data_notes(load_audit_data(s, missing));
  };
  const std::string text = table(20) + "1,,yes\n2,2,?\n";
  CHECK(notes(text, "drop") ==
        "  2 rows are left out for want of a value: row 20, column 'b', row 21, column 'y'; --set "
        "missing=mean fills them in\n");
  CHECK(notes(text, "mean") ==
        "  1 row is left out for want of a value: row 21, column 'y'\n"
        "  1 missing cell got its column's mean (row 20, column 'b')\n");
  CHECK(notes(table(20), "drop").empty());
  std::string no_values = "c," + table(20);
  for (std::size_t at = 0; (at = no_values.find('\n', at)) + 1 < no_values.size();)
    no_values.insert(++at, ",");
  const std::string filled = notes(no_values, "mean");
  CHECK(filled.find("column 'c' has no value in any row") != std::string::npos);
  CHECK_THROWS_WITH_AS(notes(no_values, "drop"),
                       "[audit] rows, expected at least 10, got 0: column 'c' has no value in any "
                       "row, remove it",
                       std::invalid_argument);
}

TEST_CASE("audit: ten rows, and a class of one member, work") {
  const TemporaryFolder folder;
  REQUIRE(audit(folder, table(10)).status == kSuccess);
  CHECK(rows_of(folder).rows() == 10);
  REQUIRE(audit(folder, table(40) + "5,-5,only\n").status == kSuccess);
  const CsvTable t = rows_of(folder);
  CHECK(cell(t, 40, "row") == "40");  // last: it cannot be judged
  CHECK(cell(t, 40, "flag") != "mislabelled");
}

TEST_CASE("audit: the page escapes what is in the file") {
  CHECK(html_escaped("<b>&\"'") == "&lt;b&gt;&amp;&quot;&#39;");
  const TemporaryFolder folder;
  std::string text = table(200, 20);
  text.replace(0, 1, "<script>a");
  for (std::size_t at; (at = text.find(",yes\n")) != std::string::npos;)
    text.replace(at, 5, ",<b>&\n");
  REQUIRE(audit(folder, text).status == kSuccess);
  const std::string page = result(folder, "audit.html");
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<b>") == std::string::npos);
  CHECK(page.find("&lt;script&gt;a") != std::string::npos);
  CHECK(page.find("&lt;b&gt;&amp;") != std::string::npos);
  CHECK(page.find("name=\"viewport\"") != std::string::npos);
}

TEST_CASE("audit: the same bytes for one thread and two, and after an interruption") {
  const TemporaryFolder folder;
  const std::vector<std::string> set = {"candidates=plain,mlp:2", "epochs=3", "repeats=2"};
  REQUIRE(audit(folder, table(300, 15), set, "one", "1").status == kSuccess);
  REQUIRE(audit(folder, table(300, 15), set, "two", "2").status == kSuccess);
  for (const char* file : {"audit.csv", "audit.html", "runs.csv"})
    CHECK(result(folder, file, "one") == result(folder, file, "two"));
  REQUIRE(audit(folder, table(300, 15), set, "one", "1").status == kSuccess);  // from its shards
  CHECK(result(folder, "audit.csv", "one") == result(folder, "audit.csv", "two"));
}

TEST_CASE("audit: with a query file held-out influence is on its rows") {
  const TemporaryFolder folder;
  write_file(folder / "q.csv", table(25, 0, false, 9));
  write_file(folder / "t.csv", table(80));
  TaskSettings s;
  s.name = "t";
  s.csv = folder / "t.csv";
  s.query_csv = folder / "q.csv";
  s.target = "y";
  const AuditHow how{.candidates = {"plain"}, .weight_decays = {0.01}, .repeats = 1};
  const AuditResult r = audit_rows(s, how, {});
  CHECK(r.evidence.held_rows == 25);
}

TEST_CASE("audit: a hundred thousand rows are audited on a sample of held-out rows") {
  const TemporaryFolder folder;
  write_file(folder / "t.csv", table(100000));
  TaskSettings s;
  s.name = "t";
  s.csv = folder / "t.csv";
  s.target = "y";
  s.newton.tolerance = 1e-6;
  const AuditHow how{.candidates = {"plain", "mlp:8"},
                     .weight_decays = {0.01},
                     .folds = 2,
                     .repeats = 2,
                     .resamples = 20,
                     .reference_rows = 50};
  TaskOptions options;
  options.threads = 2;
  const AuditResult r = audit_rows(s, how, options);
  CHECK(r.chosen.tried.size() == 1);  // no network
  CHECK(r.chosen.repeats == 1);
  CHECK(r.evidence.held_rows == 50);
  CHECK(r.findings.order.size() == 100000);
}

TEST_CASE("audit: the command teaches, and wants a table and its target") {
  std::ostringstream out, err;
  CHECK(run_cli({"audit", "--help"}, out, err) == kSuccess);
  CHECK(out.str().find("leaveout audit --data houses.csv --target price") != std::string::npos);
  CHECK(run_cli({"audit", "--data", "x.csv"}, out, err) == kUserError);
  CHECK(err.str().find("--target is required") != std::string::npos);
}

TEST_CASE("audit: the quick preset's planted errors are planted as it says") {
  TaskSettings s;
  s.name = s.data = "concrete";
  s.label_noise = 0.05;
  const AuditData data = load_audit_data(s, "drop");
  s.label_noise = 0;
  const AuditData clean = load_audit_data(s, "drop");
  const Eigen::RowVectorXd moved = data.table.targets.row(0) - clean.table.targets.row(0);
  const Eigen::RowVectorXd y = clean.table.targets.row(0);
  const double deviation = std::sqrt((y.array() - y.mean()).square().mean());
  Index planted = 0;
  for (Index i = 0; i < data.size(); ++i) {
    const double size = std::abs(moved(i)) / deviation;
    CHECK((data.planted[static_cast<std::size_t>(i)] ? size > 2.999 && size < 6.001 : size == 0));
    planted += size > 0 ? 1 : 0;
  }
  CHECK(planted == 52);  // round(0.05 * 1030)
}

}  // namespace leaveout
