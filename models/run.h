// SPDX-License-Identifier: MIT
#pragma once
// A Run: one training, done. Objective + protocol + seed -> parameters, and a log of what happened.
//
//   Run run = train(objective, theta_init, protocol);
//   write_run("checkpoint.run", run);
//   Run same = read_run("checkpoint.run");       // bit for bit

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

namespace leaveout {

/// One line of the log: after `step` epochs (or Newton steps).
struct LogEntry {
  std::int64_t step = 0;
  double objective = 0;
  double gradient_norm = 0;
};

/// Where a run ended, as far as it was looked at. A minimum has a positive definite Hessian; a
/// saddle has at least one negative eigenvalue; `degenerate` is neither, to rounding.
enum class Stationarity : std::int64_t { not_examined, minimum, saddle, degenerate };
std::string stationarity_name(Stationarity s);

struct Run {
  Eigen::VectorXd theta;  // (P)
  std::vector<LogEntry> log;
  bool converged = false;       // did it reach the asked gradient norm (always false for SGD)
  double objective = 0;         // at theta
  double gradient_norm = 0;     // at theta
  std::int64_t iterations = 0;  // epochs, or Newton steps
  Stationarity kind = Stationarity::not_examined;
  std::int64_t negative_eigenvalues = 0;  // of the Hessian at theta, if examined
  double smallest_eigenvalue = 0;         // of the Hessian at theta, if examined (0 for a minimum)
};

/// Bytes with a header and a SHA-256, so that damage is noticed.
std::string serialise(const Run& run);
/// Throws std::invalid_argument, one line, on bytes that are not exactly a Run.
Run deserialise_run(const std::string& bytes, const std::string& origin);

/// Atomic (temporary name, then rename). Throws std::runtime_error when the disk refuses.
void write_run(const std::string& path, const Run& run);
/// Throws std::invalid_argument when the file is missing, truncated or damaged.
Run read_run(const std::string& path);

}  // namespace leaveout
