// SPDX-License-Identifier: MIT
#include "datasets/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "datasets/files.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers are written as they are in memory");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kFloat64 = "<f8";
constexpr std::string_view kInt64 = "<i8";
constexpr std::uint64_t kLargestEmpty = 100'000'000;

struct Header {
  std::string type;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw std::invalid_argument(fmt::format("[npy] {}: {}", printable(path, kWholeText), why));
}

/// Reads the dictionary literal that NumPy writes: three keys in any order, nothing else. This is
/// not a Python parser; a file that needs one is refused.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  Header parse() {
    Header header;
    unsigned seen = 0;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        header.type = quoted();
        seen |= 1;
      } else if (key == "fortran_order") {
        header.fortran_order = boolean();
        seen |= 2;
      } else if (key == "shape") {
        header.shape = tuple();
        seen |= 4;
      } else {
        fail();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (seen != 7 || !text_.empty()) fail();
    return header;
  }

 private:
  [[noreturn]] void fail() const {
    refuse(path_, "the header is damaged or of an unknown kind; write it again with numpy.save");
  }
  void skip_blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_blanks();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  std::string quoted() {
    expect('\'');
    const std::size_t end = text_.find('\'');
    if (end == std::string_view::npos) fail();
    std::string value(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return value;
  }
  bool boolean() {
    skip_blanks();
    for (const std::string_view word : {std::string_view("True"), std::string_view("False")}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return word == "True";
    }
    fail();
  }
  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> values;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::uint64_t value = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (error != std::errc()) fail();
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      values.push_back(value);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  std::string_view text_;
  const std::string& path_;
};

/// The bytes of a file of the given item type, once its header and its size agree.
struct Payload {
  Header header;
  std::string file;
  std::size_t offset = 0;

  std::uint64_t extent(std::size_t axis) const { return header.shape[axis]; }
  const char* bytes() const { return file.data() + offset; }
};

/// Splits off the header: magic, two bytes of version, then a length of 2 bytes (version 1) or 4.
void read_header(const std::string& path, Payload& payload) {
  const std::string_view file = payload.file;
  if (!file.starts_with(kMagic)) refuse(path, "not a .npy file; write it with numpy.save");
  const auto byte = [&](std::size_t i) -> std::size_t {
    return static_cast<unsigned char>(file[i]);
  };
  const std::size_t start = file.size() > 6 && byte(6) == 1 ? 10 : 12;
  if (file.size() < start) refuse(path, "the header is cut off; copy the file again");
  if (byte(6) < 1 || byte(6) > 3) {
    refuse(path, fmt::format("version {} is not supported; use version 1, 2 or 3", byte(6)));
  }
  std::size_t length = byte(8) + 256 * byte(9);
  if (start == 12) length += 65536 * (byte(10) + 256 * byte(11));
  if (length > file.size() - start) refuse(path, "the header is cut off; copy the file again");
  payload.header = HeaderParser(file.substr(start, length), path).parse();
  payload.offset = start + length;
}

/// Requires that `header.shape` describes exactly the bytes that are there.
void check_size(const std::string& path, const Payload& payload) {
  const std::uint64_t items = (payload.file.size() - payload.offset) / 8;
  bool whole = (payload.file.size() - payload.offset) % 8 == 0;
  std::uint64_t product = 1;
  bool empty = false;
  for (const std::uint64_t extent : payload.header.shape) {
    if (extent == 0) empty = true;
    // Saturates: a product above the file's size is wrong, however large it is.
    product = extent != 0 && product > items / extent ? items + 1 : product * extent;
  }
  if (empty) {
    product = 0;
    // No bytes vouch for the other extents, and loops run over them.
    for (const std::uint64_t extent : payload.header.shape) whole = whole && extent < kLargestEmpty;
  }
  if (!whole || product != items) {
    refuse(
        path,
        fmt::format("shape ({}) does not fit the {} bytes of data; the file is cut off or damaged, "
                    "copy or write it again",
                    fmt::join(payload.header.shape, ", "),
                    payload.file.size() - payload.offset));
  }
}

