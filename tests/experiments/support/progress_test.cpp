// SPDX-License-Identifier: MIT
#include "experiments/support/progress.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

using namespace leaveout;

namespace {

/// A FILE* that writes into a string.
class MemoryFile {
 public:
  MemoryFile() : file_(open_memstream(&text_, &size_)) {}
  ~MemoryFile() {
    std::fclose(file_);
    std::free(text_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

std::ptrdiff_t count(const std::string& text, char c) {
  return std::count(text.begin(), text.end(), c);
}

}  // namespace

TEST_CASE("a duration is seconds, minutes or hours") {
  CHECK(duration_text(0.4) == "0s");
  CHECK(duration_text(59.4) == "59s");
  CHECK(duration_text(59.6) == "1:00");
  CHECK(duration_text(67.0) == "1:07");
  CHECK(duration_text(7509.0) == "2:05:09");
  CHECK(duration_text(-1.0) == "0s");
}

TEST_CASE("a log gets a line every five seconds and one at the end") {
  MemoryFile memory;
  double now = 100.0;
  {
    Progress progress("retraining", 20, ProgressMode::lines, memory.file(), [&now] { return now; });
    for (int i = 1; i <= 20; ++i) {
      now += 1.0;
      progress.update(i);
    }
    progress.finish();
    progress.finish();
  }
  CHECK(memory.text() ==
        "retraining  5/20  25%  elapsed 5s  left 15s\n"
        "retraining  10/20  50%  elapsed 10s  left 10s\n"
        "retraining  15/20  75%  elapsed 15s  left 5s\n"
        "retraining  20/20  100%  elapsed 20s\n");
}

TEST_CASE("a stream that is no terminal gets lines") {
  MemoryFile memory;
  { Progress progress("work", 2, ProgressMode::automatic, memory.file()); }
  CHECK(memory.text() == "work  0/2  0%  elapsed 0s\n");
}

TEST_CASE("the bar rewrites one line, at most ten times a second") {
  MemoryFile memory;
  double now = 0.0;
  {
    Progress progress("work", 1000, ProgressMode::bar, memory.file(), [&now] { return now; });
    for (int i = 1; i <= 1000; ++i) {
      now = 0.001 * i;
      progress.add();
    }
  }
  const std::string text = memory.text();
  CHECK(count(text, '\n') == 1);
  CHECK(text.back() == '\n');
  CHECK(count(text, '\r') <= 12);
  CHECK(count(text, '\r') >= 10);
  CHECK(text.find("[========================]  1000/1000  100%") != std::string::npos);
  for (std::size_t at = text.find('\r'); at != std::string::npos;) {
    const std::size_t next = text.find('\r', at + 1);
    CHECK(std::min(next, text.size() - 1) - at <= 80);
    at = next;
  }
}

TEST_CASE("a shorter bar blanks what a longer one left") {
  MemoryFile memory;
  double now = 0.0;
  {
    Progress progress("w", 100, ProgressMode::bar, memory.file(), [&now] { return now; });
    now = 3600.0;
    progress.update(50);
  }
  const std::string text = memory.text();
  const std::size_t last = text.rfind('\r');
  const std::size_t before = text.rfind('\r', last - 1);
  // Without "left ..." the last line has fewer words, but it covers as many columns.
  CHECK(text.size() - 1 - last == last - before);
  CHECK(text.find("left", last) == std::string::npos);
}

TEST_CASE("work found finished does not count as speed") {
  MemoryFile memory;
  double now = 0.0;
  Progress progress("work", 100, ProgressMode::lines, memory.file(), [&now] { return now; });
  progress.already_done(90);
  now = 10.0;
  progress.update(95);  // 5 units in 10 s, 5 to go
  CHECK(memory.text() == "work  95/100  95%  elapsed 10s  left 10s\n");
}

TEST_CASE("late reports do not take progress back") {
  MemoryFile memory;
  Progress progress("work", 10, ProgressMode::silent, memory.file());
  progress.update(7);
  progress.update(3);
  CHECK(progress.done() == 7);
  progress.finish();
  progress.update(9);
  CHECK(progress.done() == 7);
  CHECK(memory.text().empty());
}

TEST_CASE("an early stop is shown as it stood, and no 100% before the end") {
  MemoryFile memory;
  {
    Progress progress("work", 1000, ProgressMode::lines, memory.file());
    progress.update(999);
  }
  CHECK(memory.text() == "work  999/1000  99%  elapsed 0s\n");
}

TEST_CASE("no work at all is finished") {
  MemoryFile memory;
  { Progress progress("work", 0, ProgressMode::lines, memory.file()); }
  CHECK(memory.text() == "work  0/0  100%  elapsed 0s\n");
}

TEST_CASE("threads may report at once") {
  MemoryFile memory;
  const int threads = 4, each = 2000;
  {
    Progress progress("work", 1, ProgressMode::lines, memory.file());
    const auto callback = progress.callback();
    callback(0, threads * each);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&progress] {
        for (int i = 0; i < each; ++i) progress.add();
      });
    }
    for (std::thread& worker : workers) worker.join();
    CHECK(progress.done() == threads * each);
    progress.finish();
  }
  CHECK(memory.text().starts_with("work  8000/8000  100%"));
}
