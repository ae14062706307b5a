// SPDX-License-Identifier: MIT
#include "datasets/npy.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "datasets/files.h"
#include "datasets/random.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

/// A version 1.0 file with this dictionary and these numbers.
std::string npy_bytes(const std::string& dictionary, const std::vector<double>& numbers) {
  std::string header = dictionary + "\n";
  std::string bytes = "\x93NUMPY";
  bytes += {'\x01',
            '\x00',
            static_cast<char>(header.size() % 256),
            static_cast<char>(header.size() / 256)};
  bytes += header;
  for (const double number : numbers) {
    char item[8];
    std::memcpy(item, &number, 8);
    bytes.append(item, 8);
  }
  return bytes;
}

}  // namespace

TEST_CASE("a matrix is written as NumPy writes it, byte for byte") {
  const DataFolder folder;
  Eigen::MatrixXd matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 6;
  write_npy(folder.path("m.npy"), matrix);
  const std::string file = read_file(folder.path("m.npy"));
  // numpy.save of numpy.asfortranarray([[1., 2., 3.], [4., 5., 6.]])
  const std::string dictionary = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }";
  const std::string expected =
      npy_bytes(dictionary + std::string(117 - dictionary.size(), ' '), {1, 4, 2, 5, 3, 6});
  CHECK(file == expected);
  CHECK(file.size() == 128 + 48);
}

TEST_CASE("what is written is read back, bit for bit, at every shape") {
  const DataFolder folder;
  for (const Eigen::Index rows : {0, 1, 2, 17}) {
    for (const Eigen::Index cols : {0, 1, 3, 40}) {
      Eigen::MatrixXd matrix = Random(1).normal_matrix(rows, cols);
      if (matrix.size() > 2) {
        matrix(0) = -0.0;
        matrix(1) = std::numeric_limits<double>::infinity();
      }
      write_npy(folder.path("m.npy"), matrix);
      CHECK(read_npy(folder.path("m.npy")) == matrix);
      CHECK(read_npy_examples_in_rows(folder.path("m.npy")) == matrix.transpose());
      write_npy_examples_in_rows(folder.path("t.npy"), matrix);
      CHECK(read_npy_examples_in_rows(folder.path("t.npy")) == matrix);
      CHECK(read_npy(folder.path("t.npy")) == matrix.transpose());
      const std::string header = fmt::format("'shape': ({}, {})", cols, rows);
      CHECK(has(read_file(folder.path("t.npy")), header));
      CHECK(read_file(folder.path("t.npy")).size() % 64 ==
            static_cast<std::size_t>(8 * rows * cols) % 64);
    }
  }
}

