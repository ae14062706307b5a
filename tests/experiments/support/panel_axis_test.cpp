// SPDX-License-Identifier: MIT
#include "experiments/support/panel_axis.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace leaveout;

namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();
const PanelAxis kLog{.scale = Scale::logarithmic};

/// The labelled ticks, in the order of their places.
std::string labels(const Frame& frame) {
  std::vector<Tick> ticks = frame.ticks;
  std::sort(ticks.begin(), ticks.end(), [](const Tick& a, const Tick& b) { return a.at < b.at; });
  std::string text;
  for (const Tick& tick : ticks) {
    if (!tick.text.empty()) text += (text.empty() ? "" : " ") + tick.text;
  }
  return text;
}

}  // namespace

TEST_CASE("a sweep has its ticks at its values") {
  CHECK(labels(make_frame(kLog, {4, 8, 16, 32}, 1.5, true)) == "4 8 16 32");
  CHECK(labels(make_frame({}, {1, 2, 3, 4}, 1.5, true)) == "1 2 3 4");
  CHECK(labels(make_frame(kLog, {1e-5, 1e-4, 1e-3}, 1.5, true)) == "10^{-5} 10^{-4} 10^{-3}");
  CHECK(labels(make_frame(kLog, {0.01, 0.1, 1}, 1.5, true)) == "0.01 0.1 1");
  CHECK(labels(make_frame(kLog, {100, 300, 1000}, 1.5, true)) == "100 300 1000");
  CHECK(labels(make_frame(kLog, {3e-5, 1e-4, 3e-4}, 1.8, true)) == "3×10^{-5} 10^{-4} 3×10^{-4}");
  CHECK(labels(make_frame(kLog, {1e-5, 3e-5, 1e-4, 3e-4, 1e-3}, 1.4, true)) ==
        "10^{-5} 10^{-4} 10^{-3}");
}

TEST_CASE("values too close for their numbers are marked and every second one is named") {
  const Frame frame = make_frame(kLog, {4, 8, 16, 32, 64, 128, 256, 512}, 1.0, true);
  CHECK(labels(frame) == "4 16 64 256");
  CHECK(frame.ticks.size() == 12);  // a small tick at each of the eight
}

TEST_CASE("zero on a logarithmic axis stands in front of the break, under its own tick") {
  const Frame frame = make_frame(kLog, {0, 1e-5, 1e-4, 1e-3}, 1.5, true);
  CHECK(labels(frame) == "0 10^{-5} 10^{-4} 10^{-3}");
  CHECK(frame.strip == doctest::Approx(0.24 / 1.5));
  CHECK(frame.at(0.0) == doctest::Approx(0.4 * frame.strip));
  CHECK(frame.at(1e-5) > frame.strip);
  CHECK(frame.at(1e-4) - frame.at(1e-5) == doctest::Approx(frame.at(1e-3) - frame.at(1e-4)));
  CHECK(make_frame(kLog, {1e-5, 1e-3}, 1.5, true).strip == 0.0);
}

TEST_CASE("the strip says what is in it") {
  CHECK(labels(make_frame(kLog, {-1, 1, 10, 100}, 1.5, false)).starts_with("≤0 "));
  const PanelAxis floor{.scale = Scale::logarithmic, .floor = 1e-12};
  CHECK(labels(make_frame(floor, {1e-15, 1, 10, 100}, 1.5, false)).starts_with("<10^{-12} "));
  const PanelAxis odd{.scale = Scale::logarithmic, .floor = 0.5};
  CHECK(labels(make_frame(odd, {0.5, 1, 10, 100}, 1.5, false)).starts_with("<0.5 "));
}

TEST_CASE("positions are where the scale puts them") {
  const Frame linear = make_frame({}, {-2e-4, 6e-4}, 1.5, false);
  CHECK(linear.exponent == -4);
  CHECK(linear.at(2e-4) == doctest::Approx(0.5));
  CHECK(linear.at(-2e-4) == doctest::Approx(0.06 / 1.12));
  const Frame logarithmic = make_frame(kLog, {1e-3, 1e3}, 1.5, false);
  CHECK(logarithmic.at(1.0) == doctest::Approx(0.5));
  CHECK(logarithmic.at(1e3) == doctest::Approx(1.06 / 1.12));
  const PanelAxis names{.scale = Scale::categories, .categories = {"a", "b", "c"}};
  const Frame categories = make_frame(names, {}, 1.5, true);
  CHECK(categories.at(1.0) == doctest::Approx(0.5));
  CHECK(categories.at(0.0) == doctest::Approx(1.0 / 6.0));
  CHECK(labels(categories) == "a b c");
}

TEST_CASE("every frame holds its finite values and has two ticks or more, none on another") {
  for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
    for (const bool horizontal : {true, false}) {
      for (const double from : {1e-13, 3e-5, 0.7, 1.0, 95.0, 2e7}) {
        for (const double ratio : {1.0, 1.001, 1.3, 3.0, 20.0, 1e3, 1e11}) {
          std::vector<double> values{kNan};
          for (int i = 0; i <= 20; ++i) values.push_back(from * std::pow(ratio, i / 20.0));
          const Frame frame = make_frame({.scale = scale}, values, 1.4, horizontal);
          CAPTURE(from);
          CAPTURE(ratio);
          CHECK(frame.at(from) > 0.0);
          CHECK(frame.at(from * ratio) < 1.0);
          std::vector<Tick> named;
          for (const Tick& tick : frame.ticks) {
            CHECK(tick.at > -1e-9);
            CHECK(tick.at < 1.0 + 1e-9);
            if (!tick.text.empty()) named.push_back(tick);
          }
          CHECK(named.size() >= 2);
          CHECK(named.size() <= 10);
          for (std::size_t i = 1; i < named.size(); ++i) {
            const double room = horizontal ? 0.5 * (named[i].width + named[i - 1].width) : 0.12;
            CHECK((named[i].at - named[i - 1].at) * 1.4 > room);
          }
        }
      }
    }
  }
}

TEST_CASE("nothing to show still makes an axis; included values stretch it") {
  for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
    CHECK(make_frame({.scale = scale}, {}, 1.0, false).ticks.size() >= 2);
    CHECK(make_frame({.scale = scale}, {kNan}, 1.0, true).ticks.size() >= 2);
    CHECK(make_frame({.scale = scale}, {0.0}, 1.0, true).at(0.0) >= 0.0);
    const Frame frame = make_frame({.scale = scale, .include = {1.0}}, {0.3, 0.4}, 1.0, false);
    CHECK(frame.at(1.0) < 1.0);
  }
}

TEST_CASE("a lengthened axis keeps its scale and its other end") {
  Frame frame = make_frame({}, {0.0, 1.0}, 1.5, false);
  const double low = frame.low;
  frame.lengthen(true, 0.5);
  CHECK(frame.low == low);
  CHECK(frame.high == doctest::Approx(1.06 + 0.5 * 1.12));
  CHECK(labels(frame).ends_with("1.5"));
}
