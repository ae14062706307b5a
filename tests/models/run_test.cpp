// SPDX-License-Identifier: MIT
#include "models/run.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <vector>

#include "datasets/files.h"
#include "datasets/sha256.h"

using namespace leaveout;
namespace fs = std::filesystem;

namespace {

struct ScratchFolder {
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "leaveout_run_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~ScratchFolder() { fs::remove_all(path); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path path;
};

double from_bits(std::uint64_t bits) {
  return std::bit_cast<double>(bits);
}

constexpr std::size_t kMagicBytes = 15;
constexpr std::size_t kDigestBytes = 64;

/// Every field differs from its default and from every other one; theta holds each kind of double
/// that a copy through arithmetic or text would change.
Run awkward_run() {
  Run run;
  run.theta.resize(8);
  run.theta << 1.0 / 3.0, 0.0, -0.0, std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity(), 5e-324, from_bits(0x7ff8000000abcdef),  // quiet
      from_bits(0xfff0000000000123);  // signalling, with a sign
  run.log = {{1, 0.5, 2.5}, {-3, from_bits(0x7ff8000000000777), -0.0}};
  run.converged = true;
  run.objective = 0.125;
  run.gradient_norm = 1e-11;
  run.iterations = 41;
  run.kind = Stationarity::saddle;
  run.negative_eigenvalues = 3;
  run.smallest_eigenvalue = -0.75;
  return run;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// Field by field, without the code under test.
void check_same(const Run& a, const Run& b) {
  REQUIRE(a.theta.size() == b.theta.size());
  for (Eigen::Index i = 0; i < a.theta.size(); ++i) CHECK(same_bits(a.theta[i], b.theta[i]));
  REQUIRE(a.log.size() == b.log.size());
  for (std::size_t i = 0; i < a.log.size(); ++i) {
    CHECK(a.log[i].step == b.log[i].step);
    CHECK(same_bits(a.log[i].objective, b.log[i].objective));
    CHECK(same_bits(a.log[i].gradient_norm, b.log[i].gradient_norm));
  }
  CHECK(a.converged == b.converged);
  CHECK(same_bits(a.objective, b.objective));
  CHECK(same_bits(a.gradient_norm, b.gradient_norm));
  CHECK(a.iterations == b.iterations);
  CHECK(a.kind == b.kind);
  CHECK(a.negative_eigenvalues == b.negative_eigenvalues);
  CHECK(same_bits(a.smallest_eigenvalue, b.smallest_eigenvalue));
}

bool refused(const std::string& bytes) {
  try {
    deserialise_run(bytes, "here.run");
    return false;
  } catch (const std::invalid_argument&) {
    return true;
  }
}

std::string refusal(const std::string& bytes) {
  try {
    deserialise_run(bytes, "here.run");
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

/// The bytes with word `index` (after the header) replaced, and a checksum that agrees.
std::string forged(std::string bytes, std::size_t index, std::uint64_t word) {
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[kMagicBytes + 8 * index + i] = static_cast<char>((word >> (8 * i)) & 0xff);
  }
  bytes.resize(bytes.size() - kDigestBytes);
  return bytes + sha256(bytes);
}

}  // namespace

TEST_CASE("a run comes back bit for bit: NaN payloads, -0, infinities, subnormals") {
  const Run run = awkward_run();
  check_same(run, deserialise_run(serialise(run), "memory"));
}

TEST_CASE("a run without parameters or log comes back") {
  Run run;
  check_same(run, deserialise_run(serialise(run), "memory"));
  run.theta = Eigen::VectorXd::Constant(3, -2.0);
  check_same(run, deserialise_run(serialise(run), "memory"));
  run.theta.resize(0);
  run.log = {{7, 1.0, 2.0}};
  check_same(run, deserialise_run(serialise(run), "memory"));
}

TEST_CASE("every kind of stationary point comes back and has a name of its own") {
  std::vector<std::string> names;
  for (std::int64_t kind = 0; kind < 4; ++kind) {
    Run run;
    run.kind = static_cast<Stationarity>(kind);
    CHECK(deserialise_run(serialise(run), "memory").kind == run.kind);
    names.push_back(stationarity_name(run.kind));
  }
  CHECK(names == std::vector<std::string>{"not_examined", "minimum", "saddle", "degenerate"});
  CHECK_THROWS_AS(stationarity_name(static_cast<Stationarity>(4)), std::invalid_argument);
}

TEST_CASE("the layout is fixed: header, counts, theta and log, least significant byte first") {
  Run run;
  run.theta = Eigen::VectorXd::Constant(1, 1.0);  // 0x3ff0000000000000
  run.log = {{258, 2.0, -2.0}};                   // 258 = 0x0102
  const std::string bytes = serialise(run);
  CHECK(bytes.substr(0, kMagicBytes) == "leaveout-run-1\n");
  const auto word = [&](std::size_t i) { return bytes.substr(kMagicBytes + 8 * i, 8); };
  CHECK(word(0) == std::string("\1\0\0\0\0\0\0\0", 8));
  CHECK(word(1) == std::string("\1\0\0\0\0\0\0\0", 8));
  CHECK(word(2) == std::string("\0\0\0\0\0\0\xf0\x3f", 8));
  CHECK(word(3) == std::string("\2\1\0\0\0\0\0\0", 8));
  CHECK(word(4) == std::string("\0\0\0\0\0\0\0\x40", 8));
  CHECK(word(5) == std::string("\0\0\0\0\0\0\0\xc0", 8));
  CHECK(bytes.size() == kMagicBytes + 8 * (2 + 1 + 3 + 7) + kDigestBytes);
  CHECK(bytes.substr(bytes.size() - kDigestBytes) ==
        sha256(bytes.substr(0, bytes.size() - kDigestBytes)));
}

TEST_CASE("every truncation of a run, and every byte too many, is refused") {
  const std::string bytes = serialise(awkward_run());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(refused(bytes.substr(0, size)));
  }
  CHECK(refused(bytes + '\0'));
  CHECK(refused(bytes + bytes));
  CHECK(refused("x" + bytes));
}

TEST_CASE("every flip of a single bit of a run is refused") {
  std::string bytes = serialise(awkward_run());
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const char mask = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    CAPTURE(bit);
    CHECK(refused(bytes));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
  }
  CHECK(!refused(bytes));
}

