// SPDX-License-Identifier: MIT
#include "datasets/gzip.h"

#include <doctest/doctest.h>

#include "datasets/random.h"
#include "tests/datasets/gzip_support.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

std::string unpacked(const std::string& bytes, std::size_t largest = kLargestPayload) {
  return gunzip(bytes, "a.gz", "idx", largest);
}

std::string complaint(const std::string& bytes, std::size_t largest = kLargestPayload) {
  return refusal([&] { unpacked(bytes, largest); });
}

}  // namespace

TEST_CASE("unpacking undoes packing, whatever the length and however well it packs") {
  for (const std::size_t length : {0, 1, 1000, 262143, 262144, 262145, 1000000}) {
    CAPTURE(length);
    CHECK(unpacked(gzipped(std::string(length, 'x'))) == std::string(length, 'x'));
    Random random(1, {length});
    std::string noise(length, '\0');
    for (char& c : noise) c = static_cast<char>(random.below(256));
    CHECK(unpacked(gzipped(noise)) == noise);
    CHECK(unpacked(gzipped(noise, 0)) == noise);
  }
}

TEST_CASE("members one after the other are one payload") {
  CHECK(unpacked(gzipped("ab") + gzipped("") + gzipped("cd")) == "abcd");
}

TEST_CASE("a damaged gzip file is refused in one line") {
  const std::string packed = gzipped("some bytes that are packed, some bytes that are packed");
  for (std::size_t length = 2; length < packed.size(); ++length) {
    CAPTURE(length);
    CHECK(complaint(packed.substr(0, length)) ==
          "[idx] a.gz: the compressed data end early; fetch the file again");
  }
  std::string damaged = packed;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  CHECK(has(complaint(damaged), "the compressed data are damaged"));
  CHECK(has(complaint(packed + "x"), "bytes follow the end of the compressed data"));
  CHECK(has(complaint("abc"), "it is no gzip file"));
  CHECK(has(complaint("\x1f\x8b garbage that is no stream"), "the compressed data are damaged"));
}

TEST_CASE("what unpacks to more than the limit is refused before it takes the memory") {
  const std::string packed = gzipped(std::string(100000, 'x'));
  CHECK(unpacked(packed, 100000).size() == 100000);
  CHECK(has(complaint(packed, 99999), "it unpacks to more than can be read"));
  CHECK(has(complaint(gzipped("ab") + gzipped("cd"), 3), "it unpacks to more than can be read"));
}

TEST_CASE("a payload is the same from the file as it is and from the packed one") {
  const DataFolder folder;
  CHECK(read_payload(folder.file("a", "payload"), "idx") == "payload");
  CHECK(read_payload(folder.file("a.gz", gzipped("payload")), "idx") == "payload");
  CHECK(has(refusal([&] { read_payload(folder.path("b"), "idx"); }), "[file] cannot read"));
}

}  // namespace leaveout
