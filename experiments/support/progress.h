// SPDX-License-Identifier: MIT
#pragma once

// What long work says while it runs.
//
// On a terminal one line that rewrites itself, at most ten times a second:
//
//   retraining  [=========>          ]  412/1000  41%  elapsed 1:07  left 1:36
//
// In a log plain lines, at most one every five seconds and one at the end. Time left is
// (elapsed / done here) * remaining: work found finished on the disk does not count as speed.
// Nothing here is ever part of a result.
//
//   Progress progress("retraining", 1000);
//   pool.run(tasks, progress.callback());      // any thread may call it, in any order
//   progress.finish();                         // or let the destructor do it

#include <cstddef>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>

namespace leaveout {

/// How a Progress shows itself. `automatic` is `bar` on a terminal and `lines` elsewhere.
enum class ProgressMode { automatic, bar, lines, silent };

/// The state of one piece of long work. Every member may be called from any thread.
class Progress {
 public:
  using Index = std::ptrdiff_t;

  /// Seconds from any fixed moment; tests pass their own.
  using Clock = std::function<double()>;

  /// `total` units of work. `out` is not closed. An empty clock is the system's steady clock.
  Progress(std::string title,
           Index total,
           ProgressMode mode = ProgressMode::automatic,
           std::FILE* out = stderr,
           Clock clock = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// The first `done` units were found finished (shards on the disk): they cost no time.
  void already_done(Index done);

  /// `done` units are finished in all. Reports that arrive late, with fewer, are ignored.
  void update(Index done);

  /// `count` more units are finished.
  void add(Index count = 1);

  /// Writes the last line. Later reports are ignored. Work that stopped early is shown as it stood.
  void finish();

  /// For a pool that knows nothing of this class: callback(done, total). The Progress must outlive
  /// it.
  std::function<void(Index done, Index total)> callback();

  /// Units finished so far.
  Index done() const;

 private:
  void report(Index done);  // the lock is held
  void draw(double now);    // the lock is held
  std::string bar(double now) const;
  std::string line(double now) const;
  std::string times(double now) const;

  mutable std::mutex mutex_;
  std::string title_;
  Index total_;
  ProgressMode mode_;
  std::FILE* out_;
  Clock clock_;
  double start_;
  double last_;  // when something was last drawn
  Index done_ = 0;
  Index free_ = 0;         // units that cost no time
  std::size_t shown_ = 0;  // bytes of the line on the terminal, to blank what a shorter one leaves
  bool finished_ = false;
};

/// "7s", "1:07" or "2:05:09", rounded to whole seconds.
std::string duration_text(double seconds);

}  // namespace leaveout
