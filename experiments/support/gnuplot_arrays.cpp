// SPDX-License-Identifier: MIT
#include "experiments/support/gnuplot_arrays.h"

namespace leaveout {

std::size_t Names::index(const std::string& name) {
  const auto at = std::find(all.begin(), all.end(), name);
  if (at != all.end()) return static_cast<std::size_t>(at - all.begin()) + 1;
  all.push_back(name);
  return all.size();
}

std::string gnuplot_real(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

}  // namespace leaveout
