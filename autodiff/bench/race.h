// SPDX-License-Identifier: MIT
#pragma once
// Interleaved timing: contenders take samples in turn, in one process, so that a ratio of two of
// them means something on a machine that is also doing other work.
//
//   best(a)      = minimum over samples of (seconds of a sample / calls in it)
//   ratio(a, b)  = best(a) / best(b); quartiles of the ratios within rounds say how far to trust it
//
//   Race race({{"ours", f}, {"hand", g}});
//   for (auto _ : state) race.round();
//   double r = race.ratio(0, 1, Clock::cpu).best;

#include <functional>
#include <string>
#include <vector>

namespace leaveout {

/// `cpu` is the calling thread's own time, which other processes do not lengthen; work on more than
/// one thread is timed by `wall`.
enum class Clock { cpu, wall };

/// Something to time. It does the same work at every call.
struct Contender {
  std::string name;
  std::function<void()> run;
  double scale = 1;  // factor on its times, where a call does a part of the workload
};

class Race {
 public:
  struct Ratio {
    double best, low, high;  // of the minima; lower and upper quartile of the ratios of rounds
  };

  /// Doubles each contender's calls per sample until a sample takes `sample_seconds`.
  explicit Race(std::vector<Contender> contenders, double sample_seconds = 3e-4);

  /// One sample of each contender.
  void round();

  std::size_t size() const { return contenders_.size(); }
  const std::string& name(std::size_t i) const { return contenders_[i].name; }
  /// Position of a name. Throws std::invalid_argument if there is none.
  std::size_t find(const std::string& name) const;
  /// Seconds per call, scaled.
  double best(std::size_t i, Clock clock) const;
  Ratio ratio(std::size_t i, std::size_t j, Clock clock) const;

 private:
  struct Seconds {
    double cpu, wall;
  };
  Seconds sample(std::size_t i) const;
  std::vector<double> times(std::size_t i, Clock clock) const;

  std::vector<Contender> contenders_;
  std::vector<long> calls_;                    // (contenders) per sample
  std::vector<std::vector<Seconds>> samples_;  // (contenders) of (rounds), per call and scaled
};

/// Throws std::runtime_error unless |a - b| <= 1e-10 |b| (floats: 1e-5 |b|) for vectors of n
/// numbers: what is not equal is not compared for speed.
void require_equal(const std::string& what, const double* a, const double* b, std::ptrdiff_t n);
void require_equal(const std::string& what, const float* a, const float* b, std::ptrdiff_t n);

}  // namespace leaveout
