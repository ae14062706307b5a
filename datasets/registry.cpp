// SPDX-License-Identifier: MIT
#include "datasets/registry.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "datasets/csv.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCcBy = "CC BY 4.0";

// clang-format off: one entry, one paragraph
std::vector<DatasetInfo> shipped() {
  return {{"concrete",
           Task::regression,
           1030,
           8,
           "strength",
           "compressive strength of concrete from its mixture and age",
           true,
           "I-C. Yeh, UCI Machine Learning Repository 165",
           kCcBy,
           "cebe9b537c3752ae3d7e7e73c8292b146f669ff56e3a9fe9d6def61f9e08dd1f"},
          {"breast_cancer",
           Task::binary,
           569,
           30,
           "diagnosis",
           "malignant or benign from measurements of cell nuclei (WDBC)",
           true,
           "W. Wolberg, N. Street, O. Mangasarian, UCI Machine Learning Repository 17",
           kCcBy,
           "518936fa92ca3d8a78c420aee22030c4e519ffcba3be15dd23e83f2fc22e20e5"},
          {"diabetes",
           Task::regression,
           442,
           10,
           "progression",
           "progression of diabetes a year after ten baseline measurements",
           true,
           "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Annals of Statistics 2004",
           "as distributed with scikit-learn, BSD-3-Clause",
           "2d9516499b8b56e76cf361824b4608b0bef572b03e561ba3410ca4b4ce37b5d4"},
          {"digits",
           Task::multiclass,
           1797,
           64,
           "digit",
           "handwritten digits, 8 x 8 pixels of 0 to 16 (optdigits, its test part)",
           true,
           "E. Alpaydin, C. Kaynak, UCI Machine Learning Repository 80",
           kCcBy,
           "1a8c0ce573804cf39bc6fdc9a6cc8f23d15cbf27a72575c1ca5fac15163717d0",
           {},
           {1, 8, 8, 16}}};
}

std::vector<DatasetInfo> fetched() {
  return {{"energy",
           Task::regression,
           768,
           8,
           "heating_load",
           "heating load of simulated buildings from their shape",
           false,
           "A. Tsanas, A. Xifara, UCI Machine Learning Repository 242",
           kCcBy,
           "7f8bf024cea437267d56be99b7af7bb3faebec8a7bccfbb20d06d52d9372a950",
           {"relative_compactness",
            "surface_area",
            "wall_area",
            "roof_area",
            "overall_height",
            "orientation",
            "glazing_area",
            "glazing_area_distribution",
            "heating_load"}},
          {"yacht",
           Task::regression,
           308,
           6,
           "residuary_resistance",
           "residuary resistance of sailing yachts from hull shape and speed",
           false,
           "J. Gerritsma, R. Onnink, A. Versluis, UCI Machine Learning Repository 243",
           kCcBy,
           "00dfecc0fc01ddd4c90b558a3ac11b246df8ebcfea130724223475a9a67f0ea1",
           {"buoyancy_position",
            "prismatic_coefficient",
            "length_displacement_ratio",
            "beam_draught_ratio",
            "length_beam_ratio",
            "froude_number",
            "residuary_resistance"}},
          {"kin8nm",
           Task::regression,
           8192,
           8,
           "distance",
           "distance of a robot arm's hand from a target, from eight joint angles",
           false,
           "Delve, University of Toronto",
           "as distributed by Delve",
           "a694ce0c7a21390f2bd2a205c36f2482cd974637a207038696716e22f3bbe810",
           {"theta1",
            "theta2",
            "theta3",
            "theta4",
            "theta5",
            "theta6",
            "theta7",
            "theta8",
            "distance"}},
          {"wine-quality-red",
           Task::regression,
           1599,
           11,
           "quality",
           "taste score of red wines from chemical measurements",
           false,
           "P. Cortez and others, UCI Machine Learning Repository 186",
           kCcBy,
           "3ba41eaf4ab562088cf47b5c9dca2b4de2a330c3ee38a7920b4527a09574d5c1",
           {"fixed_acidity",
            "volatile_acidity",
            "citric_acid",
            "residual_sugar",
            "chlorides",
            "free_sulfur_dioxide",
            "total_sulfur_dioxide",
            "density",
            "ph",
            "sulphates",
            "alcohol",
            "quality"}}};
}

