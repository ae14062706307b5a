// SPDX-License-Identifier: MIT
#include "datasets/text.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "datasets/random.h"
#include "tests/datasets/support.h"

namespace leaveout {

TEST_CASE("a number that is printed reads back to the same bits") {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random.bits();
    double value = 0.0;
    std::memcpy(&value, &bits, sizeof value);
    const auto read = parse_number(fmt::format("{}", value));
    REQUIRE(read.has_value() == std::isfinite(value));
    if (read) REQUIRE(std::memcmp(&*read, &value, sizeof value) == 0);
  }
}

TEST_CASE("a number may have a sign, an exponent and blanks around it, and nothing after it") {
  CHECK(parse_number("+1.5") == 1.5);
  CHECK(parse_number(" -2e3\t") == -2000.0);
  CHECK(parse_number(".5") == 0.5);
  CHECK(parse_number("5.") == 5.0);
  for (const char* text : {"",
                           " ",
                           "+",
                           "-",
                           "+-1",
                           "++1",
                           "1 2",
                           "1,5",
                           "0x10",
                           "1e",
                           "e5",
                           "1.2.3",
                           "one",
                           "1_000",
                           "inf",
                           "-inf",
                           "nan",
                           "infinity",
                           "+nan(1)"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text).has_value());
  }
}

TEST_CASE("a number too large for a double is none, one too small is zero or subnormal") {
  CHECK_FALSE(parse_number("1e999").has_value());
  CHECK_FALSE(parse_number("-1e999").has_value());
  CHECK(parse_number("1e-999") == 0.0);
  CHECK(parse_number("4.9e-324") == 4.9406564584124654e-324);
}

TEST_CASE("text for a message is one line, cut between characters") {
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable(std::string_view("\x01\x7f\0", 3)) == "\\x01\\x7f\\x00");
  CHECK(printable("abcdef", 3) == "abc...");
  CHECK(printable("ab\u00e9", 3) == "ab...");
  CHECK(printable("ab\u00e9", 4) == "ab\u00e9");
}

TEST_CASE("UTF-8 text is accepted") {
  require_text("plain\r\n\ttext", "f");
  require_text("\u00e9 \u20ac \U0001F600 \u7fff \ud7ff \U0010FFFF", "f");
}

TEST_CASE("bytes that are not text are refused with their line") {
  using std::string_view;
  const auto message = [](string_view bytes) {
    return refusal([&] { require_text(bytes, "f.csv"); });
  };
  CHECK(has(message(string_view("a\nb\0", 4)), "f.csv, line 2: a NUL byte"));
  CHECK(has(message("a\r\nb\rc\x01"), "line 3: control byte 0x01"));
  for (const char* bytes : {"\xe9t\xe9",
                            "\xc0\x80",
                            "\xc3",
                            "\xe0\x80\x80",
                            "\xed\xa0\x80",
                            "\xf0\x80\x80\x80",
                            "\xf4\x90\x80\x80",
                            "\xf5\x80\x80\x80",
                            "\x80",
                            "\xe2\x82",
                            "\xff\xfe"}) {
    CHECK(has(message(bytes), "is not UTF-8; save the file as UTF-8"));
  }
}

}  // namespace leaveout
