// SPDX-License-Identifier: MIT
#pragma once

// Packs bytes as gzip does, for the tests of what unpacks them.
//
//   CHECK(gunzip(gzipped("abc"), "a.gz", "idx") == "abc");

#include <zlib.h>

#include <stdexcept>
#include <string>

namespace leaveout {

inline std::string gzipped(std::string bytes, int level = 6) {
  z_stream stream = {};
  if (::deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("[test] no memory for zlib");
  std::string packed(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

}  // namespace leaveout
