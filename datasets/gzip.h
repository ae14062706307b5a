// SPDX-License-Identifier: MIT
#pragma once

// Gzip files (RFC 1952) read as what is in them.
//
// Law: the payload of a file is the same whether it is stored as it is or compressed, so hashes and
// readers see payloads only. Several members one after the other are one payload, as gzip reads
// them.
//
//   std::string bytes = read_payload("train-images-idx3-ubyte.gz", "idx");
//   std::string same = read_payload("train-images-idx3-ubyte", "idx");
//   if (is_gzip(bytes)) bytes = gunzip(bytes, "a.gz", "idx");

#include <cstddef>
#include <string>
#include <string_view>

namespace leaveout {

/// No payload may be larger: a small file of zeros can unpack to all memory there is.
inline constexpr std::size_t kLargestPayload = std::size_t{1} << 31;

/// Whether `bytes` begin as a gzip file does.
bool is_gzip(std::string_view bytes);

/// The payload of a gzip file. `path` and `area` are for the message only. Throws
/// std::invalid_argument ("[area] ...", one line) for a truncated or damaged stream, for bytes
/// behind its end and for more than `largest` bytes.
std::string gunzip(std::string_view bytes,
                   const std::string& path,
                   std::string_view area,
                   std::size_t largest = kLargestPayload);

/// What is in a file, unpacked if it is a gzip file. Throws std::invalid_argument, one line, as
/// `read_file` and `gunzip` do.
std::string read_payload(const std::string& path, std::string_view area);

}  // namespace leaveout