// clang-format on

/// The file of a data set that does not ship.
std::string fetched_file(const DatasetInfo& info) {
  const char* const folder = std::getenv("LEAVEOUT_DATA");
  if (folder == nullptr || *folder == '\0') {
    throw std::invalid_argument(fmt::format(
        "[datasets] '{0}' does not ship: set LEAVEOUT_DATA to a folder that holds {0}.txt",
        info.name));
  }
  const fs::path path = fs::path(folder) / (info.name + ".txt");
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    throw std::invalid_argument(
        fmt::format("[datasets] no file '{}': '{}' does not ship, put its text copy there or set "
                    "LEAVEOUT_DATA to the folder that holds it",
                    printable(path.string(), kWholeText),
                    info.name));
  }
  return path.string();
}

Dataset read_known(const DatasetInfo& info) {
  if (!info.ships) return read_whitespace_table(fetched_file(info));
  const fs::path path = fs::path(data_folder()) / (info.name + ".csv");
  return read_dataset(path.string(), {.target = info.target, .task = info.task});
}

}  // namespace

const std::vector<DatasetInfo>& dataset_registry() {
  static const std::vector<DatasetInfo> kRegistry = [] {
    std::vector<DatasetInfo> all = shipped();
    for (DatasetInfo& info : fetched()) all.push_back(std::move(info));
    return all;
  }();
  return kRegistry;
}

const DatasetInfo& dataset_info(const std::string& name) {
  std::string known;
  for (const DatasetInfo& info : dataset_registry()) {
    if (info.name == name) return info;
    known += (known.empty() ? "" : ", ") + info.name;
  }
  throw std::invalid_argument(
      fmt::format("[datasets] no data set '{}'; choose one of {}", printable(name), known));
}

std::string data_folder() {
  const auto holds_data = [](const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "concrete.csv", ignored);
  };
  fs::path folder = fs::path("datasets") / "data";
  if (holds_data(folder)) return folder.string();
  std::error_code ignored;
  fs::path above = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (int level = 0; level < 3; ++level) {
    above = above.parent_path();
    folder = above / "datasets" / "data";
    if (holds_data(folder)) return folder.string();
  }
  throw std::invalid_argument(
      "[datasets] the folder datasets/data is neither below the current folder nor above the "
      "program: "
      "run from the root of the project");
}

bool dataset_is_here(const std::string& name) {
  const DatasetInfo& info = dataset_info(name);
  if (info.ships) return true;
  const char* const folder = std::getenv("LEAVEOUT_DATA");
  std::error_code ignored;
  return folder != nullptr && fs::is_regular_file(fs::path(folder) / (info.name + ".txt"), ignored);
}

Dataset load_dataset(const std::string& name) {
  const DatasetInfo& info = dataset_info(name);
  Dataset dataset = read_known(info);
  if (dataset.provenance.sha256 != info.sha256) {
    throw std::invalid_argument(fmt::format(
        "[datasets] '{}' is not the '{}' that results are compared on (SHA-256 {} where "
        "{} is expected): restore it, or read it as a file of your own",
        printable(dataset.provenance.source, kWholeText),
        name,
        dataset.provenance.sha256,
        info.sha256));
  }
  if (!info.columns.empty()) {
    dataset.feature_names.assign(info.columns.begin(), info.columns.end() - 1);
    dataset.target_name = info.columns.back();
  }
  dataset.name = name;
  dataset.image = info.image;
  dataset.provenance.source = info.source;
  dataset.provenance.license = info.license;
  return dataset;
}

}  // namespace leaveout