Payload read_payload(const std::string& path, std::string_view type, std::size_t dimensions) {
  Payload payload;
  payload.file = read_file(path);
  read_header(path, payload);
  if (payload.header.type != type || payload.header.shape.size() != dimensions) {
    refuse(path,
           fmt::format("holds {}-D '{}' where {}-D '{}' is needed; convert it with numpy",
                       payload.header.shape.size(),
                       printable(payload.header.type),
                       dimensions,
                       type));
  }
  check_size(path, payload);
  return payload;
}

void write_payload(const std::string& path,
                   std::string_view type,
                   bool fortran_order,
                   const std::string& shape,
                   const void* data,
                   std::size_t items) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}",
                                   type,
                                   fortran_order ? "True" : "False",
                                   shape);
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';
  std::string file;
  file.reserve(kMagic.size() + 4 + header.size() + 8 * items);
  file += kMagic;
  file += {'\x01',
           '\x00',
           static_cast<char>(header.size() % 256),
           static_cast<char>(header.size() / 256)};
  file += header;
  if (items > 0) file.append(static_cast<const char*>(data), 8 * items);
  write_file(path, file);
}

/// Copies numbers out of the file's bytes, which need not be aligned.
template <typename T>
void copy_items(const Payload& payload, T* to, std::size_t items) {
  static_assert(sizeof(T) == 8);
  if (items > 0) std::memcpy(to, payload.bytes(), 8 * items);
}

}  // namespace

void write_npy(const std::string& path, const Eigen::MatrixXd& matrix) {
  write_payload(path,
                kFloat64,
                true,
                fmt::format("({}, {})", matrix.rows(), matrix.cols()),
                matrix.data(),
                static_cast<std::size_t>(matrix.size()));
}

void write_npy_examples_in_rows(const std::string& path, const Eigen::MatrixXd& matrix) {
  // Column-major bytes of a matrix are the row-major bytes of its transpose.
  write_payload(path,
                kFloat64,
                false,
                fmt::format("({}, {})", matrix.cols(), matrix.rows()),
                matrix.data(),
                static_cast<std::size_t>(matrix.size()));
}

void write_npy_vector(const std::string& path, const Eigen::VectorXd& vector) {
  write_payload(path,
                kFloat64,
                false,
                fmt::format("({},)", vector.size()),
                vector.data(),
                static_cast<std::size_t>(vector.size()));
}

void write_npy_integers(const std::string& path, const std::vector<std::int64_t>& integers) {
  write_payload(
      path, kInt64, false, fmt::format("({},)", integers.size()), integers.data(), integers.size());
}

Eigen::MatrixXd read_npy(const std::string& path) {
  const Payload payload = read_payload(path, kFloat64, 2);
  const auto rows = static_cast<Eigen::Index>(payload.extent(0));
  const auto cols = static_cast<Eigen::Index>(payload.extent(1));
  if (payload.header.fortran_order) {
    Eigen::MatrixXd matrix(rows, cols);
    copy_items(payload, matrix.data(), static_cast<std::size_t>(matrix.size()));
    return matrix;
  }
  Eigen::MatrixXd transposed(cols, rows);
  copy_items(payload, transposed.data(), static_cast<std::size_t>(transposed.size()));
  return transposed.transpose();
}

Eigen::MatrixXd read_npy_examples_in_rows(const std::string& path) {
  return read_npy(path).transpose();
}

Eigen::VectorXd read_npy_vector(const std::string& path) {
  const Payload payload = read_payload(path, kFloat64, 1);
  Eigen::VectorXd vector(static_cast<Eigen::Index>(payload.extent(0)));
  copy_items(payload, vector.data(), static_cast<std::size_t>(vector.size()));
  return vector;
}

std::vector<std::int64_t> read_npy_integers(const std::string& path) {
  const Payload payload = read_payload(path, kInt64, 1);
  std::vector<std::int64_t> integers(payload.extent(0));
  copy_items(payload, integers.data(), integers.size());
  return integers;
}

}  // namespace leaveout
