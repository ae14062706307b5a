// SPDX-License-Identifier: MIT
// Networks of images and autoencoders from the command line to their files.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/files.h"
#include "datasets/npy.h"
#include "experiments/cli.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;

struct Outcome {
  int status;
  std::string error;  // what was said on the error stream
};

/// A results folder, gone at the end of the test.
struct Results {
  fs::path folder;
  Results() {
    std::string name = (fs::temp_directory_path() / "leaveout_images_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
  }
  ~Results() { fs::remove_all(folder); }
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  /// `set` are settings.
  Outcome run(std::vector<std::string> set, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {
        "run", "decomposition", "--preset", "quick", "--quiet", "--out", folder.string()};
    args.insert(args.end(), more.begin(), more.end());
    args.push_back("--set");
    args.insert(args.end(), set.begin(), set.end());
    for (const char* small : {"removed=2", "epochs=6", "max_train=30", "max_query=5"})
      args.emplace_back(small);
    std::ostringstream output, error;
    const int status = run_cli(args, output, error);
    return {status, error.str()};
  }
  nlohmann::json tasks() const {
    const std::string text = read_file((folder / "decomposition" / "quick" / "run.json").string());
    return nlohmann::json::parse(text)["tasks"];
  }
  nlohmann::json task(const std::string& name) const { return tasks()[name]; }
  Eigen::MatrixXd array(const std::string& task, const std::string& name) const {
    const fs::path arrays = folder / "decomposition" / "quick" / "arrays" / task;
    return read_npy((arrays / (name + ".npy")).string());
  }
};

}  // namespace

TEST_CASE(
    "a LeNet of digits goes through the whole experiment, with its architecture in run.json") {
  const Results results;
  const Outcome outcome = results.run({"data=digits", "model=lenet:2", "pooling=max"});
  CAPTURE(outcome.error);
  REQUIRE(outcome.status == kSuccess);
  const nlohmann::json task = results.task("digits");
  CHECK(task["task"] == "multiclass");
  CHECK(task["data"]["image"] == nlohmann::json({1, 8, 8}));
  CHECK(task["data"]["standardized"] == true);
  const nlohmann::json& objective = task["objective"];
  CHECK(objective["architecture"] ==
        "input 1x8x8 > conv 2 by 3x3 stride 1 padding 1 > tanh > max_pool 2x2 stride 2 padding 0 > "
        "dense 10");
  const Eigen::Index parameters = 2 * 10 + 33 * 10;
  CHECK(objective["parameters"] == parameters);
  REQUIRE(objective["parameter_blocks"].size() == 4);
  CHECK(objective["parameter_blocks"][2] ==
        nlohmann::json({{"offset", 20}, {"rows", 10}, {"columns", 32}, {"kind", "weight"}}));
  CHECK(results.array("digits", "hessian").rows() == parameters);
}

TEST_CASE("a reconstruction's targets in its arrays are its inputs, within 0 and 1") {
  const Results results;
  const Outcome outcome =
      results.run({"data=digits", "task=reconstruction", "model=autoencoder:2"});
  CAPTURE(outcome.error);
  REQUIRE(outcome.status == kSuccess);
  const nlohmann::json task = results.task("digits");
  CHECK(task["task"] == "reconstruction");
  CHECK(task["data"]["standardized"] == false);
  CHECK(task["objective"]["loss"] == "binary_cross_entropy");
  const Eigen::MatrixXd x = results.array("digits", "train_x");
  CHECK(x == results.array("digits", "train_y"));
  CHECK(x.minCoeff() == 0);
  CHECK(x.maxCoeff() == 1);
}

TEST_CASE("a user's columns are images where the user says so") {
  const Results results;
  std::string text = "a,b,c,d,e,f,g,h,i,label\n";
  for (int i = 0; i < 40; ++i) {
    for (int k = 0; k < 9; ++k) text += fmt::format("{},", (i * (k + 3)) % 7);
    text += i % 2 == 0 ? "yes\n" : "no\n";
  }
  const std::string file = (results.folder / "tiny.csv").string();
  write_file(file, text);
  const std::vector<std::string> own = {"--data", file, "--target", "label"};
  const auto without = results.run({"model=lenet:2"}, own);
  CHECK(without.status == 2);
  CHECK(without.error.find("image=8x8") != std::string::npos);
  CHECK(results.run({"model=lenet:2", "image=3x4"}, own).error.find("size of 9 pixels") !=
        std::string::npos);
  const Outcome outcome = results.run({"model=lenet:2", "image=3x3"}, own);
  CAPTURE(outcome.error);
  CHECK(outcome.status == kSuccess);
  CHECK(results.task("tiny")["data"]["image"] == nlohmann::json({1, 3, 3}));
  // The same columns, reconstructed: the label column is left out.
  const auto again = results.run(
      {"model=conv_autoencoder:2/2", "image=3x3", "task=reconstruction", "protocols=paper"}, own);
  CAPTURE(again.error);
  CHECK(again.status == kSuccess);
  CHECK(results.array("tiny", "train_y").cols() == 9);
}

TEST_CASE("data named on the command line are run as their own task, and no other") {
  const Results results;
  REQUIRE(results.run({"data=concrete", "model=mlp:2", "protocols=paper"}).status == kSuccess);
  CHECK(results.tasks().size() == 1);
  CHECK(results.task("concrete")["objective"]["weight_decay"] == 0.003);  // of the preset's task
  REQUIRE(results.run({"data=diabetes", "model=linear", "protocols=paper"}).status == kSuccess);
  CHECK(results.tasks().size() == 1);  // of none of the preset's tasks
  CHECK(results.task("diabetes")["data"]["name"] == "diabetes");
}

TEST_CASE("a task that the data do not have is refused") {
  const Results results;
  const Outcome outcome = results.run({"data=digits", "task=regression"});
  CHECK(outcome.status == 2);
  CHECK(
      outcome.error.find("expected multiclass or reconstruction for data=digits, got regression") !=
      std::string::npos);
}

}  // namespace leaveout
