// SPDX-License-Identifier: MIT
#pragma once

// Whole files in, whole files out.
//
// Law: a file written here is either the old one or the new one, never a part: the bytes go to a
// temporary name in the same folder, are flushed to the disk, and the name is changed in one step.
//
//   write_file("results/summary.csv", text);
//   std::string text = read_file("results/summary.csv");

#include <string>
#include <string_view>

namespace leaveout {

/// All bytes of a file. Throws std::invalid_argument ("[file] ...", one line) if it is missing, is
/// a folder, or cannot be read.
std::string read_file(const std::string& path);

/// Replaces the file by `bytes` in one step. The folder must exist. Throws std::runtime_error, and
/// leaves an older file untouched, if the bytes cannot be written in full.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace leaveout
