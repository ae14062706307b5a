// SPDX-License-Identifier: MIT
#pragma once

// SHA-256 (FIPS 180-4): names files and shards by what is in them.
//
//   sha256("abc") == "ba7816bf 8f01cfea ..."          // 64 lower-case hexadecimal digits, no
//   blanks sha256_file("datasets/data/concrete.csv") Sha256 hash; hash.update(part);
//   hash.update(more); hash.finish();

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace leaveout {

/// The hash of bytes that arrive in pieces: any way of cutting them gives the same digest.
class Sha256 {
 public:
  void update(std::string_view bytes);

  /// The digest of everything so far, 64 lower-case hexadecimal digits. Ends the hash: call once.
  std::string finish();

 private:
  void compress(const unsigned char* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667,
                                         0xbb67ae85,
                                         0x3c6ef372,
                                         0xa54ff53a,
                                         0x510e527f,
                                         0x9b05688c,
                                         0x1f83d9ab,
                                         0x5be0cd19};
  std::array<unsigned char, 64> pending_ = {};  // the unfinished block
  std::uint64_t length_ = 0;                    // bytes so far
};

/// The digest of `bytes`.
std::string sha256(std::string_view bytes);

/// The digest of doubles as they lie in memory: for keys on one machine, not for files.
std::string sha256_numbers(std::span<const double> numbers);

/// The digest of a file's content, read in pieces. Throws std::invalid_argument if it cannot be
/// read.
std::string sha256_file(const std::string& path);

}  // namespace leaveout
