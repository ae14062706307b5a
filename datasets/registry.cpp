// SPDX-License-Identifier: MIT
#include "datasets/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "datasets/byte_images.h"
#include "datasets/cifar10.h"
#include "datasets/csv.h"
#include "datasets/gzip.h"
#include "datasets/idx.h"
#include "datasets/images.h"
#include "datasets/random.h"
#include "datasets/registry_entries.h"
#include "datasets/sha256.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

namespace fs = std::filesystem;

// A stream of its own, so that `split` of the part with the same seed is another permutation.
constexpr std::uint64_t kRowStream = 0x726f7773;  // "rows"

std::optional<fs::path> find_data_folder() {
  const auto holds_data = [](const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "concrete.csv", ignored);
  };
  fs::path folder = fs::path("datasets") / "data";
  if (holds_data(folder)) return folder;
  std::error_code ignored;
  fs::path above = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (int level = 0; level < 3; ++level) {
    above = above.parent_path();
    folder = above / "datasets" / "data";
    if (holds_data(folder)) return folder;
  }
  return std::nullopt;
}

/// The file or its packed form, in the first folder that has either; empty: in none.
std::string path_of(const std::string& name, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders)
    for (const char* const ending : {"", ".gz"}) {
      const fs::path path = fs::path(folder) / (name + ending);
      std::error_code ignored;
      if (fs::is_regular_file(path, ignored)) return path.string();
    }
  return {};
}

std::string find_file(const DatasetInfo& info,
                      const std::string& name,
                      const std::vector<std::string>& folders) {
  const std::string path = path_of(name, folders);
  if (!path.empty()) return path;
  std::string looked;
  for (const std::string& folder : folders)
    looked += (looked.empty() ? "" : ", ") + printable(folder, kWholeText);
  throw std::invalid_argument(
      fmt::format("[datasets] '{0}' does not ship and there is no file '{1}' in {2}: run make data "
                  "SETS={0}, or set LEAVEOUT_DATA to a folder that holds the file",
                  info.name,
                  name,
                  looked.empty() ? "any folder" : looked));
}

/// A file of a data set, read once and checked by its hash.
struct Payload {
  std::string path;
  std::string bytes;
};

Payload read_file_of(const DatasetInfo& info,
                     const DataFile& file,
                     const std::vector<std::string>& folders) {
  Payload payload;
  payload.path = info.ships ? (fs::path(data_folder()) / file.name).string()
                            : find_file(info, file.name, folders);
  payload.bytes = read_payload(payload.path, "datasets");
  const std::string hash = sha256(payload.bytes);
  if (hash != file.sha256)
    throw std::invalid_argument(fmt::format(
        "[datasets] '{}' is not the '{}' that results are compared on (SHA-256 {} where "
        "{} is expected): {}",
        printable(payload.path, kWholeText),
        info.name,
        hash,
        file.sha256,
        info.ships ? "restore it" : fmt::format("run make data SETS={}", info.name)));
  return payload;
}

/// The rows to load of `size` there are.
std::vector<Eigen::Index> chosen_rows(const DatasetInfo& info,
                                      Eigen::Index size,
                                      const LoadOptions& options) {
  if (!(options.fraction > 0 && options.fraction <= 1))
    throw std::invalid_argument(
        fmt::format("[datasets] fraction, expected a number above 0 and not above 1, got {}",
                    options.fraction));
  const auto part =
      static_cast<Eigen::Index>(std::lround(options.fraction * static_cast<double>(size)));
  const Eigen::Index count = std::min(part, options.max_rows);
  if (count < 1)
    throw std::invalid_argument(
        fmt::format("[datasets] a fraction of {} and at most {} rows leave none of the {} rows of "
                    "'{}': take more",
                    options.fraction,
                    options.max_rows,
                    size,
                    info.name));
  std::vector<Eigen::Index> rows(static_cast<std::size_t>(size));
  if (count == size) {
    std::iota(rows.begin(), rows.end(), Eigen::Index{0});
  } else {
    Random(options.seed, {kRowStream}).permutation(rows);
    rows.resize(static_cast<std::size_t>(count));
  }
  return rows;
}

