// SPDX-License-Identifier: MIT
#pragma once

// Data sets by name: four ship with the project, the others are read from a folder of the user's.
//
//   for (const DatasetInfo& info : dataset_registry()) fmt::print("{}\n", info.name);
//   Dataset concrete = load_dataset("concrete");       // datasets/data/concrete.csv
//   Dataset energy = load_dataset("energy");           // $LEAVEOUT_DATA/energy.txt, checked by
//   SHA-256

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace leaveout {

/// What is known of a data set without reading it.
struct DatasetInfo {
  std::string name;
  Task task;
  Eigen::Index rows;
  Eigen::Index features;
  std::string target;                  ///< name of the target column
  std::string description;             ///< one line
  bool ships;                          ///< whether datasets/data/NAME.csv is part of the project
  std::string source;                  ///< who made it
  std::string license;                 ///< licence of the data
  std::string sha256;                  ///< of NAME.csv if it ships, of NAME.txt otherwise
  std::vector<std::string> columns{};  ///< names for NAME.txt: features, then the target
  ImageSize image{};                   ///< what image the features are, if any
};

/// Every known data set, those that ship first.
const std::vector<DatasetInfo>& dataset_registry();

/// The entry of `name`. Throws std::invalid_argument that lists the known names.
const DatasetInfo& dataset_info(const std::string& name);

/// The folder of the data that ships: datasets/data below the current folder, or else below one of
/// the three folders above the executable's. Throws std::invalid_argument if there is none.
std::string data_folder();

/// Reads a data set. One that does not ship needs the environment variable LEAVEOUT_DATA to name a
/// folder with NAME.txt of the pinned SHA-256. Throws std::invalid_argument, one line, otherwise.
Dataset load_dataset(const std::string& name);

/// Whether `load_dataset(name)` would find its files. Throws for an unknown name.
bool dataset_is_here(const std::string& name);

}  // namespace leaveout
