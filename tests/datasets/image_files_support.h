// SPDX-License-Identifier: MIT
#pragma once

// Small files of images made by hand, for the tests of their readers.
//
//   ByteImages images = parse_idx(idx_images(2, 1, 3, "abcdef"), idx_labels("\x05\x07"), "i", "l");

#include <cstdint>
#include <string>

namespace leaveout {

/// Appends a 32-bit number, most significant byte first.
inline void append_big_endian(std::uint32_t value, std::string& bytes) {
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>(value >> shift & 0xff));
}

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  append_big_endian(value, bytes);
  return bytes;
}

inline std::string idx_images(std::uint32_t count,
                              std::uint32_t height,
                              std::uint32_t width,
                              const std::string& pixels) {
  std::string bytes;
  for (const std::uint32_t number : {0x803U, count, height, width})
    append_big_endian(number, bytes);
  bytes.append(pixels);
  return bytes;
}

inline std::string idx_labels(const std::string& labels) {
  std::string bytes;
  append_big_endian(0x801, bytes);
  append_big_endian(static_cast<std::uint32_t>(labels.size()), bytes);
  bytes.append(labels);
  return bytes;
}

/// A record of CIFAR-10 whose pixel p has the channels first + p, second + p and third + p, modulo
/// 256.
inline std::string cifar10_record(int label, int first, int second, int third) {
  std::string record(1, static_cast<char>(label));
  for (const int channel : {first, second, third})
    for (int p = 0; p < 1024; ++p) record.push_back(static_cast<char>((channel + p) & 0xff));
  return record;
}

}  // namespace leaveout
