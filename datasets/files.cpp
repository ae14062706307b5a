// SPDX-License-Identifier: MIT
#include "datasets/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "datasets/text.h"

namespace leaveout {

namespace {

[[noreturn]] void refuse_read(const std::string& path, const char* why, const char* cure) {
  throw std::invalid_argument(
      fmt::format("[file] cannot read '{}': {}; {}", printable(path, kWholeText), why, cure));
}

/// Writes all bytes to an open descriptor and flushes them to the disk; false with errno if it
/// cannot.
bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(descriptor) == 0 || errno == EINVAL;  // EINVAL: a file system that has no flush
}

}  // namespace

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) refuse_read(path, std::strerror(errno), "check the path and its permissions");
  struct stat status = {};
  if (::fstat(::fileno(file.get()), &status) != 0 || S_ISDIR(status.st_mode)) {
    refuse_read(path, "it is a folder", "name a file");
  }
  std::string bytes;
  if (S_ISREG(status.st_mode)) bytes.reserve(static_cast<std::size_t>(status.st_size) + 1);
  char buffer[1 << 16];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file.get())) {
    bytes.append(buffer, count);
  }
  if (std::ferror(file.get()) != 0) {
    refuse_read(path, std::strerror(errno), "check the disk it is on");
  }
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) {
  // The process and a count make the name unique: threads may write different files of one folder.
  static std::atomic<unsigned> count{0};
  std::string temporary;
  int descriptor;
  do {  // a process of this number that died may have left the name behind
    temporary = fmt::format("{}.{}.{}.tmp", path, ::getpid(), count++);
    descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EEXIST);
  const auto refuse = [&](int error) {
    throw std::runtime_error(
        fmt::format("[file] cannot write '{}': {}; check the folder and the disk",
                    printable(path, kWholeText),
                    std::strerror(error)));
  };
  if (descriptor < 0) refuse(errno);
  int error = write_all(descriptor, bytes) ? 0 : errno;
  if (::close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    refuse(error);
  }
}

}  // namespace leaveout