/// Whether each value is above the median of all, the mean of the two in the middle if they are
/// even in number.
Eigen::MatrixXd above_median(const Eigen::MatrixXd& values) {
  std::vector<double> sorted(values.reshaped().begin(), values.reshaped().end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  const double median =
      sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return (values.array() > median).cast<double>();
}

Dataset read_table(const DatasetInfo& info, const Payload& file) {
  if (info.format == DataFormat::blanks)
    return whitespace_table_from_text(file.bytes, file.path, info.columns);
  std::string text = file.bytes;
  if (info.format == DataFormat::commas)
    text.insert(0, fmt::format("{}\n", fmt::join(info.columns, ",")));
  const bool raised = info.format == DataFormat::csv_above_median;
  const Task task = raised ? Task::regression : info.task;
  Dataset dataset = dataset_from_table(
      parse_csv(std::move(text), file.path), {.target = info.target, .task = task}, "");
  if (raised) {
    dataset.task = Task::binary;
    dataset.targets = above_median(dataset.targets);
  }
  return dataset;
}

ByteImages read_images(const DatasetInfo& info, const std::vector<std::string>& folders) {
  ByteImages images;
  if (info.format == DataFormat::cifar10) {
    for (const DataFile& file : info.files) {
      const Payload batch = read_file_of(info, file, folders);
      append_cifar10(batch.bytes, batch.path, images);
    }
    return images;
  }
  assert(info.files.size() == 2);
  Payload pixels = read_file_of(info, info.files[0], folders);
  const Payload labels = read_file_of(info, info.files[1], folders);
  return parse_idx(std::move(pixels.bytes),
                   labels.bytes,
                   pixels.path,
                   labels.path,
                   static_cast<Eigen::Index>(info.class_names.size()));
}

Dataset read_part(const DatasetInfo& info,
                  const LoadOptions& options,
                  const std::vector<std::string>& folders) {
  if (info.format == DataFormat::idx || info.format == DataFormat::cifar10) {
    const ByteImages images = read_images(info, folders);
    return dataset_of(
        images, info.class_names, chosen_rows(info, images.size(), options), options.downsample);
  }
  Dataset whole = read_table(info, read_file_of(info, info.files.front(), folders));
  whole.name = info.name;
  whole.image = info.image;
  const std::vector<Eigen::Index> rows = chosen_rows(info, whole.size(), options);
  if (static_cast<Eigen::Index>(rows.size()) < whole.size()) whole = take(whole, rows);
  return options.downsample == 1 ? whole : downsample(whole, options.downsample);
}

}  // namespace

const std::vector<DatasetInfo>& dataset_registry() {
  static const std::vector<DatasetInfo> kRegistry = registry_entries();
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
  if (const auto folder = find_data_folder()) return folder->string();
  throw std::invalid_argument(
      "[datasets] the folder datasets/data is neither below the current folder nor above the "
      "program: run from the root of the project");
}

std::vector<std::string> data_folders() {
  std::vector<std::string> folders;
  if (const auto folder = find_data_folder()) folders.push_back((*folder / "fetched").string());
  const char* const mirror = std::getenv("LEAVEOUT_DATA");
  if (mirror != nullptr && *mirror != '\0') folders.emplace_back(mirror);
  return folders;
}

bool dataset_is_here(const std::string& name) {
  const DatasetInfo& info = dataset_info(name);
  const std::vector<std::string> folders = data_folders();
  return info.ships || std::all_of(info.files.begin(), info.files.end(), [&](const DataFile& file) {
           return !path_of(file.name, folders).empty();
         });
}

Dataset load_dataset(const DatasetInfo& info, const LoadOptions& options) {
  Dataset dataset =
      read_part(info, options, options.folders.empty() ? data_folders() : options.folders);
  dataset.name = info.name;
  dataset.target_name = info.target;
  if (!info.class_names.empty()) dataset.class_names = info.class_names;
  dataset.provenance = {info.source, info.license, info.sha256};
  if (dataset.size() < info.rows)
    dataset.provenance.source +=
        fmt::format("; {} of {} rows, drawn by seed {}", dataset.size(), info.rows, options.seed);
  if (options.downsample > 1)
    dataset.provenance.source += fmt::format("; downsampled by {}", options.downsample);
  return dataset;
}

Dataset load_dataset(const std::string& name, const LoadOptions& options) {
  return load_dataset(dataset_info(name), options);
}

}  // namespace leaveout