TEST_CASE("vectors and integers are read back") {
  const DataFolder folder;
  const Eigen::VectorXd vector = Random(2).normal_matrix(9, 1);
  write_npy_vector(folder.path("v.npy"), vector);
  CHECK(read_npy_vector(folder.path("v.npy")) == vector);
  const std::vector<std::int64_t> integers = {
      0, -1, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  write_npy_integers(folder.path("i.npy"), integers);
  CHECK(read_npy_integers(folder.path("i.npy")) == integers);
  write_npy_integers(folder.path("i.npy"), {});
  CHECK(read_npy_integers(folder.path("i.npy")).empty());
  CHECK(folder.entries() == 2);
}

TEST_CASE("both orders give the matrix that NumPy shows") {
  const DataFolder folder;
  Eigen::MatrixXd matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 6;
  const auto read = [&](const char* dictionary, const std::vector<double>& numbers) {
    return read_npy(folder.file("m.npy", npy_bytes(dictionary, numbers)));
  };
  CHECK(read("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", {1, 2, 3, 4, 5, 6}) ==
        matrix);
  CHECK(read("{'shape': (2,3),'fortran_order':True,'descr':'<f8'}", {1, 4, 2, 5, 3, 6}) == matrix);
}

TEST_CASE("version 2 has a longer length field") {
  const DataFolder folder;
  const std::string dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n";
  std::string bytes = "\x93NUMPY";
  bytes += {'\x02', '\x00', static_cast<char>(dictionary.size()), '\x00', '\x00', '\x00'};
  bytes += dictionary + std::string(8, '\0');
  CHECK(read_npy_vector(folder.file("v.npy", bytes))(0) == 0.0);
}

TEST_CASE("a file of another kind or shape is refused with what it holds") {
  const DataFolder folder;
  write_npy_vector(folder.path("v.npy"), Eigen::VectorXd::Zero(3));
  write_npy(folder.path("m.npy"), Eigen::MatrixXd::Zero(2, 2));
  CHECK(has(refusal([&] { read_npy(folder.path("v.npy")); }),
            "holds 1-D '<f8' where 2-D '<f8' is needed"));
  CHECK(has(refusal([&] { read_npy_vector(folder.path("m.npy")); }), "holds 2-D"));
  CHECK(has(refusal([&] { read_npy_integers(folder.path("v.npy")); }), "'<i8' is needed"));
  CHECK(has(refusal([&] { read_npy(folder.path("absent.npy")); }), "absent.npy"));
}

TEST_CASE("a damaged file is refused before memory is taken") {
  const DataFolder folder;
  const auto message = [&](const std::string& bytes) {
    return refusal([&] { read_npy(folder.file("m.npy", bytes)); });
  };
  const auto shape = [&](const std::string& text) {
    return message(
        npy_bytes("{'descr': '<f8', 'fortran_order': False, 'shape': " + text + ", }", {1, 2}));
  };
  CHECK(shape("(1, 2)").empty());
  CHECK(has(message(""), "not a .npy file"));
  CHECK(has(message("PK\x03\x04zip"), "not a .npy file"));
  CHECK(has(message("\x93NUMPY"), "the header is cut off"));
  CHECK(has(message("\x93NUMPY\x09      "), "version 9 is not supported"));
  CHECK(has(shape("(2, 2)"), "shape (2, 2) does not fit the 16 bytes"));
  CHECK(has(shape("(1, 1)"), "does not fit"));
  CHECK(has(shape("(4294967296, 4294967296)"),
            "does not fit"));  // the product is 2^64: 0 if it wraps
  CHECK(has(shape("(9223372036854775809, 2)"), "does not fit"));  // twice this wraps to 2
  CHECK(has(shape("(0, 9223372036854775807)"), "does not fit"));
  CHECK(has(shape("(99999999999999999999999, 1)"), "the header is damaged"));
  CHECK(has(shape("(-1, 2)"), "the header is damaged"));
  CHECK(has(shape("(1, 2"), "the header is damaged"));
  CHECK(has(shape("(1, 2), 'more': 1"), "the header is damaged"));
  CHECK(has(message(npy_bytes(
                "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 9000000000), }", {})),
            "does not fit"));
}

TEST_CASE("prefixes and mutations of a valid file never crash the reader") {
  const DataFolder folder;
  write_npy(folder.path("valid.npy"), Random(3).normal_matrix(3, 4));
  const std::string valid = read_file(folder.path("valid.npy"));
  for (std::size_t length = 0; length < valid.size(); ++length) {
    CHECK_FALSE(refusal([&] {
                  read_npy(folder.file(fmt::format("cut{}.npy", length), valid.substr(0, length)));
                }).empty());
  }
  int refused = 0;
  for (std::uint64_t run = 0; run < 600; ++run) {
    Random random(4, {run});
    std::string bytes = valid;
    for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      bytes[random.below(128)] =
          run % 2 == 0 ? static_cast<char>(random.below(256)) : valid[random.below(70)];
    }
    const std::string message = refusal([&] {
      const Eigen::MatrixXd matrix = read_npy(folder.file(fmt::format("{}.npy", run), bytes));
      CHECK(matrix.size() == 12);
    });
    refused += message.empty() ? 0 : 1;
  }
  CHECK(refused > 200);
}

}  // namespace leaveout
