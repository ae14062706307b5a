// SPDX-License-Identifier: MIT
#include "experiments/support/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace leaveout {
namespace {

constexpr double kBarSeconds = 0.1;
constexpr double kLineSeconds = 5.0;
constexpr std::size_t kBarCells = 24;

double steady_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

bool is_terminal(std::FILE* out) {
  const int descriptor = fileno(out);  // -1 for a stream in memory
  return descriptor >= 0 && isatty(descriptor) == 1;
}

std::size_t terminal_columns(std::FILE* out) {
  winsize size{};
  const int descriptor = fileno(out);
  if (descriptor < 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

int percent(Progress::Index done, Progress::Index total) {
  if (total <= 0) return 100;
  // Rounded down: 100% is said only when everything is done.
  return static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(total));
}

}  // namespace

std::string duration_text(double seconds) {
  const long whole = std::lround(std::max(0.0, seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

Progress::Progress(std::string title, Index total, ProgressMode mode, std::FILE* out, Clock clock)
    : title_(std::move(title)),
      total_(total),
      mode_(mode),
      out_(out),
      clock_(clock ? std::move(clock) : Clock(steady_seconds)),
      start_(clock_()),
      last_(start_) {
  if (mode_ == ProgressMode::automatic) {
    mode_ = is_terminal(out_) ? ProgressMode::bar : ProgressMode::lines;
  }
  if (mode_ == ProgressMode::bar) draw(start_);
}

Progress::~Progress() {
  finish();
}

void Progress::already_done(Index done) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  free_ = std::max(free_, done);
  report(done);
}

void Progress::update(Index done) {
  const std::lock_guard lock(mutex_);
  report(done);
}

void Progress::add(Index count) {
  const std::lock_guard lock(mutex_);
  report(done_ + count);
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  draw(clock_());
  if (mode_ == ProgressMode::bar) {
    std::fputc('\n', out_);
    std::fflush(out_);
  }
}

std::function<void(Progress::Index, Progress::Index)> Progress::callback() {
  return [this](Index done, Index total) {
    const std::lock_guard lock(mutex_);
    if (!finished_) total_ = total;
    report(done);
  };
}

Progress::Index Progress::done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

void Progress::report(Index done) {
  if (finished_ || done <= done_) return;
  done_ = done;
  const double now = clock_();
  // In a log the line that says 100% is the one that finish() writes.
  if (mode_ == ProgressMode::lines && done_ >= total_) return;
  const double pause = mode_ == ProgressMode::bar ? kBarSeconds : kLineSeconds;
  if (now - last_ >= pause) draw(now);
}

void Progress::draw(double now) {
  last_ = now;
  if (mode_ == ProgressMode::silent) return;
  if (mode_ == ProgressMode::lines) {
    std::fputs((line(now) + "\n").c_str(), out_);
  } else {
    std::string text = bar(now);
    // One column stays free: a full line makes some terminals wrap.
    text.resize(std::min(text.size(), terminal_columns(out_) - 1));
    const std::size_t length = text.size();
    if (shown_ > length) text.append(shown_ - length, ' ');
    shown_ = length;
    std::fputs(("\r" + text).c_str(), out_);
  }
  std::fflush(out_);
}

std::string Progress::times(double now) const {
  const double elapsed = now - start_;
  std::string text = "elapsed " + duration_text(elapsed);
  const Index here = done_ - free_;
  if (!finished_ && here > 0 && done_ < total_) {
    const double each = elapsed / static_cast<double>(here);
    text += "  left " + duration_text(each * static_cast<double>(total_ - done_));
  }
  return text;
}

std::string Progress::bar(double now) const {
  const double part = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1.0;
  const auto filled = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * kBarCells);
  std::string cells(kBarCells, ' ');
  std::fill_n(cells.begin(), filled, '=');
  if (filled > 0 && filled < kBarCells) cells[filled - 1] = '>';
  return fmt::format("{}  [{}]  {}/{}  {:3}%  {}",
                     title_,
                     cells,
                     done_,
                     total_,
                     percent(done_, total_),
                     times(now));
}

std::string Progress::line(double now) const {
  return fmt::format(
      "{}  {}/{}  {}%  {}", title_, done_, total_, percent(done_, total_), times(now));
}

}  // namespace leaveout
