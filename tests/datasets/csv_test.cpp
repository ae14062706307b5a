// SPDX-License-Identifier: MIT
#include "datasets/csv.h"

#include <doctest/doctest.h>

#include "datasets/sha256.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

using Names = std::vector<std::string>;

/// A table with a feature column x and the target column t.
std::string with_target(const Names& cells) {
  std::string text = "x,t\n";
  for (std::size_t i = 0; i < cells.size(); ++i) text += fmt::format("{},{}\n", i, cells[i]);
  return text;
}

Dataset read_text(const std::string& text, const CsvOptions& options) {
  return dataset_from_table(parse_csv(text, "f.csv"), options, "");
}

Dataset read_target_cells(const Names& cells, std::optional<Task> task = {}) {
  return read_text(with_target(cells), {.target = "t", .task = task});
}

std::string complaint(const std::string& text, const CsvOptions& options) {
  return refusal([&] { read_text(text, options); });
}

std::string target_complaint(const Names& cells, std::optional<Task> task = {}) {
  return refusal([&] { read_target_cells(cells, task); });
}

}  // namespace

TEST_CASE("a file becomes columns of examples, features in the file's order, target apart") {
  const DataFolder folder;
  const std::string text = "a,price,b\n1,10.5,2\n3,20.5,4\n5,30,6\n";
  const Dataset data = read_dataset(folder.file("cars.csv", text), {.target = "price"});
  Eigen::MatrixXd inputs(2, 3);
  inputs << 1, 3, 5, 2, 4, 6;
  CHECK(data.name == "cars");
  CHECK(data.task == Task::regression);
  CHECK(data.inputs == inputs);
  CHECK(data.targets == Eigen::RowVector3d(10.5, 20.5, 30));
  CHECK(data.feature_names == Names{"a", "b"});
  CHECK(data.target_name == "price");
  CHECK(data.provenance.sha256 == sha256(text));
  CHECK(data.provenance.source == folder.path("cars.csv"));
}

TEST_CASE("ignored columns are left out, whatever is in them") {
  const Dataset data =
      read_text("id,x,t\nred,1,0.5\nblue,2,1.5\n,3,2.5\n", {.target = "t", .ignore = {"id"}});
  CHECK(data.feature_names == Names{"x"});
  CHECK(data.inputs == Eigen::RowVector3d(1, 2, 3));
}

TEST_CASE("two labels are a binary task, and 1 is the second in sorted order") {
  const Dataset text = read_target_cells({"malignant", "benign", "benign"});
  CHECK(text.task == Task::binary);
  CHECK(text.class_names == Names{"benign", "malignant"});
  CHECK(text.targets == Eigen::RowVector3d(1, 0, 0));
  const Dataset numbers = read_target_cells({"10", "9", "10.0"});
  CHECK(numbers.task == Task::binary);
  CHECK(numbers.class_names == Names{"9", "10"});  // by value: as text, 10 would come first
  CHECK(numbers.targets == Eigen::RowVector3d(1, 0, 1));
  CHECK(read_target_cells({"0.25", "-1", "0.25"}).class_names == Names{"-1", "0.25"});
  CHECK(read_target_cells({"0", "-0", "1"}).class_names == Names{"0", "1"});
}

TEST_CASE("three labels or more are one-hot, in sorted order") {
  const Dataset data = read_target_cells({"c", "a", "b", "a"});
  Eigen::MatrixXd expected(3, 4);
  expected << 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0;
  CHECK(data.task == Task::multiclass);
  CHECK(data.class_names == Names{"a", "b", "c"});
  CHECK(data.targets == expected);
}

TEST_CASE("few whole numbers that repeat are classes, other numbers are quantities") {
  CHECK(read_target_cells({"2", "10", "1", "1", "2", "10"}).class_names == Names{"1", "2", "10"});
  CHECK(read_target_cells({"2", "10", "1", "1", "2"}).task == Task::regression);  // 10 only once
  CHECK(read_target_cells({"1.5", "1.5", "2", "2", "3", "3"}).task == Task::regression);
  Names cells;
  for (int i = 0; i < 40; ++i) cells.push_back(fmt::format("{}", i % 20));
  CHECK(read_target_cells(cells).task == Task::multiclass);
  for (int i = 0; i < 42; ++i) cells.push_back(fmt::format("{}", i % 21));
  CHECK(read_target_cells(cells).task == Task::regression);
}

TEST_CASE("a forced task is obeyed") {
  CHECK(read_target_cells({"0", "1", "1"}, Task::regression).targets ==
        Eigen::RowVector3d(0, 1, 1));
  CHECK(read_target_cells({"0", "1", "1"}, Task::multiclass).targets.rows() == 2);
  CHECK(read_target_cells({"1.5", "2.5", "3.5"}, Task::multiclass).class_names ==
        Names{"1.5", "2.5", "3.5"});
  CHECK(read_target_cells({"1", "x", "2"}, Task::multiclass).class_names == Names{"1", "2", "x"});
  CHECK(read_target_cells({"1", "x", "1"}, Task::binary).task == Task::binary);
}

