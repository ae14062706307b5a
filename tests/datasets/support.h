// SPDX-License-Identifier: MIT
#pragma once

// What the tests of this folder share: a folder that goes away, and the message of a refusal.
//
//   const DataFolder folder;
//   const std::string path = folder.file("cars.csv", "a,b\n1,2\n");
//   CHECK(refusal([&] { read_csv(path); }) == "...");

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace leaveout {

/// A new folder under the system's temporary one, removed with what is in it.
class DataFolder {
 public:
  DataFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "leaveout-").string();
    name.append(6, 'X');  // mkdtemp replaces them
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~DataFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string file(const std::string& name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  /// How many entries the folder has.
  std::ptrdiff_t entries() const {
    return std::distance(std::filesystem::directory_iterator(path_), {});
  }

 private:
  std::filesystem::path path_;
};

/// The message of the std::invalid_argument that `action` throws; "" if it throws nothing. Fails
/// the test if the message is more than one line or shows control characters.
template <typename Action>
std::string refusal(const Action& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    std::string message = error.what();
    const bool one_line = std::all_of(message.begin(), message.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    });
    CHECK_MESSAGE(one_line, message);
    return message;
  }
  return "";
}

/// Whether `text` contains `part`.
inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace leaveout
