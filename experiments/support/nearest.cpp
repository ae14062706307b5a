// SPDX-License-Identifier: MIT
#include "experiments/support/nearest.h"

#include <algorithm>

namespace leaveout {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> d((a.size() + 1) * width);  // (a + 1 x b + 1), row by row
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& best = d[i * width + j];
      if (i == 0 || j == 0) {
        best = i + j;
        continue;
      }
      const std::size_t replace = d[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      best = std::min({d[(i - 1) * width + j] + 1, d[i * width + j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, d[(i - 2) * width + j - 2] + 1);
      }
    }
  }
  return d.back();
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;  // beyond it nothing is near, and the table would be large
  const std::string front = word.substr(0, kLongest);
  const auto found =
      std::min_element(known.begin(), known.end(), [&](const auto& left, const auto& right) {
        return edit_distance(front, left) < edit_distance(front, right);
      });
  return found == known.end() ? std::string() : *found;
}

}  // namespace leaveout
