// SPDX-License-Identifier: MIT
#include "experiments/support/nearest.h"

#include <doctest/doctest.h>

using namespace leaveout;

TEST_CASE("edit distances of words that can be counted by hand") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("dampnig", "damping") == 1);  // neighbours swapped
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("ca", "abc") == 3);  // each letter touched once; 2 if touched twice
}

TEST_CASE("edit distance is symmetric") {
  for (const char* a : {"bias", "damping", "model"}) {
    for (const char* b : {"task", "dampnig", "mlp"}) {
      CHECK(edit_distance(a, b) == edit_distance(b, a));
    }
  }
}

TEST_CASE("the nearest name is the first of those with the fewest edits") {
  CHECK(nearest("wieght_decay", {"damping", "weight_decay", "weights"}) == "weight_decay");
  CHECK(nearest("b", {"ab", "bc"}) == "ab");
  CHECK(nearest("x", {}).empty());
}
