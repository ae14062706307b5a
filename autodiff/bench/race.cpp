// SPDX-License-Identifier: MIT
#include "autodiff/bench/race.h"

#include <fmt/format.h>
#include <time.h>

#include <Eigen/Core>
#include <algorithm>
#include <stdexcept>

namespace leaveout {

namespace {

double now(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

template <class S>
void require_close(
    const std::string& what, const S* a, const S* b, std::ptrdiff_t n, double tolerance) {
  using Numbers = Eigen::Map<const Eigen::Matrix<S, Eigen::Dynamic, 1>>;
  const Eigen::VectorXd va = Numbers(a, n).template cast<double>();
  const Eigen::VectorXd vb = Numbers(b, n).template cast<double>();
  const double difference = (va - vb).norm() / vb.norm();
  if (!(difference <= tolerance))
    throw std::runtime_error(
        fmt::format("[bench] {}, expected equal results to {}, got a relative difference of {:.2g}",
                    what,
                    tolerance,
                    difference));
}

}  // namespace

Race::Race(std::vector<Contender> contenders, double sample_seconds)
    : contenders_(std::move(contenders)),
      calls_(contenders_.size(), 1),
      samples_(contenders_.size()) {
  for (std::size_t i = 0; i < size(); ++i) {
    contenders_[i].run();  // first touch of the memory
    while (sample(i).wall * static_cast<double>(calls_[i]) < sample_seconds * contenders_[i].scale)
      calls_[i] *= 2;
  }
}

Race::Seconds Race::sample(std::size_t i) const {
  const double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
  for (long c = 0; c < calls_[i]; ++c) contenders_[i].run();
  const double cpu_end = now(CLOCK_THREAD_CPUTIME_ID), wall_end = now(CLOCK_MONOTONIC);
  const double per_call = contenders_[i].scale / static_cast<double>(calls_[i]);
  return {(cpu_end - cpu) * per_call, (wall_end - wall) * per_call};
}

void Race::round() {
  for (std::size_t i = 0; i < size(); ++i) samples_[i].push_back(sample(i));
}

std::size_t Race::find(const std::string& name) const {
  for (std::size_t i = 0; i < size(); ++i)
    if (contenders_[i].name == name) return i;
  throw std::invalid_argument(fmt::format("[bench] contender, no '{}' in this race", name));
}

std::vector<double> Race::times(std::size_t i, Clock clock) const {
  std::vector<double> t;
  for (const Seconds& s : samples_[i]) t.push_back(clock == Clock::cpu ? s.cpu : s.wall);
  return t;
}

double Race::best(std::size_t i, Clock clock) const {
  const std::vector<double> t = times(i, clock);
  return *std::min_element(t.begin(), t.end());
}

Race::Ratio Race::ratio(std::size_t i, std::size_t j, Clock clock) const {
  const std::vector<double> a = times(i, clock), b = times(j, clock);
  std::vector<double> r(a.size());
  for (std::size_t k = 0; k < r.size(); ++k) r[k] = a[k] / b[k];
  std::sort(r.begin(), r.end());
  return {best(i, clock) / best(j, clock), r[(r.size() - 1) / 4], r[(r.size() - 1) * 3 / 4]};
}

void require_equal(const std::string& what, const double* a, const double* b, std::ptrdiff_t n) {
  require_close(what, a, b, n, 1e-10);
}

void require_equal(const std::string& what, const float* a, const float* b, std::ptrdiff_t n) {
  require_close(what, a, b, n, 1e-5);
}

}  // namespace leaveout