TEST_CASE("counts that the bytes cannot hold are refused before anything is allocated") {
  // 2^61 words of 8 bytes, and 2^61 entries of 24, are 0 bytes modulo 2^64: a product of a count
  // would agree with the size of an empty run.
  const std::string empty = serialise(Run());
  const std::uint64_t counts[] = {
      1, 1ull << 31, 1ull << 32, 1ull << 61, 1ull << 63, ~0ull, ~0ull / 3 + 1};
  for (const std::uint64_t count : counts) {
    CAPTURE(count);
    CHECK(refusal(forged(empty, 0, count)).find("announces") != std::string::npos);
    CHECK(refusal(forged(empty, 1, count)).find("announces") != std::string::npos);
  }
  // Two wrong counts whose sum of words overflows to the right one: P + 3 E = 2^64.
  const std::string both = forged(forged(empty, 0, ~0ull - 2), 1, 1);
  CHECK(refusal(both).find("announces") != std::string::npos);
  // Bytes that nobody announced, under a right checksum.
  for (const std::size_t extra : {1, 8, 24}) {
    std::string longer = empty.substr(0, empty.size() - kDigestBytes) + std::string(extra, '\0');
    longer += sha256(longer);
    CHECK(refusal(longer).find("announces") != std::string::npos);
  }
  // Parameters taken for log entries: the size agrees, the fields do not; only the hash can tell.
  Run run;
  run.theta = Eigen::VectorXd::Zero(3);
  CHECK(!refused(forged(forged(serialise(run), 0, 0), 1, 1)));
}

TEST_CASE("values that no run can hold are refused even under a right checksum") {
  const std::string empty = serialise(Run());
  CHECK(!refused(forged(empty, 2, 1)));  // converged
  CHECK(refused(forged(empty, 2, 2)));
  CHECK(!refused(forged(empty, 6, 3)));  // kind
  CHECK(refused(forged(empty, 6, 4)));
  CHECK(refused(forged(empty, 6, ~0ull)));
}

TEST_CASE("a refusal is one line that says what, where and what to do") {
  const std::string bytes = serialise(awkward_run());
  CHECK(
      refusal("") ==
      "[run] 'here.run' is not a whole run: it does not start with 'leaveout-run-1\\n'; delete it "
      "and train again");
  std::string flipped = bytes;
  flipped[kMagicBytes + 16] ^= 1;
  CHECK(refusal(flipped) ==
        "[run] 'here.run' is not a whole run: its checksum differs from its content; delete it and "
        "train again");
  CHECK(refusal(bytes.substr(0, 40)).find("its 40 bytes are fewer") != std::string::npos);
  CHECK(
      refusal(bytes.substr(0, 200)).find("its 200 bytes do not hold the 8 parameters and 2 log") !=
      std::string::npos);
}

TEST_CASE("a run goes through a file, replaces the old one, and leaves nothing else behind") {
  const ScratchFolder folder;
  const std::string path = (folder.path / "checkpoint.run").string();
  write_run(path, Run());
  write_run(path, awkward_run());
  check_same(read_run(path), awkward_run());
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);

  fs::resize_file(path, fs::file_size(path) - 1);
  CHECK_THROWS_AS(read_run(path), std::invalid_argument);
  CHECK_THROWS_AS(read_run((folder.path / "missing.run").string()), std::invalid_argument);
}

TEST_CASE("a run that cannot be written throws and leaves nothing") {
  const ScratchFolder folder;
  fs::create_directory(folder.path / "taken.run");  // a folder: the last step, the rename, fails
  CHECK_THROWS_AS(write_run((folder.path / "taken.run").string(), Run()), std::runtime_error);
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
  CHECK_THROWS_AS(write_run((folder.path / "missing" / "a.run").string(), Run()),
                  std::runtime_error);
}
