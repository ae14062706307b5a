// SPDX-License-Identifier: MIT
// Any bytes end in a table of the promised form or in one line of text; the sanitizers see the
// rest.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "datasets/csv.h"
#include "datasets/random.h"
#include "datasets/text.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

constexpr std::uint64_t kSeed = 20240229;

/// Reads `text` in every way. Returns whether it became a data set.
bool survives(const std::string& text) {
  bool read = false;
  const std::string message = refusal([&] {
    const CsvTable table = parse_csv(text, "fuzz.csv");
    REQUIRE(table.cells.size() == static_cast<std::size_t>(table.rows() * table.columns()));
    const Dataset data = dataset_from_table(table, {.target = table.header.back()}, "");
    REQUIRE(data.size() == table.rows());
    REQUIRE(data.targets.cols() == data.size());
    REQUIRE(data.features() == static_cast<Eigen::Index>(data.feature_names.size()));
    REQUIRE(data.inputs.allFinite());
    REQUIRE(data.targets.allFinite());
    if (data.task == Task::multiclass) REQUIRE((data.targets.colwise().sum().array() == 1.0).all());
    const Dataset query = query_from_table(table, data, {}, "");
    REQUIRE(query.inputs == data.inputs);
    REQUIRE(query.targets == data.targets);
    read = true;
  });
  REQUIRE(read == message.empty());
  require_text(message, "the message");
  return read;
}

}  // namespace

TEST_CASE("random bytes never crash the reader") {
  for (std::uint64_t run = 0; run < 3000; ++run) {
    Random random(kSeed, {1, run});
    std::string text(random.below(200), '\0');
    for (char& c : text) c = static_cast<char>(random.below(256));
    survives(text);
  }
}

TEST_CASE("random texts of the grammar's own pieces never crash the reader") {
  const std::vector<std::string> pieces = {"1,2\n",
                                           "3,-4.5\n",
                                           "\"5\",6\n",
                                           "1",
                                           "0.5",
                                           "yes",
                                           "\"x\"",
                                           ",",
                                           "\n",
                                           "\r",
                                           "\"",
                                           " ",
                                           "\t",
                                           "e",
                                           "-",
                                           "nan",
                                           "\xc3\xa9",
                                           "+"};
  int read = 0;
  for (std::uint64_t run = 0; run < 20000; ++run) {
    Random random(kSeed, {2, run});
    std::string text = run % 2 == 0 ? "a,b\n" : "";
    const std::uint64_t length = random.below(12);
    for (std::uint64_t i = 0; i < length; ++i) text += pieces[random.below(pieces.size())];
    read += survives(text) ? 1 : 0;
  }
  CHECK(read > 20);  // the runs reach the far end too
}

TEST_CASE("mutations of a valid file never crash the reader") {
  const std::string valid =
      "height,\"width, in "
      "mm\",label\r\n1.5,2,\"yes\"\r\n-3e4,\"4\",\"no\"\r\n5,6,\"yes\"\r\n7,8.25,no\r\n";
  REQUIRE(survives(valid));
  int read = 0;
  for (std::uint64_t run = 0; run < 10000; ++run) {
    Random random(kSeed, {3, run});
    std::string text = valid;
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
      const std::size_t at = random.below(text.size());
      switch (random.below(4)) {
        case 0:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          text.erase(at, 1 + random.below(5));
          break;
        case 2:
          text.insert(at, 1, valid[random.below(valid.size())]);
          break;
        default:
          text.insert(at, text.substr(random.below(text.size()), random.below(30)));
      }
      if (text.empty()) text.push_back(',');
    }
    read += survives(text) ? 1 : 0;
  }
  CHECK(read > 100);
}

TEST_CASE("every prefix of a valid file is read or refused") {
  const std::string valid =
      "\xEF\xBB\xBF"
      "a,\"b \"\"c\"\"\",t\n1,2,x\n3,\"4\",\"y\nz\"\n";
  for (std::size_t length = 0; length <= valid.size(); ++length) survives(valid.substr(0, length));
}

}  // namespace leaveout
