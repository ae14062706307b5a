// SPDX-License-Identifier: MIT
#pragma once

// Integers and doubles as bytes: 8 each, least significant byte first, whatever the machine.
// Doubles travel as their bits, so a NaN keeps its payload and a zero its sign.
//
//   std::string bytes;
//   put(bytes, 1.5);
//   Words words(bytes);
//   words.real();                    // 1.5, to the bit

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace leaveout {

inline constexpr std::size_t kWordBytes = 8;

inline void put(std::string& bytes, std::uint64_t word) {
  for (std::size_t i = 0; i < kWordBytes; ++i) bytes += static_cast<char>((word >> (8 * i)) & 0xff);
}
inline void put(std::string& bytes, std::int64_t value) {
  put(bytes, std::bit_cast<std::uint64_t>(value));
}
inline void put(std::string& bytes, double value) {
  put(bytes, std::bit_cast<std::uint64_t>(value));
}

/// Takes words from the front of bytes that are known to be long enough.
class Words {
 public:
  explicit Words(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t word() {
    assert(rest_.size() >= kWordBytes);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kWordBytes; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    rest_.remove_prefix(kWordBytes);
    return value;
  }
  std::int64_t integer() { return std::bit_cast<std::int64_t>(word()); }
  double real() { return std::bit_cast<double>(word()); }

 private:
  std::string_view rest_;
};

}  // namespace leaveout
