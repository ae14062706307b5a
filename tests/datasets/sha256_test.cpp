// SPDX-License-Identifier: MIT
#include "datasets/sha256.h"

#include <doctest/doctest.h>

#include "tests/datasets/support.h"

namespace leaveout {

TEST_CASE("SHA-256 gives the published digests of the FIPS 180-4 examples") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
               "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu") ==
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(sha256(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("any way of cutting the bytes gives the same digest, at every length around a block") {
  std::string text;
  for (int length = 0; length < 200; ++length) {
    const std::string whole = sha256(text);
    for (const std::size_t piece : {1UL, 7UL, 63UL, 64UL, 65UL}) {
      Sha256 hash;
      for (std::size_t i = 0; i < text.size(); i += piece) {
        hash.update(std::string_view(text).substr(i, piece));
      }
      REQUIRE(hash.finish() == whole);
    }
    text.push_back(static_cast<char>(length * 37));
  }
}

TEST_CASE("the digest of a file is the digest of its bytes") {
  const DataFolder folder;
  const std::string bytes(200000, '\x07');
  CHECK(sha256_file(folder.file("bytes", bytes)) == sha256(bytes));
  CHECK(has(refusal([&] { sha256_file(folder.path("absent")); }), "cannot read"));
  CHECK(has(refusal([&] { sha256_file(folder.path("")); }), "cannot read"));
}

}  // namespace leaveout
