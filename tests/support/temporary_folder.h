// SPDX-License-Identifier: MIT
#pragma once
// A folder of a test's own, gone with everything in it at the end of the test.
//
//   const TemporaryFolder folder;
//   write_file(folder / "a.csv", text);

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace leaveout {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "leaveout_test_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace leaveout