TEST_CASE("a target that does not fit its task is refused") {
  CHECK(target_complaint({"1", "2", "1,"}).find("the row has 3 cells") != std::string::npos);
  CHECK(target_complaint({"1.5", "2.5", "3.x"}) ==
        "[csv] f.csv, line 4, column 2 ('t'): '3.x' is not a finite number and other rows of the "
        "target "
        "are; correct it, or force the task if these are class names");
  CHECK(
      has(target_complaint({"1.5", "inf", "3"}), "line 3, column 2 ('t'): 'inf' is not a finite"));
  CHECK(has(target_complaint({"1.5", "", "3"}), "line 3, column 2 ('t'): the cell is empty"));
  CHECK(has(target_complaint({"a", "NA", "b"}), "line 3, column 2 ('t'): 'NA' is a missing value"));
  CHECK(has(target_complaint({"yes", "yes"}), "the target is 'yes' in every row"));
  CHECK(has(target_complaint({"1", "1"}), "the target is '1' in every row"));
  CHECK(has(target_complaint({"yes", "yes"}, Task::binary), "one class only, 'yes'"));
  CHECK(has(target_complaint({"1", "1.0"}, Task::multiclass), "one class only, '1'"));
  CHECK(has(target_complaint({"a", "b", "c"}, Task::binary), "has 2 classes and the column has 3"));
  CHECK(has(target_complaint({"a", "b"}, Task::regression), "'a' is not a finite number"));
  Names many;
  for (int i = 0; i < 1001; ++i) many.push_back(fmt::format("name{}", i));
  CHECK(has(target_complaint(many), "more than 1000 different classes"));
  many.pop_back();
  CHECK(read_target_cells(many).outputs() == 1000);
}

TEST_CASE("a feature that is not a number is refused with line and column") {
  const CsvOptions options{.target = "t"};
  CHECK(complaint("x,t\n1,0.5\nred,1.5\n", options) ==
        "[csv] f.csv, line 3, column 1 ('x'): 'red' is not a finite number; encode the column as "
        "numbers, or remove it");
  CHECK(has(complaint("x,t\n,0.5\n1,1.5\n", options), "line 2, column 1 ('x'): the cell is empty"));
  CHECK(has(complaint("x,t\nNaN,0.5\n1,1.5\n", options), "'NaN' is a missing value"));
  CHECK(has(complaint("x,t\n-inf,0.5\n1,1.5\n", options), "'-inf' is not a finite number"));
  CHECK(has(complaint("x,t\n1e999,0.5\n1,1.5\n", options), "'1e999' is not a finite number"));
  CHECK(has(complaint("x,t\n\"1\n2\",0.5\n1,1.5\n", options), "'1\\n2' is not a finite number"));
}

TEST_CASE("columns that are not there, or no features, are refused") {
  CHECK(has(complaint("x,t\n1,2\n", {.target = "y"}), "no column 'y' in the header (x, t)"));
  CHECK(has(complaint("x,t\n1,2\n", {.target = ""}), "no column ''"));
  CHECK(has(complaint("t\n1\n", {.target = "t"}), "no feature column"));
  CHECK(has(complaint("x,t\n1,2\n", {.target = "t", .ignore = {"x"}}), "no feature column"));
  CHECK(has(complaint("x,t\n1,2\n", {.target = "t", .ignore = {"z"}}), "no column 'z'"));
  CHECK(has(complaint("x,t\n1,2\n", {.target = "t", .ignore = {"t"}}),
            "both the target and ignored"));
}

TEST_CASE("a query file may order its columns and classes differently") {
  const DataFolder folder;
  const Dataset train = read_text("a,b,t\n1,2,no\n3,4,yes\n5,6,maybe\n", {.target = "t"});
  const Dataset query = read_query(folder.file("q.csv", "t,b,a\nyes,20,10\nno,40,30\n"), train);
  Eigen::MatrixXd inputs(2, 2);
  inputs << 10, 30, 20, 40;
  Eigen::MatrixXd targets(3, 2);
  targets << 0, 0, 0, 1, 1, 0;  // maybe, no, yes
  CHECK(query.inputs == inputs);
  CHECK(query.targets == targets);
  CHECK(query.feature_names == train.feature_names);
  CHECK(query.class_names == train.class_names);
  CHECK(query.task == Task::multiclass);
  CHECK(query.name == "q");
}

TEST_CASE("a query may have one row and one class, and numbers name classes by value") {
  const Dataset train = read_text("x,t\n1,0\n2,1\n", {.target = "t"});
  const auto query = [&](const char* text, const CsvOptions& options = {}) {
    return query_from_table(parse_csv(text, "q.csv"), train, options, "");
  };
  CHECK(query("x,t\n5,1.0\n").targets(0, 0) == 1.0);
  CHECK(query("x,id,t\n5,red,0\n", {.ignore = {"id"}}).features() == 1);
}

TEST_CASE("a query that does not match the training data is refused") {
  const Dataset classes = read_text("x,t\n1,no\n2,yes\n", {.target = "t"});
  const Dataset numbers = read_text("x,t\n1,0.5\n2,1.5\n3,2.5\n", {.target = "t"});
  const auto message = [](const char* text, const Dataset& train) {
    return refusal([&] { query_from_table(parse_csv(text, "q.csv"), train, {}, ""); });
  };
  CHECK(has(message("x,t\n1,maybe\n", classes),
            "q.csv, line 2, column 2 ('t'): class 'maybe' is not in the training data"));
  CHECK(has(message("x,t,z\n1,no,3\n", classes), "column 'z' is not in the training data"));
  CHECK(has(message("y,t\n1,no\n", classes), "column 'x' of the training data is missing"));
  CHECK(has(message("x,y\n1,no\n", classes), "column 't' of the training data is missing"));
  CHECK(has(message("x,t\n1,\n", classes), "the cell is empty"));
  CHECK(has(message("x,t\n1,no\n", numbers), "'no' is not a finite number"));
  CHECK(has(message("x,t\n?,1\n", numbers), "'?' is a missing value"));
}

}  // namespace leaveout
