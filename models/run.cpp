// SPDX-License-Identifier: MIT
// The layout, all integers and doubles as 8 bytes, least significant byte first, whatever the
// machine:
//
//   "leaveout-run-1\n"                         what this is, and which version of it
//   parameters P, log entries E                two counts
//   theta                                      P doubles
//   log                                        E times step, objective, gradient norm
//   converged, objective, gradient norm, iterations, kind, negative eigenvalues, smallest one
//   SHA-256 of all of the above                64 hexadecimal digits
//
// Doubles travel as their bits, so a NaN keeps its payload and a zero its sign.
#include "models/run.h"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>
#include <string_view>

#include "datasets/files.h"
#include "datasets/sha256.h"
#include "datasets/text.h"
#include "datasets/words.h"

namespace leaveout {

namespace {

constexpr std::string_view kMagic = "leaveout-run-1\n";
constexpr std::size_t kLogWords = 3;   // of one log entry
constexpr std::size_t kTailWords = 7;  // of the fields after the log
constexpr std::size_t kDigest = 64;    // hexadecimal digits
constexpr std::size_t kEmptyRun = kMagic.size() + (2 + kTailWords) * kWordBytes + kDigest;

[[noreturn]] void refuse(const std::string& origin, std::string_view why) {
  throw std::invalid_argument(
      fmt::format("[run] '{}' is not a whole run: {}; delete it and train "
                  "again",
                  printable(origin, kWholeText),
                  why));
}

/// Do the two counts say exactly how long the bytes are? Nothing may be allocated before this is
/// known, and the counts may be anything: each is bounded by a division before it is multiplied.
bool counts_fit(std::uint64_t parameters, std::uint64_t entries, std::size_t size) {
  const std::size_t words = (size - kEmptyRun) / kWordBytes;
  if ((size - kEmptyRun) % kWordBytes != 0) return false;
  if (parameters > words || entries > words / kLogWords) return false;
  return parameters + kLogWords * entries == words;
}

/// The fields, from words whose number was checked; values that no Run can hold are refused.
Run decode(Words words, const std::string& origin) {
  Run run;
  run.theta.resize(static_cast<Eigen::Index>(words.word()));  // (P)
  run.log.resize(words.word());
  for (Eigen::Index i = 0; i < run.theta.size(); ++i) run.theta[i] = words.real();
  for (LogEntry& entry : run.log) {
    entry.step = words.integer();
    entry.objective = words.real();
    entry.gradient_norm = words.real();
  }
  const std::uint64_t converged = words.word();
  if (converged > 1) refuse(origin, "a truth value is neither 0 nor 1");
  run.converged = converged == 1;
  run.objective = words.real();
  run.gradient_norm = words.real();
  run.iterations = words.integer();
  const std::uint64_t kind = words.word();
  if (kind > static_cast<std::uint64_t>(Stationarity::degenerate)) {
    refuse(origin, "it names an unknown kind of stationary point");
  }
  run.kind = static_cast<Stationarity>(kind);
  run.negative_eigenvalues = words.integer();
  run.smallest_eigenvalue = words.real();
  return run;
}

}  // namespace

std::string stationarity_name(Stationarity s) {
  switch (s) {
    case Stationarity::not_examined:
      return "not_examined";
    case Stationarity::minimum:
      return "minimum";
    case Stationarity::saddle:
      return "saddle";
    case Stationarity::degenerate:
      return "degenerate";
  }
  throw std::invalid_argument(fmt::format(
      "[run] no stationarity has the number {}; expected 0 to 3", static_cast<std::int64_t>(s)));
}

std::string serialise(const Run& run) {
  std::string bytes(kMagic);
  const std::size_t parameters = static_cast<std::size_t>(run.theta.size());
  bytes.reserve(kEmptyRun + kWordBytes * (parameters + kLogWords * run.log.size()));
  put(bytes, std::uint64_t{parameters});
  put(bytes, std::uint64_t{run.log.size()});
  for (Eigen::Index i = 0; i < run.theta.size(); ++i) put(bytes, run.theta[i]);
  for (const LogEntry& entry : run.log) {
    put(bytes, entry.step);
    put(bytes, entry.objective);
    put(bytes, entry.gradient_norm);
  }
  put(bytes, std::uint64_t{run.converged});
  put(bytes, run.objective);
  put(bytes, run.gradient_norm);
  put(bytes, run.iterations);
  put(bytes, static_cast<std::int64_t>(run.kind));
  put(bytes, run.negative_eigenvalues);
  put(bytes, run.smallest_eigenvalue);
  return bytes += sha256(bytes);
}

Run deserialise_run(const std::string& bytes, const std::string& origin) {
  const std::string_view all = bytes;
  if (!all.starts_with(kMagic)) {
    refuse(origin, fmt::format("it does not start with '{}'", printable(kMagic)));
  }
  if (all.size() < kEmptyRun) {
    refuse(
        origin,
        fmt::format("its {} bytes are fewer than the {} of an empty run", all.size(), kEmptyRun));
  }
  // The counts are looked at before the checksum: a cut file is the common damage and is named as
  // such, and no hash of a whole foreign file is computed for nothing.
  Words words(all.substr(kMagic.size()));
  const Words from_counts = words;
  const std::uint64_t parameters = words.word();
  const std::uint64_t entries = words.word();
  if (!counts_fit(parameters, entries, all.size())) {
    refuse(origin,
           fmt::format("its {} bytes do not hold the {} parameters and {} log entries it announces",
                       all.size(),
                       parameters,
                       entries));
  }
  const std::string_view content = all.substr(0, all.size() - kDigest);
  if (sha256(content) != all.substr(content.size())) {
    refuse(origin, "its checksum differs from its content");
  }
  return decode(from_counts, origin);
}

void write_run(const std::string& path, const Run& run) {
  write_file(path, serialise(run));
}

Run read_run(const std::string& path) {
  return deserialise_run(read_file(path), path);
}

}  // namespace leaveout
