// SPDX-License-Identifier: MIT
#pragma once

// Data sets by name: some ship with the project, `make data` fetches the others.
//
//   for (const DatasetInfo& info : dataset_registry()) fmt::print("{}\n", info.name);
//   Dataset concrete = load_dataset("concrete");       // datasets/data/concrete.csv
//   Dataset energy = load_dataset("energy");           // datasets/data/fetched/energy.txt
//   Dataset some = load_dataset("mnist", {.fraction = 0.1, .seed = 1, .downsample = 2});
//
// A file that does not ship is looked for in datasets/data/fetched and then in the folder that the
// environment variable LEAVEOUT_DATA names, as it is or with .gz behind its name. Every file is
// checked by the SHA-256 of its payload. A set of images is its training file alone (mnist and
// fashion_mnist 60000, cifar10 50000): read_idx and read_cifar10_files read the published test
// files.

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace leaveout {

/// A file of a data set and the pinned SHA-256 of its payload.
struct DataFile {
  std::string name;  ///< relative to a data folder
  std::string sha256;
};

/// How the files of a data set are read.
enum class DataFormat {
  csv,               ///< with a header
  csv_above_median,  ///< the same, its target turned into whether it is above its median
  commas,            ///< numbers between commas, no header, target last
  blanks,            ///< numbers between blanks, no header, target last
  idx,               ///< images, labels
  cifar10            ///< batches
};

/// What is known of a data set without reading it.
struct DatasetInfo {
  std::string name;
  Task task = Task::regression;
  Eigen::Index rows = 0;
  Eigen::Index features = 0;
  std::string target;       ///< name of the target column
  std::string description;  ///< one line
  bool ships = false;       ///< whether its file is part of the project, in datasets/data
  std::string source;       ///< who made it
  std::string license;      ///< licence of the data
  std::string sha256{};     ///< of its one file; of several, of what sha256sum prints for them
  DataFormat format = DataFormat::csv;
  std::vector<DataFile> files;             ///< in the order in which they are read
  std::vector<std::string> columns{};      ///< names where the file has none: features, then target
  std::vector<std::string> class_names{};  ///< names where the file has numbers
  ImageSize image{};                       ///< what image the features are, if any
};

/// Which part of a data set to load, and how small its images.
struct LoadOptions {
  double fraction = 1;               ///< of the rows, above 0: round(fraction * rows) of them
  Eigen::Index max_rows = kNoLimit;  ///< and at most so many
  std::uint64_t seed = 0;            ///< of the permutation that draws them, if not all are taken
  Eigen::Index downsample = 1;       ///< blocks of so many pixels a side become one (images.h)
  std::vector<std::string> folders = {};  ///< where to look; none: `data_folders()`
};

/// Every known data set, those that ship first.
const std::vector<DatasetInfo>& dataset_registry();

/// The entry of `name`. Throws std::invalid_argument that lists the known names.
const DatasetInfo& dataset_info(const std::string& name);

/// The folder of the data that ships: datasets/data below the current folder, or else below one of
/// the three folders above the executable's. Throws std::invalid_argument if there is none.
std::string data_folder();

/// Where the files of data that do not ship are looked for, in this order.
std::vector<std::string> data_folders();

/// Reads a data set, or the part of it that the options name: all rows in the order of the file,
/// or the first ones of a permutation, of which fewer are a prefix of more. Of images, no more than
/// that part is ever held as doubles. Throws std::invalid_argument, one line, for a file that is
/// not there or not the pinned one, for a fraction outside of (0, 1], for no rows, and for a factor
/// that does not divide the images.
Dataset load_dataset(const std::string& name, const LoadOptions& options = {});

/// The same for a data set that has an entry, in the registry or of the caller's own.
Dataset load_dataset(const DatasetInfo& info, const LoadOptions& options = {});

/// Whether `load_dataset(name)` would find its files. Throws for an unknown name.
bool dataset_is_here(const std::string& name);

}  // namespace leaveout
